"""Maps of distances: losses and figures against sums by hand, and what an unknown distance does to them."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from lilliput.core.errors import BadTask
from lilliput.train.depth import DepthItems, depth_errors, depth_objective, evaluate_depth, masked_l1, masked_l2


def maps(*rows: list[float]) -> torch.Tensor:
    return torch.tensor(rows).reshape(len(rows), 1, 1, -1)


def test_figures_are_those_worked_out_by_hand() -> None:
    y, depth = maps([1.0, 2.0, 5.0, 9.0]), maps([2.0, 2.0, 4.0, 0.0])
    found = {name: float(value[0]) for name, value in depth_errors(y, depth).items()}
    assert found["rmse"] == pytest.approx(math.sqrt(2 / 3))
    assert found["mae"] == pytest.approx(2 / 3)
    assert found["absrel"] == pytest.approx((0.5 + 0.25) / 3)
    assert found["log10"] == pytest.approx((math.log10(2) + math.log10(1.25)) / 3)
    assert [found[f"delta{j}"] for j in (1, 2, 3)] == pytest.approx([1 / 3, 2 / 3, 2 / 3])
    assert found["irmse"] == pytest.approx(math.sqrt((0.5**2 + 0.05**2) / 3))


def test_unknown_and_far_distances_do_not_count() -> None:
    y = maps([1.0, 2.0, 3.0])
    alone = depth_errors(y, maps([2.0, 0.0, 20.0]), max_depth=10.0)
    assert float(alone["mae"]) == 1.0
    assert float(masked_l1(y, maps([2.0, 0.0, 20.0]))) == 1.0
    assert float(masked_l2(y, maps([3.0, 0.0, 20.0]))) == 4.0
    with pytest.raises(BadTask, match="without one known distance"):
        depth_errors(y, maps([0.0, 0.0, 0.0]))
    assert float(masked_l1(y, maps([0.0, 0.0, 0.0]))) == 0.0


def test_the_published_mask_counts_what_is_unknown() -> None:
    found = depth_errors(maps([1.0, 2.0]), maps([1.0, 0.0]), mask="official")
    assert math.isinf(float(found["absrel"]))
    assert float(depth_errors(maps([1.0, 2.0]), maps([1.0, 0.0]))["absrel"]) == 0.0


def test_an_answer_of_nothing_is_a_bad_one_and_not_an_infinite_one() -> None:
    found = depth_errors(maps([0.0, 1.0]), maps([1.0, 1.0]))
    assert all(math.isfinite(float(value)) for value in found.values())
    assert float(found["delta3"]) == 0.5


def test_figures_are_averaged_over_pictures() -> None:
    rgb = np.zeros((3, 1, 2, 3), np.uint8)
    depth = np.array([[[1.0, 0.0]], [[3.0, 3.0]], [[2.0, 2.0]]], np.float32)

    class Two(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.full((len(x), 1, 1, 2), 2.0)

    for batch_size in (1, 2, 3):
        assert evaluate_depth(Two(), DepthItems(rgb, depth), batch_size=batch_size)["mae"] == pytest.approx(2 / 3)


def test_picture_and_map_are_mirrored_together() -> None:
    rgb = np.arange(24, dtype=np.uint8).reshape(1, 2, 4, 3)
    depth = rgb[..., 0].astype(np.float32)
    items = DepthItems(rgb, depth, augment=True, seed=3)
    seen = set()
    for epoch in range(12):
        x, y = items.batch(np.array([0]), epoch)
        again = items.batch(np.array([0]), epoch)
        assert torch.equal(x, again[0])
        ratio = (x[0, 0] / y[0, 0].clamp(min=1e-6))[y[0, 0] > 0] * 255
        assert float(ratio.max() - ratio.min()) < 1e-3, "colour and distance still belong together"
        seen.add((bool(y[0, 0, 0, 0] > y[0, 0, 0, 3]), round(float(ratio.mean()), 2)))
    assert {mirrored for mirrored, _ in seen} == {True, False}
    assert len({light for _, light in seen}) > 6


def test_the_loss_is_chosen_by_name() -> None:
    model = torch.nn.Identity()
    y, depth = maps([1.0, 5.0]), maps([3.0, 5.0])
    assert float(depth_objective("l1")(model, y, depth)) == 1.0
    assert float(depth_objective("l2")(model, y, depth)) == 2.0
    with pytest.raises(ValueError, match="l1 or l2"):
        depth_objective("l3")
