"""Mixup and cutmix: what becomes of pictures and targets, how often, and of which epochs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from lilliput.core.errors import BadSetting
from lilliput.train.mixing import Box, box_of, cut_mix, mix, mixed
from lilliput.train.settings import TrainSettings

BOTH = TrainSettings(mixup_alpha=0.8, cutmix_alpha=1.0)
X = torch.arange(6.0)[:, None, None, None].expand(6, 1, 8, 10).contiguous()
TARGET = torch.arange(6)


def _rng(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_mixing_keeps_shares_that_add_up() -> None:
    x, target = torch.tensor([[1.0], [3.0]]), torch.tensor([0, 2])
    blended, soft = mix(x, target, 0.75, torch.tensor([1, 0]), 3)
    assert blended.tolist() == [[1.5], [2.5]]
    assert soft.tolist() == [[0.75, 0.0, 0.25], [0.25, 0.0, 0.75]]


def test_a_box_of_another_picture_counts_by_its_area() -> None:
    order = torch.tensor([1, 0])
    y, soft = cut_mix(X[:2], TARGET[:2], Box(2, 6, 0, 5), order, 3)
    assert y[0, 0, 2:6, :5].eq(1).all()
    assert y[0].sum() == 20
    assert y[1, 0, 2:6, :5].eq(0).all()
    assert soft.tolist() == [[0.75, 0.25, 0.0], [0.25, 0.75, 0.0]]
    assert X[0].eq(0).all(), "the items themselves are left alone"


def test_boxes_lie_inside_and_have_the_share_that_is_asked_for() -> None:
    boxes = [box_of(32, 48, 0.75, _rng(seed)) for seed in range(300)]
    assert all(0 <= b.top <= b.bottom <= 32 and 0 <= b.left <= b.right <= 48 for b in boxes)
    assert max(b.area for b in boxes) == 16 * 24, "half of each side: a quarter"
    assert min(b.area for b in boxes) < 16 * 24 / 3, "cut off at the rim"
    assert box_of(8, 8, 1.0, _rng(0)).area == 0
    assert {b.top + b.bottom for b in boxes} >= {32}, "anywhere"


@pytest.mark.parametrize("seed", range(40))
def test_the_share_is_that_of_the_box_and_targets_add_up_to_one(seed: int) -> None:
    y, soft = mixed(X, TARGET, replace(BOTH, mixup_alpha=0.0), 0, 6, _rng(seed))
    torch.testing.assert_close(soft.sum(1), torch.ones(6))
    own = y.eq(X).double().mean((1, 2, 3))
    alone = soft.max(1).values == 1  # mixed with itself, or an empty box
    torch.testing.assert_close(soft[~alone].gather(1, TARGET[~alone, None])[:, 0].double(), own[~alone])


def test_both_are_taken_and_the_switch_says_how_often() -> None:
    def share_of_cuts(switch: float) -> float:
        cuts = 0
        for seed in range(300):
            y, _ = mixed(X, TARGET, replace(BOTH, mix_switch=switch), 0, 6, _rng(seed))
            cuts += bool(y.eq(y.round()).all())  # pixels of one picture or of the other
        return cuts / 300

    assert share_of_cuts(0.0) < 0.05
    assert share_of_cuts(0.5) == pytest.approx(0.5, abs=0.1)
    assert share_of_cuts(1.0) == 1.0


def test_a_batch_is_mixed_as_often_as_asked() -> None:
    settings = replace(BOTH, mix_probability=0.3)
    done = sum(mixed(X, TARGET, settings, 0, 6, _rng(seed))[1].ndim == 2 for seed in range(500))
    assert done / 500 == pytest.approx(0.3, abs=0.08)


def test_late_epochs_are_left_alone() -> None:
    settings = replace(BOTH, mix_epochs=3)
    assert mixed(X, TARGET, settings, 2, 6, _rng(0))[1].ndim == 2
    x, target = mixed(X, TARGET, settings, 3, 6, _rng(0))
    assert x is X
    assert target is TARGET


def test_without_mixing_nothing_happens() -> None:
    assert mixed(X, TARGET, TrainSettings(), 0, 6, _rng(0))[0] is X


def test_items_without_height_and_width_cannot_be_cut() -> None:
    with pytest.raises(BadSetting, match=r"train\.cutmix_alpha = 1\.0\n  why: items of shape \(4,\) have no box"):
        mixed(torch.zeros(2, 4), TARGET[:2], TrainSettings(cutmix_alpha=1.0), 0, 6, _rng(0))
