"""The compiled kernel against the tensor form: spikes and states bit for bit, derivatives to rounding."""

from __future__ import annotations

import logging
from typing import Any

import pytest
import torch
from torch import Tensor

from lilliput.boards import host
from lilliput.core.errors import MissingTool
from lilliput.layers.multi_step import fused, run_steps
from lilliput.layers.neuron_cells import RESETS, Leaky
from lilliput.layers.spiking import LIF, SRM
from lilliput.layers.surrogate import DENSITIES, Counting, Firing, Surrogate
from lilliput.spiking import native
from lilliput.spiking.native import LeakyKernel

FIRINGS: list[Firing] = [*(Surrogate(kind, 1.7, 0.9) for kind in sorted(DENSITIES)), Counting(3)]


def both(cell: Leaky, x: Tensor, first: Tensor, *, learns: bool) -> list[list[Tensor]]:
    """Spikes, last state and all derivatives: of the kernel, then of the tensor form."""
    found = []
    for kernel in (LeakyKernel(), None):
        given = [x.clone().requires_grad_(), first.clone().requires_grad_()]
        p = [torch.tensor(v, requires_grad=learns) for v in (0.55, 0.8, 0.6)]
        with fused(kernel):
            spikes, (last,) = run_steps(cell, given[0], (given[1],), p)
            weight = torch.linspace(-1, 2, spikes.numel()).reshape(spikes.shape)
            loss = (spikes * weight).sum() + last.square().sum()
            grads = torch.autograd.grad(loss, [*given, *p] if learns else given)
        found.append([spikes.detach(), last.detach(), *grads])
    return found


@pytest.mark.parametrize(
    ("firing", "reset_to"),
    [(firing, reset) for firing in FIRINGS for reset in RESETS if reset == "subtract" or firing.levels == 1],
    ids=str,
)
@pytest.mark.parametrize("detach", [True, False])
@pytest.mark.parametrize("rest", [0.0, -0.4])
def test_the_kernel_is_the_tensor_form(firing: Firing, reset_to: Any, detach: bool, rest: float) -> None:
    torch.manual_seed(0)
    x, first = 2 * torch.randn(7, 3, 211), torch.randn(3, 211)
    for learns in (False, True):
        ours, wanted = both(Leaky(firing, reset_to, rest, detach), x, first, learns=learns)
        assert torch.equal(ours[0], wanted[0])
        assert torch.equal(ours[1], wanted[1])
        assert 0.05 < float(ours[0].mean()) < 2
        for a, b in zip(ours[2:], wanted[2:], strict=True):
            torch.testing.assert_close(a, b, rtol=2e-5, atol=2e-6 * float(b.abs().max()))
            assert b.any()


def test_ties_at_the_threshold_fire_in_both() -> None:
    x = torch.full((4, 300), 0.5)
    ours, wanted = both(Leaky(), x / 0.8 * 1.2, torch.zeros(300), learns=False)
    assert torch.equal(ours[0], wanted[0])
    with fused(LeakyKernel()):
        assert run_steps(Leaky(), x, None, (1.0, 1.0, 1.0)).spikes[:, 0].tolist() == [0, 1, 0, 1]


def test_the_kernel_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    monkeypatch.setattr(LeakyKernel, "forward", lambda *_: calls.append(1))
    LIF()(torch.ones(2, 3))
    SRM()(torch.ones(2, 3))
    assert calls == [1, 1]


def test_it_takes_only_what_it_computes_exactly() -> None:
    kernel, cell, x = LeakyKernel(), LIF().cell, torch.rand(3, 4)
    p = [torch.tensor(v) for v in (0.5, 0.5, 1.0)]

    class Other(Surrogate):
        def spikes(self, potential: Tensor, threshold: Tensor) -> Tensor:
            return potential

    assert kernel.forward(cell, x, (torch.zeros(4),), p) is not None
    assert kernel.forward(cell, x.double(), (torch.zeros(4).double(),), p) is None
    assert kernel.forward(cell, x, (torch.zeros(4),), [torch.rand(4), *p[1:]]) is None
    assert kernel.forward(Leaky(Other()), x, (torch.zeros(4),), p) is None
    assert kernel.forward(SRM().cell, x, tuple(torch.zeros(3, 4)), p) is None


def test_strided_inputs_and_gradients_are_read_rightly() -> None:
    torch.manual_seed(0)
    base = torch.randn(5, 9, 4, requires_grad=True)
    found = []
    for kernel in (LeakyKernel(), None):
        with fused(kernel):
            spikes = LIF()(base.transpose(1, 2) * 2)[0]
            (grad,) = torch.autograd.grad((spikes.transpose(1, 2) * base.detach()).sum(), base)
        found.append((spikes.detach(), grad))
    assert torch.equal(found[0][0], found[1][0])
    torch.testing.assert_close(found[0][1], found[1][1])


def test_threads_share_the_columns() -> None:
    torch.manual_seed(0)
    x, threads = torch.randn(4, 3 * 8192 + 77), torch.get_num_threads()
    once = both(Leaky(), x, torch.zeros(x.shape[1]), learns=True)[0]
    try:
        torch.set_num_threads(3)
        shared = both(Leaky(), x, torch.zeros(x.shape[1]), learns=True)[0]
    finally:
        torch.set_num_threads(threads)
    for a, b in zip(once, shared, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-5)
    assert torch.equal(once[0], shared[0])
    assert torch.equal(once[2], shared[2])


def test_large_tensors_come_back_whole() -> None:
    """From a size on memory is asked for in large pages; its ends must not be lost."""
    x = torch.randn(3, (native._HUGE_BYTES // 4 + 4099) // 3 + 1)
    ours, wanted = both(Leaky(), x, torch.zeros(x.shape[1]), learns=False)
    assert all(torch.equal(a, b) for a, b in zip(ours[:3], wanted[:3], strict=True))


def test_forward_keeps_nothing_but_its_input() -> None:
    x, kept = torch.rand(16, 500, requires_grad=True), []

    def see(tensor: Tensor) -> Tensor:
        kept.append(tensor.data_ptr() == x.data_ptr() or tensor.numel() <= 500)
        return tensor

    with fused(LeakyKernel()), torch.autograd.graph.saved_tensors_hooks(see, lambda t: t):
        LIF()(x)
    assert kept
    assert all(kept)


def test_a_backward_without_the_kernel_runs_the_steps_again() -> None:
    x = torch.rand(6, 40, requires_grad=True)
    with fused(LeakyKernel()):
        spikes = LIF()(x)[0]
        (wanted,) = torch.autograd.grad(spikes.square().sum(), x, retain_graph=True)
    with fused(None):
        (found,) = torch.autograd.grad(spikes.square().sum(), x)
    torch.testing.assert_close(found, wanted)


def test_without_a_compiler_it_says_so_and_goes_on(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    missing = MissingTool("there is no C compiler for this machine", fix="install one")

    def none() -> None:
        raise missing

    monkeypatch.setattr(native, "host_compiler", none)
    native._library.cache_clear()
    try:
        with caplog.at_level(logging.WARNING):
            spikes = LIF()(torch.full((3, 2), 5.0))[0]
            LIF()(torch.ones(3, 2))
    finally:
        native._library.cache_clear()
    assert spikes.all()
    said = [r.getMessage() for r in caplog.records if r.name == native.__name__]
    assert said == [f"spiking layers run without their compiled kernel: {missing}"]


def test_the_library_is_kept_in_the_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    first = native.build_kernel()

    def never(*_: object, **__: object) -> None:
        raise AssertionError("compiled again")

    monkeypatch.setattr(native, "run_tool", never)
    assert native.build_kernel() == first
    assert host.host_compiler().command
