"""Where the marks of a plot stand: axes with round ticks, a scatter of cost against metric, dots along a line.

A template draws the figures below as SVG and prints the same figures as a table; nothing here writes a tag.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lilliput.core.units import format_bytes, format_count, format_ms, format_uj
from lilliput.web.sync import figure

WIDTH, HEIGHT = 640, 380
LEFT, RIGHT, TOP, BOTTOM = 64, 20, 16, 52
LOG_FROM = 8.0
"""A cost whose largest value is this many times its smallest is drawn on a logarithmic axis."""

COST_WORDS = {
    "flash": "flash", "sram": "SRAM", "macs": "multiply-accumulates", "params": "parameters", "energy": "energy",
    "instructions": "instructions", "latency": "time of one inference",
}  # fmt: skip

COST_SHORT = {**COST_WORDS, "macs": "MACs", "latency": "time"}


def cost_text(cost: str, value: float | None) -> str:
    """A cost as people read it, with its unit."""
    if value is None:
        return "–"
    if cost in ("flash", "sram"):
        return format_bytes(round(value))
    if cost == "energy":
        return format_uj(value)
    return format_ms(value) if cost == "latency" else format_count(round(value))


@dataclass(frozen=True)
class Tick:
    """A line across the plot: where it lies in pixels, and its label."""

    at: float
    label: str


@dataclass(frozen=True)
class Axis:
    """A range of values on a line of pixels.

    Args:
        low, high: values at its ends; low < high, both above 0 where it is logarithmic.
        start, stop: the ends in pixels.
        is_log: whether equal steps are equal ratios.
    """

    low: float
    high: float
    start: float
    stop: float
    is_log: bool = False

    def at(self, value: float) -> float:
        """Where a value lies, in pixels, rounded to a tenth."""
        low, high, value = (math.log(v) if self.is_log else v for v in (self.low, self.high, value))
        return round(self.start + (value - low) / (high - low) * (self.stop - self.start), 1)


def axis(values: Sequence[float], start: float, stop: float, *, may_be_log: bool = False) -> Axis:
    """An axis that holds all of `values`, with a little room at both ends."""
    low, high = min(values), max(values)
    if may_be_log and low > 0 and high / low >= LOG_FROM:
        room = (high / low) ** 0.06
        return Axis(low / room, high * room, start, stop, is_log=True)
    room = (high - low) * 0.08 or abs(high) * 0.1 or 1.0
    return Axis(low - room, high + room, start, stop)


def ticks(on: Axis, *, binary: bool = False, most: int = 7) -> list[float]:
    """Round values on an axis: 1, 2 or 5 times a power of ten; powers of two for bytes."""
    if on.is_log or binary:
        found = _powers(on, 2.0 if binary else 10.0)
        if on.is_log and len(found) < 3 and not binary:
            found = sorted(v for power in _powers(on, 10.0, 1) for v in (power, 2 * power, 5 * power)
                           if on.low <= v <= on.high)  # fmt: skip
        if len(found) >= 2:
            return found[:: -(-len(found) // most)]
    step = _round_step((on.high - on.low) / (most - 1))
    first = math.ceil(on.low / step)
    return [round(index * step, 12) for index in range(first, math.floor(on.high / step) + 1)]


def _powers(on: Axis, base: float, more: int = 0) -> list[float]:
    if on.low <= 0:
        return []
    first, last = math.ceil(math.log(on.low, base)) - more, math.floor(math.log(on.high, base))
    return [base**power for power in range(first, last + 1)]


def _round_step(least: float) -> float:
    power = 10.0 ** math.floor(math.log10(least))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= least * (1 - 1e-9))


def scatter(
    front: Sequence[Mapping[str, Any]], cloud: Sequence[Mapping[str, Any]], cost: str, metric: str, *, higher: bool
) -> dict[str, Any]:
    """Metric against cost: a mark for each contender, and the line below which nothing is on the front.

    Args:
        front: contenders that nothing beats, the cheapest first.
        cloud: others.
        cost: column of the horizontal axis.
        metric: words at the vertical axis.
        higher: whether more of the metric is better.
    """
    rows = [*cloud, *front]
    across = axis([row[cost] for row in rows], LEFT, WIDTH - RIGHT, may_be_log=True)
    up = axis([row["mean"] for row in rows], HEIGHT - BOTTOM, TOP)
    marks = [_mark(row, across.at(row[cost]), up.at(row["mean"]), cost) for row in rows]
    corner, steps = marks[len(cloud) :], []
    for mark in corner[1:]:
        steps += [f"H{mark['x']}", f"V{mark['y']}"]
    line = f"M{corner[0]['x']} {corner[0]['y']} {' '.join(steps)} H{WIDTH - RIGHT}" if corner else ""
    return {
        "width": WIDTH, "height": HEIGHT, "left": LEFT, "right": WIDTH - RIGHT, "top": TOP, "base": HEIGHT - BOTTOM,
        "marks": marks, "line": line,
        "across": [Tick(across.at(v), cost_text(cost, v)) for v in ticks(across, binary=cost in ("flash", "sram"))],
        "up": [Tick(up.at(v), figure(v)) for v in ticks(up)],
        "x": COST_WORDS[cost] + (", each step a ratio" if across.is_log else ""),
        "y": f"{metric}, {'higher' if higher else 'lower'} is better",
    }  # fmt: skip


def _mark(row: Mapping[str, Any], x: float, y: float, cost: str) -> dict[str, Any]:
    told = f"{row['label']}: {figure(row['mean'], row['unit'])} at {cost_text(cost, row[cost])}"
    return {"x": x, "y": y, "run": row["run"], "told": told, "on_front": row["on_front"]}


def strips(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """A line for each row with a dot for each seed and a bar at their mean.

    Args:
        rows: each with `label`, `seeds` (seed → value), `mean` and `unit`.
    """
    left, line, top = 12, 46, 8
    values = [value for row in rows for value in row["seeds"].values()]
    across = axis(values, left + 10, WIDTH - RIGHT - 10)
    base = top + line * len(rows)
    return {
        "width": WIDTH, "height": base + 34, "left": left, "right": WIDTH - RIGHT, "base": base,
        "rows": [
            {
                "label": row["label"], "y": top + line * place + 34, "mean": across.at(row["mean"]),
                "dots": [{"x": across.at(v), "told": f"{row['label']}, seed {s}: {figure(v, row['unit'])}"}
                         for s, v in sorted(row["seeds"].items())],
            }
            for place, row in enumerate(rows)
        ],
        "across": [Tick(across.at(v), figure(v)) for v in ticks(across)],
    }  # fmt: skip
