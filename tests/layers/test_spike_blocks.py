"""Shortcuts, and neurons whose threshold holds a scale."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from lilliput.layers.spike_blocks import SHORTCUTS, Residual, TwoLayers, channel_conv, mlp, neurons, sep_conv
from lilliput.layers.spiking import LIF, Neuron


@pytest.mark.parametrize("scale", [0.125, 0.5, 2.0])
def test_a_threshold_stands_for_a_factor(scale: float) -> None:
    """The published code multiplies counts by 0.125 and then fires at 0.5: the same spikes and the same gradient."""
    torch.manual_seed(0)
    counts = torch.randint(0, 24, (6, 50)).float().requires_grad_()
    held = neurons("lif")(threshold=0.5, scale=scale)
    plain = neurons("lif")(threshold=0.5)
    (found,) = torch.autograd.grad(held(counts).spikes.sum(), counts)
    (wanted,) = torch.autograd.grad(plain(counts * scale).spikes.sum(), counts)
    assert torch.equal(held(counts).spikes, plain(counts * scale).spikes)
    assert 0 < held(counts).spikes.mean() < 1
    torch.testing.assert_close(found, wanted)


class _Double(TwoLayers):
    def forward(self, x: Tensor, steps: int) -> Tensor:
        return 2 * x


def test_shortcuts_join_currents_or_spikes() -> None:
    new = neurons("lif")
    branch = _Double(nn.Identity(), nn.Identity(), new)
    found = {kind: Residual(branch, new, kind) for kind in SHORTCUTS}
    x = torch.tensor([[0.0, 1.0, 3.0]])  # half of it reaches the neuron, which fires from 1 on
    assert found["membrane"](x, 1).tolist() == [[0.0, 1.0, 5.0]]
    assert found["sew"](x, 1).tolist() == [[0.0, 2.0, 4.0]]
    assert found["vanilla"](x, 1).tolist() == [[0.0, 1.0, 1.0]]
    with pytest.raises(ValueError, match="`shortcut` 'dense' is none of membrane, sew, vanilla"):
        Residual(branch, new, "dense")


def test_blocks_hold_what_they_are_made_of() -> None:
    new = neurons("lif")
    counts = [sum(p.numel() for p in block.parameters()) for block in (sep_conv(8, new), channel_conv(8, new))]
    assert counts == [2 * 8 * 16 + 49 * 16 + 2 * 16 + 2 * 8, 2 * 9 * 8 * 32 + 2 * 32 + 2 * 8]
    assert sum(p.numel() for p in mlp(8, new).parameters()) == 2 * 8 * 32 + 3 * 32 + 3 * 8
    assert all(
        isinstance(m.cell.firing, type(LIF().cell.firing)) for m in mlp(8, new).modules() if isinstance(m, Neuron)
    )  # type: ignore[attr-defined]


def test_a_twin_has_rectifiers() -> None:
    relu = neurons("relu")(threshold=0.5, scale=0.5)
    assert relu(torch.tensor([-2.0, 3.0])).tolist() == [0.0, 1.5]
    with pytest.raises(ValueError, match="`neuron` 'gelu' is none of lif, relu"):
        neurons("gelu")
