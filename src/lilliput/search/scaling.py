"""The widest network of a family that fits a budget, at the resolution and the depth that a rule says.

The rule's own formula for the width, sqrt(share / (resolution² · depth)), overshoots: the first and the last layer do
not shrink with the rest, and channels are rounded. So the width is found by bisection over costs that are counted.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol

import torch
from torch import nn

from lilliput.core.budget import Budget
from lilliput.core.cost import Cost
from lilliput.core.errors import BadSetting, DoesNotFit
from lilliput.core.units import grouped
from lilliput.models import models
from lilliput.models.cost import count_macs, count_params
from lilliput.models.shapes import shapes_only
from lilliput.search.formula import Formula, TinyFormula

_LOG = logging.getLogger(__name__)

LEAST_WIDTH = 1 / 16
_STEPS = 12  # of the bisection: widths to a four-thousandth
_SHARES = 16  # that are tried where no budget of computation says which
_LEAST_SHARE = 0.04

Solve = Literal["counted", "closed"]


class Scalable(Protocol):
    """The config of a family that can be scaled."""

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of one input."""

    def scaled(self, resolution: float, depth: float, width: float) -> Any:
        """The config with its sides, blocks and channels multiplied."""


@dataclass(frozen=True)
class Scaled:
    """A network that fits.

    Args:
        config: rebuilds it: `create_model(name, **vars(config))`.
        resolution, depth, width: what the base was multiplied by.
        share: its multiply-accumulates through those of the base.
        cost: counted.
    """

    config: Any
    resolution: float
    depth: float
    width: float
    share: float
    cost: Cost


def scale_to_budget(
    name: str,
    budget: Budget,
    *,
    formula: Formula | None = None,
    solve: Solve = "counted",
    allow_enlarge: bool = False,
    **changes: Any,
) -> Scaled:
    """The widest form of a registered network that keeps every limit of a budget.

    Where the budget limits computation, its share decides resolution and depth, and other limits narrow the network.
    Where it does not, or no width keeps the others, smaller shares are tried, and the one that leaves most computation
    is taken.

    Args:
        name: of a network whose config has `scaled`, as `efficientnet_b0`.
        budget: macs, flash (weights of 8 bits with their tables) and sram (activations of 8 bits, layer by layer).
        formula: the rule; none: `TinyFormula.default()`.
        solve: "counted" finds the width by counting; "closed" takes the formula's width, which overshoots.
        allow_enlarge: accept a budget above what the network costs.
        **changes: of the base network's config: classes, channels.

    Raises:
        UnknownName, BadSetting: LP100, LP101, of the name and the changes; no limit, one that is not counted here, or
            a budget above the network's own cost.
        DoesNotFit: LP401, even the narrowest network is too large; the message tells its cost.
    """
    base = models[name].configure(**changes)
    if not hasattr(base, "scaled"):
        raise BadSetting(f"model {name} cannot be scaled", why="its config has no rule for it", fix="efficientnet_b0")
    unknown = set(budget.limits()) - {"macs", "flash_bytes", "sram_bytes"}
    if unknown or not budget.limits():
        what = f"limits {', '.join(sorted(unknown))}" if unknown else "has no limit"
        raise BadSetting(f"the budget {what}", why="scaling counts macs, flash and sram")
    measure = _Measure(models[name].network, base, budget)
    rule = formula or TinyFormula.default()
    if budget.macs is None:
        return _best_of_shares(name, measure, rule, solve, 1.0)
    share = budget.macs / measure.base_macs
    if share > 1 and not allow_enlarge:
        raise BadSetting(
            f"{grouped(budget.macs)} multiply-accumulates are more than the {grouped(measure.base_macs)} of {name}",
            why="the rule was made for shrinking",
            fix="allow enlarging, or take a larger base network",
        )
    known = getattr(rule, "known", None)
    if known is not None and not _LEAST_SHARE <= share <= 1:
        _LOG.warning("a share of %.3g lies outside of what the rule was fitted to, %.3g to %.3g", share, *known)
    try:
        return _at_share(name, measure, rule, share, solve)
    except DoesNotFit:
        if budget.flash_bytes is budget.sram_bytes is None:
            raise
    return _best_of_shares(name, measure, rule, solve, share)


class _Measure:
    """Costs of scaled forms of one network, each counted once; memory, which takes long, only where the rest fits."""

    def __init__(self, network: Callable[[Any], nn.Module], base: Scalable, budget: Budget) -> None:
        self.network, self.base, self.budget = network, base, budget
        self.memory: dict[tuple[object, ...], int] = {}
        self.base_macs = self._cheap(base)[0].macs or 0

    def scaled(self, resolution: float, depth: float, width: float) -> tuple[Any, Cost]:
        config = self.base.scaled(resolution, depth, width)
        cost, shapes = self._cheap(config)
        if self.budget.sram_bytes is None or not self.budget.fits(cost):
            return config, cost
        # Widths that round to the same channels are the same network.
        key = (config.input_shape, shapes)
        if key not in self.memory:
            self.memory[key] = activation_bytes(self.network, config)
        return config, replace(cost, sram_bytes=self.memory[key])

    def _cheap(self, config: Any) -> tuple[Cost, tuple[torch.Size, ...]]:
        with shapes_only():
            model = self.network(config).eval()
        params = count_params(model).trainable
        cost = Cost(macs=count_macs(model, config.input_shape), params=params, flash_bytes=weight_bytes(model))
        return cost, tuple(p.shape for p in model.parameters())


def _at_share(name: str, measure: _Measure, rule: Formula, share: float, solve: Solve) -> Scaled:
    resolution, depth = rule.shape_at(share)

    def at(width: float) -> Scaled:
        try:
            config, cost = measure.scaled(resolution, depth, width)
        except ValueError as error:
            raise DoesNotFit(f"{name} cannot shrink to a share of {share:.3g}: {error}") from error
        return Scaled(config, resolution, depth, width, (cost.macs or 0) / measure.base_macs, cost)

    closed = math.sqrt(share / (resolution**2 * depth))
    if solve == "closed":
        return at(closed)
    least = at(LEAST_WIDTH)
    measure.budget.check(
        least.cost,
        owner="the budget",
        why=f"the narrowest form of {name} at this share has {grouped(least.cost.macs or 0)} multiply-accumulates, "
        f"{grouped(least.cost.flash_bytes or 0)} B of weights, a picture of {resolution:.3g} "
        f"and a depth of {depth:.3g}",
        fix="a smaller base network, or fewer classes",
    )
    return _widest(at, measure.budget, 2 * max(closed, LEAST_WIDTH))


def _widest(at: Callable[[float], Scaled], budget: Budget, high: float) -> Scaled:
    low, best = LEAST_WIDTH, at(LEAST_WIDTH)
    while budget.fits(at(high).cost) and high < 64:
        low, best, high = high, at(high), high * 2
    for _ in range(_STEPS):
        middle = (low + high) / 2
        found = at(middle)
        if budget.fits(found.cost):
            low, best = middle, found
        else:
            high = middle
    return best


def _best_of_shares(name: str, measure: _Measure, rule: Formula, solve: Solve, start: float) -> Scaled:
    best, refused, budget = None, None, measure.budget
    for step in range(_SHARES):
        share = start * (_LEAST_SHARE / max(start, 2 * _LEAST_SHARE)) ** (step / (_SHARES - 1))
        measure.budget = replace(budget, macs=int(share * measure.base_macs))
        try:
            found = _at_share(name, measure, rule, share, solve)
        except DoesNotFit as error:
            refused = error
            continue
        finally:
            measure.budget = budget
        if best is None or (found.cost.macs or 0) > (best.cost.macs or 0):
            best = found
    if best is None:
        raise refused or DoesNotFit(f"no form of {name} fits")
    return best


def weight_bytes(model: nn.Module) -> int:
    """Flash of a network's weights in 8 bits, normalisations folded into the layers before them.

    A byte a weight, and for each output 4 bytes of bias, 4 of multiplier and 1 of shift.
    """
    total = 0
    for module in model.modules():
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            total += module.weight.numel() + 9 * module.weight.shape[0]
    return total


def activation_bytes(network: Callable[[Any], nn.Module], config: Any) -> int:
    """Largest sum of live activations in 8 bits, depthwise layers in place: the ruler of `compiler.patch.cost`."""
    from lilliput.compiler.frontends.torch_export import from_torch
    from lilliput.compiler.passes import simplify
    from lilliput.compiler.patch.cost import peak_bytes, value_bytes

    with torch.random.fork_rng(devices=()):
        model = network(config).eval()
    graph = simplify(from_torch(model, torch.zeros(1, *config.input_shape)))
    return peak_bytes(graph, graph.nodes, value_bytes(graph, 1), in_place=True)


def changes_of(scaled: Scaled, name: str) -> dict[str, object]:
    """The settings in which a scaled network differs from the registered one."""
    before = vars(models[name].defaults)
    return {key: value for key, value in vars(scaled.config).items() if value != before[key]}


def describe(scaled: Scaled) -> Mapping[str, object]:
    """Plain values for a table."""
    cost = {key: value for key, value in vars(scaled.cost).items() if value is not None}
    factors = {key: round(getattr(scaled, key), 4) for key in ("resolution", "depth", "width", "share")}
    return {**factors, **cost, "config": dict(vars(scaled.config))}
