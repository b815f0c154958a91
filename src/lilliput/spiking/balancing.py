r"""What a share of spikes of 1 stands for, layer by layer: the threshold λ that the neurons get.

max          the largest activation on the data          no neuron is asked for more than a spike a step
percentile   all but a few activations                   fires sooner; what lies above is cut off
model        the largest activation that the weights     needs no data but its range; slow, as it is never reached
             could give

Too large a λ makes a network slow, too small a one cuts activations off.

Source: Diehl et al., Fast-Classifying, High-Accuracy Spiking Deep Networks Through Weight and Threshold Balancing
(IJCNN 2015): model and max; Rueckauer et al. (Frontiers in Neuroscience 2017, 11:682): percentile.
"""

from __future__ import annotations

import copy
import logging
from collections.abc import Iterator
from typing import Literal

import torch
from torch import Tensor, nn

from lilliput.layers.clip_floor_shift import ClipFloorShift
from lilliput.spiking.feed_forward import WEIGHTS, FeedForward, Step

Balance = Literal["max", "percentile", "model"]
BALANCES = ("max", "percentile", "model")

_LOG = logging.getLogger(__name__)
_BATCH = 256


@torch.no_grad()
def scales(plan: FeedForward, calibration: Tensor, balance: Balance, percentile: float) -> dict[int, float]:
    """λ by number of the step, of each one that becomes neurons and of the last one.

    Args:
        plan: the network.
        calibration: items, (N, ...); of them only the range is looked at for "model".
        balance: see the file's head.
        percentile: of the activations above 0, in (0, 100].
    """
    wanted = [i for i, step in enumerate(plan.steps) if step.role in ("relu", "signed")]
    last = len(plan.steps) - 1
    wanted += [last] if last not in wanted else []
    if balance == "model":
        found = _by_weights(plan, calibration, wanted)
    else:
        found = _by_data(plan, calibration, wanted, 100.0 if balance == "max" else percentile)
    for index in found:
        step = plan.steps[index]
        found[index] = _limited(step, found[index])
        if not found[index] > 0:
            _LOG.warning("%s is never above 0 on the calibration data: it will not fire", step.name)
            found[index] = 1.0
    return found


def _limited(step: Step, scale: float) -> float:
    if isinstance(step.module, ClipFloorShift):
        return float(step.module.ceiling)
    ceiling = getattr(step.module, "max_val", None)  # of ReLU6 and its kin
    return scale if ceiling is None else min(scale, float(ceiling))


def _by_data(plan: FeedForward, x: Tensor, wanted: list[int], percentile: float) -> dict[int, float]:
    tops = {index: _Top(percentile, len(x)) for index in wanted}
    for part in torch.split(x, _BATCH):
        values = plan.values(part)
        for index, top in tops.items():
            top.see(values[index].abs() if plan.steps[index].role == "signed" else values[index])
    return {index: top.value() for index, top in tops.items()}


class _Top:
    """The percentile of the numbers above 0; of all that were seen only the largest are kept."""

    def __init__(self, percentile: float, items: int) -> None:
        self.share, self.items = 1 - percentile / 100, items
        self.count, self.kept = 0, torch.empty(0)

    def see(self, values: Tensor) -> None:
        above = values[values > 0].float()
        self.count += above.numel()
        room = int(self.share * values[0].numel() * self.items) + 1
        joined = torch.cat([self.kept, above])
        self.kept = joined.topk(min(room, joined.numel())).values

    def value(self) -> float:
        return float(self.kept[int(self.share * (self.count - 1))]) if self.count else 0.0


def _by_weights(plan: FeedForward, x: Tensor, wanted: list[int]) -> dict[int, float]:
    """Bounds from layer to layer; behind a ReLU the whole layer takes its largest bound."""
    low: list[Tensor] = []
    high: list[Tensor] = []
    found: dict[int, float] = {}
    for index, step in enumerate(plan.steps):
        if step.role == "input":
            some = x[:1]
            low.append(torch.full_like(some, float(x.min())))
            high.append(torch.full_like(some, float(x.max())))
        elif step.role == "add":
            low.append(low[step.reads[0]] + low[step.reads[1]])
            high.append(high[step.reads[0]] + high[step.reads[1]])
        elif step.role == "weights":
            assert step.module is not None
            bounds = _through(step.module, low[step.reads[0]], high[step.reads[0]])
            low.append(bounds[0])
            high.append(bounds[1])
        else:
            assert step.module is not None
            (source,) = step.reads
            low.append(step.module(low[source]))
            high.append(step.module(high[source]))
        if index in wanted:
            found[index] = _limited(step, float(high[index].max()))
        if step.role == "signed":
            found[index] = max(found[index], -float(low[index].min()))
        if step.role == "relu":
            low[index] = torch.zeros_like(low[index])
            high[index] = torch.full_like(high[index], max(found[index], 0.0))
    return found


def _through(layer: nn.Module, low: Tensor, high: Tensor) -> tuple[Tensor, Tensor]:
    bias = layer(torch.zeros_like(low))
    up, down = _signed(layer)
    return up(low) + down(high) + bias, up(high) + down(low) + bias


def _signed(layer: nn.Module) -> Iterator[nn.Module]:
    """The layer with its positive weights only, and with its negative ones; both without bias."""
    for clamp in ({"min": 0.0}, {"max": 0.0}):
        part = copy.deepcopy(layer)
        assert isinstance(part, WEIGHTS)
        part.weight.clamp_(**clamp)
        part.bias = None
        yield part
