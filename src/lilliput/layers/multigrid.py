"""A linear operator between fields, as one multigrid cycle whose stencils are learnt.

Axes: B batch, F channels of the given field, C channels of the solution, H and W points of the finest grid.

A cycle solves A u = f a little on each of several grids. On its way down it smooths, u ← u + S(f − A u), and hands f
and u to the next coarser grid; on its way up it adds what the coarser grid found. Each S, A, restriction and
prolongation has weights of its own on every grid; there is no nonlinearity, so that the whole is linear (affine with
`bias`, and no more so with `norm`).

Source: MgNO (arXiv:2310.19809), section 3. Differs from its code: any size is taken, and the prolongation knows the
boundary condition too (there it is padded with zeros, so that a periodic operator is not shift-equivariant).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

Padding = Literal["zeros", "circular", "reflect"]
BOUNDARIES: dict[str, Padding] = {"dirichlet": "zeros", "periodic": "circular", "neumann": "reflect"}
GEOMETRIES = {"cell": 1, "vertex": 0}
NORMS = ("none", "plain", "grid", "grid-top")

Iterations = Sequence[tuple[int, int]]
"""How often each grid smooths on the way down and up, the finest first."""


def coarser(size: int, geometry: str) -> int:
    """Points a side of the next coarser grid: n → ⌈n/2⌉ of cells, 2m + 1 → m of inner vertices."""
    return (size + 1) // 2 if geometry == "cell" else (size - 1) // 2


def grids(size: tuple[int, int], levels: int, geometry: str, boundary: str = "dirichlet") -> list[tuple[int, int]]:
    """The sizes of all grids, finest first.

    Raises:
        ValueError: a grid would have fewer than two points a side; one is enough inside of a Dirichlet border.
    """
    found = [size]
    for _ in range(levels - 1):
        found.append((coarser(found[-1][0], geometry), coarser(found[-1][1], geometry)))
    if min(found[-1]) < (1 if (geometry, boundary) == ("vertex", "dirichlet") else 2):
        sizes = ", ".join(f"{h}x{w}" for h, w in found)
        raise ValueError(f"{levels} grids are too many for {size[0]}x{size[1]} points: {sizes}")
    return found


class MgConv(nn.Module):
    """One cycle.

    Args:
        given: channels F of f.
        solution: channels C of u.
        iterations: of each grid; the finest one smooths at least once on the way down. On the coarsest one both
            follow each other.
        size: (H, W) that it is made for. Others of enough points are taken too; the kernels of the prolongations
            (3 onto an odd, 4 onto an even number of points) and what `norm="grid"` learns follow from this one.
        boundary: "dirichlet" pads with zeros, "periodic" around, "neumann" by reflection.
        geometry: "cell": grids n, ⌈n/2⌉, …; "vertex": inner points 2m + 1, m, …, which classical multigrid nests.
        residual: hand f − A u down to the coarser grid, as classical multigrid does; else f itself.
        bias: of S and A.
        norm: behind each added correction: "none"; "plain", over channels and points; "grid", with a gain and an
            offset a point; "grid-top", with these on the finest grid only.

    Shapes:
        (B, F, H, W) -> (B, C, H, W).

    Raises:
        ValueError: an unknown word, no smoothing on the finest grid, or too many grids for the points.
    """

    def __init__(
        self,
        given: int,
        solution: int,
        iterations: Iterations,
        *,
        size: tuple[int, int],
        boundary: str = "dirichlet",
        geometry: str = "cell",
        residual: bool = False,
        bias: bool = False,
        norm: str = "none",
    ) -> None:
        super().__init__()
        for word, known in ((boundary, BOUNDARIES), (geometry, GEOMETRIES), (norm, NORMS)):
            if word not in known:
                raise ValueError(f"{word!r} is none of {', '.join(known)}")
        if iterations[0][0] < 1:
            raise ValueError("the finest grid must smooth on the way down: there is no other solution to begin with")
        self.boundary, self.geometry, self.levels = boundary, geometry, len(iterations)
        sizes = grids(size, self.levels, geometry, boundary)
        self.down, self.up = nn.ModuleList(), nn.ModuleList()
        for level, (before, after) in enumerate(iterations):
            first = level == 0
            self.down.append(_smoothings(given, solution, before, boundary, bias, from_nothing=first))
            self.up.append(_smoothings(given, solution, after, boundary, bias))
        pad = GEOMETRIES[geometry]
        mode: Padding = BOUNDARIES[boundary] if pad else "zeros"
        self.restrict_f, self.restrict_u, self.prolong = nn.ModuleList(), nn.ModuleList(), nn.ModuleList()
        self.rest, self.norms = nn.ModuleList(), nn.ModuleList()
        for level, (height, width) in enumerate(sizes[:-1]):
            self.restrict_f.append(_conv(given, given, stride=2, padding=pad, mode=mode))
            self.restrict_u.append(_conv(solution, solution, stride=2, padding=pad, mode=mode))
            self.prolong.append(_Prolong(solution, (3 + (height + 1) % 2, 3 + (width + 1) % 2), boundary, geometry))
            self.rest.append(_stencil(solution, given, boundary, bias) if residual else nn.Identity())
            learnt = norm == "grid" or (norm == "grid-top" and level == 0)
            self.norms.append(nn.Identity() if norm == "none" else _Norm(solution, (height, width), learnt))
        self.residual = residual

    def forward(self, f: Tensor) -> Tensor:
        size = (f.shape[2], f.shape[3])
        grids(size, self.levels, self.geometry, self.boundary)
        u: Tensor | None = None
        states = []
        for level in range(self.levels):
            u = self.down[level](f, u)
            states.append((f, u))
            if level + 1 < self.levels:
                f = self.restrict_f[level](f - self.rest[level](u) if self.residual else f)
                u = self.restrict_u[level](u)
        found: Tensor = self.up[-1](f, u)
        for level in range(self.levels - 2, -1, -1):
            f, fine = states[level]
            found = self.up[level](f, self.norms[level](fine + self.prolong[level](found, fine.shape[2:])))
        return found


class _Smoothings(nn.Module):
    """u ← u + S(f − A u), some times; from nothing the first is u = S f."""

    def __init__(self, s: Sequence[nn.Module], a: Sequence[nn.Module]) -> None:
        super().__init__()
        self.s, self.a = nn.ModuleList(s), nn.ModuleList(a)

    def forward(self, f: Tensor, u: Tensor | None) -> Tensor | None:
        smoothers = list(self.s)
        if u is None:
            u = smoothers.pop(0)(f)
        for s, a in zip(smoothers, self.a, strict=True):
            u = u + s(f - a(u))
        return u


class _Prolong(nn.Module):
    """From a grid to the next finer one: a transposed convolution whose border is padded as the boundary asks."""

    def __init__(self, channels: int, kernel: tuple[int, int], boundary: str, geometry: str) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(channels, channels, *kernel))
        nn.init.kaiming_uniform_(self.weight, a=5**0.5)
        self.mode = BOUNDARIES[boundary]
        self.padding = GEOMETRIES[geometry]

    def forward(self, u: Tensor, size: Sequence[int]) -> Tensor:
        around, extra = self.padding, []
        if self.mode != "zeros":  # one more point around, whose own place is cut off again
            u = F.pad(u, (1, 1, 1, 1), mode=self.mode)
            around += 2
        for have, kernel, want in zip(u.shape[2:], self.weight.shape[2:], size, strict=True):
            extra.append(want - ((have - 1) * 2 + kernel - 2 * around))
        longer = (max(extra[0], 0), max(extra[1], 0))
        y: Tensor = F.conv_transpose2d(u, self.weight, stride=2, padding=around, output_padding=longer)
        return y if min(extra) >= 0 else y[:, :, : size[0], : size[1]]


class _Norm(nn.Module):
    """Mean 0 and variance 1 over channels and points; where it learns, a gain and an offset for each of them."""

    def __init__(self, channels: int, size: tuple[int, int], learnt: bool) -> None:
        super().__init__()
        self.shape = (channels, *size)
        self.gain = nn.Parameter(torch.ones(self.shape)) if learnt else None
        self.offset = nn.Parameter(torch.zeros(self.shape)) if learnt else None

    def forward(self, u: Tensor) -> Tensor:
        if self.gain is not None and u.shape[1:] != self.shape:
            raise ValueError(f"its gains are those of {self.shape[1:]} points, the field has {tuple(u.shape[2:])}")
        made: Tensor = F.layer_norm(u, u.shape[1:], self.gain, self.offset)
        return made


def _smoothings(
    given: int, solution: int, times: int, boundary: str, bias: bool, *, from_nothing: bool = False
) -> nn.Module:
    s = [_stencil(given, solution, boundary, bias) for _ in range(times)]
    a = [_stencil(solution, given, boundary, bias) for _ in range(times - from_nothing)]
    return _Smoothings(s, a)


def _stencil(channels: int, out: int, boundary: str, bias: bool) -> nn.Conv2d:
    return _conv(channels, out, stride=1, padding=1, mode=BOUNDARIES[boundary], bias=bias)


def _conv(channels: int, out: int, *, stride: int, padding: int, mode: Padding, bias: bool = False) -> nn.Conv2d:
    return nn.Conv2d(channels, out, 3, stride, padding, bias=bias, padding_mode=mode)
