"""Changes of pictures against values worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from lilliput.train import pictures
from lilliput.train.pictures import Picture

GREY = np.array([[10, 60], [110, 210]], np.uint8)
COLOUR = np.random.default_rng(0).integers(0, 256, (6, 8, 3)).astype(np.uint8)
LARGE = np.random.default_rng(1).integers(20, 200, (24, 32, 3)).astype(np.uint8)
CHANGES = {
    "invert": (), "autocontrast": (), "equalize": (), "posterize": (3,), "solarize": (100.0,), "solarize_add": (40,),
    "brightness": (0.5,), "contrast": (1.7,), "color": (0.2,), "sharpness": (1.9,), "shear_x": (0.3,),
    "shear_y": (-0.2,), "translate_x": (0.3,), "translate_y": (-0.3,), "rotate": (20.0,),
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGES)
@pytest.mark.parametrize("x", [LARGE, LARGE[..., 0], LARGE[..., :1]], ids=["colour", "grey", "one channel"])
def test_shape_and_type_stay_and_the_picture_is_left_alone(name: str, x: Picture) -> None:
    before = x.copy()
    y = getattr(pictures, name)(x, *CHANGES[name])
    assert (y.shape, y.dtype) == (x.shape, np.uint8)
    assert np.array_equal(x, before)
    is_grey = x.ndim == 2 or x.shape[2] == 1
    assert np.array_equal(y, x) == (name == "color" and is_grey)


@pytest.mark.parametrize("name", ["equalize", "autocontrast", "invert", "posterize", "brightness", "sharpness"])
def test_one_channel_is_treated_as_grey(name: str) -> None:
    x = LARGE[..., :1]
    change = getattr(pictures, name)
    assert np.array_equal(change(x, *CHANGES[name])[..., 0], change(x[..., 0], *CHANGES[name]))


def test_tones() -> None:
    assert pictures.invert(GREY).tolist() == [[245, 195], [145, 45]]
    assert pictures.posterize(GREY, 2).tolist() == [[0, 0], [64, 192]]
    assert pictures.solarize(GREY, 110).tolist() == [[10, 60], [145, 45]]
    assert pictures.solarize_add(GREY, 100).tolist() == [[110, 160], [210, 210]]
    assert pictures.autocontrast(GREY).tolist() == [[0, 63], [127, 255]]
    assert pictures.brightness(GREY, 0.5).tolist() == [[5, 30], [55, 105]]


def test_contrast_keeps_the_mean_and_spreads_the_rest() -> None:
    assert pictures.contrast(GREY, 0).tolist() == [[98, 98], [98, 98]]  # of 97.5, rounded up
    assert pictures.contrast(GREY, 2).tolist() == [[0, 22], [122, 255]]


def test_no_colour_is_the_luma_of_the_three() -> None:
    red = np.zeros((1, 1, 3), np.uint8)
    red[..., 0] = 200
    assert pictures.color(red, 0).tolist() == [[[60, 60, 60]]]
    assert np.array_equal(pictures.color(COLOUR, 1), COLOUR)


def test_equalising_makes_values_evenly_frequent() -> None:
    x = (np.arange(1024) ** 2 // 8192).reshape(32, 32).astype(np.uint8)
    y = pictures.equalize(x)
    assert y.mean() == pytest.approx(127, abs=3)
    assert x.mean() < 45
    assert np.array_equal(pictures.equalize(np.full((4, 4), 9, np.uint8)), np.full((4, 4), 9, np.uint8))


def test_sharpness_moves_away_from_the_smoothed_and_keeps_the_rim() -> None:
    x = np.zeros((3, 3), np.uint8)
    x[1, 1] = 130
    assert pictures.sharpness(x, 0)[1, 1] == 50  # five of thirteen
    assert pictures.sharpness(x, 2)[1, 1] == 210
    y = pictures.sharpness(COLOUR, 1.9)
    assert np.array_equal(y[0], COLOUR[0])
    assert np.array_equal(y[:, -1], COLOUR[:, -1])


def test_moves_by_whole_pixels_fill_with_grey() -> None:
    y = pictures.translate_x(COLOUR, 2 / 8)
    assert np.array_equal(y[:, :-2], COLOUR[:, 2:])
    assert (y[:, -2:] == 128).all()
    y = pictures.translate_y(COLOUR, -1 / 6)
    assert np.array_equal(y[1:], COLOUR[:-1])
    assert (y[0] == 128).all()


def test_a_shear_of_one_moves_each_row_by_one_more() -> None:
    x = np.tile(np.arange(8, dtype=np.uint8) * 10, (8, 1))
    y = pictures.shear_x(x, 1.0)
    rows = [row[row != 128].tolist() for row in y]
    assert rows[0][:3] == [5, 15, 25], "the first row's middle lies half a pixel below the edge"
    assert rows[2][:3] == [25, 35, 45]
    assert np.array_equal(pictures.shear_y(x.T, 1.0), y.T)


def test_a_quarter_turn_goes_against_the_clock() -> None:
    square = COLOUR[:6, :6]
    assert np.array_equal(pictures.rotate(square, 90), np.rot90(square))
    assert np.array_equal(pictures.rotate(square, 0), square)


def test_a_rectangle_fills_the_picture() -> None:
    assert np.array_equal(pictures.cut_out(COLOUR, 0, 0, 6, 8), COLOUR)
    y = pictures.cut_out(np.array([[0, 100], [0, 100]], np.uint8), 0, 1, 2, 1)
    assert y.tolist() == [[75, 100], [75, 100]]
