from __future__ import annotations

import pytest
import torch
from torch import nn

from lilliput.models.cost import count_macs, count_params, macs_by_layer


class _Functional(nn.Module):
    """A product that no layer holds, as attention has."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(3, 5))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x @ self.weight


def test_a_convolution_counts_each_tap_of_each_output() -> None:
    # 8 × 8 outputs, 6 channels, 3 × 3 taps of 2 channels
    assert count_macs(nn.Conv2d(2, 6, 3, padding=1), (2, 8, 8)) == 8 * 8 * 6 * 3 * 3 * 2


def test_a_depthwise_convolution_counts_one_channel_a_tap() -> None:
    assert count_macs(nn.Conv2d(4, 4, 3, groups=4), (4, 8, 8)) == 6 * 6 * 4 * 3 * 3


def test_products_outside_layers_count() -> None:
    assert count_macs(_Functional(), (3,)) == 3 * 5


def test_a_network_without_products_costs_nothing() -> None:
    assert count_macs(nn.ReLU(), (4,)) == 0


def test_layers_add_up_to_the_whole() -> None:
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU(), nn.Flatten(), nn.Linear(2 * 6 * 6, 5))
    layers = macs_by_layer(model, (1, 8, 8))
    assert layers == {"0": 6 * 6 * 2 * 9, "4": 2 * 6 * 6 * 5}
    assert sum(layers.values()) == count_macs(model, (1, 8, 8))


def test_counting_leaves_the_network_as_it_was() -> None:
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2)).train()
    before = {key: value.clone() for key, value in model.state_dict().items()}
    count_macs(model, (1, 8, 8))
    assert model.training
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())


def test_statistics_count_in_the_total_only() -> None:
    count = count_params(nn.BatchNorm2d(5))
    assert (count.trainable, count.total) == (10, 20)


def test_an_empty_axis_is_refused() -> None:
    with pytest.raises(ValueError, match=r"positive axes, got \(1, 0\)"):
        count_macs(nn.ReLU(), (1, 0))
