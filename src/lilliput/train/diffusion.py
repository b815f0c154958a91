r"""Pictures that dissolve into noise step by step, and networks that learn to tell the noise.

    x_t = √ᾱ_t · x_0 + √(1 - ᾱ_t) · ε,    loss = mean (ε_θ(x_t, t) - ε)²

    schedule = Schedule.linear()
    fit(network, TrainData(learn, held), settings, objective=noise_objective(schedule), judge=noise_judge(schedule))

Pictures are in [-1, 1]. Axes: B batch, C channels, H height, W width.

Source: Denoising Diffusion Probabilistic Models (arXiv:2006.11239).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from lilliput.core.errors import BadTask
from lilliput.train.data import Source
from lilliput.train.losses import Objective
from lilliput.train.metrics import Measure

_BATCH = 256
_ROUNDS = 4
Denoiser = Callable[[Tensor, Tensor], Tensor]
"""(x (B, C, H, W), t (B,) int64) -> the noise in x."""


@dataclass(frozen=True, eq=False)
class Schedule:
    """How much noise comes in with each step, from 0.

    Args:
        betas: shares of new noise, (steps,), float64, in (0, 1).

    Attributes:
        kept: ᾱ, the share of the picture's variance that is left, (steps,), float64.

    Raises:
        ValueError: no step, or a share out of range.
    """

    betas: Tensor
    kept: Tensor = field(init=False)

    def __post_init__(self) -> None:
        if self.betas.ndim != 1 or not len(self.betas) or not bool(((self.betas > 0) & (self.betas < 1)).all()):
            raise ValueError(f"`betas` must be (steps,), each in (0, 1), got {tuple(self.betas.shape)}")
        object.__setattr__(self, "betas", self.betas.double())
        object.__setattr__(self, "kept", torch.cumprod(1 - self.betas, 0))

    @classmethod
    def linear(cls, steps: int = 1000, first: float = 1e-4, last: float = 0.02) -> Schedule:
        """The published one: shares from `first` to `last` in equal steps."""
        return cls(torch.linspace(first, last, steps, dtype=torch.float64))

    @classmethod
    def cosine(cls, steps: int = 1000, offset: float = 0.008, most: float = 0.999) -> Schedule:
        """ᾱ as a squared cosine: more steps with little noise. Source: arXiv:2102.09672."""
        at = (torch.arange(steps + 1, dtype=torch.float64) / steps + offset) / (1 + offset)
        kept = torch.cos(at * math.pi / 2).square()
        return cls((1 - kept[1:] / kept[:-1]).clamp(1e-8, most))

    def __len__(self) -> int:
        return len(self.betas)

    def level(self, t: int) -> tuple[float, float]:
        """(√ᾱ_t, √(1 - ᾱ_t)); step -1 is the picture itself, (1, 0)."""
        kept = 1.0 if t < 0 else float(self.kept[t])
        return math.sqrt(kept), math.sqrt(1 - kept)

    def noised(self, x: Tensor, t: Tensor, noise: Tensor) -> Tensor:
        """x_t of each item: x, noise (B, ...), t (B,) -> (B, ...)."""
        kept = self.kept.to(t.device)[t].reshape(-1, *[1] * (x.ndim - 1))
        return kept.sqrt().to(x.dtype) * x + (1 - kept).sqrt().to(x.dtype) * noise


class Pictures:
    """Pictures for the training loop, without classes.

    Args:
        x: (N, C, H, W) float32 in [-1, 1].
        flips: half of them are mirrored, anew in each epoch.
        seed: of that chance.

    Raises:
        BadTask: LP103, no pictures, or numbers out of range.
    """

    def __init__(self, x: Tensor, *, flips: bool = False, seed: int = 0) -> None:
        if x.ndim != 4 or not len(x) or not x.is_floating_point():
            raise BadTask(f"pictures are (N, C, H, W) of floats, got {tuple(x.shape)} of {x.dtype}")
        low, high = float(x.min()), float(x.max())
        if not (low >= -1 and high <= 1):
            raise BadTask(f"pictures are in [-1, 1], got {low:g} to {high:g}", fix="scale them: x / 127.5 - 1")
        self.x, self.flips, self.seed = x, flips, seed

    def __len__(self) -> int:
        return len(self.x)

    def batch(self, items: NDArray[np.intp], epoch: int) -> tuple[Tensor, Tensor]:
        at = torch.from_numpy(items)
        x = self.x[at]
        if self.flips:
            mirrored = torch.tensor([np.random.default_rng((self.seed, epoch, int(i))).random() < 0.5 for i in items])
            x = torch.where(mirrored[:, None, None, None], x.flip(3), x)
        return x, torch.zeros(len(items), dtype=torch.int64)


def pictures(raw: NDArray[np.uint8], top: int, side: int = 0) -> Tensor:
    """Raw pictures as a diffusion takes them.

    Args:
        raw: (N, H, W) or (N, H, W, C).
        top: the number that stands for the brightest.
        side: they are resized to, bilinear; 0: as they are.

    Shapes:
        -> (N, C, H, W) float32 in [-1, 1].
    """
    x = torch.from_numpy(raw.astype(np.float32) * (2 / top) - 1)
    x = x.unsqueeze(1) if x.ndim == 3 else x.permute(0, 3, 1, 2).contiguous()
    if side and x.shape[2:] != (side, side):
        x = F.interpolate(x, (side, side), mode="bilinear", antialias=True)
    return x.clamp(-1, 1)


def noise_objective(schedule: Schedule) -> Objective:
    """The loss of the file's head for the training loop; t and ε are drawn by torch's own chance."""

    def objective(model: nn.Module, x: Tensor, target: Tensor) -> Tensor:
        # Drawn on the CPU, so that every device sees the same.
        t = torch.randint(len(schedule), (len(x),)).to(x.device)
        noise = torch.randn(x.shape).to(x.device, x.dtype)
        return F.mse_loss(model(schedule.noised(x, t, noise), t), noise)

    return objective


def noise_judge(schedule: Schedule, *, rounds: int = _ROUNDS) -> Callable[[nn.Module, Source], Measure]:
    """What decides the best epoch: `noise_error`, with the same noise each time."""
    return lambda model, source: noise_error(model, source, schedule, rounds=rounds)


def noise_error(
    model: nn.Module, source: Source, schedule: Schedule, *, rounds: int = _ROUNDS, seed: int = 0
) -> Measure:
    """Mean squared error of the noise, over all steps of the diffusion alike, in evaluation mode.

    Args:
        model: its mode is put back after.
        source: pictures.
        schedule: of the noise.
        rounds: how often each picture is asked for; steps are spread evenly.
        seed: of steps and noise.

    Raises:
        ValueError: no pictures.
    """
    errors = [
        (said - noise).square().flatten(1).mean(1).double().cpu()
        for said, noise in _asked(model, source, schedule, rounds, seed)
    ]
    each = torch.cat(errors).reshape(rounds, -1).mean(0)
    half = 1.96 * float(each.std()) / math.sqrt(len(each)) if len(each) > 1 else 0.0
    value = float(each.mean())
    return Measure("noise mse", value, value - half, value + half, len(each), higher_is_better=False)


def _asked(
    model: nn.Module, source: Source, schedule: Schedule, rounds: int, seed: int
) -> Iterator[tuple[Tensor, Tensor]]:
    """What the network says, and the noise: (B, ...) each, round by round."""
    if not len(source):
        raise ValueError("there are no pictures to measure on")
    chance = torch.Generator().manual_seed(seed)
    device = next((p.device for p in model.parameters()), torch.device("cpu"))
    was, size = model.training, len(source)
    model.eval()
    with torch.no_grad():
        for _ in range(rounds):
            # Evenly spread, so that figures of few pictures vary little.
            spread = (torch.randperm(size, generator=chance) + torch.rand(size, generator=chance)) / size
            steps = (spread * len(schedule)).long().clamp_(0, len(schedule) - 1)
            for start in range(0, size, _BATCH):
                x, _ = source.batch(np.arange(start, min(start + _BATCH, size)), 0)
                noise = torch.randn(x.shape, generator=chance)
                t = steps[start : start + len(x)]
                dirty = schedule.noised(x, t, noise)
                yield model(dirty.to(device), t.to(device)), noise.to(device)
    model.train(was)


def linear_noise_error(learn: Tensor, held: Tensor, schedule: Schedule) -> float:
    """Mean squared error of the best linear guess of the noise that is not told the step, in closed form.

    Args:
        learn: pictures that the guess is fitted on, (N, C, H, W).
        held: pictures that it is measured on.
        schedule: of the noise.
    """
    a, s = schedule.kept.sqrt(), (1 - schedule.kept).sqrt()
    power, signal, both, noise = schedule.kept.mean(), a.mean(), s.mean(), (1 - schedule.kept).mean()

    def moments(x: Tensor) -> tuple[Tensor, Tensor]:
        flat = x.flatten(1).double()
        return signal * flat.mean(0), power * (flat.T @ flat) / len(flat) + noise * torch.eye(flat.shape[1]).double()

    mean, square = moments(learn)
    covariance = square - torch.outer(mean, mean)
    weight = both * torch.linalg.inv(covariance)  # E[ε x_tᵀ] is `both` times the identity
    mean_held, square_held = moments(held)
    cross = torch.outer(mean_held, mean)
    spread = square_held - cross - cross.T + torch.outer(mean, mean)  # of x_t about the mean it was fitted with
    size = len(mean)
    error = 1 - 2 * both * weight.trace() / size + (weight @ spread @ weight.T).trace() / size
    return float(error)


def noise_power(model: nn.Module, source: Source, schedule: Schedule, times: Sequence[int], *, seed: int = 0) -> Tensor:
    """E[‖ε_θ(x_t, t)‖² / d] at some steps, over all pictures: what Analytic-DPM is told of a network and its data.

    Args:
        model: its mode is put back after.
        source: pictures that were learnt from.
        schedule: of the noise.
        times: steps.
        seed: of the noise.

    Shapes:
        -> (steps,) float64, by step; NaN at those that were not asked for.

    Source: Analytic-DPM (arXiv:2201.06503), equation 8.
    """
    chance = torch.Generator().manual_seed(seed)
    device = next((p.device for p in model.parameters()), torch.device("cpu"))
    found = torch.full((len(schedule),), math.nan, dtype=torch.float64)
    was = model.training
    model.eval()
    with torch.no_grad():
        for step in times:
            total = 0.0
            for start in range(0, len(source), _BATCH):
                x, _ = source.batch(np.arange(start, min(start + _BATCH, len(source))), 0)
                t = torch.full((len(x),), step)
                dirty = schedule.noised(x, t, torch.randn(x.shape, generator=chance))
                total += float(model(dirty.to(device), t.to(device)).square().flatten(1).mean(1).double().sum())
            found[step] = total / len(source)
    model.train(was)
    return found
