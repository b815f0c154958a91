"""Simulated circuits: published expectations, exact gradients, states that keep their length, and speed."""

from __future__ import annotations

import math
import time

import pytest
import torch
from torch import Tensor

from lilliput.layers.quantum import QuantumLayer, TensorNetworkLayer
from lilliput.layers.state_vector import cnot_order, kron, rotate_each, rotations

# Measured with another simulator (PennyLane 0.45.1): input 1 … 16 made a unit vector, weights 0.1, 0.2, …
BY_LAYERS = {
    1: (-0.2486131677, 0.5755919084, -0.3578846205, 0.1808095153),
    2: (-0.0626327575, -0.1260322004, -0.0447650609, 0.1311280776),
    3: (0.1129515627, 0.3652950975, -0.0351121055, 0.3457490207),
    4: (0.0666774333, -0.3958695112, 0.1867591800, -0.2186278349),
}
BY_ANGLES = {
    1: (0.0895415029, 0.7379410837, 0.3715149505, 0.0855511374),
    4: (0.0720456519, -0.0397652671, -0.2287463260, -0.1335848832),
}
NETWORKS = {"ttn": -0.9199150623, "mps": -0.9309814206, "mera": -0.4880155155}


@pytest.fixture(autouse=True)
def _double() -> object:
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def counted(layer: QuantumLayer | TensorNetworkLayer) -> torch.nn.Module:
    """Weights 0.1, 0.2, … in C order."""
    count = layer.weights.numel()
    with torch.no_grad():
        layer.weights.copy_((0.1 * torch.arange(1, count + 1)).view_as(layer.weights))
    return layer


@pytest.mark.parametrize("rows", [1, 40], ids=["gate by gate", "multiplied out"])
class TestPublishedValues:
    @pytest.mark.parametrize("layers", BY_LAYERS)
    def test_amplitudes(self, layers: int, rows: int) -> None:
        y = counted(QuantumLayer(4, layers))(torch.arange(1.0, 17).expand(rows, -1))
        torch.testing.assert_close(y, torch.tensor(BY_LAYERS[layers]).expand(rows, -1), atol=1e-9, rtol=0)

    @pytest.mark.parametrize("layers", BY_ANGLES)
    def test_angles(self, layers: int, rows: int) -> None:
        y = counted(QuantumLayer(4, layers, "angle"))(torch.tensor([0.1, 0.2, 0.3, 0.4]).expand(rows, -1))
        torch.testing.assert_close(y, torch.tensor(BY_ANGLES[layers]).expand(rows, -1), atol=1e-9, rtol=0)

    def test_without_rotation_the_entangling_is_left(self, rows: int) -> None:
        layer = QuantumLayer(4, 1)
        torch.nn.init.zeros_(layer.weights)
        y = layer(torch.arange(1.0, 17).expand(rows, -1))
        torch.testing.assert_close(y[0], torch.tensor([0, 0.1711229947, 0, 0]), atol=1e-9, rtol=0)

    @pytest.mark.parametrize("wiring", NETWORKS)
    def test_tensor_networks(self, wiring: str, rows: int) -> None:
        y = counted(TensorNetworkLayer(wiring))(torch.arange(1.0, 19).expand(rows, -1))  # type: ignore[arg-type]
        torch.testing.assert_close(y, torch.full((rows, 1), NETWORKS[wiring]), atol=1e-9, rtol=0)


@pytest.mark.parametrize("wires", [1, 2, 4, 5, 7, 9])
def test_states_keep_their_length_and_expectations_stay_in_range(wires: int) -> None:
    torch.manual_seed(wires)
    layer = QuantumLayer(wires, 3)
    x = torch.randn(5, 1 << wires)
    states = layer.evolve(layer.embed(x))
    torch.testing.assert_close(states.abs().square().sum(0), torch.ones(5), atol=1e-12, rtol=0)
    whole = layer.unitary()
    torch.testing.assert_close(whole @ whole.mH, torch.eye(1 << wires, dtype=whole.dtype), atol=1e-12, rtol=0)
    torch.testing.assert_close(whole @ layer.embed(x).to(whole.dtype), states, atol=1e-12, rtol=0)
    y = layer(x)
    assert y.shape == (5, wires)
    assert y.abs().max() <= 1
    assert y.abs().max() > 1e-3


@pytest.mark.parametrize("embedding", ["amplitude", "angle"])
def test_gradients_follow_the_parameter_shift_rule(embedding: str) -> None:
    torch.manual_seed(1)
    layer = QuantumLayer(4, 2, embedding)  # type: ignore[arg-type]
    x = torch.randn(20, layer.features)
    for wire in range(4):
        layer.zero_grad()
        layer(x)[:, wire].sum().backward()
        torch.testing.assert_close(layer.weights.grad, _shifted(layer, x, wire), atol=1e-8, rtol=0)


def _shifted(layer: QuantumLayer, x: Tensor, wire: int) -> Tensor:
    gradient = torch.empty_like(layer.weights)
    with torch.no_grad():
        for place in range(layer.weights.numel()):
            ends = []
            for sign in (1, -1):
                layer.weights.view(-1)[place] += sign * math.pi / 2
                ends.append(layer(x)[:, wire].sum())
                layer.weights.view(-1)[place] -= sign * math.pi / 2
            gradient.view(-1)[place] = (ends[0] - ends[1]) / 2
    return gradient


@pytest.mark.parametrize("rows", [3, 20], ids=["gate by gate", "multiplied out"])
def test_gradients_of_inputs_are_exact(rows: int) -> None:
    torch.manual_seed(2)
    layer = QuantumLayer(4, 1)
    assert torch.autograd.gradcheck(layer, (torch.randn(rows, 16, requires_grad=True),))
    assert torch.autograd.gradcheck(TensorNetworkLayer("mera"), (torch.randn(2, 18, requires_grad=True),))


def test_a_large_batch_gives_what_its_rows_give() -> None:
    torch.manual_seed(3)
    layer, x = QuantumLayer(5, 2), torch.randn(64, 32)
    torch.testing.assert_close(layer(x), torch.cat([layer(row[None]) for row in x]), atol=1e-12, rtol=0)


def test_rotations_of_many_wires_equal_their_kronecker_product() -> None:
    matrices = rotations(torch.randn(6, 3))
    state = torch.randn(64, 3, dtype=torch.complex128)
    torch.testing.assert_close(rotate_each(state, matrices), kron(matrices) @ state)
    torch.testing.assert_close(rotate_each(state.real, matrices), kron(matrices) @ state.real.to(state.dtype))
    eye = torch.eye(2, dtype=torch.complex128).expand(6, 2, 2)
    torch.testing.assert_close(matrices @ matrices.mH, eye)


def test_a_row_of_zeros_gives_zeros_and_gradients_that_are_finite() -> None:
    layer = QuantumLayer(4, 1)
    x = torch.zeros(3, 16, requires_grad=True)
    y = layer(x)
    assert torch.equal(y, torch.zeros(3, 4))
    y.sum().backward()
    assert x.grad is not None
    assert torch.equal(x.grad, torch.zeros_like(x))
    assert torch.isfinite(layer.weights.grad).all()  # type: ignore[arg-type]


def test_fewer_values_than_amplitudes_are_followed_by_zeros_where_it_is_said() -> None:
    layer = counted(QuantumLayer(4, 1, features=11))
    x = torch.randn(2, 11)
    whole = counted(QuantumLayer(4, 1))(torch.nn.functional.pad(x, (0, 5)))
    torch.testing.assert_close(layer(x), whole)


def test_all_leading_axes_are_rows() -> None:
    layer, x = QuantumLayer(2, 1), torch.randn(3, 5, 4)
    torch.testing.assert_close(layer(x)[1, 2], layer(x[1, 2][None])[0])


def test_first_weights_are_as_published() -> None:
    weights = QuantumLayer(4, 64).weights
    assert 0.9 < weights.abs().max() <= math.sqrt(6 / 7)


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: QuantumLayer(0), r"`wires` must be in \[1, 20\], got 0"),
        (lambda: QuantumLayer(21), r"`wires` must be in \[1, 20\], got 21"),
        (lambda: QuantumLayer(4, 0), "`layers` must be at least 1, got 0"),
        (lambda: QuantumLayer(4, features=17), "`features` must be 16 for 4 wires by amplitude, got 17"),
        (lambda: QuantumLayer(4, 1, "angle", features=3), "`features` must be 4 for 4 wires by angle, got 3"),
        (lambda: QuantumLayer(4, 1, "phase"), "`embedding` is one of amplitude, angle, got 'phase'"),  # type: ignore[arg-type]
        (lambda: TensorNetworkLayer("tree"), "`wiring` is one of ttn, mps, mera, got 'tree'"),  # type: ignore[arg-type]
        (lambda: TensorNetworkLayer("ttn", features=33), "1 to 32 features, got 1 and 33"),
        (lambda: QuantumLayer(4)(torch.randn(2, 15)), r"amplitude embedding takes 16 values, got \(2, 15\)"),
        (lambda: cnot_order(2, [(1, 1)]), r"CNOT\(1, 1\) is none on 2 wires"),
    ],
)
def test_what_cannot_be_is_refused(make: object, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        make()  # type: ignore[operator]


def test_a_batch_is_far_faster_than_its_rows_and_quick_enough_to_train() -> None:
    torch.set_default_dtype(torch.float32)
    layer, x = QuantumLayer(4, 1), torch.randn(256, 16)

    def best(rows: list[Tensor], repeats: int) -> float:
        took = []
        for _ in range(repeats):
            start = time.process_time()
            for part in rows:
                layer(part).sum().backward()
            took.append(time.process_time() - start)
        return min(took)

    batched = best([x], 10)
    assert batched < 0.05
    assert best(list(x.split(1)), 2) > 10 * batched
