"""Pairs of a colour picture and a map of distances: bundled ones, folders of pictures, and the published NYU folders.

A distance of 0 is unknown, and so is whatever lies beyond `max_depth`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lilliput.core.errors import BadSetting, BadTask, MissingExtra, MissingFile, NotThisFormat, OutOfRange
from lilliput.tasks.images import read_images
from lilliput.tasks.npz import read_npz

HOLES = (0, 65535)
"""Codes of 16-bit pictures of distances that stand for "not known"; forgetting the second makes errors of metres."""
_ARRAYS = {"rgb": ("i", 4), "depth_mm": ("i", 3), "real": ("i", 1), "frame": ("i", 1)}
_NYU = (480, 640)


@dataclass(frozen=True)
class Frames:
    """Pairs, all of one size.

    Args:
        rgb: (N, H, W, 3) uint8.
        depth: (N, H, W) float32, metres; 0 is unknown.
        names: where each came from.
    """

    rgb: NDArray[np.uint8]
    depth: NDArray[np.float32]
    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.rgb)

    def rows(self, which: Any) -> Frames:
        """Some of them, by numbers or a mask."""
        names = np.array(self.names)[which]
        return Frames(self.rgb[which], self.depth[which], tuple(str(name) for name in np.atleast_1d(names)))


def bundled_frames() -> tuple[Frames, NDArray[np.bool_]]:
    """24 views of a rendered living room and one real office, 96×128; and which of them is real.

    The living room's are consecutive: training and test must be apart in time, and even so it is one room.
    """
    path = Path(str(files("lilliput.tasks").joinpath("data", "rooms", "frames.npz")))
    arrays = read_npz(path, _ARRAYS)
    real = arrays["real"].astype(bool)
    names = tuple("office" if r else f"living room {f}" for r, f in zip(real, arrays["frame"], strict=True))
    return Frames(arrays["rgb"].astype(np.uint8), (arrays["depth_mm"] / 1000).astype(np.float32), names), real


def read_pairs(folder: Path, *, size: tuple[int, int], unit_mm: float | None = None) -> Frames:
    """A folder of colour pictures and 16-bit PNG of distances: `NAME.color.jpg` (or png) beside `NAME.depth.png`.

    Args:
        folder: read in the order of the names; the words may also end in `_color`, `_rgb`, `-depth` and so on.
        size: (H, W) of the result: colours are averaged, distances sampled.
        unit_mm: millimetres of one step of the distances: 1 for most, 0.2 for the TUM benchmark. The files do not
            say it, so that it must be said.

    Raises:
        BadSetting: LP101, no unit. MissingFile: LP221, no pairs. FileError: LP2xx, a file cannot be read.
    """
    if unit_mm is None or not unit_mm > 0:
        raise BadSetting("distances in whole numbers without their unit", fix="unit_mm=1 where a step is a millimetre")
    pairs = list(_pairs(folder))
    if not pairs:
        raise MissingFile(f"{folder} holds no pairs", fix="frame-1.color.jpg beside frame-1.depth.png, 16 bits")
    depth = np.stack([_distances(path, size) for _, path in pairs]).astype(np.float32) * np.float32(unit_mm / 1000)
    rgb = read_images([path for path, _ in pairs], size=size, channels=3)
    return Frames(rgb, depth, tuple(path.name for path, _ in pairs))


def read_nyu(folder: Path, *, holdout: bool | None = None, limit: int | None = None) -> Iterator[Frames]:
    """The NYU Depth v2 folders that FastDepth was trained on, `SCENE/00001.h5`: one frame of 480×640 at a time.

    Args:
        folder: `nyudepthv2/train` or `nyudepthv2/val`.
        holdout: only the frames that the paper held out for pruning (those numbered 1 and 201 of a scene), or only the
            others; all where it is None.
        limit: at most so many.

    Raises:
        MissingExtra: LP601, h5py is not installed. MissingFile: LP221, no such files.
        NotThisFormat: LP200, no HDF5. OutOfRange: LP203, other arrays than `rgb` (3, 480, 640) and `depth` (480, 640).

    Source: the layout of the published archive and `dataloaders/nyu.py` of its code.
    """
    try:
        import h5py
    except ModuleNotFoundError as error:
        raise MissingExtra("h5 files need h5py", fix='pip install "lilliput[data]"') from error
    paths = sorted(folder.glob("*/*.h5"))
    if holdout is not None:
        paths = [path for path in paths if (path.stem in ("00001", "00201")) is holdout]
    if not paths:
        raise MissingFile(f"{folder} holds no SCENE/NNNNN.h5", fix="name the folder that holds the scenes")
    for path in paths[:limit]:
        try:
            with h5py.File(path, "r") as opened:
                rgb, depth = (np.asarray(opened[name]) for name in ("rgb", "depth"))
        except (OSError, KeyError) as error:
            raise NotThisFormat(f"{path} is no frame of NYU Depth", why=str(error)[:200]) from error
        if rgb.shape != (3, *_NYU) or rgb.dtype != np.uint8 or depth.shape != _NYU:
            raise OutOfRange(
                f"{path}: rgb {rgb.shape} of {rgb.dtype}, depth {depth.shape}; (3, 480, 640) of uint8 needed"
            )
        name = f"{path.parent.name}/{path.name}"
        yield Frames(rgb.transpose(1, 2, 0)[None], depth.astype(np.float32)[None], (name,))


def nyu_view(frame: Frames) -> Frames:
    """What the paper evaluates on: 250 rows, the middle 228×304, 224×224; nearest pixels throughout.

    Raises:
        BadTask: LP103, frames of another size than 480×640.
    """
    if frame.rgb.shape[1:3] != _NYU:
        raise BadTask(f"frames of {frame.rgb.shape[1]}x{frame.rgb.shape[2]}", fix="frames of 480x640, as published")
    small = [nearest(array, (250, 333)) for array in (frame.rgb, frame.depth)]
    top, left = round((250 - 228) / 2), round((333 - 304) / 2)
    rgb, depth = (nearest(array[:, top : top + 228, left : left + 304], (224, 224)) for array in small)
    return Frames(rgb, depth, frame.names)


def nearest(arrays: NDArray[Any], size: tuple[int, int]) -> NDArray[Any]:
    """(N, H, W, …) sampled at the pixels nearest to the middle of each of `size`."""
    rows, columns = (
        ((np.arange(new) + 0.5) * old / new).astype(np.intp) for new, old in zip(size, arrays.shape[1:3], strict=True)
    )
    sampled: NDArray[Any] = arrays[:, rows][:, :, columns]
    return sampled


def _pairs(folder: Path) -> Iterator[tuple[Path, Path]]:
    colour = re.compile(r"(.*?)[._-](color|colour|rgb)\.(png|jpg|jpeg)$", re.IGNORECASE)
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        found = colour.fullmatch(path.name)
        if found is not None:
            beside = [folder / f"{found[1]}{mark}depth.png" for mark in "._-"]
            yield from ((path, other) for other in beside[:] if other.is_file())


def _distances(path: Path, size: tuple[int, int]) -> NDArray[np.uint16]:
    try:
        from PIL import Image, UnidentifiedImageError
    except ModuleNotFoundError as error:
        raise MissingExtra("pictures need pillow", fix='pip install "lilliput[data]"') from error
    try:
        with Image.open(path) as opened:
            kind, codes = opened.mode, np.asarray(opened)
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        raise NotThisFormat(f"{path} is no picture of distances", why=str(error)[:200]) from error
    if kind not in ("I;16", "I;16B", "I") or codes.ndim != 2 or codes.min() < 0 or codes.max() > 65535:
        raise NotThisFormat(f"{path} has pixels of kind {kind!r}", why="distances are one channel of 16 bits")
    codes = nearest(codes[None], size)[0].astype(np.uint16)
    return np.where(np.isin(codes, HOLES), 0, codes).astype(np.uint16)
