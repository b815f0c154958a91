"""RevCol: columns of one small network, each of which sees the maps of the one before it and can be run backwards.

Paper   Reversible Column Networks (arXiv:2212.11696)
Input   (B, channels, height, width): RGB, normalised; sides that are multiples of 32, of 16 for the small ones here
Output  (B, classes): logits
Differs from the paper: what training keeps in memory can be chosen (`memory`, `anchor_every`; see
        layers/reversible.py); the published code keeps every column's state, which here is `anchored` with 1.
        `revcol_micro` and `revcol_nano` are sizes of our own.

With `supervision` a head reads classes, and a decoder draws the picture, after each quarter of the columns; training
makes all of them right (`train/compound.py`), and a network can be left early (`until`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lilliput.layers.drop_path import DropPath
from lilliput.layers.layer_norm import LayerNorm2d
from lilliput.layers.reversible import MEMORIES, Column, check_reversible, run_columns
from lilliput.models.backbone import Backbone, FeatureInfo, Stage
from lilliput.models.entry import check_range, register_model

LEVELS = 4
QUARTERS = 4
_EPS = 1e-6
_SCALE = 1e-6  # of a block's branch at the start
PICTURES = 1000  # classes up to which decoders are built stage by stage


@dataclass(frozen=True)
class RevColConfig:
    """Sizes of a RevCol; the defaults are those of the published "tiny" one."""

    channels: int = 3
    height: int = 224
    width: int = 224
    classes: int = 1000  # 0: pooled features
    widths: str = "64 128 256 512"  # channels of the four levels
    layers: str = "2 2 4 2"  # blocks of the four levels, in every column
    columns: int = 4
    kernel: int = 3
    patch: int = 4  # side of the first convolution, and its stride
    far: bool = False  # whether level 0 also sees level 3 of the column before, as in the largest one
    drop_path: float = 0.0  # of a column's last block; it rises in a line from its first
    supervision: bool = False  # heads and decoders after each quarter of the columns
    memory: str = "anchored"  # or "plain", "checkpoint": what training keeps
    anchor_every: int = 1  # columns from one kept state to the next; 0: as many as rounding allows

    def __post_init__(self) -> None:
        check_range(self, 1, 65536, "channels", "columns", "patch")
        check_range(self, 0, 65536, "classes", "anchor_every")
        check_range(self, 1, 31, "kernel")
        check_range(self, 0, 0.99, "drop_path")
        if self.kernel % 2 == 0:
            raise ValueError(f"`kernel` must be odd, got {self.kernel}")
        if self.memory not in MEMORIES:
            raise ValueError(f"`memory` {self.memory!r} is none of {', '.join(MEMORIES)}")
        for name in ("widths", "layers"):
            words = getattr(self, name).split()
            if len(words) != LEVELS or not all(word.isdigit() and 0 < int(word) <= 65536 for word in words):
                raise ValueError(f"`{name}` must be {LEVELS} numbers, got {getattr(self, name)!r}")
        for name in ("height", "width"):
            check_range(self, self.reduction, 8192, name)
            side = getattr(self, name)
            if side % self.reduction:
                below = side // self.reduction * self.reduction
                raise ValueError(
                    f"`{name}` must be a multiple of {self.reduction}, got {side}; near are {below} and "
                    f"{below + self.reduction}"
                )
        if self.supervision and self.columns % QUARTERS:
            below = self.columns // QUARTERS * QUARTERS
            near = f"{below} or {below + QUARTERS}" if below else f"{QUARTERS}"
            raise ValueError(
                f"`supervision` needs a multiple of {QUARTERS} columns, got {self.columns}: {near} would do"
            )

    @property
    def reduction(self) -> int:
        """Side of the input through the side of the last level."""
        return self.patch << (LEVELS - 1)

    @property
    def level_widths(self) -> tuple[int, ...]:
        """Channels of the levels."""
        return tuple(int(word) for word in self.widths.split())

    @property
    def level_layers(self) -> tuple[int, ...]:
        """Blocks of the levels."""
        return tuple(int(word) for word in self.layers.split())

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """(channels, height, width)."""
        return self.channels, self.height, self.width

    def fit_to(self, input_shape: tuple[int, ...], classes: int) -> dict[str, int]:
        """Changes that fit the network to a task's shape."""
        if len(input_shape) != 3:
            raise ValueError("it takes (channels, height, width)")
        channels, height, width = input_shape
        return {"channels": channels, "height": height, "width": width, "classes": classes}


class Supervised(NamedTuple):
    """What training with supervision makes right.

    Attributes:
        logits: (B, classes) after each quarter of the columns, the last one the network's own.
        pictures: (B, channels, height, width) after each quarter but the last, before a sigmoid.
    """

    logits: list[Tensor]
    pictures: list[Tensor]


_TINY = RevColConfig(drop_path=0.1)
_MICRO = RevColConfig(height=64, width=64, classes=10, widths="16 32 64 128", layers="1 1 2 1")


@register_model("revcol_t", _TINY)
@register_model("revcol_s", replace(_TINY, columns=8, drop_path=0.3))
@register_model("revcol_b", replace(_TINY, columns=16, drop_path=0.4, widths="72 144 288 576", layers="1 1 3 2"))
@register_model("revcol_l", replace(_TINY, columns=8, drop_path=0.3, widths="128 256 512 1024", layers="1 2 6 2"))
@register_model("revcol_xl", replace(_TINY, columns=8, drop_path=0.4, widths="224 448 896 1792", layers="1 2 6 2"))
@register_model(
    "revcol_h", replace(_TINY, columns=8, drop_path=0.2, widths="360 720 1440 2880", layers="1 2 6 2", far=True)
)
@register_model("revcol_micro", _MICRO)
@register_model("revcol_nano", replace(_MICRO, height=32, width=32, patch=2))
class RevCol(Backbone):
    """The network of the file's head.

    Shapes:
        (B, channels, height, width) -> (B, classes).

    Cost: 4 517 355 520 multiply-accumulates and 30 456 168 trainable parameters as `revcol_t`.
    """

    def __init__(self, config: RevColConfig) -> None:
        super().__init__()
        self.config = config
        wide = config.level_widths
        self.stem = nn.Sequential(
            nn.Conv2d(config.channels, wide[0], config.patch, config.patch), LayerNorm2d(wide[0], _EPS)
        )
        self.columns = nn.ModuleList(_Column(config, is_first=n == 0) for n in range(config.columns))
        check_reversible(list(self.columns))
        self.norm = nn.LayerNorm(wide[-1], eps=_EPS)
        self.classifier = self.make_classifier(config.classes)
        self.early_heads, self.decoders = nn.ModuleList(), nn.ModuleList()
        if config.supervision:
            for _ in range(QUARTERS - 1):
                self.early_heads.append(_Head(wide[-1], config.classes))
                self.decoders.append(_decoder(config))
        self.apply(_initialise)
        self.feature_info = FeatureInfo(
            Stage(f"level{n}", channels, config.patch << n) for n, channels in enumerate(wide)
        )

    @property
    def idle_parameters(self) -> tuple[str, ...]:
        """Published, and without effect: the gains of the first column multiply nothing."""
        return tuple(name for name, _ in self.named_parameters() if name.startswith("columns.0.gains."))

    @property
    def num_features(self) -> int:
        """Channels of the last level."""
        return self.config.level_widths[-1]  # type: ignore[no-any-return]

    def new_classifier(self, classes: int) -> nn.Module:
        """A linear layer."""
        linear = nn.Linear(self.num_features, classes)
        _initialise(linear)
        return linear

    def stages(self, x: Tensor) -> Iterator[Tensor]:
        """The levels of the last column."""
        yield from self._states(x, ())[len(self.columns)]

    def forward_features(self, x: Tensor) -> Tensor:
        """(B, channels, height, width) -> the last level of the last column."""
        return self._states(x, ())[len(self.columns)][-1]

    def pool(self, x: Tensor) -> Tensor:
        """The mean of the map, normalised."""
        y: Tensor = self.norm(x.mean((2, 3)))
        return y

    def forward(self, x: Tensor, supervised: bool = False) -> Tensor | Supervised:  # type: ignore[override]
        """Logits; or, with `supervised`, all that the heads and decoders give.

        Raises:
            ValueError: `supervised` of a network without heads.
        """
        if not supervised:
            return super().forward(x)
        stops = self.exits
        states = self._states(x, stops)
        tops = [states[stop][-1] for stop in stops]
        logits = [head(top) for head, top in zip(self.early_heads, tops, strict=False)]
        logits.append(self.forward_head(tops[-1]))
        return Supervised(logits, [decoder(top) for decoder, top in zip(self.decoders, tops, strict=False)])

    @property
    def exits(self) -> tuple[int, ...]:
        """Columns, counted from 1, behind which there is a head; the last one is the whole network's.

        Raises:
            ValueError: the network has no heads but the last.
        """
        if not self.config.supervision:
            raise ValueError("the network has no heads on the way: make it with supervision=True")
        quarter = len(self.columns) // QUARTERS
        return tuple(quarter * n for n in range(1, QUARTERS + 1))

    def until(self, exit: int) -> nn.Module:
        """The first columns alone, up to a head: a cheaper network that shares its weights with this one.

        Args:
            exit: 1 to 4, quarters of the columns.

        Raises:
            ValueError: there is no such head.
        """
        if not 1 <= exit <= len(self.exits):
            raise ValueError(f"there is no exit {exit}: the network has {len(self.exits)}")
        return _Until(self, exit)

    def column_states(self, x: Tensor) -> list[tuple[Tensor, ...]]:
        """The maps of all levels behind every column."""
        states = self._states(x, range(1, len(self.columns) + 1))
        return [states[n] for n in range(1, len(self.columns) + 1)]

    def _states(self, x: Tensor, stops: Sequence[int], columns: int | None = None) -> dict[int, tuple[Tensor, ...]]:
        return run_columns(
            list(self.columns)[:columns],  # type: ignore[arg-type]
            self.stem(x),
            memory=self.config.memory,
            anchor_every=self.config.anchor_every,
            stops=stops,
        )


class _Until(nn.Module):
    def __init__(self, whole: RevCol, exit: int) -> None:
        super().__init__()
        self.whole, self.exit, self.config = whole, exit, whole.config

    def forward(self, x: Tensor) -> Tensor:
        stop = self.whole.exits[self.exit - 1]
        top = self.whole._states(x, (), stop)[stop][-1]
        head = self.whole.forward_head if self.exit == QUARTERS else self.whole.early_heads[self.exit - 1]
        y: Tensor = head(top)
        return y


class _Column(Column):
    """Four levels, each of blocks behind a sum of what comes from below and from above."""

    def __init__(self, config: RevColConfig, *, is_first: bool) -> None:
        wide = config.level_widths
        reads: list[tuple[int, ...]] = [(1, 3) if config.far else (1,), (2,), (3,), ()]
        super().__init__(wide, reads, is_first=is_first)
        total = sum(config.level_layers)
        rates = iter([config.drop_path * n / max(total - 1, 1) for n in range(total)])
        self.parts = nn.ModuleList(
            _Level(
                wide[index - 1] if index else None,
                wide[index],
                [wide[above] for above in self.reads[index]],
                [1 << (above - index) for above in self.reads[index]],
                [next(rates) for _ in range(count)],
                config.kernel,
            )
            for index, count in enumerate(config.level_layers)
        )

    def level(self, index: int) -> nn.Module:
        return self.parts[index]


class _Level(nn.Module):
    """Fusion of what comes from below, of twice the side, and from above, of a half or an eighth; then blocks."""

    def __init__(
        self,
        below: int | None,
        channels: int,
        above: Sequence[int],
        factors: Sequence[int],
        rates: Sequence[float],
        kernel: int,
    ) -> None:
        super().__init__()
        self.down = (
            nn.Identity()
            if below is None
            else nn.Sequential(nn.Conv2d(below, channels, 2, 2), LayerNorm2d(channels, _EPS))
        )
        self.up = nn.ModuleList(_Up(wide, channels, factor) for wide, factor in zip(above, factors, strict=True))
        self.blocks = nn.Sequential(*(ConvNeXtBlock(channels, kernel, drop_path=rate) for rate in rates))

    def forward(self, below: Tensor, *above: Tensor) -> Tensor:
        x: Tensor = self.down(below)
        for up, y in zip(self.up, above, strict=True):
            x = x + up(y)
        z: Tensor = self.blocks(x)
        return z


class _Up(nn.Module):
    def __init__(self, channels_in: int, channels: int, factor: int) -> None:
        super().__init__()
        self.linear, self.norm, self.factor = nn.Linear(channels_in, channels), nn.LayerNorm(channels, _EPS), factor

    def forward(self, x: Tensor) -> Tensor:
        y = self.norm(self.linear(x.permute(0, 2, 3, 1))).permute(0, 3, 1, 2)
        return F.interpolate(y, scale_factor=float(self.factor), mode="nearest")


class ConvNeXtBlock(nn.Module):
    """Depthwise convolution, normalisation, two linear layers, beside a shortcut.

    Args:
        channels: in and out.
        kernel: side of the depthwise kernel.
        expansion: width between the linear layers, through the channels.
        drop_path: how often the branch is left out in training.

    Shapes:
        (B, channels, H, W) -> the same.

    Source: A ConvNet for the 2020s (arXiv:2201.03545), figure 4.
    """

    def __init__(self, channels: int, kernel: int, *, expansion: int = 4, drop_path: float = 0.0) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(channels, channels, kernel, padding=kernel // 2, groups=channels)
        self.norm = nn.LayerNorm(channels, eps=_EPS)
        self.widen = nn.Linear(channels, expansion * channels)
        self.narrow = nn.Linear(expansion * channels, channels)
        self.scale = nn.Parameter(torch.full((channels,), _SCALE))
        self.drop_path = DropPath(drop_path)

    def forward(self, x: Tensor) -> Tensor:
        y = self.norm(self.depthwise(x).permute(0, 2, 3, 1))
        y = self.narrow(F.gelu(self.widen(y))) * self.scale
        return x + self.drop_path(y.permute(0, 3, 1, 2))  # type: ignore[no-any-return]


class _Head(nn.Module):
    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(channels, eps=_EPS)
        self.linear = nn.Linear(channels, classes) if classes else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.linear(self.norm(x.mean((2, 3))))
        return y


def _decoder(config: RevColConfig) -> nn.Module:
    """From the last level back to a picture: stage by stage, or in one step where there are very many classes."""
    wide, side = config.level_widths, config.patch
    if config.classes > PICTURES:
        step = config.reduction
        return nn.Sequential(
            LayerNorm2d(wide[-1], _EPS), nn.Conv2d(wide[-1], config.channels * step * step, 1), nn.PixelShuffle(step)
        )
    layers: list[nn.Module] = []
    for before, after in pairwise(reversed(wide)):
        layers += [nn.Conv2d(before, after, 1), LayerNorm2d(after, _EPS), nn.GELU()]
        layers += [nn.UpsamplingBilinear2d(scale_factor=2), ConvNeXtBlock(after, 3, expansion=1)]
    return nn.Sequential(*layers, nn.Conv2d(wide[0], config.channels * side * side, 1), nn.PixelShuffle(side))


def _initialise(module: nn.Module) -> None:
    if isinstance(module, (nn.Conv2d, nn.Linear)):
        nn.init.trunc_normal_(module.weight, std=0.02)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
