"""Changes of pictures chosen by chance: AutoAugment's learnt policy for CIFAR-10, and RandAugment by its short name.

`rand-m9-mstd0.5-inc1` names RandAugment as image libraries do: magnitude 9 of 10 with a spread of 0.5, in the form
whose changes all grow with the magnitude; `-n3` takes three changes a picture instead of two, `-p0.8` makes each of
them with a probability of 0.8 instead of 0.5.

Source: AutoAugment (arXiv:1805.09501), table 7; RandAugment (arXiv:1909.13719).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from lilliput.core.errors import BadSetting
from lilliput.train import pictures
from lilliput.train.pictures import Picture

LEVELS = 10.0
"""The largest magnitude of RandAugment."""


class Move(NamedTuple):
    """One change of a sub-policy: how often, which, and its magnitude on the table's scale of ten."""

    probability: float
    name: str
    level: int


def _moves(text: str) -> tuple[tuple[Move, Move], ...]:
    """Lines of `p name level  p name level`."""
    policies = []
    for line in text.strip().splitlines():
        p1, name1, level1, p2, name2, level2 = line.split()
        policies.append((Move(float(p1), name1, int(level1)), Move(float(p2), name2, int(level2))))
    return tuple(policies)


CIFAR10 = _moves(
    """
    0.1 invert 7        0.2 contrast 6
    0.7 rotate 2        0.3 translate_x 9
    0.8 sharpness 1     0.9 sharpness 3
    0.5 shear_y 8       0.7 translate_y 9
    0.5 autocontrast 8  0.9 equalize 2
    0.2 shear_y 7       0.3 posterize 7
    0.4 color 3         0.6 brightness 7
    0.3 sharpness 9     0.7 brightness 9
    0.6 equalize 5      0.5 equalize 1
    0.6 contrast 7      0.6 sharpness 5
    0.7 color 7         0.5 translate_x 8
    0.3 equalize 7      0.4 autocontrast 8
    0.4 translate_y 3   0.2 sharpness 6
    0.9 brightness 6    0.2 color 8
    0.5 solarize 2      0.0 invert 3
    0.2 equalize 0      0.6 autocontrast 0
    0.2 equalize 8      0.6 equalize 4
    0.9 color 9         0.6 equalize 6
    0.8 autocontrast 4  0.2 solarize 8
    0.1 brightness 3    0.7 color 0
    0.4 solarize 5      0.9 autocontrast 3
    0.9 translate_y 9   0.7 translate_y 9
    0.9 autocontrast 2  0.8 solarize 3
    0.8 equalize 8      0.1 invert 3
    0.7 translate_y 9   0.9 autocontrast 1
    """
)
"""The 25 sub-policies."""

_RAND = (
    "autocontrast", "equalize", "invert", "rotate", "posterize", "solarize", "solarize_add", "color", "contrast",
    "brightness", "sharpness", "shear_x", "shear_y", "translate_x", "translate_y",
)  # fmt: skip
_BOTH_WAYS = ("rotate", "shear_x", "shear_y", "translate_x", "translate_y")
_ENHANCED = ("color", "contrast", "brightness", "sharpness")
_LARGEST = {"rotate": 30.0, "shear_x": 0.3, "shear_y": 0.3}
_POLICY_SHIFT = 150 / 331
"""Largest shift of AutoAugment: 150 pixels of the 331 that its ImageNet pictures had."""
_RAND_SHIFT = 0.45


def autoaugment(x: Picture, rng: np.random.Generator) -> Picture:
    """One of the 25 sub-policies, each with the same chance; each of its two changes with its own."""
    for move in CIFAR10[int(rng.integers(len(CIFAR10)))]:
        if rng.random() < move.probability:
            x = _policy_change(x, move.name, move.level / 9, rng)
    return x


def rand_augment(spec: str) -> Callable[[Picture, np.random.Generator], Picture]:
    """RandAugment of that short name.

    Raises:
        BadSetting: LP101, a part that is none, or a number out of its range.
    """
    given = _parsed(spec)
    magnitude, spread, probability, count = given["m"], given["mstd"], given["p"], int(given["n"])

    def change(x: Picture, rng: np.random.Generator) -> Picture:
        for name in rng.choice(_RAND, count):
            if rng.random() < probability:
                level = min(max(rng.normal(magnitude, spread), 0.0), LEVELS)
                x = _rand_change(x, str(name), level / LEVELS, rng)
        return x

    return change


def is_rand_augment(name: str) -> bool:
    """Whether a name is RandAugment's, well formed or not."""
    return name.split("-")[0] == "rand"


def _parsed(spec: str) -> dict[str, float]:
    values = {"m": LEVELS, "mstd": 0.0, "p": 0.5, "n": 2.0, "inc": 1.0}
    limits = {"m": (0, LEVELS), "mstd": (0, 100), "p": (0, 1), "n": (1, 16), "inc": (1, 1)}
    for part in spec.split("-")[1:]:
        found = re.fullmatch(r"(mstd|inc|m|p|n)(\d+(?:\.\d+)?)", part)
        if found is None or (found[1] in ("n", "inc") and "." in found[2]):
            raise BadSetting(f"train.augment has {spec!r}: {part!r} is no part of it", fix="rand-m9-mstd0.5-inc1")
        low, high = limits[found[1]]
        if not low <= float(found[2]) <= high:
            raise BadSetting(f"train.augment has {spec!r}: {part!r}", why=f"{found[1]} must be in [{low:g}, {high:g}]")
        values[found[1]] = float(found[2])
    return values


def _policy_change(x: Picture, name: str, share: float, rng: np.random.Generator) -> Picture:
    """A change of AutoAugment; `share` of its range, 0 to 1."""
    sign = 1 if rng.random() < 0.5 else -1
    if name in _BOTH_WAYS:
        return _called(x, name, share * _LARGEST.get(name, _POLICY_SHIFT) * sign)
    if name in _ENHANCED:
        return _called(x, name, 1 + sign * 0.9 * share)
    if name == "posterize":
        return pictures.posterize(x, round(8 - 4 * share))
    if name == "solarize":
        return pictures.solarize(x, 256 * (1 - share))
    return _called(x, name)


def _rand_change(x: Picture, name: str, share: float, rng: np.random.Generator) -> Picture:
    """A change of RandAugment in its growing form; `share` of its range, 0 to 1."""
    sign = 1 if rng.random() < 0.5 else -1
    if name in _BOTH_WAYS:
        return _called(x, name, share * _LARGEST.get(name, _RAND_SHIFT) * sign)
    if name in _ENHANCED:
        return _called(x, name, max(0.1, 1 + sign * 0.9 * share))
    if name == "posterize":
        return pictures.posterize(x, 4 - int(4 * share))
    if name == "solarize":
        return pictures.solarize(x, 256 - int(256 * share))
    if name == "solarize_add":
        return pictures.solarize_add(x, int(110 * share))
    return _called(x, name)


def _called(x: Picture, name: str, *amounts: Any) -> Picture:
    changed: Picture = getattr(pictures, name)(x, *amounts)
    return changed
