"""Views made from one picture and its distances."""

from __future__ import annotations

import numpy as np
import pytest

from lilliput.core.errors import BadSetting
from lilliput.tasks.parallax import depth_order, shifted_views, views_of_frames, views_of_planes
from lilliput.tasks.rgbd import Frames, bundled_frames

RNG = np.random.default_rng(0)
PICTURE = RNG.integers(0, 256, (12, 16, 3), dtype=np.uint8)


def test_the_view_in_the_middle_is_the_picture() -> None:
    frames = bundled_frames()[0].rows(slice(0, 2))
    fields = views_of_frames(frames, grid=(3, 5), baseline=6.0, focus=2.0)
    np.testing.assert_array_equal(fields.centre, frames.rgb)
    assert fields.synthetic
    assert fields.views.shape == (2, 3, 5, 96, 128, 3)


def test_what_does_not_move_is_the_same_in_all_views() -> None:
    views = shifted_views(PICTURE, np.zeros((12, 16)), (3, 3))
    assert (views == PICTURE).all()


def test_whole_shifts_move_whole_pixels_and_the_rim_repeats() -> None:
    views = shifted_views(PICTURE, np.full((12, 16), 2.0), (3, 3))
    np.testing.assert_array_equal(views[1, 2][:, :-2], PICTURE[:, 2:])
    np.testing.assert_array_equal(views[1, 2][:, -2:], np.repeat(PICTURE[:, -1:], 2, 1))
    np.testing.assert_array_equal(views[0, 1][2:], PICTURE[:-2])


def test_half_shifts_are_means_of_two_pixels() -> None:
    views = shifted_views(PICTURE, np.full((12, 16), 0.5), (1, 3))
    means = (PICTURE[:, :-1].astype(float) + PICTURE[:, 1:]) / 2
    np.testing.assert_allclose(views[0, 2][:, :-1], means, atol=0.5)


def test_the_other_sign_mirrors_the_grid() -> None:
    shift = RNG.uniform(-2, 2, (12, 16))
    there, back = shifted_views(PICTURE, shift, (3, 5)), shifted_views(PICTURE, -shift, (3, 5))
    np.testing.assert_array_equal(there, back[::-1, ::-1])


def test_views_farther_away_differ_more() -> None:
    frames = bundled_frames()[0].rows(slice(0, 1))
    fields = views_of_frames(frames, grid=(5, 5), baseline=6.0, focus=1000.0)
    apart = np.abs(fields.views[0].astype(float) - fields.centre[0]).mean((2, 3, 4))
    assert apart[2, 2] < apart[2, 3] < apart[2, 4] < apart[4, 4]
    assert apart[2, 2] < apart[1, 2] < apart[0, 2] < apart[0, 0]


def test_a_distance_in_focus_or_unknown_does_not_move() -> None:
    depth = np.full((1, 12, 16), 1.0, np.float32)
    depth[:, :, :8], depth[:, :, 8:10] = 2.0, 0.0
    fields = views_of_frames(Frames(PICTURE[None], depth, ("a",)), grid=(1, 3), baseline=2.0, focus=2.0)
    assert (fields.views[0, 0, :, :, :10] == PICTURE[:, :10]).all()
    np.testing.assert_array_equal(fields.views[0, 0, 2][:, 10:15], PICTURE[:, 11:16])  # 2 · (1/1 - 1/2) = 1 pixel


def test_only_the_plane_in_front_moves() -> None:
    front = np.zeros((1, 12, 16), bool)
    front[:, 4:8] = True
    views = views_of_planes(PICTURE[None], front, grid=(1, 3), near=1.0, far=0.0).views[0, 0]
    assert (views[:, :4] == PICTURE[:4]).all()
    np.testing.assert_array_equal(views[2, 4:8, :-1], PICTURE[4:8, 1:])


def test_depth_order_is_in_no_single_view() -> None:
    pictures = np.stack([PICTURE] * 9)
    fields, y = depth_order(pictures, near=1.0)
    assert sorted(y) == [0] * 5 + [1] * 4
    np.testing.assert_array_equal(fields.centre, pictures)
    moved = np.abs(fields.views[:, 1, 0].astype(float) - fields.centre)
    inside, rim = moved[:, 3:9, 4:12].mean((1, 2, 3)), moved[:, :3].mean((1, 2, 3))
    np.testing.assert_array_equal(inside > 0, y == 1)
    np.testing.assert_array_equal(rim > 0, y == 0)


def test_what_cannot_be_made_is_refused() -> None:
    with pytest.raises(BadSetting, match=r"LP101: a grid of 4x3 views\n  why: the picture is the view in the middle"):
        shifted_views(PICTURE, np.zeros((12, 16)), (4, 3))
    with pytest.raises(ValueError, match=r"\(H, W, C\) and \(H, W\) are needed"):
        shifted_views(PICTURE, np.zeros((12, 15)), (3, 3))
    with pytest.raises(BadSetting, match="a focus at 0 m"):
        views_of_frames(bundled_frames()[0], grid=(3, 3), baseline=1.0, focus=0)
