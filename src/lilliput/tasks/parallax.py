r"""Light fields made from a picture and its distances: what cameras beside the first one would have seen.

    view_{vu}(p) = I(p + δ(p) · (v, u)),    δ = b · (1/z − 1/z₀)

with v and u rows and columns away from the middle, I read between its pixels by straight lines and beyond its rim by
its last ones. What stands in front hides nothing that was not hidden before, so that such views are no photographs:
`LightFields.synthetic` says so wherever they go.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lilliput.core.errors import BadSetting
from lilliput.tasks.light_field import LightFields
from lilliput.tasks.rgbd import Frames


def shifted_views(picture: NDArray[np.uint8], shift: NDArray[Any], grid: tuple[int, int]) -> NDArray[np.uint8]:
    """All views of one picture.

    Args:
        picture: what the view in the middle shows.
        shift: δ, pixels from a view to the next, of each pixel.
        grid: (V, U), rows and columns of views, odd.

    Shapes:
        picture (H, W, C) uint8, shift (H, W) -> (V, U, H, W, C) uint8.

    Raises:
        BadSetting: LP101, an even grid. ValueError: shapes that differ.
    """
    if any(n < 1 or n % 2 == 0 for n in grid):
        raise BadSetting(f"a grid of {grid[0]}x{grid[1]} views", why="the picture is the view in the middle", fix="5x5")
    if picture.ndim != 3 or picture.shape[:2] != shift.shape:
        raise ValueError(f"picture {picture.shape} and shift {shift.shape}: (H, W, C) and (H, W) are needed")
    rows, columns = np.indices(shift.shape, dtype=np.float64)
    views = np.empty((*grid, *picture.shape), np.uint8)
    for v in range(grid[0]):
        for u in range(grid[1]):
            views[v, u] = _sample(picture, rows + shift * (v - grid[0] // 2), columns + shift * (u - grid[1] // 2))
    return views


def views_of_frames(frames: Frames, *, grid: tuple[int, int], baseline: float, focus: float) -> LightFields:
    """Light fields of colour pictures with distances.

    Args:
        frames: the pairs; where a distance is unknown, a pixel stays where it is, as if in focus.
        grid: (V, U), odd.
        baseline: b, the distance of cameras through that of the image plane: pixels · metres.
        focus: z₀, metres: what is there does not move.

    Raises:
        BadSetting: LP101, an even grid, or a focus that is not in front of the camera.
    """
    if not focus > 0:
        raise BadSetting(f"a focus at {focus} m", fix="a distance above 0, in metres")
    known = frames.depth > 0
    inverse = np.divide(1.0, frames.depth, out=np.zeros(frames.depth.shape), where=known)
    shift = np.where(known, baseline * (inverse - 1 / focus), 0.0)
    views = [shifted_views(picture, moved, grid) for picture, moved in zip(frames.rgb, shift, strict=True)]
    return LightFields(np.stack(views), frames.names, synthetic=True)


def views_of_planes(
    pictures: NDArray[np.uint8], front: NDArray[np.bool_], *, grid: tuple[int, int], near: float, far: float
) -> LightFields:
    """Light fields of pictures without distances, as if of two planes.

    Args:
        pictures: (N, H, W, C).
        front: (N, H, W), whether a pixel is of the plane in front.
        grid: (V, U), odd.
        near: δ of the plane in front, pixels.
        far: δ of the other.

    Raises:
        BadSetting: LP101, an even grid.
    """
    shift = np.where(front, near, far)
    views = [shifted_views(picture, moved, grid) for picture, moved in zip(pictures, shift, strict=True)]
    return LightFields(np.stack(views), tuple(f"picture {i}" for i in range(len(pictures))), synthetic=True)


def depth_order(
    pictures: NDArray[np.uint8], *, grid: tuple[int, int] = (3, 3), near: float = 2.0, seed: int = 0
) -> tuple[LightFields, NDArray[np.int64]]:
    """A task that no single view can tell: whether the middle of a picture or what is around it stands in front.

    Args:
        pictures: (N, H, W, C); what they show does not matter.
        grid: (V, U), odd.
        near: δ of what is in front, pixels; the rest is in focus.
        seed: of the classes.

    Shapes:
        -> fields, and (N,) int64: 1 where the middle is in front. Half of the pictures, rounded down, are of class 1.
    """
    count, height, width = pictures.shape[:3]
    y = np.random.default_rng(seed).permutation(np.arange(count) % 2)
    middle = np.zeros((height, width), bool)
    middle[height // 4 : height - height // 4, width // 4 : width - width // 4] = True
    front = np.where(y[:, None, None] == 1, middle, ~middle)
    return views_of_planes(pictures, front, grid=grid, near=near, far=0.0), y.astype(np.int64)


def _sample(picture: NDArray[np.uint8], rows: NDArray[Any], columns: NDArray[Any]) -> NDArray[np.uint8]:
    height, width = picture.shape[:2]
    rows, columns = rows.clip(0, height - 1), columns.clip(0, width - 1)
    top, left = np.floor(rows).astype(np.intp), np.floor(columns).astype(np.intp)
    bottom, right = np.minimum(top + 1, height - 1), np.minimum(left + 1, width - 1)
    down, across = (rows - top)[..., None], (columns - left)[..., None]
    upper = (1 - across) * picture[top, left] + across * picture[top, right]
    lower = (1 - across) * picture[bottom, left] + across * picture[bottom, right]
    mixed: NDArray[np.uint8] = np.rint((1 - down) * upper + down * lower).astype(np.uint8)
    return mixed
