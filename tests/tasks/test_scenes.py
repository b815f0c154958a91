"""Scenes of real pictures: what lies where is exactly what was laid there."""

from __future__ import annotations

import numpy as np
import pytest

from lilliput.tasks import Split, get_task
from lilliput.tasks.scenes import DARK, compose


def test_labels_and_boxes_fit_the_pixels() -> None:
    split = get_task("fashion").load()["test"]
    scenes = compose(split, count=20, side=64, things=3, seed=1)
    assert scenes.x.shape == scenes.labels.shape == (20, 64, 64)
    assert np.array_equal(scenes.labels > 0, scenes.x > DARK)
    counts = (scenes.classes >= 0).sum(1)
    assert set(counts.tolist()) == {1, 2, 3}
    for scene in range(20):
        covered = np.zeros((64, 64), bool)
        for box, kind in zip(scenes.boxes[scene], scenes.classes[scene], strict=True):
            if kind < 0:
                assert not box.any()
                continue
            left, top, right, bottom = box.astype(int)
            inside = scenes.labels[scene, top:bottom, left:right]
            assert set(np.unique(inside)) <= {0, kind + 1}
            assert inside[0].any()
            assert inside[-1].any()
            assert inside[:, 0].any()
            assert inside[:, -1].any()
            covered[top:bottom, left:right] = True
        assert not scenes.labels[scene][~covered].any()


def test_a_seed_fixes_the_scenes() -> None:
    split = get_task("fashion").load()["test"]
    first, again, other = (compose(split, count=3, seed=seed) for seed in (0, 0, 1))
    assert np.array_equal(first.x, again.x)
    assert not np.array_equal(first.x, other.x)


def test_pictures_that_do_not_fit_are_refused() -> None:
    large = Split(np.zeros((2, 80, 80), np.uint8), np.zeros(2, np.int64))
    with pytest.raises(
        ValueError, match=r"grey pictures of at most 64x64 of uint8 are needed, got \(80, 80\) of uint8"
    ):
        compose(large, count=1)
