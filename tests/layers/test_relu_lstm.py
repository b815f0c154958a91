"""The rectified LSTM: its equation, both directions, and parameters as counted in the published system."""

from __future__ import annotations

import pytest
import torch

from lilliput.layers.relu_lstm import ReluLSTM


def test_it_is_the_equation_of_its_docstring() -> None:
    torch.manual_seed(0)
    layer = ReluLSTM(3, 4, bidirectional=False)
    torch.nn.init.normal_(layer.bias)
    x = torch.randn(2, 5, 3)
    h = c = torch.zeros(2, 4)
    for step in range(5):
        i, f, g, o = (x[:, step] @ layer.weight[0] + h @ layer.recurrent[0] + layer.bias[0]).chunk(4, 1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.relu(g)
        h = torch.sigmoid(o) * torch.relu(c)
        torch.testing.assert_close(layer(x)[:, step], h)


def test_the_second_direction_reads_from_the_end() -> None:
    torch.manual_seed(0)
    both, one = ReluLSTM(2, 3), ReluLSTM(2, 3, bidirectional=False)
    one.load_state_dict({name: value[1:] for name, value in both.state_dict().items()})
    x = torch.randn(4, 6, 2)
    torch.testing.assert_close(both(x)[..., 3:], one(x.flip(1)).flip(1))


@pytest.mark.parametrize(("features", "count"), [(1, 33_792), (128, 98_816)])
def test_parameters_are_as_counted_in_the_published_system(features: int, count: int) -> None:
    assert sum(p.numel() for p in ReluLSTM(features, 64).parameters()) == count


def test_the_forget_gate_begins_open() -> None:
    layer = ReluLSTM(2, 3)
    assert layer.bias.tolist() == [[[0] * 3 + [1] * 3 + [0] * 6]] * 2


def test_no_units_are_refused() -> None:
    with pytest.raises(ValueError, match="`units` must be at least 1, got 0"):
        ReluLSTM(1, 0)
