"""All steps as one function: against autograd, finite differences and hand values."""

from __future__ import annotations

import copy
import io
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from torch import Tensor

from lilliput.layers.multi_step import fused, run_steps
from lilliput.layers.neuron_cells import Adaptive, Cell, Izhikevich2003, Leaky, SpikeResponse, State
from lilliput.layers.spiking import ALIF, IF, LIF, PLIF, SRM, IntegerLIF, Izhikevich, Neuron
from lilliput.layers.surrogate import Firing, Surrogate

NEURONS = [IF, LIF, PLIF, ALIF, SRM, Izhikevich, IntegerLIF]
PARAMETERS: dict[type[Cell], tuple[float, ...]] = {
    Leaky: (0.6, 0.7, 0.9),
    Adaptive: (0.8, 0.5, 0.7, 0.9, 0.6),
    SpikeResponse: (0.7, 0.9, 0.8, 0.4, 0.8),
    Izhikevich2003: (0.02, 0.2, -65.0, 8.0),
}


@pytest.fixture(autouse=True)
def _tensor_form() -> Iterator[None]:
    with fused(None):
        yield


@dataclass(frozen=True)
class Relaxed(Surrogate):
    """A smooth step whose derivative is the surrogate itself, so that finite differences mean something."""

    kind: str = "sigmoid"

    def spikes(self, potential: Tensor, threshold: Tensor) -> Tensor:
        return torch.sigmoid(self.slope * (potential - threshold))


class _Spike(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, h: Tensor, threshold: Tensor, firing: Firing) -> Tensor:
        ctx.save_for_backward(h, threshold)
        ctx.firing = firing
        return firing.spikes(h, threshold)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor, None]:  # type: ignore[override]
        rise = grad * ctx.firing.derivative(*ctx.saved_tensors)
        return rise, -rise, None


def leaky_by_autograd(cell: Leaky, x: Tensor, p: tuple[Tensor, ...]) -> tuple[Tensor, Tensor]:
    """The equations written plainly, differentiated by autograd."""
    decay, gain, threshold = p
    v = torch.full_like(x[0], cell.rest)
    spikes = []
    for now in x:
        h = cell.rest + decay * (v - cell.rest) + gain * now
        s = _Spike.apply(h, threshold, cell.firing)
        in_reset = s.detach() if cell.detach_reset else s
        v = h - threshold * in_reset if cell.reset_to == "subtract" else (1 - in_reset) * h + cell.rest * in_reset
        spikes.append(s)
    return torch.stack(spikes), v


def cell_of(kind: type[Cell], **changes: Any) -> Cell:
    slope = 0.2 if kind is Izhikevich2003 else 1.5
    return kind(firing=Relaxed(slope=slope), detach_reset=False, **changes)  # type: ignore[call-arg]


@pytest.mark.parametrize("kind", PARAMETERS)
@pytest.mark.parametrize("reset_to", ["zero", "subtract"])
def test_gradients_are_those_of_finite_differences(kind: type[Cell], reset_to: str) -> None:
    changes = {"reset_to": reset_to} if kind in (Leaky, Adaptive) else {}
    if kind is Leaky and reset_to == "zero":
        changes["rest"] = -0.3  # type: ignore[assignment]
    cell = cell_of(kind, **changes)
    torch.manual_seed(1)
    size = 10.0 if kind is Izhikevich2003 else 1.0
    x = (torch.randn(4, 3, dtype=torch.float64) * size).requires_grad_()
    state = [
        (part + 0.1 * torch.randn(3, dtype=torch.float64)).requires_grad_() for part in cell.initial(x[0].detach())
    ]
    p = [torch.tensor(value, dtype=torch.float64, requires_grad=True) for value in PARAMETERS[kind]]

    def run(x: Tensor, *rest: Tensor) -> tuple[Tensor, ...]:
        spikes, after = run_steps(cell, x, rest[: len(state)], rest[len(state) :])
        return spikes, *after

    # The potential of Izhikevich's neuron runs away by squares, so that its differences are steep.
    assert torch.autograd.gradcheck(run, (x, *state, *p), eps=1e-7, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("kind", sorted({"sigmoid", "atan", "triangle", "rectangle", "gaussian", "fast_sigmoid"}))
@pytest.mark.parametrize("reset_to", ["zero", "subtract"])
@pytest.mark.parametrize("detach", [True, False])
@pytest.mark.parametrize("rest", [0.0, -0.4])
def test_leaky_neurons_equal_the_equations_under_autograd(kind: str, reset_to: Any, detach: bool, rest: float) -> None:
    cell = Leaky(Surrogate(kind, 1.7), reset_to, rest, detach)
    torch.manual_seed(0)
    x = torch.randn(9, 4, 5, dtype=torch.float64, requires_grad=True)
    p = tuple(torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in (0.55, 0.8, 0.6))
    spikes, (last,) = run_steps(cell, x, None, p)
    wanted, wanted_last = leaky_by_autograd(cell, x, p)
    assert torch.equal(spikes, wanted)
    torch.testing.assert_close(last, wanted_last, rtol=1e-14, atol=1e-14)
    assert 0.05 < float(spikes.detach().mean()) < 0.95
    weight = torch.randn_like(spikes)

    def grads(s: Tensor, v: Tensor) -> tuple[Tensor, ...]:
        return torch.autograd.grad((s * weight).sum() + v.square().sum(), (x, *p), retain_graph=True)

    for ours, theirs in zip(grads(spikes, last), grads(wanted, wanted_last), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-11, atol=1e-11)


def test_the_published_sequence_comes_out() -> None:
    """Spikes, last potential and gradients of the original software: tau 2, threshold 1, sigmoid of slope 4."""
    x = torch.tensor([1, 1, 1.5, 0.5, 3, 2, 0, 1.9], requires_grad=True)
    spikes, (potential,) = LIF(surrogate=Surrogate("sigmoid", 4.0))(x)
    spikes.sum().backward()
    assert spikes.tolist() == [0, 0, 1, 0, 1, 1, 0, 0]
    assert float(potential.detach()) == pytest.approx(0.95, abs=1e-6)
    wanted = [0.524101, 0.628228, 0.470007, 0.160457, 0.140207, 0.5, 0.282842, 0.495033]
    assert x.grad is not None
    assert x.grad.tolist() == pytest.approx(wanted, abs=1e-6)


@pytest.mark.parametrize("kind", NEURONS)
def test_steps_in_two_calls_are_the_steps_in_one(kind: type[Neuron]) -> None:
    neuron, size = kind(), 12.0 if kind is Izhikevich else 1.5
    torch.manual_seed(2)
    x = (size * torch.rand(10, 2, 3, 4)).requires_grad_()
    whole, last = neuron(x)
    first, between = neuron(x[:4])
    second, end = neuron(x[4:], between)
    assert torch.equal(whole, torch.cat([first, second]))
    assert all(torch.equal(a, b) for a, b in zip(last, end, strict=True))
    weight = torch.randn_like(whole)
    (by_one,) = torch.autograd.grad((whole * weight).sum(), x)
    (by_two,) = torch.autograd.grad((torch.cat([first, second]) * weight).sum(), x)
    torch.testing.assert_close(by_one, by_two)
    assert by_one.any()


@pytest.mark.parametrize("kind", NEURONS)
def test_nothing_is_remembered_between_calls(kind: type[Neuron]) -> None:
    neuron = kind()
    torch.manual_seed(3)
    x = 3 * torch.rand(6, 4, 5)
    order = torch.tensor([2, 0, 3, 1])
    first = neuron(x)[0]
    assert torch.equal(neuron(x)[0], first)
    assert torch.equal(neuron(x[:, order])[0], first[:, order])


@pytest.mark.parametrize("kind", NEURONS)
def test_spikes_are_whole_numbers_in_training_and_in_evaluation(kind: type[Neuron]) -> None:
    size = {Izhikevich: 15.0, ALIF: 20.0}.get(kind, 2.0)  # ALIF integrates slowly
    for neuron in (kind().train(), kind().eval()):
        spikes = neuron((size * torch.rand(12, 40)).requires_grad_())[0].detach()
        top = 4 if kind is IntegerLIF else 1
        assert set(spikes.unique().tolist()) <= {float(n) for n in range(top + 1)}
        assert spikes.any()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_sixteen_bits_outside_are_thirty_two_inside(dtype: torch.dtype) -> None:
    x = (torch.rand(50, 20) * 0.3).to(dtype).requires_grad_()
    spikes, (potential,) = LIF(tau=8.0, decays_input=False)(x)
    wanted, (wanted_potential,) = LIF(tau=8.0, decays_input=False)(x.detach().float())
    assert (spikes.dtype, potential.dtype) == (dtype, torch.float32)
    assert torch.equal(spikes.float(), wanted)
    assert torch.equal(potential, wanted_potential)
    spikes.sum().backward()
    assert x.grad is not None
    assert x.grad.dtype == dtype


def test_what_is_kept_for_the_way_back_is_as_large_as_the_input() -> None:
    x, kept = torch.rand(16, 8, 300, requires_grad=True), []

    def see(tensor: Tensor) -> Tensor:
        kept.append(tensor.numel())
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(see, lambda t: t):
        LIF()(x)
    assert x.numel() <= sum(kept) <= 1.1 * x.numel()


def test_seeds_can_be_run_side_by_side() -> None:
    torch.manual_seed(4)
    neuron = PLIF(tau=3.0)
    x, weights = torch.rand(3, 7, 2, 5) * 2, torch.tensor([-1.0, 0.0, 1.0])

    def loss(weight: Tensor, x: Tensor) -> Tensor:
        return (torch.func.functional_call(neuron, {"weight": weight}, (x,))[0] * x).sum()

    together = torch.vmap(torch.func.grad(loss, argnums=(0, 1)))(weights, x)
    for row, (weight, own) in enumerate(zip(weights, x, strict=True)):
        one = torch.func.grad(loss, argnums=(0, 1))(weight, own)
        torch.testing.assert_close(together[0][row], one[0])
        torch.testing.assert_close(together[1][row], one[1])
        assert one[0] != 0


def test_a_gradient_of_a_map_is_the_sum_of_its_rows() -> None:
    torch.manual_seed(5)
    x = torch.rand(3, 7, 4) * 2
    lif = LIF()

    def loss(x: Tensor) -> Tensor:
        return (torch.vmap(lambda row: lif(row)[0])(x) * torch.arange(7.0).reshape(1, 7, 1)).sum()

    ours = torch.func.grad(loss)(x)
    rows = x.clone().requires_grad_()
    (torch.stack([lif(row)[0] for row in rows]) * torch.arange(7.0).reshape(1, 7, 1)).sum().backward()
    torch.testing.assert_close(ours, rows.grad)
    assert ours.any()


def test_copies_files_and_other_devices() -> None:
    neuron = PLIF(tau=5.0)
    x = torch.rand(6, 9) * 3
    wanted = neuron(x)[0]
    assert torch.equal(copy.deepcopy(neuron)(x)[0], wanted)
    stream = io.BytesIO()
    torch.save(neuron.state_dict(), stream)
    stream.seek(0)
    other = PLIF(tau=2.0)
    other.load_state_dict(torch.load(stream, weights_only=True))
    assert torch.equal(other(x)[0], wanted)
    spikes, (potential,) = LIF()(torch.empty(4, 2, 3, device="meta"))
    assert (spikes.shape, potential.shape) == ((4, 2, 3), (2, 3))


@pytest.mark.filterwarnings("ignore:.*should not be instantiated:DeprecationWarning")  # PyTorch's own, while it traces
def test_a_compiled_graph_gives_the_same() -> None:
    lif = LIF()
    compiled = torch.compile(lambda x: lif(x)[0], backend="aot_eager")
    x = (torch.rand(5, 6) * 2).requires_grad_()
    y = x.detach().clone().requires_grad_()
    made, wanted = compiled(x), lif(y)[0]
    assert torch.equal(made, wanted)
    made.square().sum().backward()
    wanted.square().sum().backward()
    torch.testing.assert_close(x.grad, y.grad)


def test_a_second_derivative_is_refused() -> None:
    x = torch.rand(4, 3, requires_grad=True)
    (grad,) = torch.autograd.grad(LIF()(x)[0].sum(), x, create_graph=True)
    with pytest.raises(RuntimeError, match=r"does not require grad|no second derivative"):
        torch.autograd.grad(grad.sum(), x)


def test_not_a_number_is_not_hidden() -> None:
    x = torch.tensor([[0.5], [math.nan], [0.5]])
    assert torch.isnan(LIF()(x)[1][0]).all()


@pytest.mark.parametrize(
    ("x", "state", "words"),
    [
        (torch.empty(0, 3), None, r"at least one time step as its first axis, got shape \(0, 3\)"),
        (torch.tensor(1.0), None, r"at least one time step as its first axis, got shape \(\)"),
        (torch.ones(2, 3, dtype=torch.int64), None, r"`x` must be floats, got torch.int64"),
        (torch.ones(2, 3), (torch.ones(4),), r"the state must be 1 of shape \(3,\), got \[\(4,\)\]"),
        (torch.ones(2, 3), (), r"the state must be 1 of shape \(3,\), got \[\]"),
    ],
)
def test_what_cannot_be_run_is_refused(x: Tensor, state: State | None, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        LIF()(x, state)
