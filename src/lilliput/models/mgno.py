"""MgNO: a fully connected network between fields, whose weights are multigrid cycles with learnt stencils.

Paper   MgNO: Efficient Parameterization of Linear Operators via Multigrid (arXiv:2310.19809)
Input   (B, channels, height, width): fields on a grid, normalised (`train/fields.py` does it)
Output  (B, outputs, height, width): fields on the same grid
Differs from the paper: any size is taken (its code fails on 129 points or 48), prolongations of periodic problems are
        periodic too. `mgno_small`, `mgno_slim` and `mgno_vorticity` are sizes of our own.

A layer is u ← σ(W u + B u): W one cycle (`layers/multigrid.py`), B a 1×1 convolution with a bias, σ = GELU. Boundary
conditions come from the padding. The number of grids is fixed, so its reach in points is too: weights that were trained
on one resolution take others, and are worse there (docs/fields.md has figures).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

from torch import Tensor, nn
from torch.nn import functional as F

from lilliput.layers.multigrid import BOUNDARIES, GEOMETRIES, NORMS, MgConv, grids
from lilliput.models.entry import check_range, register_model


@dataclass(frozen=True)
class MgNOConfig:
    """Sizes of an MgNO; the defaults are those of the published network for Darcy's rough set."""

    channels: int = 1
    height: int = 256
    width: int = 256
    outputs: int = 1
    features: int = 24  # channels between the layers
    depth: int = 4  # layers
    iterations: str = "1 1 1 1 1 2"  # of each grid, finest first: on the way down, or "down,up"
    boundary: str = "dirichlet"  # or "periodic", "neumann"
    geometry: str = "cell"  # or "vertex": see layers/multigrid.py
    residual: bool = False  # whether coarser grids get f - A u, not f
    bias: bool = False  # of the stencils
    norm: str = "none"  # or "plain", "grid": behind each correction
    affine: bool = True  # the 1x1 convolution beside each cycle
    head_bias: bool = False
    increment: bool = False  # whether the output is added to the input, as for a step of time

    def __post_init__(self) -> None:
        check_range(self, 1, 4096, "channels", "outputs", "features")
        check_range(self, 2, 8192, "height", "width")
        check_range(self, 1, 64, "depth")
        for name, known in (("boundary", BOUNDARIES), ("geometry", GEOMETRIES), ("norm", NORMS)):
            if getattr(self, name) not in known:
                raise ValueError(f"`{name}` {getattr(self, name)!r} is none of {', '.join(known)}")
        if self.smoothings[0][0] < 1:
            raise ValueError("`iterations` must begin with at least 1")
        if self.increment and self.channels != self.outputs:
            raise ValueError(f"`increment` needs as many outputs as channels, got {self.outputs} and {self.channels}")
        grids((self.height, self.width), len(self.smoothings), self.geometry, self.boundary)

    @property
    def smoothings(self) -> tuple[tuple[int, int], ...]:
        """(down, up) of each grid."""
        found = []
        for word in self.iterations.split():
            down, comma, up = word.partition(",")
            if not (down.isdigit() and int(down) <= 16 and (up.isdigit() and int(up) <= 16 if comma else not up)):
                raise ValueError(f"`iterations` must be numbers up to 16, or pairs of them, got {self.iterations!r}")
            found.append((int(down), int(up or 0)))
        if not found:
            raise ValueError("`iterations` must have a number for each grid, got none")
        return tuple(found)

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """(channels, height, width)."""
        return self.channels, self.height, self.width

    def fit_to(self, input_shape: tuple[int, ...], classes: int) -> dict[str, int]:
        """Changes that fit the network to a task's shape; a field has no classes."""
        if len(input_shape) != 3:
            raise ValueError("it takes (channels, height, width)")
        channels, height, width = input_shape
        return {"channels": channels, "height": height, "width": width}


_ROUGH = MgNOConfig()
_STEP = MgNOConfig(
    height=64, width=64, features=32, depth=5, iterations="1 1 1 2 2", boundary="periodic", bias=True, norm="grid",
    affine=False, increment=True,
)  # fmt: skip

_SMALL = replace(_ROUGH, height=32, width=32, features=16, depth=3, iterations="1 1 1 2")


@register_model("mgno_darcy", _ROUGH)
@register_model("mgno_darcy_smooth", replace(_ROUGH, height=211, width=211, depth=5))
@register_model("mgno_navier_stokes", _STEP)
@register_model("mgno_vorticity", replace(_STEP, features=10, depth=3))
@register_model(
    "mgno_helmholtz",
    replace(
        _ROUGH,
        height=101,
        width=101,
        features=20,
        iterations="1 1 1 1 2",
        boundary="neumann",
        geometry="vertex",
        norm="grid-top",
        affine=False,
        head_bias=True,
    ),
)
@register_model("mgno_pipe", replace(_ROUGH, channels=2, height=128, width=128, depth=5, iterations="1 1 1 1 1,1 2"))
@register_model("mgno_small", _SMALL)
@register_model("mgno_slim", replace(_SMALL, features=8))
class MgNO(nn.Module):
    """The network of the file's head.

    Shapes:
        (B, channels, height, width) -> (B, outputs, height, width).

    Raises:
        ValueError: an input with other channels, or with too few points for its grids.

    Cost: 572 661 trainable parameters as `mgno_darcy`.
    """

    def __init__(self, config: MgNOConfig) -> None:
        super().__init__()
        wide = [config.channels, *[config.features] * config.depth]
        self.cycles, self.affine = nn.ModuleList(), nn.ModuleList()
        for given, made in pairwise(wide):
            self.cycles.append(
                MgConv(
                    given, made, config.smoothings, size=(config.height, config.width), boundary=config.boundary,
                    geometry=config.geometry, residual=config.residual, bias=config.bias, norm=config.norm,
                )
            )  # fmt: skip
            if config.affine:
                self.affine.append(nn.Conv2d(given, made, 1))
        self.head = nn.Conv2d(config.features, config.outputs, 1, bias=config.head_bias)
        self.channels, self.increment = config.channels, config.increment

    def forward(self, x: Tensor) -> Tensor:
        if x.shape[1] != self.channels:
            raise ValueError(f"the network takes {self.channels} channels, the field has {x.shape[1]}")
        u = x
        for index, cycle in enumerate(self.cycles):
            mixed = cycle(u)
            u = F.gelu(mixed + self.affine[index](u) if len(self.affine) else mixed)
        y: Tensor = self.head(u)
        return x + y if self.increment else y
