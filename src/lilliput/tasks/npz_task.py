"""A task from the user's NPZ.

x            (N, H, W) or (N, H, W, C) uint8: pictures;  (N, T, C) int16: windows of a sensor;
             (N, T) int16 with `sample_rate`: sounds
y            (N,) integers or text
labels       optional, (K,) text: names of the classes 0 … K - 1
split        optional, (N,) 0 train, 1 validation, 2 test; by the hash of the row number where it is missing
group        optional, (N,) integers or text: no group is in two splits
sample_rate  optional, Hz: x is sound
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lilliput.core.errors import BadTask, BadValue, OutOfRange
from lilliput.features import Affine, LogMel, Preprocess
from lilliput.tasks.clip import log_mel_for, remarks
from lilliput.tasks.npz import Wanted, read_npz
from lilliput.tasks.splitting import MIN_GROUPS, split_groups, split_items
from lilliput.tasks.task import SPLITS, Array, Split, Task

MIN_ITEMS = 5
_REQUIRED: dict[str, Wanted] = {"x": ("f", (2, 3, 4)), "y": ("iU", 1)}
_OPTIONAL: dict[str, Wanted] = {"labels": ("U", 1), "split": ("i", 1), "group": ("iU", 1), "sample_rate": ("f", 0)}


def task_from_npz(path: Path) -> Task:
    """The task of an NPZ with `x` and `y`.

    Raises:
        FileError: LP2xx, not an NPZ, damaged, or an array of another type, shape or range.
        BadTask: LP103, fewer than two classes, or too few items of one.
    """
    arrays = read_npz(path, _REQUIRED, _OPTIONAL)
    x = _raw(path, arrays["x"])
    y, labels = _classes(path, arrays["y"], arrays.get("labels"), len(x))
    split = _split(path, y, arrays.get("split"), arrays.get("group"))
    group = None if "group" not in arrays else arrays["group"].astype(str)
    splits = {
        name: Split(x[split == i], y[split == i], None if group is None else group[split == i])
        for i, name in enumerate(SPLITS)
    }
    front = _front(path, x, splits["train"].x, arrays.get("sample_rate"))
    name = re.sub(r"[^a-z0-9]+", "-", path.stem.lower()).strip("-") or "task"
    is_sound, is_picture = isinstance(front, LogMel), x.dtype == np.uint8
    large = is_picture and max(x.shape[1:3]) > 48
    return Task(
        name=name,
        title=f"{path.name}: {len(labels)} classes, {len(x)} items of {'×'.join(str(n) for n in x.shape[1:])}",
        labels=labels,
        metric="accuracy",
        licence="unknown",
        source=path.name,
        citation="",
        preprocess=front,
        default_model="mobilenet_v1_025" if large else "resnet8" if is_picture else "ds_cnn",
        model_changes={} if is_sound or is_picture else {"stem_bands": 1},
        augment=("shift", "noise", "speed") if is_sound else ("crop",) if is_picture else ("shift",),
        notes=remarks(x, [f"row {i}" for i in range(len(x))]) if is_sound else (),
        loader=lambda: splits,
    )


def _raw(path: Path, x: Array) -> Array:
    fix = "x.astype('uint8') for pictures in 0 … 255, x.astype('int16') for samples of a sensor or a microphone"
    if x.dtype not in (np.uint8, np.int16):
        raise BadValue(f"{path}: x is {x.dtype}", why="the device gets raw integers, uint8 or int16", fix=fix)
    if 0 in x.shape:
        raise BadTask(f"{path}: x has no items, its shape is {x.shape}")
    return x


def _classes(path: Path, y: Array, names: Array | None, count: int) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    if len(y) != count:
        raise OutOfRange(f"{path}: {len(y)} values of y for {count} items of x")
    values, numbers = np.unique(y, return_inverse=True)
    if names is None:
        labels = tuple(str(value) for value in values)
    elif y.dtype.kind == "U" or values[0] < 0 or values[-1] >= len(names):
        raise OutOfRange(f"{path}: y goes from {values[0]} to {values[-1]}", why=f"there are {len(names)} labels")
    else:
        labels, numbers = tuple(str(name) for name in names), y
    numbers = numbers.astype(np.int64)
    for label, found in zip(labels, np.bincount(numbers, minlength=len(labels)), strict=True):
        if found < MIN_ITEMS:
            raise BadTask(f"{path}: class {label!r} has {found} items", why=f"at least {MIN_ITEMS} are needed")
    if len(labels) < 2:
        raise BadTask(f"{path} has one class, {labels[0]!r}", why="there is nothing to tell apart")
    return numbers, labels


def _split(path: Path, y: NDArray[np.int64], split: Array | None, group: Array | None) -> NDArray[np.int64]:
    for name, array in (("split", split), ("group", group)):
        if array is not None and len(array) != len(y):
            raise OutOfRange(f"{path}: {len(array)} values of {name} for {len(y)} items")
    if split is not None:
        if set(np.unique(split)) != {0, 1, 2}:
            found = np.unique(split).tolist()[:5]
            raise OutOfRange(f"{path}: split has the values {found}", why="0 train, 1 validation, 2 test are needed")
        return split.astype(np.int64)
    if group is not None:
        if len(np.unique(group)) < MIN_GROUPS:
            raise BadTask(f"{path}: {len(np.unique(group))} groups", why="three splits need three groups")
        return split_groups([str(g) for g in group])
    return split_items([str(i) for i in range(len(y))], y)


def _front(path: Path, x: Array, train: Array, rate: Array | None) -> Preprocess:
    if rate is not None:
        if x.ndim != 2 or x.dtype != np.int16 or not 1000 <= float(rate) <= 192_000:
            raise OutOfRange(f"{path}: x is {x.shape} of {x.dtype} at {float(rate)} Hz; sounds are (N, T) of int16")
        return log_mel_for(int(rate), x.shape[1])
    if x.ndim == 2 or (x.ndim == 4 and x.dtype == np.int16):
        fix = "sounds need `sample_rate`; windows are (N, T, C)"
        raise OutOfRange(f"{path}: x is {x.shape} of {x.dtype}", fix=fix)
    return Affine.fit(train)
