r"""Numbers into spikes. All encoders give (T, ...) of 0 and 1 in x's float type, time first.

What they may cost differs: `rate` fires in proportion to the value, `latency` and `rank_order` once a value at most,
`delta` only where something changes, `direct` leaves the numbers as they are, so that the first layer multiplies;
events of a camera are spikes already, and `frames` puts them in order.

Axes: T time steps, N values of a row, K receptive fields.

Source: Deep Learning in Spiking Neural Networks (arXiv:1804.08150), section 2.
"""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F


def direct(x: Tensor, steps: int) -> Tensor:
    """The numbers themselves as a current, the same at each step: (...) -> (T, ...). No spikes."""
    _check_steps(steps)
    return x.unsqueeze(0).expand(steps, *x.shape)


def frames(x: Tensor, channels: int = 2) -> Tensor:
    """Frames that came as channels, as tasks of events give them, as steps: (B, T · C, ...) -> (T, B, C, ...).

    Args:
        x: counts of events.
        channels: C, of one frame.

    Raises:
        ValueError: the channels are no whole number of frames.
    """
    if x.ndim < 2 or channels < 1 or x.shape[1] % channels or not x.shape[1]:
        raise ValueError(f"`x` of {tuple(x.shape)} has no whole number of frames of {channels} channels")
    return x.reshape(len(x), -1, channels, *x.shape[2:]).transpose(0, 1)


def rate(
    x: Tensor, steps: int, *, kind: Literal["bernoulli", "poisson", "phase"] = "bernoulli",
    generator: torch.Generator | None = None,
) -> Tensor:  # fmt: skip
    """Spikes whose share of the steps is the value.

    Args:
        x: shares, in [0, 1].
        steps: T, at least 1.
        kind: "bernoulli" fires by chance x at each step; "poisson" by chance 1 - e^(-x), the chance of at least one
            event; "phase" fires whenever the sum so far passes a whole number, without chance.
        generator: where chance comes from.

    Shapes:
        x (...) -> (T, ...).

    Raises:
        ValueError: values outside, no steps, or an unknown kind.
    """
    _check_steps(steps)
    _check_shares(x)
    if kind == "phase":
        # From the step's number, not by summing up, which would lose spikes to rounding.
        number = torch.arange(steps + 1, dtype=torch.float64, device=x.device).reshape(-1, *[1] * x.ndim)
        return torch.floor(x.double() * number).diff(dim=0).to(x.dtype)
    if kind not in ("bernoulli", "poisson"):
        raise ValueError(f"`kind` must be bernoulli, poisson or phase, got {kind!r}")
    chance = x if kind == "bernoulli" else -torch.expm1(-x)
    drawn = torch.rand((steps, *x.shape), generator=generator, device=x.device)
    return (drawn < chance).to(x.dtype)


def latency(
    x: Tensor, steps: int, *, kind: Literal["linear", "log"] = "linear", tau: float = 5.0, least: float = 0.0
) -> Tensor:
    """One spike a value, the earlier the larger it is.

    Args:
        x: values in [0, 1]; 1 fires at the first step.
        steps: T, at least 1.
        kind: "linear": at (T - 1) · (1 - x). "log": at the time a leaky neuron with the constant current x reaches
            `least`, tau · ln(x / (x - least)), scaled so that what takes longest of all that fire is at the last step.
        tau: steps, of "log"; it changes nothing but by rounding.
        least: values up to it never fire; above 0 for "log".

    Shapes:
        x (...) -> (T, ...).

    Raises:
        ValueError: values outside, or arguments out of range.
    """
    _check_steps(steps)
    _check_shares(x)
    fires = x > least if least else x > 0
    if kind == "linear":
        time = (steps - 1) * (1 - x)
    elif kind == "log":
        if not 0 < least < 1 or not tau > 0:
            raise ValueError(f"`least` must be in (0, 1) and `tau` above 0, got {least} and {tau}")
        safe = torch.where(fires, x, 1.0)
        raw = tau * torch.log(safe / (safe - least))
        first = tau * math.log(1 / (1 - least))
        last = torch.where(fires, raw, first).max()
        time = (raw - first) / (last - first).clamp_min(torch.finfo(x.dtype).tiny) * (steps - 1)
    else:
        raise ValueError(f"`kind` must be linear or log, got {kind!r}")
    return _at(time.round(), fires, steps)


def rank_order(x: Tensor, steps: int) -> Tensor:
    """One spike a value above 0, in order of size; each step gets the same number of a row's spikes, but the last ones.

    Equal values keep their order in the row.

    Shapes:
        x (..., N) -> (T, ..., N).

    Raises:
        ValueError: negative values, or no steps.
    """
    _check_steps(steps)
    if bool((x < 0).any()) or not bool(torch.isfinite(x).all()):
        raise ValueError(f"`x` must be at least 0, got {float(x.min()):g}")
    place = x.argsort(dim=-1, descending=True, stable=True).argsort(dim=-1, stable=True)
    fires = x > 0
    a_step = torch.ceil(fires.sum(-1, keepdim=True) / steps).clamp_min(1)
    return _at(torch.floor(place / a_step).to(x.dtype), fires, steps)


def population(
    x: Tensor, fields: int, steps: int, *, low: float = 0.0, high: float = 1.0, least: float = 0.1
) -> Tensor:
    r"""Each value as spike times of K bell-shaped receptive fields.

        centre_k = low + (2 k - 3) / 2 · (high - low) / (K - 2),    width = (1 / 1.5) · (high - low) / (K - 2)

    The field that fits best fires first; those whose bell is at `least` or below never.

    Args:
        x: values; those outside of [low, high] excite the outer fields.
        fields: K, at least 3.
        steps: T, at least 1.
        low: end of the range.
        high: end of the range, above `low`.
        least: height of the bell, in [0, 1).

    Shapes:
        x (...) -> (T, ..., K).

    Raises:
        ValueError: arguments out of range.
    """
    _check_steps(steps)
    if fields < 3:
        raise ValueError(f"`fields` must be at least 3, got {fields}")
    if not low < high or not 0 <= least < 1:
        raise ValueError(f"`low` must be below `high` and `least` in [0, 1), got {low}, {high} and {least}")
    spacing = (high - low) / (fields - 2)
    k = torch.arange(1, fields + 1, dtype=x.dtype, device=x.device)
    centre = low + (2 * k - 3) / 2 * spacing
    bell = torch.exp(-0.5 * ((x.unsqueeze(-1) - centre) / (spacing / 1.5)).square())
    return _at(((steps - 1) * (1 - bell)).round(), bell > least, steps)


def weighted_phase(x: Tensor, steps: int, *, period: int = 8) -> Tensor:
    """Each value in binary, again in each period: a spike in its step k, from 0, is worth 2^-(k + 1).

    `decoders.from_phase` gives the value back to within 2^-period.

    Args:
        x: values in [0, 1].
        steps: T, at least 1.
        period: steps of a period, in [1, 24].

    Shapes:
        x (...) -> (T, ...).

    Raises:
        ValueError: values outside, or arguments out of range.

    Source: Deep neural networks with weighted spikes (Neurocomputing 311, 2018).
    """
    _check_steps(steps)
    _check_shares(x)
    if not 1 <= period <= 24:
        raise ValueError(f"`period` must be in [1, 24], got {period}")
    whole = torch.floor(x.double() * 2**period).clamp(max=2**period - 1).to(torch.int64)
    places = (period - 1 - torch.arange(steps, device=x.device) % period).reshape(-1, *[1] * x.ndim)
    return ((whole >> places) & 1).to(x.dtype)


def burst(x: Tensor, steps: int, *, most: int = 5, shortest: int = 2) -> Tensor:
    """One burst a value, from the first step on: the larger it is, the more spikes, and the closer to each other.

        spikes = ⌈most · x⌉,    gap = ⌈steps - (steps - shortest) · x⌉

    Spikes that would fall behind the last step are left out.

    Args:
        x: values in [0, 1].
        steps: T, at least 1.
        most: spikes of a value of 1, at least 1.
        shortest: gap of a value of 1, in steps, in [1, T].

    Shapes:
        x (...) -> (T, ...).

    Raises:
        ValueError: values outside, or arguments out of range.

    Source: Neural Coding in Spiking Neural Networks (Frontiers in Neuroscience 2021, 15:638474).
    """
    _check_steps(steps)
    _check_shares(x)
    if most < 1 or not 1 <= shortest <= steps:
        raise ValueError(f"`most` must be at least 1 and `shortest` in [1, {steps}], got {most} and {shortest}")
    count = torch.ceil(most * x)
    gap = torch.ceil(steps - (steps - shortest) * x)
    time = torch.arange(steps, dtype=x.dtype, device=x.device).reshape(-1, *[1] * x.ndim)
    number = torch.div(time, gap, rounding_mode="floor")
    return ((time - number * gap == 0) & (number < count)).to(x.dtype)


def difference_of_gaussians(x: Tensor, *, centre: float = 1.0, surround: float = 2.0, size: int = 7) -> Tensor:
    """What stands out from its surroundings, as ON and OFF: a narrow bell less a wide one, each of sum 1.

    Both are at least 0, and at most one of them is above 0 at a place, so that `latency` and `rank_order` can follow.
    Borders are continued, so that an even picture gives nothing.

    Args:
        x: pictures, (B, C, H, W).
        centre: width of the narrow bell, in pixels, above 0.
        surround: width of the wide bell, above `centre`.
        size: side of the filter, odd, at least 3.

    Shapes:
        (B, C, H, W) -> (B, 2 · C, H, W): ON and OFF of each channel in turn.

    Raises:
        ValueError: arguments out of range.

    Source: STDP-based spiking deep convolutional neural networks (arXiv:1611.01421).
    """
    if x.ndim != 4 or not 0 < centre < surround or size < 3 or size % 2 == 0:
        raise ValueError(
            f"`x` must be (B, C, H, W), 0 < `centre` < `surround` and `size` odd from 3 up, got {tuple(x.shape)}, "
            f"{centre}, {surround} and {size}"
        )
    line = torch.arange(size, dtype=x.dtype, device=x.device) - size // 2
    bells = []
    for width in (centre, surround):
        bell = torch.exp(-0.5 * (line / width).square())
        bells.append(torch.outer(bell, bell) / bell.sum().square())
    kernel = (bells[0] - bells[1]).expand(x.shape[1], 1, size, size)
    padded = F.pad(x, [size // 2] * 4, mode="replicate")
    found = F.conv2d(padded, kernel, groups=x.shape[1])
    return torch.stack([found.clamp_min(0), (-found).clamp_min(0)], 2).flatten(1, 2)


def delta(x: Tensor, threshold: float) -> Tensor:
    """Spikes where a signal has moved by `threshold` since the last one: send on delta.

    At each step at most one spike a direction, so that a fast signal is followed late. The first step starts from 0.

    Args:
        x: a signal, time first.
        threshold: above 0, in the signal's unit.

    Shapes:
        x (T, ...) -> (T, ..., 2): upwards, downwards.

    Raises:
        ValueError: `threshold` is not above 0.
    """
    if not threshold > 0:
        raise ValueError(f"`threshold` must be above 0, got {threshold}")
    _check_steps(len(x))
    sent = torch.zeros_like(x[0])
    found = []
    for now in x:
        up, down = (now - sent >= threshold).to(x.dtype), (sent - now >= threshold).to(x.dtype)
        sent = sent + threshold * (up - down)
        found.append(torch.stack([up, down], -1))
    return torch.stack(found)


def _at(time: Tensor, fires: Tensor, steps: int) -> Tensor:
    """One spike at a whole-numbered time where `fires`."""
    number = torch.arange(steps, dtype=time.dtype, device=time.device).reshape(-1, *[1] * time.ndim)
    return ((number == time) & fires).to(time.dtype)


def _check_steps(steps: int) -> None:
    if steps < 1:
        raise ValueError(f"there must be at least 1 time step, got {steps}")


def _check_shares(x: Tensor) -> None:
    if x.numel() and not bool(((x >= 0) & (x <= 1)).all()):
        raise ValueError(f"values must be in [0, 1], got {float(x.min()):g} to {float(x.max()):g}: scale them first")
