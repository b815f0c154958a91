"""Splines on edges: published values of the basis, what a layer can learn, and grids that follow samples."""

from __future__ import annotations

import pytest
import torch

from lilliput.layers.kan import (
    KANConv1d,
    KANLinear,
    adapted_knots,
    cubic_basis,
    kan_params,
    spline_basis,
    uniform_knots,
)

GOLDEN = {
    0.25: (0, 0.00032552, 0.23600260, 0.65201823, 0.11165365, 0),
    1.7: (0, 0, 0, 0, 0.14289583, 0.66422917),
    3.2: (0, 0, 0, 0, 0, 0),
}


@pytest.mark.parametrize("x", GOLDEN)
def test_the_basis_is_the_published_one_beyond_the_grid_too(x: float) -> None:
    layer, at, golden = KANLinear(1, 1, grid=3).double(), torch.tensor([x]).double(), torch.tensor(GOLDEN[x]).double()
    torch.testing.assert_close(layer.basis(at)[0], golden, atol=1e-6, rtol=0)
    torch.testing.assert_close(spline_basis(at, uniform_knots(3, 3), 3)[0], golden, atol=1e-6, rtol=0)


def test_knots_go_on_by_the_order_on_both_sides() -> None:
    expected = torch.tensor([-3, -7 / 3, -5 / 3, -1, -1 / 3, 1 / 3, 1, 5 / 3, 7 / 3, 3]).double()
    torch.testing.assert_close(uniform_knots(3, 3), expected)


@pytest.mark.parametrize("grid", [1, 3, 5, 16])
def test_the_closed_form_equals_the_recursion(grid: int) -> None:
    x = torch.linspace(-4, 4, 801).double()
    step = 2 / grid
    closed = cubic_basis(x, torch.arange(2, grid + 5), -1 - 3 * step, step)
    torch.testing.assert_close(closed, spline_basis(x, uniform_knots(grid, 3), 3), atol=1e-12, rtol=0)


@pytest.mark.parametrize("order", [0, 1, 2, 3, 4])
def test_inside_the_grid_a_basis_adds_up_to_one(order: int) -> None:
    x = torch.linspace(-1, 0.999, 50).double()
    basis = spline_basis(x, uniform_knots(4, order), order)
    assert basis.shape == (50, 4 + order)
    torch.testing.assert_close(basis.sum(-1), torch.ones(50).double())


def test_a_layer_is_the_equation_of_its_docstring() -> None:
    torch.manual_seed(0)
    layer = KANLinear(2, 3, grid=5).double()
    torch.nn.init.normal_(layer.bias)
    x = torch.randn(4, 2).double()
    basis = spline_basis(x, uniform_knots(5, 3), 3)
    inner = torch.nn.functional.silu(x)[:, :, None] + torch.einsum("nim,imo->nio", basis, layer.coefficients)
    torch.testing.assert_close(layer(x), layer.bias + (layer.scale * inner).sum(1))
    edges = torch.stack([layer.curves(x[:, i])[:, i] for i in range(2)], 1)
    torch.testing.assert_close(layer(x), layer.bias + edges.sum(1))


@pytest.mark.parametrize(("inputs", "outputs", "grid"), [(1, 112, 3), (1232, 176, 3), (176, 48, 5)])
def test_parameters_are_as_counted_in_the_published_system(inputs: int, outputs: int, grid: int) -> None:
    with torch.device("meta"):
        layer = KANLinear(inputs, outputs, grid=grid)
    count = sum(p.numel() for p in layer.parameters())
    assert count == kan_params(inputs, outputs, grid)
    assert count == {112: 896, 176: 1_518_000, 48: 76_080}[outputs]


def test_one_layer_learns_a_sine() -> None:
    torch.manual_seed(0)
    layer = KANLinear(1, 1, grid=16)
    x = torch.linspace(-1, 1, 256)[:, None]
    wanted = torch.sin(2 * torch.pi * x)
    optimiser = torch.optim.LBFGS(layer.parameters(), max_iter=200, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimiser.zero_grad()
        error = (layer(x) - wanted).square().mean()
        error.backward()
        return error

    before = loss().item()
    optimiser.step(loss)
    assert before > 0.1
    assert loss().item() < 1e-4


class TestRefit:
    def test_the_function_stays_and_the_knots_follow_the_samples(self) -> None:
        torch.manual_seed(0)
        layer = KANLinear(3, 4, grid=8).double()
        x = 0.1 * torch.randn(500, 3).double() + 0.3  # within one or two of the first intervals
        before = layer(x)
        layer.refit(x)
        assert (layer(x) - before).abs().max() < 1e-4
        inner = layer.knots[:, 3:-3]
        assert (inner[:, 0] < x.min(0).values).all()
        assert (inner[:, -1] > x.max(0).values).all()
        assert (
            ((inner > x.quantile(0.1, dim=0)[:, None]) & (inner < x.quantile(0.9, dim=0)[:, None])).sum(1) >= 5
        ).all()

    @pytest.mark.parametrize(
        "x",
        [
            torch.zeros(5, 2),
            torch.tensor([[0.5, -0.5]]),
            torch.tensor([[0.0, 0.0], [0.0, 1.0], [0.0, 1.0]]),
            torch.full((3, 2), 1e6),
            torch.linspace(-50, 50, 40).repeat(2, 1).T,
        ],
        ids=["equal", "one row", "few", "far out", "wide"],
    )
    def test_poor_samples_never_give_nan(self, x: torch.Tensor) -> None:
        torch.manual_seed(0)
        layer = KANLinear(2, 3)
        layer.refit(x)
        assert torch.isfinite(layer.coefficients).all()
        assert torch.isfinite(layer(torch.randn(50, 2))).all()
        layer(x).sum().backward()
        assert all(torch.isfinite(p.grad).all() for p in layer.parameters() if p.grad is not None)

    def test_a_saved_state_brings_its_knots(self) -> None:
        torch.manual_seed(0)
        layer, other = KANLinear(2, 3), KANLinear(2, 3)
        x = torch.randn(100, 2)
        layer.refit(x)
        other.load_state_dict(layer.state_dict())
        assert torch.equal(layer(x), other(x))
        layer.load_state_dict(KANLinear(2, 3).state_dict())
        assert layer.basis(x).shape == (100, 2, 6)
        torch.testing.assert_close(layer.basis(x), spline_basis(x, uniform_knots(3, 3).float(), 3), atol=1e-5, rtol=0)

    def test_samples_that_are_none_are_refused(self) -> None:
        layer = KANLinear(2, 3)
        with pytest.raises(ValueError, match=r"samples must be \(N, 2\), N at least 1, got \(0, 2\)"):
            layer.refit(torch.empty(0, 2))
        with pytest.raises(ValueError, match="a sample is not finite"):
            layer.refit(torch.tensor([[float("nan"), 0.0]]))

    def test_knots_ascend_although_samples_are_equal(self) -> None:
        knots = adapted_knots(torch.ones(7, 1).double(), uniform_knots(4, 3)[None], 4, 3)
        assert (knots.diff() > 0).all()


def test_a_convolution_is_a_layer_over_windows() -> None:
    torch.manual_seed(0)
    conv = KANConv1d(2, 5, kernel=3, stride=2)
    x = torch.randn(4, 8, 2)
    y = conv(x)
    assert y.shape == (4, 3, 5)
    torch.testing.assert_close(y[:, 1], conv.edges(x[:, 2:5].flatten(1)))


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: KANLinear(0, 1), "`inputs` must be at least 1, got 0"),
        (lambda: KANLinear(1, 1, grid=0), "`grid` must be at least 1, got 0"),
        (lambda: KANLinear(1, 1, order=-1), "`order` must be at least 0, got -1"),
        (lambda: KANLinear(3, 1)(torch.zeros(2, 4)), r"the last axis must have 3 values, got \(2, 4\)"),
        (lambda: KANConv1d(1, 1, kernel=3)(torch.zeros(1, 2, 1)), "a kernel of 3 needs as many steps"),
    ],
)
def test_what_cannot_be_is_refused(make: object, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        make()  # type: ignore[operator]
