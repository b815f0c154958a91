"""Live bytes, to the byte, for sequences whose answer is known."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from lilliput.models import create_model
from lilliput.models.memory import LiveBytes, activation_count, inference_bytes
from lilliput.models.shapes import shapes_only

SMALL = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), nn.Conv2d(4, 8, 3, padding=1))


def test_a_chain_holds_a_layer_s_input_and_output_and_the_picture() -> None:
    assert inference_bytes(SMALL, (1, 8, 8)) == 4 * 64 * (1 + 4 + 8)
    assert inference_bytes(SMALL, (1, 8, 8), batch=3) == 3 * 4 * 64 * (1 + 4 + 8)


def test_what_is_let_go_is_not_counted_any_more() -> None:
    with LiveBytes() as counted:
        a = torch.zeros(100)
        b = a.reshape(10, 10)[2:]  # a view
        assert counted.live == 400
        c = a + 1
        assert counted.live == counted.peak == 800
        del a, c
        assert counted.live == 400, "the view holds the first"
        del b
        assert (counted.live, counted.peak) == (0, 800)


def test_changes_in_place_take_nothing() -> None:
    with LiveBytes() as counted:
        a = torch.zeros(100)
        a.add_(1).relu_()
        assert counted.peak == 400


def test_what_was_there_before_is_not_counted() -> None:
    known = torch.zeros(1000)
    with LiveBytes([known]) as counted:
        assert known.add_(1).view(10, 100)[0].shape == (100,)
        assert counted.peak == 0


def test_training_holds_more_than_inference() -> None:
    model, x = nn.Sequential(*(nn.Sequential(nn.Linear(64, 64), nn.ReLU()) for _ in range(8))), torch.randn(4, 64)
    with LiveBytes(list(model.parameters())) as counted:
        loss = model(x).sum()
        held = counted.live
        loss.backward()
    assert held >= 8 * 4 * 64 * 4
    assert counted.peak > held


@pytest.mark.parametrize(
    ("name", "millions"), [("tinynet_e", 0.69), ("tinynet_a", 5.41), ("mobilenet_v2", 6.68), ("efficientnet_b0", 6.75)]
)
def test_activations_are_those_of_published_tables(name: str, millions: float) -> None:
    with shapes_only():
        model = create_model(name)
    assert round(activation_count(model, model.config.input_shape) / 1e6, 2) == millions  # type: ignore[union-attr, arg-type]
