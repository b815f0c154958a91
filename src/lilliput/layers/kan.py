r"""Layers that learn a function on each edge: splines in place of weights. Axes: I in, O out, M basis functions.

.. math:: y_o = b_o + \sum_i c_{io} \left( \mathrm{silu}(x_i) + \sum_m a_{imo} B_m(x_i) \right)

B are the G + k spline functions of order k over G intervals of [-1, 1], whose knots go on by k intervals on both sides.
Inputs are not clipped: between the grid's end and the last knot the spline fades out, beyond it is 0, and silu remains.

Source: Kolmogorov-Arnold networks as used by KACQ-DCNN (arXiv:2410.07446).
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

MARGIN = 0.01  # how far a refitted grid goes past the samples, in their unit
UNIFORM_SHARE = 0.01  # of even spacing in a refitted grid; the rest follows the samples' quantiles
_RIDGE = 1e-8  # of the largest eigenvalue: keeps the least squares of a refit solvable whatever the samples
_COEFFICIENT_STD = 0.1


def uniform_knots(grid: int, order: int, low: float = -1.0, high: float = 1.0) -> Tensor:
    """(grid + 2·order + 1,) knots, float64: `grid` even intervals of [low, high] and `order` more on both sides."""
    step = (high - low) / grid
    return low + step * torch.arange(-order, grid + order + 1, dtype=torch.float64)


def spline_basis(x: Tensor, knots: Tensor, order: int) -> Tensor:
    """All B-splines of `order` at `x`, by the recursion of Cox and de Boor with half-open intervals.

    Shapes:
        x (..., I), knots (I, K) or (K,), ascending -> (..., I, K - 1 - order).
    """
    at = x.unsqueeze(-1)
    basis = ((at >= knots[..., :-1]) & (at < knots[..., 1:])).to(x.dtype)
    for degree in range(1, order + 1):
        rise = (at - knots[..., : -degree - 1]) * _reciprocal(knots[..., degree:-1] - knots[..., : -degree - 1])
        fall = (knots[..., degree + 1 :] - at) * _reciprocal(knots[..., degree + 1 :] - knots[..., 1:-degree])
        basis = rise * basis[..., :-1] + fall * basis[..., 1:]
    return basis


def cubic_basis(x: Tensor, middles: Tensor, first: float, step: float) -> Tensor:
    r"""The cubic B-splines over even knots in closed form, :math:`\frac{(2 - w)_+^3 - 4 (1 - w)_+^3}{6}`.

    w is the distance to the function's middle in steps. The same function as `spline_basis`, in a third of the time,
    and of operators that every compiler knows.

    Args:
        x: any shape.
        middles: 2, 3, …: of the functions, in steps from the first knot.
        first: the first knot.
        step: from one knot to the next.

    Shapes:
        x (..., I), middles (M,) -> (..., I, M).
    """
    away = ((x.unsqueeze(-1) - first) * (1 / step) - middles).abs()
    outer, inner = F.relu(2 - away), F.relu(1 - away)
    return outer * outer * outer * (1 / 6) - inner * inner * inner * (2 / 3)


def _reciprocal(width: Tensor) -> Tensor:
    """1/width, and 0 where knots coincide, as the recursion defines 0/0."""
    return torch.where(width > 0, 1 / width.clamp_min(torch.finfo(width.dtype).tiny), torch.zeros_like(width))


class KANLinear(nn.Module):
    """A spline and a silu on each edge; the equation stands in the file's head.

    Args:
        inputs: I.
        outputs: O.
        grid: G, intervals of [-1, 1].
        order: k, degree of the polynomials.

    Shapes:
        (..., I) -> (..., O).

    Raises:
        ValueError: a size below 1, or an order below 0.

    Cost: I·(G + k)·O + I·O + O parameters; knots are not trained.
    """

    knots: Tensor
    middles: Tensor

    def __init__(self, inputs: int, outputs: int, *, grid: int = 3, order: int = 3) -> None:
        super().__init__()
        for name, size in (("inputs", inputs), ("outputs", outputs), ("grid", grid)):
            if size < 1:
                raise ValueError(f"`{name}` must be at least 1, got {size}")
        if order < 0:
            raise ValueError(f"`order` must be at least 0, got {order}")
        self.inputs, self.outputs, self.grid, self.order = inputs, outputs, grid, order
        self.coefficients = nn.Parameter(torch.empty(inputs, grid + order, outputs))
        self.scale = nn.Parameter(torch.empty(inputs, outputs))
        self.bias = nn.Parameter(torch.zeros(outputs))
        knots = uniform_knots(grid, order).to(torch.get_default_dtype())
        self.register_buffer("knots", knots.expand(inputs, -1).clone())
        self.register_buffer("middles", torch.arange(2, grid + order + 2).to(knots), persistent=False)
        self._is_uniform = True
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """First values: coefficients by a normal of 0.1, scales by Glorot's uniform, biases 0."""
        nn.init.normal_(self.coefficients, std=_COEFFICIENT_STD)
        nn.init.xavier_uniform_(self.scale)
        nn.init.zeros_(self.bias)

    def basis(self, x: Tensor) -> Tensor:
        """(..., I) -> (..., I, G + k)."""
        if self._is_uniform and self.order == 3:
            return cubic_basis(x, self.middles, -1 - 3 * 2 / self.grid, 2 / self.grid)
        return spline_basis(x, self.knots, self.order)

    def forward(self, x: Tensor) -> Tensor:
        if x.shape[-1] != self.inputs:
            raise ValueError(f"the last axis must have {self.inputs} values, got {tuple(x.shape)}")
        splines = self.basis(x).flatten(-2)  # (..., I·M)
        weights = (self.coefficients * self.scale.unsqueeze(1)).flatten(0, 1)  # (I·M, O)
        y: Tensor = splines @ weights + F.silu(x) @ self.scale + self.bias
        return y

    @torch.no_grad()
    def curves(self, x: Tensor) -> Tensor:
        """The function on each edge at some places: what to plot.

        Shapes:
            x (P,) -> (P, I, O).
        """
        basis = self.basis(x.unsqueeze(-1).expand(-1, self.inputs))
        spline = torch.einsum("pim,imo->pio", basis, self.coefficients)
        return self.scale * (F.silu(x)[:, None, None] + spline)

    @torch.no_grad()
    def refit(self, x: Tensor) -> None:
        """Move the knots to where samples lie, and fit the coefficients so that the function stays the same there.

        Knots that lie among the samples are kept as long as there are fewer than G, so that the function can stay what
        it is; the others follow the samples. Least squares in float64 with a ridge: samples that are few, equal or
        constant give a defined, finite result.

        Shapes:
            x (N, I), N at least 1.

        Raises:
            ValueError: another shape, or a sample that is not finite.
        """
        if x.ndim != 2 or x.shape[1] != self.inputs or len(x) == 0:
            raise ValueError(f"samples must be (N, {self.inputs}), N at least 1, got {tuple(x.shape)}")
        if not torch.isfinite(x).all():
            raise ValueError("a sample is not finite: the grid would follow it")
        wide = x.double()
        before = spline_basis(wide, self.knots.double(), self.order)
        wanted = torch.einsum("nim,imo->ino", before, self.coefficients.double())
        knots = adapted_knots(wide, self.knots.double(), self.grid, self.order)
        basis = spline_basis(wide, knots, self.order).transpose(0, 1)  # (I, N, M)
        gram = basis.mT @ basis
        ridge = _RIDGE * torch.diagonal(gram, dim1=1, dim2=2).sum(1).clamp_min(1e-12)
        gram = gram + ridge[:, None, None] * torch.eye(gram.shape[1], dtype=gram.dtype)
        self.coefficients.copy_(torch.linalg.solve(gram, basis.mT @ wanted))
        self.knots.copy_(knots)
        self._is_uniform = False

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *args: Any, **kwargs: Any) -> None:
        super()._load_from_state_dict(state_dict, prefix, *args, **kwargs)
        if self.knots.device.type != "meta":
            even = uniform_knots(self.grid, self.order).to(self.knots)
            self._is_uniform = bool(torch.equal(self.knots, even.expand_as(self.knots)))

    def extra_repr(self) -> str:
        return f"{self.inputs}, {self.outputs}, grid={self.grid}, order={self.order}"


def adapted_knots(x: Tensor, before: Tensor, grid: int, order: int) -> Tensor:
    """Knots that reach over the samples, go through earlier knots among them, and else follow the samples' quantiles.

    Shapes:
        x (N, I), before (I, grid + 2·order + 1) -> as `before`.
    """
    rows = [_adapted(samples, old, grid, order) for samples, old in zip(x.T, before, strict=True)]
    return torch.stack(rows)


def _adapted(x: Tensor, before: Tensor, grid: int, order: int) -> Tensor:
    ordered = x.sort().values
    low, high = ordered[0] - MARGIN, ordered[-1] + MARGIN
    share = torch.linspace(0, 1, grid + 1, dtype=x.dtype)
    even = low + share * (high - low)
    quantiles = ordered[(share * (len(x) - 1)).round().long()]
    inner = (UNIFORM_SHARE * even + (1 - UNIFORM_SHARE) * quantiles)[1:-1]
    kept = before[(before > low) & (before < high)]
    kept = kept[(kept - ordered[len(x) // 2]).abs().argsort()][: grid - 1]
    for knot in kept:  # each takes the place of the nearest one that follows the samples
        inner = inner[(inner - knot).abs().argsort()][1:]
    inner = torch.cat([inner, kept]).sort().values
    away = torch.arange(1, order + 1, dtype=x.dtype) * (high - low) / grid
    return torch.cat([low - away.flip(0), low[None], inner, high[None], high + away])


class KANConv1d(nn.Module):
    """`KANLinear` over the windows of a sequence, "valid": no padding, and what is left at the end is dropped.

    Args:
        channels: of the sequence.
        filters: outputs a window.
        kernel: steps of one window.
        stride: steps from one window to the next.
        grid, order: as in `KANLinear`.

    Shapes:
        (B, T, channels) -> (B, (T - kernel) // stride + 1, filters).

    Raises:
        ValueError: a sequence shorter than the kernel.
    """

    def __init__(self, channels: int, filters: int, *, kernel: int, stride: int = 1, grid: int = 3, order: int = 3):
        super().__init__()
        self.kernel, self.stride = kernel, stride
        self.edges = KANLinear(kernel * channels, filters, grid=grid, order=order)

    def forward(self, x: Tensor) -> Tensor:
        if x.shape[1] < self.kernel:
            raise ValueError(f"a kernel of {self.kernel} needs as many steps, got {tuple(x.shape)}")
        windows = x.unfold(1, self.kernel, self.stride).transpose(2, 3).flatten(2)  # (B, windows, kernel·channels)
        y: Tensor = self.edges(windows)
        return y


def kan_params(inputs: int, outputs: int, grid: int = 3, order: int = 3) -> int:
    """Trained parameters of a `KANLinear` of this size."""
    return math.prod((inputs, grid + order + 1, outputs)) + outputs
