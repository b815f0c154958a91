"""Samples of an operator from a published file: which arrays it has, and what they mean.

darcy_train_16.pt                       x, y                        (N, H, W)
piececonst_r421_N1024_smooth1.mat       coeff, sol                  (N, H, W), version 5 or 7.3
NavierStokes_V1e-5_N1200_T20.mat        u                           (N, H, W, T)
your own .npz                           x, y                        (N, H, W) or (N, C, H, W)
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lilliput.core.errors import BadTask
from lilliput.models.convert.checkpoint import read_checkpoint
from lilliput.tasks.pde import Fields
from lilliput.tasks.pde_files import read_arrays
from lilliput.tasks.pde_navier_stokes import steps_of

Array = NDArray[Any]


def read_fields(path: Path, *, given: str = "", solved: str = "", stride: int = 1) -> Fields:
    """Pairs of fields from `.pt`, `.mat` or `.npz`.

    Args:
        path: the file.
        given: name of the array that the operator takes; by default `coeff` of `.mat`, `x` of others.
        solved: name of what it gives; by default `sol` or `y`.
        stride: every so many points, as published sets are thinned.

    Raises:
        BadTask: LP103, arrays that are no pairs of fields. FileError: LP2xx, the file cannot be read.
        MissingExtra: LP601, the library that reads it is not installed.
    """
    usual = ("coeff", "sol") if path.suffix == ".mat" else ("x", "y")
    names = (given or usual[0], solved or usual[1])
    arrays = _torch_arrays(path, names) if path.suffix == ".pt" else read_arrays(path, names)
    x, y = (_with_channels(path, name, arrays[name]) for name in names)
    return Fields(path.stem, x, y).every(stride)


def read_flows(path: Path, *, name: str = "u", stride: int = 1) -> Array:
    """States of flows, (N, H, W, T) in the file -> (N, T, H, W) float32.

    Raises:
        BadTask: LP103, other axes. FileError: LP2xx, the file cannot be read.
    """
    found = (_torch_arrays(path, (name,)) if path.suffix == ".pt" else read_arrays(path, (name,)))[name]
    if found.ndim != 4 or found.shape[1] != found.shape[2]:
        raise BadTask(f"{path}: {name} is {found.shape}", fix="(samples, points, points, times)")
    return np.ascontiguousarray(found[:, ::stride, ::stride].transpose(0, 3, 1, 2))


def read_steps(path: Path, *, name: str = "u", stride: int = 1, steps: int = 10) -> Fields:
    """Pairs of consecutive states of the first `steps` steps of each flow. Raises as `read_flows`."""
    return steps_of(read_flows(path, name=name, stride=stride)[:, : steps + 1])


def _torch_arrays(path: Path, names: tuple[str, ...]) -> dict[str, Array]:
    found = read_checkpoint(path)
    for name in names:
        if name not in found:
            have = ", ".join(sorted(found)[:12])
            raise BadTask(f"{path} has no tensor {name!r}", why=f"it has {have}")
    return {name: found[name].float().numpy() for name in names}


def _with_channels(path: Path, name: str, field: Array) -> Array:
    if field.ndim == 3:
        field = field[:, None]
    if field.ndim != 4:
        raise BadTask(f"{path}: {name} is {field.shape}", fix="(samples, points, points), or with channels second")
    return np.ascontiguousarray(field, dtype=np.float32)
