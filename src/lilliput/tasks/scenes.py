"""Scenes made of real pictures: some of them laid on a dark canvas, so that each pixel's class and each box are known.

The pictures are real, the arrangement is not: what is learnt here shows that labelling pixels and finding boxes works,
not how well it would on photographs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lilliput.tasks.task import Split

DARK = 40
"""Grey values up to here are background: pictures of clothing and digits lie on black with a soft rim."""
_TRIES = 50


@dataclass(frozen=True)
class Scenes:
    """Scenes of one size with up to as many things each.

    Args:
        x: (N, H, W) uint8.
        labels: (N, H, W) int64: 0 where nothing is, else a picture's class plus 1.
        boxes: (N, things, 4) float32: left, top, right, bottom in pixels, right and bottom exclusive; 0 where there are
            fewer things.
        classes: (N, things) int64: of each box, -1 where there are fewer.
    """

    x: NDArray[np.uint8]
    labels: NDArray[np.int64]
    boxes: NDArray[np.float32]
    classes: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.x)


def compose(split: Split, *, count: int, side: int = 64, things: int = 3, seed: int = 0) -> Scenes:
    """Lay up to `things` pictures of a split side by side, without overlap, at random places.

    Args:
        split: grey pictures, (N, h, w) uint8, bright on dark.
        count: scenes.
        side: of a scene, pixels.
        things: at most so many in one, at least 1.
        seed: of all chance.

    Raises:
        ValueError: pictures of another kind, or larger than a scene.
    """
    if split.x.ndim != 3 or split.x.dtype != np.uint8 or max(split.x.shape[1:]) > side:
        raise ValueError(f"grey pictures of at most {side}x{side} of uint8 are needed, got {split.x.shape[1:]} of "
                         f"{split.x.dtype}")  # fmt: skip
    rng = np.random.default_rng(seed)
    height, width = split.x.shape[1:]
    x = np.zeros((count, side, side), np.uint8)
    labels = np.zeros((count, side, side), np.int64)
    boxes = np.zeros((count, things, 4), np.float32)
    classes = np.full((count, things), -1, np.int64)
    for scene in range(count):
        for thing in range(int(rng.integers(1, things + 1))):
            item = int(rng.integers(len(split)))
            place = _free(x[scene], (height, width), rng)
            seen = split.x[item] > DARK
            if place is None or not seen.any():
                break
            top, left = place
            x[scene, top : top + height, left : left + width] = split.x[item]
            labels[scene, top : top + height, left : left + width][seen] = split.y[item] + 1
            rows, columns = np.flatnonzero(seen.any(1)), np.flatnonzero(seen.any(0))
            boxes[scene, thing] = (left + columns[0], top + rows[0], left + columns[-1] + 1, top + rows[-1] + 1)
            classes[scene, thing] = split.y[item]
    return Scenes(x, labels, boxes, classes)


def _free(canvas: NDArray[np.uint8], size: tuple[int, int], rng: np.random.Generator) -> tuple[int, int] | None:
    """A place where nothing lies yet; none where chance finds none."""
    for _ in range(_TRIES):
        top, left = (int(rng.integers(full - own + 1)) for full, own in zip(canvas.shape, size, strict=True))
        if not canvas[top : top + size[0], left : left + size[1]].any():
            return top, left
    return None
