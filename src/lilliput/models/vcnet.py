"""VCNet: areas and two streams as in the visual cortex, and predictions from above that refine the areas below.

Paper   The Geometry of Cortical Computation: Manifold Disentanglement and Predictive Dynamics in VCNet
        (arXiv:2508.02995)
Input   (B, channels, height, width): one grey picture in [0, 1], or RGB, or the views of a light field; sides that are
        multiples of 4
Output  (B, classes): logits
Differs from the paper: a reconstruction from its abstract, as no code and no table of it is public. From the abstract
        are the areas V1, V2, V4 and V5/MT, the two streams, predictive feedback over a few steps, attention, lateral
        interaction and neuromodulation. All else is a choice made here, and so marked in docs/vcnet.md: filters,
        sizes, constants of the dynamics, gates, the head.

One sweep upwards gives each area a first state. In each step after it an area is pulled towards what comes from below,
towards what the area above predicts of it, and against the error that its own prediction makes below. With 0 steps it
is a plain network with the same weights, so that the number of steps can be chosen when the network is used.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lilliput.layers.gabor import KINDS, DivisiveNorm, GaborCells, local_contrast
from lilliput.models.backbone import Backbone, FeatureInfo, Stage
from lilliput.models.entry import check_range, register_model

AREAS = ("V1", "V1m", "V2", "V2m", "V4", "MT", "IT")
VENTRAL = ("V1", "V2", "V4", "IT")
"""The areas that have states; predictions go from each to the one before it."""
_GREY = (0.299, 0.587, 0.114)


@dataclass(frozen=True)
class VCNetConfig:
    """Sizes and constants of a VCNet; the defaults are those of the smallest one."""

    channels: int = 1  # 1 grey, 3 RGB, or views² of a light field
    height: int = 32
    width: int = 32
    classes: int = 10  # 0: pooled features
    widths: str = "16 8 24 12 32 16 48"  # channels of V1, V1m, V2, V2m, V4, MT, IT
    steps: int = 2  # of the dynamics, unless a call asks for others
    views: int = 0  # side of a light field's grid of views, odd; 0: pictures
    gabor: str = "learned"  # or "frozen", "random"
    drive: float = 0.6  # β: pull towards what comes from below
    prediction: float = 0.2  # λ: pull towards what is predicted from above
    correction: float = 0.1  # α: pull against the error of the own prediction below
    dorsal_link: bool = True  # whether V4 also sees V2m
    attention: bool = False  # whether V4 is weighted by where MT is active

    def __post_init__(self) -> None:
        check_range(self, 1, 65536, "channels")
        check_range(self, 0, 65536, "classes")
        check_range(self, 0, 1000, "steps")
        check_range(self, 0, 33, "views")
        check_range(self, 0, 1, "drive", "prediction", "correction")
        if self.drive + self.prediction > 1:
            raise ValueError(f"`drive` {self.drive} and `prediction` {self.prediction} are more than 1 together")
        words = self.widths.split()
        if len(words) != len(AREAS) or not all(word.isdigit() and 0 < int(word) <= 4096 for word in words):
            raise ValueError(f"`widths` must be {len(AREAS)} numbers, for {', '.join(AREAS)}, got {self.widths!r}")
        if self.gabor not in KINDS:
            raise ValueError(f"`gabor` {self.gabor!r} is none of {', '.join(KINDS)}")
        if self.views and (self.views % 2 == 0 or self.channels != self.views**2):
            raise ValueError(
                f"a grid of {self.views}x{self.views} views needs an odd side and as many channels as views"
            )
        if not self.views and self.channels not in (1, 3):
            raise ValueError(f"`channels` must be 1 or 3, or the views of a light field, got {self.channels}")
        for name in ("height", "width"):
            check_range(self, 4, 8192, name)
            side = getattr(self, name)
            if side % 4:
                raise ValueError(
                    f"`{name}` must be a multiple of 4, got {side}; near are {side // 4 * 4} and {side // 4 * 4 + 4}"
                )

    @property
    def area_widths(self) -> dict[str, int]:
        """Channels by area."""
        return dict(zip(AREAS, (int(word) for word in self.widths.split()), strict=True))

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


class Trace(NamedTuple):
    """All that happened, with t from 0, the sweep, to the last step.

    Attributes:
        logits: by t, (B, classes).
        errors: by t, for V1, V2 and V4, what is predicted of the area less the area: (B, C, H, W).
        states: by t, for V1, V2, V4 and IT.
        what: (B, channels of IT), the ventral code after the last step.
        where: (B, channels of MT), the dorsal code.
        areas: maps by name after the last step.
    """

    logits: list[Tensor]
    errors: list[list[Tensor]]
    states: list[list[Tensor]]
    what: Tensor
    where: Tensor
    areas: dict[str, Tensor]


@register_model("vcnet_micro", VCNetConfig())
@register_model("vcnet_small", VCNetConfig(widths="32 16 48 24 64 32 96"))
@register_model("vcnet_base", VCNetConfig(widths="64 32 96 48 128 64 192"))
class VCNet(Backbone):
    """The network of the file's head.

    Shapes:
        (B, channels, height, width) -> (B, classes).

    Cost: 3 402 240 multiply-accumulates in the sweep and 19 686 trainable parameters as `vcnet_micro`.
    """

    def __init__(self, config: VCNetConfig) -> None:
        super().__init__()
        self.config = config
        wide = config.area_widths
        colours = 2 if config.channels == 3 else 0
        self.fine = GaborCells(8, (0.15, 0.30), kind=config.gabor)
        self.v1 = _mix(48 + colours, wide["V1"])
        self.normalise = DivisiveNorm(wide["V1"])
        self.coarse = GaborCells(4, (0.10, 0.20), channels=5 if config.views else 1, kind=config.gabor)
        self.v1m = _mix(8, wide["V1m"])
        self.v2m = Area(wide["V1m"], wide["V2m"], 1)
        self.mt = Area(wide["V2m"], wide["MT"], 2)
        linked = wide["V2m"] if config.dorsal_link else 0
        self.ventral = nn.ModuleList(
            [Area(wide["V1"], wide["V2"], 2), Area(wide["V2"] + linked, wide["V4"], 2), Area(wide["V4"], wide["IT"], 1)]
        )
        self.generators = nn.ModuleList(nn.Conv2d(wide[above], wide[area], 1) for area, above in pairwise(VENTRAL))
        self.gates = nn.Linear(self.num_features, sum(wide[area] for area in VENTRAL[:-1]))
        self.temperature = nn.Parameter(torch.ones(1)) if config.attention else None
        self.classifier = self.make_classifier(config.classes)
        self._begin()
        reductions = {"V1": 1, "V2": 2, "V4": 4, "IT": 4}
        self.feature_info = FeatureInfo(Stage(area, wide[area], reductions[area]) for area in VENTRAL)

    def _begin(self) -> None:
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
            elif isinstance(module, Area):
                module.begin()
        for generator in self.generators:
            nn.init.normal_(generator.weight, std=generator.in_channels**-0.5)  # type: ignore[arg-type, operator]
        nn.init.zeros_(self.gates.weight)
        nn.init.zeros_(self.gates.bias)
        self.after_step()

    @property
    def num_features(self) -> int:
        """Channels of IT and MT."""
        wide = self.config.area_widths
        return wide["IT"] + wide["MT"]  # type: ignore[no-any-return]

    def new_classifier(self, classes: int) -> nn.Module:
        """A linear layer."""
        return nn.Linear(self.num_features, classes)

    @torch.no_grad()
    def after_step(self) -> None:
        """Keep the dynamics stable: α · ‖J‖² of each prediction at most 1. Called after each step of a training."""
        limit = (1 / max(self.config.correction, 1e-6)) ** 0.5
        for generator in self.generators:
            weight: Tensor = generator.weight  # type: ignore[assignment]
            norm = torch.linalg.matrix_norm(weight.flatten(1), 2)
            weight.mul_((limit / norm.clamp_min(1e-12)).clamp_max(1.0))

    def forward(  # type: ignore[override]
        self, x: Tensor, steps: int | None = None, trace: bool = False
    ) -> Tensor | Trace:
        """Logits after `steps`, or all that happened.

        Args:
            x: the picture.
            steps: of the dynamics; none: the config's.
            trace: give a `Trace`.

        Raises:
            ValueError: fewer than 0 steps.
        """
        run = _Run(self, x, self.config.steps if steps is None else steps, keep=trace)
        if not trace:
            return self.forward_head(run.features())
        return run.trace()

    def stages(self, x: Tensor) -> Iterator[Tensor]:
        """V1, V2, V4 and IT after the last step."""
        yield from _Run(self, x, self.config.steps).states

    def forward_features(self, x: Tensor) -> Tensor:
        """(B, channels, height, width) -> IT and MT after the last step, one behind the other."""
        return _Run(self, x, self.config.steps).features()

    def pool(self, x: Tensor) -> Tensor:
        """The means: the code of what is seen, then that of where."""
        return x.mean((2, 3))

    def predict(self, level: int, above: Tensor) -> Tensor:
        """What the area above says of the ventral area `level`, 0 for V1."""
        y: Tensor = self.generators[level](above)
        return F.interpolate(y, scale_factor=2.0, mode="nearest") if level < 2 else y

    def correct(self, level: int, error: Tensor) -> Tensor:
        """The error below, as the area above `level` would have to change: the transpose of `predict`, in means."""
        small = F.avg_pool2d(error, 2) if level < 2 else error
        weight: Tensor = self.generators[level].weight  # type: ignore[assignment]
        return F.conv2d(small, weight.transpose(0, 1))

    def retina(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor | None]:
        """Fine route, coarse route at half the side, and opponent colours where there are any."""
        config = self.config
        if config.views:
            return self._views(x)
        if config.channels == 1:
            grey, colours = x, None
        else:
            red, green, blue = x[:, :1], x[:, 1:2], x[:, 2:]
            grey = _GREY[0] * red + _GREY[1] * green + _GREY[2] * blue
            colours = torch.cat([red - green, blue - (red + green) / 2], 1)
        fine = local_contrast(grey)
        return fine, F.avg_pool2d(fine, 2), colours

    def _views(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor | None]:
        """The view in the middle, and how far those beside it differ."""
        side = self.config.views
        middle = side // 2
        grid = x.reshape(len(x), side, side, *x.shape[2:])
        centre = grid[:, middle, middle]
        halves = (
            grid[:, middle, :middle],
            grid[:, middle, middle + 1 :],
            grid[:, :middle, middle],
            grid[:, middle + 1 :, middle],
        )
        apart = [(half - centre[:, None]).abs().mean(1) for half in halves]
        fine = local_contrast(centre[:, None])
        return fine, F.avg_pool2d(torch.cat([fine, torch.stack(apart, 1)], 1), 2), None


class Area(nn.Module):
    """A depthwise and a 1×1 convolution, and neighbours of the same map that join in; they say nothing at first.

    Args:
        channels_in: of the map that comes in.
        channels: of the map that goes out.
        stride: of the first convolution.

    Shapes:
        (B, channels_in, H, W) -> (B, channels, H / stride, W / stride), 0 or more.
    """

    def __init__(self, channels_in: int, channels: int, stride: int) -> None:
        super().__init__()
        self.upward = nn.Sequential(
            nn.Conv2d(channels_in, channels_in, 3, stride, 1, groups=channels_in, bias=False), SweepNorm(channels_in),
            nn.Conv2d(channels_in, channels, 1, bias=False), SweepNorm(channels), nn.ReLU(),
        )  # fmt: skip
        self.lateral = nn.Sequential(
            nn.Conv2d(channels, channels, 5, padding=2, groups=channels, bias=False), SweepNorm(channels)
        )

    def begin(self) -> None:
        """Weights of neighbours as at the start: 0."""
        nn.init.zeros_(self.lateral[0].weight)  # type: ignore[arg-type]

    def forward(self, x: Tensor) -> Tensor:
        h = self.upward(x)
        return F.relu(h + self.lateral(h))


class SweepNorm(nn.BatchNorm2d):
    """Batch normalisation by the first sweep's statistics, in all steps, in training as in use.

    States of later steps have other means. With statistics of their own a trained network would meet other ones in use;
    with a mixture of all, none that fit.
    """

    is_step = False
    _swept: tuple[Tensor, Tensor] | None = None

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return super().forward(x)
        if self.is_step and self._swept is not None:
            mean, variance = self._swept
            return F.batch_norm(x, mean, variance, self.weight, self.bias, False, 0.0, self.eps)
        with torch.no_grad():
            self._swept = x.mean((0, 2, 3)), x.var((0, 2, 3), unbiased=False)
        return super().forward(x)


class _Run:
    """One picture through a network: the sweep, then steps."""

    def __init__(self, net: VCNet, x: Tensor, steps: int, keep: bool = False) -> None:
        if steps < 0:
            raise ValueError(f"`steps` must be 0 or more, got {steps}")
        self.net, self.config, self.keep = net, net.config, keep
        fine, coarse, colours = net.retina(x)
        simple, complex_ = net.fine(fine)
        cells = [F.relu(simple), complex_, *([] if colours is None else [colours])]
        self.v1 = net.normalise(net.v1(torch.cat(cells, 1)))
        self.v1m = net.v1m(net.coarse(coarse)[1])
        self.v2m = net.v2m(self.v1m)
        self.mt = net.mt(self.v2m)
        self.states = [self.v1]
        for level in (1, 2, 3):
            self.states.append(self._upward(level, self.states[level - 1]))
        self.kept = [list(self.states)]
        self.errors: list[list[Tensor]] = []
        self.logits: list[Tensor] = []
        self._note()
        norms = [module for module in net.modules() if isinstance(module, SweepNorm)] if net.training else []
        for norm in norms:
            norm.is_step = True
        try:
            for _ in range(steps):
                self._step()
                self._note()
        finally:
            for norm in norms:
                norm.is_step, norm._swept = False, None

    def features(self) -> Tensor:
        return torch.cat([self.states[-1], self.mt], 1)

    def trace(self) -> Trace:
        areas = {**dict(zip(VENTRAL, self.states, strict=True)), "V1m": self.v1m, "V2m": self.v2m, "MT": self.mt}
        what, where = (maps.mean((2, 3)) for maps in (self.states[-1], self.mt))
        return Trace(self.logits, self.errors, self.kept, what, where, areas)

    def _note(self) -> None:
        if self.keep:
            self.errors.append(self._errors())
            self.logits.append(self.net.forward_head(self.features()))
            if len(self.kept) < len(self.errors):
                self.kept.append(list(self.states))

    def _upward(self, level: int, below: Tensor) -> Tensor:
        if level == 2 and self.config.dorsal_link:
            below = torch.cat([below, self.v2m], 1)
        y: Tensor = self.net.ventral[level - 1](below)
        if level == 2 and self.net.temperature is not None:
            energy = self.mt.square().mean(1, keepdim=True)
            shares = F.softmax(energy.flatten(2) / self.net.temperature.abs().clamp_min(1e-3), dim=2)
            y = y * (shares * shares.shape[2]).reshape(energy.shape)
        return y

    def _errors(self) -> list[Tensor]:
        return [self.net.predict(level, self.states[level + 1]) - self.states[level] for level in range(3)]

    def _step(self) -> None:
        """All predictions and errors from the states as they were; then the areas from below, on those made new."""
        config = self.config
        read = torch.cat([self.states[-1].mean((2, 3)), self.mt.mean((2, 3))], 1)
        wide = [config.area_widths[area] for area in VENTRAL[:-1]]
        gates = [1 + torch.tanh(gate)[:, :, None, None] for gate in self.net.gates(read).split(wide, 1)]
        predictions = [self.net.predict(level, self.states[level + 1]) for level in range(3)]
        errors = [predicted - state for predicted, state in zip(predictions, self.states, strict=False)]
        new: list[Tensor] = []
        for level, state in enumerate(self.states):
            drive = self._upward(level, new[level - 1]) if level else self.v1
            pulled = config.drive * drive
            if level < 3:
                pulled = pulled + config.prediction * predictions[level]
                pulled = pulled + (1 - config.drive - config.prediction) * state
            else:  # nothing is predicted of the last area
                pulled = pulled + (1 - config.drive) * state
            if level:
                pulled = pulled - config.correction * self.net.correct(level - 1, errors[level - 1])
            made = F.relu(pulled)
            new.append(made * gates[level] if level < 3 else made)
        self.states = new


def _mix(channels_in: int, channels: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(channels_in, channels, 1, bias=False), nn.BatchNorm2d(channels), nn.ReLU())
