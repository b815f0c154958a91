"""Read PNG, JPEG and BMP files of any size to one size and one number of channels."""

from __future__ import annotations

import struct
import warnings
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lilliput.core.errors import CutShort, ImpossibleSize, MissingExtra, MissingFile, NotThisFormat

if TYPE_CHECKING:
    from PIL.Image import Image

ENDINGS = (".png", ".jpg", ".jpeg", ".bmp")
MAX_PIXELS = 50_000_000
LARGEST_SIDE, SHRUNK_SIDE = 256, 96  # a photo is shrunk; a microcontroller has no room for it
# What pillow's readers were seen to raise for damaged bytes, beside OSError.
_DAMAGE = (OSError, SyntaxError, ValueError, EOFError, LookupError, TypeError, OverflowError, zlib.error, struct.error)
_COLOUR = ("RGB", "RGBA", "P", "PA", "CMYK", "YCbCr", "LAB", "HSV", "RGBX", "RGBa")


def read_images(
    paths: Sequence[Path], *, size: tuple[int, int] | None = None, channels: int | None = None
) -> NDArray[np.uint8]:
    """(N, H, W, C) of all files.

    Args:
        paths: the files.
        size: (H, W); the most common of the files where it is None, shrunk to 96 on the long side from 257 up.
        channels: 1 or 3; 3 where it is None and one of the files is in colour.

    Raises:
        MissingExtra: LP601, pillow is not installed.
        FileError: LP2xx, a file is not an image, is damaged, or has too many pixels; the message names it.
    """
    seen = [_look(path) for path in paths]
    size = size or _common(Counter(shape for shape, _ in seen))
    channels = channels or (3 if any(colour for _, colour in seen) else 1)
    out = np.empty((len(paths), *size, channels), np.uint8)
    for i, path in enumerate(paths):
        out[i] = _pixels(path, size, channels)
    return out


def size_of(path: Path) -> tuple[int, int]:
    """(H, W) of a picture, upright.

    Raises:
        MissingExtra: LP601, pillow is not installed. FileError: LP2xx, no picture, damaged, or too many pixels.
    """
    return _look(path)[0]


def _common(shapes: Counter[tuple[int, int]]) -> tuple[int, int]:
    height, width = min(shapes, key=lambda shape: (-shapes[shape], shape))
    longest = max(height, width)
    if longest <= LARGEST_SIDE:
        return height, width
    return max(1, round(height * SHRUNK_SIDE / longest)), max(1, round(width * SHRUNK_SIDE / longest))


def _look(path: Path) -> tuple[tuple[int, int], bool]:
    with _open(path) as image:
        turned = image.getexif().get(0x0112, 1) in (5, 6, 7, 8)  # the camera lay on its side
        width, height = image.size[::-1] if turned else image.size
        return (height, width), image.mode in _COLOUR


def _pixels(path: Path, size: tuple[int, int], channels: int) -> NDArray[np.uint8]:
    from PIL import Image, ImageOps

    with _open(path) as image:
        upright = ImageOps.exif_transpose(image)
        if upright.mode.startswith("I"):  # 16-bit grey, which pillow would clip and not scale
            upright = Image.fromarray((np.asarray(upright).astype(np.int64) >> 8).clip(0, 255).astype(np.uint8))
        plain = upright.convert("L" if channels == 1 else "RGB")
        if plain.size != size[::-1]:
            plain = plain.resize(
                size[::-1], Image.Resampling.BOX if _shrinks(plain, size) else Image.Resampling.BICUBIC
            )
        return np.asarray(plain, np.uint8).reshape(*size, channels)


def _shrinks(image: Image, size: tuple[int, int]) -> bool:
    return image.height >= 2 * size[0] and image.width >= 2 * size[1]


@contextmanager
def _open(path: Path) -> Iterator[Image]:
    """The opened image; whatever pillow raises while it is used becomes an error of ours that names the file."""
    try:
        from PIL import Image, UnidentifiedImageError
    except ImportError as error:
        raise MissingExtra("reading images needs pillow", fix="pip install 'lilliput[data]'") from error
    try:
        if path.stat().st_size == 0:
            raise CutShort(f"{path} is empty")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # our own limit is below the one that pillow warns of
            with Image.open(path, formats=("PNG", "JPEG", "BMP")) as image:
                width, height = image.size
                if width * height > MAX_PIXELS or min(width, height) < 1:
                    raise ImpossibleSize(f"{path} has {width}×{height} pixels", why=f"the limit is {MAX_PIXELS}")
                yield image
    except UnidentifiedImageError as error:
        raise NotThisFormat(f"{path} is not a PNG, JPEG or BMP image") from error
    except Image.DecompressionBombError as error:
        raise ImpossibleSize(f"{path}: {error}") from error
    except (FileNotFoundError, PermissionError, IsADirectoryError) as error:
        raise MissingFile(f"{path}: {error.strerror}") from error
    except _DAMAGE as error:
        raise CutShort(f"{path} is damaged", why=str(error)) from error
