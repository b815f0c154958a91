"""Share items out to training, validation and test by the hash of their names.

An item stays where it is when others are added: its place depends on its own name (or on its group's), but for the
few that stand in so that no class is without a test or a validation item.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

TEST, VALIDATION = 0.2, 0.15
MIN_GROUPS = 3
_TRAIN, _VALIDATION, _TEST = 0, 1, 2


def split_items(names: Sequence[str], y: NDArray[np.int64]) -> NDArray[np.int64]:
    """(N,) of 0 train, 1 validation, 2 test: 65, 15 and 20 % of each class, by the hash of each name.

    Each class has at least one item in each part, where it has three.
    """
    place = np.array([_fraction(name) for name in names])
    split = np.empty(len(names), np.int64)
    for label in np.unique(y):
        rows = np.flatnonzero(y == label)
        split[rows] = _parts(place[rows])
    return split


def split_groups(groups: Sequence[str]) -> NDArray[np.int64]:
    """(N,) of 0 train, 1 validation, 2 test, by the hash of each item's group: no group is in two of them.

    Raises:
        ValueError: fewer than three groups.
    """
    names = sorted(set(groups))
    if len(names) < MIN_GROUPS:
        raise ValueError(f"three groups are needed for three parts, got {names}")
    parts = dict(zip(names, _parts(np.array([_fraction(name) for name in names])), strict=True))
    return np.array([parts[group] for group in groups], np.int64)


def _fraction(name: str) -> float:
    digest = hashlib.sha256(name.encode("utf-8", "surrogateescape")).digest()
    return int.from_bytes(digest[:6], "big") / 2**48


def _parts(place: NDArray[np.float64]) -> NDArray[np.int64]:
    parts = np.where(place < TEST, _TEST, np.where(place < TEST + VALIDATION, _VALIDATION, _TRAIN))
    order = np.argsort(place, kind="stable")
    if len(order) >= MIN_GROUPS:
        parts[order[0]], parts[order[-1]] = _TEST, _TRAIN
        inner = order[1:-1]
        if not (parts[inner] == _VALIDATION).any():
            learnt = inner[parts[inner] == _TRAIN]
            parts[learnt[0] if len(learnt) else inner[-1]] = _VALIDATION
    return parts.astype(np.int64)
