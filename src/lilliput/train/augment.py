"""Training items changed a little, by name, before the device's own preprocessing sees them.

Raw items are NumPy arrays as recorded: signals with time first, (T,) or (T, C), or images of uint8, (H, W) or
(H, W, C). Each change keeps shape and type. All chance comes from the generator that is given, which the caller
seeds with (seed, epoch, index): an item of an epoch is the same whether the training was interrupted or not.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lilliput.core.errors import BadSetting
from lilliput.train.pictures import cut_out
from lilliput.train.policies import autoaugment, is_rand_augment, rand_augment

Array = NDArray[Any]
Change = Callable[[Array, np.random.Generator], Array]

SHIFT = 0.1  # of the length, to either side
GAIN_DB = 12.0
NOISE_SNR_DB = (10.0, 40.0)
SPEED = 0.15
TURN = 0.5  # radians, either way
SIZE = 0.1
CROP = 0.125  # of each side: the benchmark habit of 4 pixels on 32
AREA = (0.8, 1.0)  # of the picture, that a resized crop shows; photographs have small things in them: 0.08
SMALL_AREA = (0.08, 1.0)
ASPECT = 4 / 3  # of a resized crop, either way
ERASED = 0.25  # how often a box is erased,
ERASED_AREA = (0.02, 1 / 3)  # and its share of the picture
ERASED_ASPECT = 0.3
TRIES = 10  # for a box that lies inside
MASKS = 2
MASK_FRAMES = 0.15  # of the axis, at most, a mask
MASK_BANDS = 0.2


def shift(x: Array, rng: np.random.Generator) -> Array:
    """Earlier or later by up to a tenth of the length; what comes in is silence."""
    by = int(rng.integers(-int(len(x) * SHIFT), int(len(x) * SHIFT) + 1))
    y = np.zeros_like(x)
    if by >= 0:
        y[by:] = x[: len(x) - by]
    else:
        y[:by] = x[-by:]
    return y


def gain(x: Array, rng: np.random.Generator) -> Array:
    """Louder or quieter by up to 12 dB, clipped as a converter clips."""
    return _as(x, x * 10.0 ** (rng.uniform(-GAIN_DB, GAIN_DB) / 20))


def noise(x: Array, rng: np.random.Generator) -> Array:
    """White noise 10 to 40 dB below the item's own level; silence stays silent."""
    level = np.sqrt(np.mean(np.square(x, dtype=np.float64), axis=0))
    below = 10.0 ** (-rng.uniform(*NOISE_SNR_DB) / 20)
    return _as(x, x + rng.standard_normal(x.shape, dtype=np.float32) * (level * below))


def speed(x: Array, rng: np.random.Generator) -> Array:
    """Faster or slower by up to 15 %, tempo and pitch together, about the middle; the length stays."""
    factor = rng.uniform(1 - SPEED, 1 + SPEED)
    middle = (len(x) - 1) / 2
    places = (np.arange(len(x)) - middle) * factor + middle
    before = np.arange(len(x))
    columns = x.reshape(len(x), -1)
    heard = [np.interp(places, before, column, left=0, right=0) for column in columns.T]
    return _as(x, np.stack(heard, axis=1).reshape(x.shape))


def turn(x: Array, rng: np.random.Generator) -> Array:
    """A body's joints, x, y, z of each in turn, turned about the upright axis y by up to half a radian, and sized."""
    angle, size = rng.uniform(-TURN, TURN), rng.uniform(1 - SIZE, 1 + SIZE)
    c, s = size * np.cos(angle), size * np.sin(angle)
    about = np.array([[c, 0, s], [0, size, 0], [-s, 0, c]])
    return _as(x, (x.reshape(len(x), -1, 3) @ about).reshape(x.shape))


def flip(x: Array, rng: np.random.Generator) -> Array:
    """Left and right exchanged, every other time."""
    return np.ascontiguousarray(x[:, ::-1]) if rng.random() < 0.5 else x


def crop(x: Array, rng: np.random.Generator) -> Array:
    """Moved by up to an eighth of each side; the rim repeats its last pixel."""
    margins = [max(1, int(side * CROP)) for side in x.shape[:2]]
    padded = np.pad(x, [(m, m) for m in margins] + [(0, 0)] * (x.ndim - 2), mode="edge")
    top, left = (int(rng.integers(0, 2 * m + 1)) for m in margins)
    return np.ascontiguousarray(padded[top : top + x.shape[0], left : left + x.shape[1]])


def resized_crop(x: Array, rng: np.random.Generator, area: tuple[float, float] = AREA) -> Array:
    """A rectangle of 0.8 to 1 of the area, up to a third wider or higher than the picture is, at its size."""
    height, width = x.shape[:2]
    for _ in range(TRIES):
        share = rng.uniform(*area)
        aspect = np.exp(rng.uniform(-np.log(ASPECT), np.log(ASPECT)))
        high, wide = height * (share / aspect) ** 0.5, width * (share * aspect) ** 0.5
        if high <= height and wide <= width:
            top, left = rng.uniform(0, height - high), rng.uniform(0, width - wide)
            return cut_out(x, top, left, high, wide)
    return x


def small_crop(x: Array, rng: np.random.Generator) -> Array:
    """As `resized_crop`, down to 0.08 of the area: for photographs."""
    return resized_crop(x, rng, SMALL_AREA)


def erase(x: Array, rng: np.random.Generator) -> Array:
    """Every fourth time a box of one item's features, of 0.02 to a third of its area, becomes standard normal noise.

    Shapes:
        x (H, W, C) float32 -> the same.

    Source: Random Erasing Data Augmentation (arXiv:1708.04896), filled pixel by pixel.
    """
    if rng.random() >= ERASED:
        return x
    for _ in range(TRIES):
        area = rng.uniform(*ERASED_AREA) * x.shape[0] * x.shape[1]
        aspect = np.exp(rng.uniform(np.log(ERASED_ASPECT), -np.log(ERASED_ASPECT)))
        high, wide = (round(side) for side in ((area * aspect) ** 0.5, (area / aspect) ** 0.5))
        if 0 < high < x.shape[0] and 0 < wide < x.shape[1]:
            top, left = int(rng.integers(x.shape[0] - high + 1)), int(rng.integers(x.shape[1] - wide + 1))
            y = x.copy()
            y[top : top + high, left : left + wide] = rng.standard_normal((high, wide, x.shape[2]), dtype=np.float32)
            return y
    return x


def specaugment(x: Array, rng: np.random.Generator) -> Array:
    """Two masks of time and two of frequency on one item's features, filled with the item's mean.

    Shapes:
        x (H, W, C) float32: frames, bands, channels -> the same.

    Source: SpecAugment (arXiv:1904.08779), without its time warp.
    """
    y = x.copy()
    fill = x.mean(dtype=np.float64)
    for _ in range(MASKS):
        for axis, share in ((0, MASK_FRAMES), (1, MASK_BANDS)):
            width = int(rng.integers(0, int(x.shape[axis] * share) + 1))
            start = int(rng.integers(0, x.shape[axis] - width + 1))
            y[(slice(None),) * axis + (slice(start, start + width),)] = fill
    return y


SIGNALS: dict[str, Change] = {"speed": speed, "shift": shift, "gain": gain, "noise": noise, "turn": turn}
IMAGES: dict[str, Change] = {
    "flip": flip,
    "crop": crop,
    "resized_crop": resized_crop,
    "small_crop": small_crop,
    "autoaugment": autoaugment,
}
FEATURES: dict[str, Change] = {"specaugment": specaugment, "erase": erase}
RAND = "rand-m9-mstd0.5-inc1"
"""A name of RandAugment, for images; its numbers may be others (policies.py). It comes after those of `IMAGES`."""


def changes_of(names: Sequence[str], sample: Array) -> tuple[list[Change], list[Change]]:
    """The changes of those names: of raw items like `sample`, and of features; each list in the order of this file.

    Raises:
        BadSetting: LP101, a name that is not here, or one that does not suit such items.
    """
    is_image = sample.dtype == np.uint8 and sample.ndim >= 2
    raw = {**IMAGES, **_rand(names)} if is_image else SIGNALS
    allowed = [*raw, *FEATURES]
    for name in names:
        if name not in allowed:
            elsewhere = name in SIGNALS or name in IMAGES or is_rand_augment(name)
            why = f"{name} is for {'signals' if is_image else 'images'}" if elsewhere else ""
            shown = [*IMAGES, RAND, *FEATURES] if is_image else allowed
            fix = f"the names for {'images' if is_image else 'signals'} are {', '.join(shown)}"
            raise BadSetting(f"train.augment has {name!r}", why=why, fix=fix)
    if "turn" in names and (sample.ndim != 2 or sample.shape[1] % 3):
        why = f"it turns joints of three coordinates each, and an item is {sample.shape}"
        raise BadSetting("train.augment has 'turn'", why=why)
    return [raw[n] for n in raw if n in names], [FEATURES[n] for n in FEATURES if n in names]


def _rand(names: Sequence[str]) -> dict[str, Change]:
    return {name: rand_augment(name) for name in names if is_rand_augment(name)}


def apply(changes: Sequence[Change], x: Array, rng: np.random.Generator) -> Array:
    """All `changes` of one item, one after the other."""
    for change in changes:
        x = change(x, rng)
    return x


def _as(like: Array, values: Array) -> Array:
    """`values` in the type of `like`: rounded and clipped where that is an integer."""
    if not np.issubdtype(like.dtype, np.integer):
        return values.astype(like.dtype)
    limits = np.iinfo(like.dtype)
    return np.clip(np.rint(values), limits.min, limits.max).astype(like.dtype)
