r"""From noise to pictures with a network that tells the noise, under several solvers.

    found = sample(network, schedule, (64, 1, 28, 28), solver="ddim", calls=50, seed=0)

With a = √ᾱ and σ = √(1 - ᾱ) at the step t that is left and s that is gone to, x₀ = (x - σ_t ε) / a_t (clipped), and
β = σ_t² - (a_t / a_s)² σ_s²:

    ddpm       x ~ N(((a_t / a_s) σ_s² x + a_s β x₀) / σ_t², v),  v = β ("large") or σ_s² β / σ_t² ("small")
    ddim       x = a_s x₀ + √(σ_s² - v) ε + √v z,  v = η² σ_s² (1 - a_t² / a_s²) / σ_t²
    analytic   as ddpm, with the variance that is right on average for this network and these data
    dpm        exponential integrator of second order on ε, with a call halfway
    dpm++      of second order on x₀, with what was said a step before

All chance comes from `seed`, drawn for all pictures at once, so that the size of batches changes nothing.

Source: DDPM (arXiv:2006.11239); DDIM (arXiv:2010.02502); Analytic-DPM (arXiv:2201.06503); DPM-Solver
(arXiv:2206.00927); DPM-Solver++ (arXiv:2211.01095). Spiking Diffusion Models (arXiv:2408.16467) for the steps.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import Tensor, nn

from lilliput.train.diffusion import Denoiser, Schedule

Solver = Literal["ddpm", "ddim", "analytic", "dpm", "dpm++"]
SOLVERS: tuple[Solver, ...] = get_args(Solver)
DATA = -1
"""The step of a picture without noise."""
_LAST_SPREAD = 2 * 2 / 255 * math.sqrt(math.pi / 2)
"""Analytic-DPM's largest standard deviation on the way to step 0: two grey values, as expected of a normal number."""


@dataclass(frozen=True, eq=False)
class Samples:
    """Pictures, and how often the network was asked for each."""

    x: Tensor
    calls: int


@dataclass(frozen=True)
class Move:
    """From step t to step s, which has less noise.

    Args:
        t, s: steps; s may be `DATA`.
        a_t, sigma_t, a_s, sigma_s: of the schedule.
    """

    t: int
    s: int
    a_t: float
    sigma_t: float
    a_s: float
    sigma_s: float

    @classmethod
    def between(cls, schedule: Schedule, t: int, s: int) -> Move:
        """The move between two steps of a schedule."""
        return cls(t, s, *schedule.level(t), *schedule.level(s))

    @property
    def ratio(self) -> float:
        """a_t / a_s."""
        return self.a_t / self.a_s

    @property
    def beta(self) -> float:
        """Variance that the noise between s and t has."""
        return max(self.sigma_t**2 - (self.ratio * self.sigma_s) ** 2, 0.0)

    @property
    def posterior(self) -> float:
        """Variance of x_s where x_t and the picture are known."""
        return (self.sigma_s / self.sigma_t) ** 2 * self.beta

    @property
    def gained(self) -> float:
        """h: by how much the logarithm of a / σ grows; infinite on the way to the picture."""
        return math.inf if self.s == DATA else _log_ratio(self.a_s, self.sigma_s) - _log_ratio(self.a_t, self.sigma_t)


def _log_ratio(a: float, sigma: float) -> float:
    return math.log(a / sigma)


def times_of(calls: int, steps: int) -> list[int]:
    """The steps that are visited: max(⌊last - k · steps / calls⌋, 0), and 0 in the end.

    Args:
        calls: how many before 0 is added.
        steps: of the diffusion.

    Raises:
        ValueError: fewer than one call, or more than there are steps.
    """
    if not 1 <= calls <= steps:
        raise ValueError(f"`calls` must be in [1, {steps}], the steps of the diffusion, got {calls}")
    found = [max(int(steps - 1 - steps / calls * k), 0) for k in range(calls)]
    return found if found[-1] == 0 else [*found, 0]


def picture_of(x: Tensor, noise: Tensor, move: Move, clip: bool = True) -> Tensor:
    """x₀ that the noise says."""
    found = (x - move.sigma_t * noise) / move.a_t
    return found.clamp(-1, 1) if clip else found


def posterior_mean(x: Tensor, picture: Tensor, move: Move) -> Tensor:
    """The mean of x_s where x_t and the picture are known."""
    by_x = move.ratio * move.sigma_s**2 / move.sigma_t**2
    by_picture = move.a_s * move.beta / move.sigma_t**2
    return by_x * x + by_picture * picture


def analytic_variance(move: Move, power: float) -> float:
    """The best variance of a step, given E[‖ε‖² / d] at the step that is left.

    Source: arXiv:2201.06503, theorem 1 and its bounds for data in [-1, 1].
    """
    left = min(max((move.sigma_t / move.a_t) ** 2 * (1 - power), 0.0), 1.0)
    whole = move.posterior + (move.a_s * move.beta / move.sigma_t**2) ** 2 * left
    return min(max(whole, 0.0), _LAST_SPREAD**2 if move.s <= 0 else 1.0)


@torch.no_grad()
def sample(
    model: nn.Module | Denoiser,
    schedule: Schedule,
    shape: Sequence[int],
    *,
    solver: Solver = "ddim",
    calls: int = 50,
    seed: int = 0,
    eta: float = 0.0,
    variance: Literal["small", "large"] = "large",
    clip: bool = True,
    power: Tensor | None = None,
    times: Sequence[int] | None = None,
    start: Tensor | None = None,
    batch: int = 256,
) -> Samples:
    """Pictures from noise.

    "ddpm" asks once more at step 0 and gives the picture that is said there; the others give what they have at step 0.

    Args:
        model: tells the noise; a module is run in evaluation mode and put back after.
        schedule: of the noise that it was trained with.
        shape: (N, C, H, W).
        solver: one of `SOLVERS`.
        calls: of the network for each picture, about; "dpm" asks twice a step.
        seed: of all chance.
        eta: of "ddim": 0 has no chance in it, 1 is "ddpm" with the small variance.
        variance: of "ddpm".
        clip: pictures that are said on the way are held within [-1, 1].
        power: of "analytic": `lilliput.train.diffusion.noise_power`, (steps,).
        times: steps to visit instead, falling; the last may be `DATA`.
        start: noise to start from instead, of that shape.
        batch: pictures at once.

    Raises:
        ValueError: an argument out of range.
    """
    _check(schedule, solver, eta, power, shape, start)
    wanted = (
        list(times) if times is not None else times_of(max(calls // 2, 1) if solver == "dpm" else calls, len(schedule))
    )
    if solver == "ddpm" and wanted[-1] == 0 and times is None:
        wanted.append(DATA)
    if any(not len(schedule) > a > b >= DATA for a, b in itertools.pairwise(wanted)) or len(wanted) < 2:
        raise ValueError(f"`times` must fall from below {len(schedule)} to {DATA} or above, got {wanted[:4]}…")
    chance = torch.Generator().manual_seed(seed)
    x = torch.randn(tuple(shape), generator=chance) if start is None else start
    with _evaluating(model):
        run = _Run(model, schedule, solver, eta, variance, clip, power, batch, chance)
        for t, s in itertools.pairwise(wanted):
            x = run.step(x, Move.between(schedule, t, s))
    return Samples(x, run.calls)


def _check(
    schedule: Schedule, solver: str, eta: float, power: Tensor | None, shape: Sequence[int], start: Tensor | None
) -> None:
    if solver not in SOLVERS:
        raise ValueError(f"`solver` must be one of {', '.join(SOLVERS)}, got {solver!r}")
    if not 0 <= eta <= 1:
        raise ValueError(f"`eta` must be in [0, 1], got {eta}")
    if solver == "analytic" and (power is None or len(power) != len(schedule)):
        raise ValueError(f"`power` must be ({len(schedule)},) for analytic: `noise_power` measures it")
    if not shape or min(shape) < 1:
        raise ValueError(f"`shape` must be (N, C, H, W), each at least 1, got {tuple(shape)}")
    if start is not None and start.shape != tuple(shape):
        raise ValueError(f"`start` must be {tuple(shape)}, got {tuple(start.shape)}")


@contextmanager
def _evaluating(model: nn.Module | Denoiser) -> Iterator[None]:
    """Statistics of a batch must not pass between pictures."""
    was = model.training if isinstance(model, nn.Module) else False
    if isinstance(model, nn.Module):
        model.eval()
    try:
        yield
    finally:
        if isinstance(model, nn.Module):
            model.train(was)


@dataclass
class _Run:
    model: nn.Module | Denoiser
    schedule: Schedule
    solver: Solver
    eta: float
    variance: str
    clip: bool
    power: Tensor | None
    batch: int
    chance: torch.Generator
    calls: int = 0
    before: tuple[Tensor, float] | None = None  # of dpm++: the picture said last, and the h of that step

    def step(self, x: Tensor, move: Move) -> Tensor:
        noise = self._asked(x, move.t)
        picture = picture_of(x, noise, move, self.clip)
        if move.s == DATA and self.solver != "analytic":
            return picture
        if self.solver == "ddim":
            return self._ddim(noise, picture, move)
        if self.solver == "dpm":
            return self._dpm(x, noise, move)
        if self.solver == "dpm++":
            return self._dpm_plus(x, picture, move)
        return self._drawn(posterior_mean(x, picture, move), self._variance(move))

    def _asked(self, x: Tensor, t: int) -> Tensor:
        self.calls += 1
        device = _device_of(self.model)
        parts = [
            self.model(part.to(device), torch.full((len(part),), t, device=device)).to(x.device, x.dtype)
            for part in torch.split(x, self.batch)
        ]
        return torch.cat(parts)

    def _drawn(self, mean: Tensor, variance: float) -> Tensor:
        if not variance:
            return mean
        return mean + math.sqrt(variance) * torch.randn(mean.shape, generator=self.chance).to(mean)

    def _variance(self, move: Move) -> float:
        if self.solver == "analytic":
            assert self.power is not None
            power = float(self.power[move.t])
            if math.isnan(power):
                raise ValueError(f"`power` has no figure for step {move.t}: measure it at all steps of `times_of`")
            return analytic_variance(move, power)
        return move.beta if self.variance == "large" else move.posterior

    def _ddim(self, noise: Tensor, picture: Tensor, move: Move) -> Tensor:
        spread = self.eta**2 * move.sigma_s**2 * (1 - move.ratio**2) / move.sigma_t**2
        towards = math.sqrt(max(move.sigma_s**2 - spread, 0.0))
        return self._drawn(move.a_s * picture + towards * noise, spread)

    def _dpm(self, x: Tensor, noise: Tensor, move: Move) -> Tensor:
        """First order where there is no step between the two, second order else."""
        whole, between = math.expm1(move.gained), self._between(move)
        moved = x * (move.a_s / move.a_t) - move.sigma_s * whole * noise
        if between is None:
            return moved
        half = Move.between(self.schedule, move.t, between)
        share = half.gained / move.gained
        middle = x * (half.a_s / half.a_t) - half.sigma_s * math.expm1(half.gained) * noise
        change = self._asked(middle, between) - noise
        return moved - move.sigma_s * whole / (2 * share) * change

    def _between(self, move: Move) -> int | None:
        """The step nearest to halfway."""
        steps = range(move.s + 1, move.t)
        halves = [abs(Move.between(self.schedule, move.t, step).gained - move.gained / 2) for step in steps]
        return steps[halves.index(min(halves))] if halves else None

    def _dpm_plus(self, x: Tensor, picture: Tensor, move: Move) -> Tensor:
        gained, said = move.gained, picture
        # The last move is so much longer than those before that nothing can be told from them.
        if self.before is not None and move.s > 0:
            last, before = self.before
            said = picture + gained / (2 * before) * (picture - last)
        self.before = picture, gained
        return x * (move.sigma_s / move.sigma_t) - move.a_s * math.expm1(-gained) * said


def _device_of(model: nn.Module | Denoiser) -> torch.device:
    parameters = model.parameters() if isinstance(model, nn.Module) else iter(())
    return next((p.device for p in parameters), torch.device("cpu"))
