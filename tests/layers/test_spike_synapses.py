"""Chains of layers between neurons, and the one convolution that each of them is."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lilliput.layers.spike_synapses import ConvNorm, RepConv, SeparableNorm, Synapses, fire
from lilliput.layers.spiking import LIF


def scrambled(module: nn.Module, seed: int = 0) -> nn.Module:
    """In float64 and in evaluation, with statistics, scales and shifts of normalisations drawn at random."""
    generator = torch.Generator().manual_seed(seed)
    for norm in module.modules():
        if isinstance(norm, nn.BatchNorm2d):
            assert norm.running_mean is not None
            assert norm.running_var is not None
            for value, low, high in (
                (norm.weight, 0.5, 1.5), (norm.bias, -0.5, 0.5), (norm.running_mean, -0.3, 0.3),
                (norm.running_var, 0.05, 0.3),
            ):  # fmt: skip
                value.data.copy_(low + (high - low) * torch.rand(value.shape, generator=generator))
    return module.double().eval()


def spikes(*shape: int) -> Tensor:
    return (torch.rand(shape, generator=torch.Generator().manual_seed(1)) < 0.3).double()


@pytest.mark.parametrize(
    ("make", "kernel"),
    [
        (lambda: ConvNorm(6, 8, 3, 2, bias=True), 3),
        (lambda: ConvNorm(6, 8, 1, bias=False), 1),
        (lambda: SeparableNorm(6, 8, 7), 7),
        (lambda: RepConv(6), 3),
    ],
)
def test_one_convolution_gives_the_same(make: Callable[[], Synapses], kernel: int) -> None:
    torch.manual_seed(0)
    chain = scrambled(make())
    assert isinstance(chain, Synapses)
    x = spikes(3, 6, 9, 10)
    folded = chain.folded()
    torch.testing.assert_close(folded(x), chain(x), atol=1e-12, rtol=1e-12)
    assert folded.kernel_size == (kernel, kernel)
    assert folded.groups == 1
    assert (chain(x)[0] - chain(x)[1]).abs().max() > 0.1


def test_the_rim_of_a_repconv_is_what_its_norm_makes_of_zero() -> None:
    torch.manual_seed(0)
    chain = scrambled(RepConv(4))
    assert isinstance(chain, RepConv)
    x = spikes(2, 4, 5, 5)
    # A larger picture of zeros around it: the same numbers, without any rim in sight.
    wide = F.pad(x, (4, 4, 4, 4))
    torch.testing.assert_close(chain(wide)[:, :, 4:-4, 4:-4], chain(x), atol=1e-12, rtol=1e-12)


def test_folding_keeps_the_type_and_works_out_in_float64() -> None:
    torch.manual_seed(0)
    chain = scrambled(RepConv(16)).float()
    assert isinstance(chain, RepConv)
    folded = chain.folded()
    assert folded.weight.dtype == torch.float32
    x = spikes(2, 16, 7, 7)
    exact = scrambled(RepConv(16))
    exact.load_state_dict(chain.state_dict())
    assert (folded(x.float()).double() - exact(x)).abs().max() < 1e-5


def test_the_order_in_memory_changes_no_spike() -> None:
    torch.manual_seed(0)
    x = 3 * torch.randn(8, 5, 6, 6)
    lying = x.contiguous(memory_format=torch.channels_last)
    neuron = LIF()
    found, other = fire(neuron, x, 4), fire(neuron, lying, 4)
    assert torch.equal(found, other)
    assert other.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(found.unflatten(0, (4, 2)), neuron(x.unflatten(0, (4, 2))).spikes)
    assert not torch.equal(found, fire(neuron, x, 1)), "steps are told from rows"


def test_other_activations_are_applied_by_element() -> None:
    x = torch.randn(4, 3)
    assert torch.equal(fire(nn.ReLU(), x, 2), x.relu())
