"""Pairs of fields that an equation ties together: what an operator takes, and what it gives.

Axes: N samples, C channels, H rows (y), W columns (x). Fields are values at points, float32; equations are solved in
float64 by `pde_darcy`, `pde_navier_stokes` and `pde_helmholtz`, and published files are read by `pde_files`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lilliput.core.errors import BadTask

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Fields:
    """Samples of one operator on one grid.

    Args:
        name: of the set.
        x: (N, C, H, W) float32, what is given: a coefficient, a speed, a state.
        y: (N, K, H, W) float32, the solution.

    Raises:
        BadTask: LP103, other axes, unlike numbers of samples or points, no sample, or a value that is not finite.
    """

    name: str
    x: NDArray[np.float32]
    y: NDArray[np.float32]

    def __post_init__(self) -> None:
        for side, field in (("given", self.x), ("solved", self.y)):
            if field.ndim != 4 or field.dtype != np.float32:
                raise BadTask(f"{self.name}: the {side} fields are {field.shape} of {field.dtype}",
                              fix="(samples, channels, height, width) of float32")  # fmt: skip
            if not np.isfinite(field).all():
                at = [int(i) for i in np.argwhere(~np.isfinite(field))[0]]
                raise BadTask(f"{self.name}: the {side} field of sample {at[0]} is {field[tuple(at)]} at {at[1:]}")
        if len(self.x) != len(self.y) or self.x.shape[2:] != self.y.shape[2:] or not len(self.x):
            raise BadTask(f"{self.name}: fields of {self.x.shape} do not belong to solutions of {self.y.shape}")

    def __len__(self) -> int:
        return len(self.x)

    @property
    def size(self) -> tuple[int, int]:
        """(H, W)."""
        return self.x.shape[2], self.x.shape[3]

    def rows(self, which: slice) -> Fields:
        """Some of the samples."""
        return replace(self, x=self.x[which], y=self.y[which])

    def every(self, stride: int) -> Fields:
        """Every `stride`-th point, as published sets are thinned; the first is kept."""
        return replace(self, x=self.x[:, :, ::stride, ::stride], y=self.y[:, :, ::stride, ::stride])


def single(name: str, x: Array, y: Array) -> Fields:
    """Fields of one channel each: (N, H, W) and (N, H, W)."""
    return Fields(name, *(np.ascontiguousarray(field[:, None], dtype=np.float32) for field in (x, y)))


def check_points(n: int, least: int) -> None:
    """Raises BadTask LP103 where there are fewer points a side than a solver needs."""
    if n < least:
        raise BadTask(f"{n} points a side", why=f"at least {least} are needed")
