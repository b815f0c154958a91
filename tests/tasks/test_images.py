"""Pictures of every kind to one size."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest

from lilliput.core.errors import CutShort, ImpossibleSize, MissingFile, NotThisFormat
from lilliput.tasks import images
from lilliput.tasks.images import read_images
from tests.tasks.damage import accepted

Image = pytest.importorskip("PIL.Image")


def save(folder: Path, name: str, pixels: np.ndarray, **options: object) -> Path:
    path = folder / name
    Image.fromarray(pixels).save(path, **options)
    return path


GREY = np.arange(48, dtype=np.uint8).reshape(6, 8) * 5
COLOUR = np.stack([GREY, GREY[::-1], 255 - GREY], axis=2)


def test_grey_stays_grey_and_pixels_stay_what_they_are(tmp_path: Path) -> None:
    paths = [save(tmp_path, "a.png", GREY), save(tmp_path, "b.bmp", GREY[::-1])]
    made = read_images(paths)
    assert made.shape == (2, 6, 8, 1)
    np.testing.assert_array_equal(made[..., 0], [GREY, GREY[::-1]])


def test_one_picture_in_colour_makes_three_channels_of_all(tmp_path: Path) -> None:
    made = read_images([save(tmp_path, "a.png", GREY), save(tmp_path, "b.png", COLOUR)])
    np.testing.assert_array_equal(made, [np.repeat(GREY[..., None], 3, 2), COLOUR])
    assert read_images([tmp_path / "b.png"], channels=1).shape == (1, 6, 8, 1)


def test_the_most_common_size_wins_and_large_ones_are_shrunk(tmp_path: Path) -> None:
    large = np.kron(GREY, np.ones((4, 4), np.uint8))
    paths = [save(tmp_path, f"{i}.png", pixels) for i, pixels in enumerate([GREY, large, GREY])]
    np.testing.assert_array_equal(read_images(paths)[1, ..., 0], GREY)
    wide = save(tmp_path, "wide.jpg", np.zeros((300, 600, 3), np.uint8))
    assert read_images([wide]).shape == (1, 48, 96, 3)
    assert read_images([wide], size=(5, 7)).shape == (1, 5, 7, 3)


def test_a_palette_sixteen_bits_and_a_turned_camera_are_understood(tmp_path: Path) -> None:
    deep = save(tmp_path, "deep.png", GREY.astype(np.uint16) * 257)
    np.testing.assert_array_equal(read_images([deep])[0, ..., 0], GREY)
    Image.fromarray(COLOUR).quantize(64).save(tmp_path / "palette.png")
    assert read_images([tmp_path / "palette.png"]).shape == (1, 6, 8, 3)
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = save(tmp_path, "turned.png", GREY, exif=exif)
    np.testing.assert_array_equal(read_images([turned])[0, ..., 0], np.rot90(GREY, -1))


def test_bad_files_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"")
    with pytest.raises(CutShort, match=r"LP202: .*a.png is empty"):
        read_images([path])
    path.write_bytes(b"GIF89a" + b"\0" * 90)
    with pytest.raises(NotThisFormat, match=r"LP200: .*a.png is not a PNG, JPEG or BMP image"):
        read_images([path])
    rng = np.random.default_rng(0)
    whole = save(tmp_path, "a.png", rng.integers(0, 256, (40, 40), dtype=np.uint8)).read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(CutShort, match=r"LP202: .*a.png is damaged"):
        read_images([path])
    with pytest.raises(MissingFile, match=r"LP221: .*none.png"):
        read_images([tmp_path / "none.png"])
    path.write_bytes(whole)
    monkeypatch.setattr(images, "MAX_PIXELS", 1000)
    with pytest.raises(ImpossibleSize, match=r"LP204: .*a.png has 40×40 pixels\n  why: the limit is 1000"):
        read_images([path])


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "BMP"])
def test_damaged_bytes_give_pixels_or_one_of_our_errors(kind: str, tmp_path: Path) -> None:
    stream = io.BytesIO()
    Image.fromarray(np.kron(COLOUR, np.ones((3, 3, 1), np.uint8))).save(stream, kind)
    _, codes = accepted(lambda path: read_images([path], size=(6, 8)), stream.getvalue(), tmp_path / "a.png", 250)
    assert codes >= {"LP200", "LP202"}
