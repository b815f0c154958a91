"""Accuracy against cost as a drawing: a line a network, from its first answers to its last one.

Plain SVG, readable in dark mode. Costs are logarithmic; networks that no cheaper point reaches make the front.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lilliput.core.svg import UNCLEAR, document, dot, line, path, text
from lilliput.spiking.comparison import front

Curve = Sequence[tuple[float, float]]
"""Points (cost, share of right answers), as the network runs longer."""

_LEFT, _TOP, _WIDE, _HIGH, _KEY, _BOTTOM = 60, 40, 560, 380, 190, 48
_LINE = 17
"""Pixels of a line of the key."""
_FRONT = 6.0
"""Width of the line of the front."""


@dataclass(frozen=True)
class _Scale:
    """Where costs (powers of ten between which all lie) and accuracies are drawn."""

    low: int
    high: int

    def x(self, cost: float) -> float:
        return _LEFT + (math.log10(cost) - self.low) / (self.high - self.low) * _WIDE

    def y(self, accuracy: float) -> float:
        return _TOP + (1 - accuracy) * _HIGH


def trade_off_svg(curves: Mapping[str, Curve], title: str, cost: str) -> str:
    """The drawing as an SVG document.

    Args:
        curves: by name; points whose cost is 0 have no place and are left out.
        title: heading.
        cost: what costs are, with their unit.

    Raises:
        ValueError: no point has a cost above 0, or an accuracy is outside of [0, 1].
    """
    shown = {name: [point for point in curve if point[0] > 0] for name, curve in curves.items()}
    costs = [at for curve in shown.values() for at, _ in curve]
    if not costs or not all(0 <= share <= 1 for curve in shown.values() for _, share in curve):
        raise ValueError("a drawing needs points with costs above 0 and accuracies in [0, 1]")
    low, high = math.floor(math.log10(min(costs))), math.ceil(math.log10(max(costs)))
    scale = _Scale(low, max(high, low + 1))
    width, height = _LEFT + _WIDE + _KEY, max(_TOP + _HIGH + _BOTTOM, _TOP + _LINE * (len(shown) + 2))
    parts = [text(_LEFT, 20, title, anchor="start", title=True), *_axes(scale, cost), _front(shown, scale)]
    for number, (name, curve) in enumerate(shown.items()):
        parts += _curve(number, name, curve, scale, len(shown))
    return document(width, height, title, parts)


def _axes(scale: _Scale, cost: str) -> list[str]:
    parts = []
    for tenth in range(0, 11, 2):
        y = scale.y(tenth / 10)
        parts.append(line(_LEFT, y, _LEFT + _WIDE, y, kind="grid"))
        parts.append(text(_LEFT - 6, y + 4, f"{tenth * 10} %", anchor="end"))
    for power in range(scale.low, scale.high + 1):
        x = scale.x(10.0**power)
        parts.append(line(x, _TOP, x, _TOP + _HIGH, kind="grid"))
        parts.append(text(x, _TOP + _HIGH + 16, f"{10.0**power:g}"))
    return [*parts, text(_LEFT + _WIDE / 2, _TOP + _HIGH + 36, cost)]


def _front(shown: Mapping[str, Curve], scale: _Scale) -> str:
    points = [point for curve in shown.values() for point in curve]
    best = [(scale.x(points[n][0]), scale.y(points[n][1])) for n in front(points)]
    return path(best, UNCLEAR, width=_FRONT, opacity=0.25)


def _curve(number: int, name: str, curve: Curve, scale: _Scale, count: int) -> list[str]:
    """Points, the line through them, a number at the last one, and a line of the key."""
    colour = f"hsl({360 * number // count} 65% {38 + 14 * (number % 2)}%)"
    key = _LEFT + _WIDE + 16
    y = _TOP + _LINE * number + 8
    parts = [dot(key, y, 4, colour), text(key + 10, y + 4, f"{number + 1} {name}", anchor="start")]
    if not curve:
        return parts
    at = [(scale.x(cost), scale.y(share)) for cost, share in curve]
    parts.append(path(at, colour))
    for (x, y_at), (cost, share) in zip(at, curve, strict=True):
        parts.append(dot(x, y_at, 3, colour, tip=f"{name}: {100 * share:.1f} % at {cost:,.4g}"))
    x, y_at = at[-1]
    return [*parts, text(x + 5, y_at - 4, str(number + 1), anchor="start", colour=colour)]
