"""Accuracy against cost as a drawing: a line a network, from its first answers to its last one.

Plain SVG, readable in dark mode. Costs are logarithmic; networks that no cheaper point reaches make the front.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from lilliput.spiking.comparison import front

Curve = Sequence[tuple[float, float]]
"""Points (cost, share of right answers), as the network runs longer."""

_LEFT, _TOP, _WIDE, _HIGH, _KEY, _BOTTOM = 60, 40, 560, 380, 190, 48
_LINE = 17
"""Pixels of a line of the key."""


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
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        f'role="img" aria-label="{escape(title, {chr(34): "&quot;"})}">',
        _STYLE,
        f'<rect class="paper" width="{width}" height="{height}"/>',
        f'<text x="{_LEFT}" y="20" class="title">{escape(title)}</text>',
        *_axes(scale, cost),
        _front(shown, scale),
    ]
    for number, (name, curve) in enumerate(shown.items()):
        parts += _curve(number, name, curve, scale, len(shown))
    return "\n".join([*parts, "</svg>", ""])


def _axes(scale: _Scale, cost: str) -> list[str]:
    parts = []
    for tenth in range(0, 11, 2):
        y = scale.y(tenth / 10)
        parts.append(f'<line class="grid" x1="{_LEFT}" y1="{y:.1f}" x2="{_LEFT + _WIDE}" y2="{y:.1f}"/>')
        parts.append(f'<text class="up" x="{_LEFT - 6}" y="{y + 4:.1f}">{tenth * 10} %</text>')
    for power in range(scale.low, scale.high + 1):
        x = scale.x(10.0**power)
        parts.append(f'<line class="grid" x1="{x:.1f}" y1="{_TOP}" x2="{x:.1f}" y2="{_TOP + _HIGH}"/>')
        parts.append(f'<text class="across" x="{x:.1f}" y="{_TOP + _HIGH + 16}">{10.0**power:g}</text>')
    middle = _LEFT + _WIDE / 2
    return [*parts, f'<text class="across" x="{middle:g}" y="{_TOP + _HIGH + 36}">{escape(cost)}</text>']


def _front(shown: Mapping[str, Curve], scale: _Scale) -> str:
    points = [point for curve in shown.values() for point in curve]
    best = " ".join(f"{scale.x(points[n][0]):.1f},{scale.y(points[n][1]):.1f}" for n in front(points))
    return f'<polyline class="front" points="{best}"/>'


def _curve(number: int, name: str, curve: Curve, scale: _Scale, count: int) -> list[str]:
    """Points, the line through them, a number at the last one, and a line of the key."""
    colour = f"hsl({360 * number // count} 65% {38 + 14 * (number % 2)}%)"
    key = _LEFT + _WIDE + 16
    y = _TOP + _LINE * number + 8
    parts = [
        f'<circle cx="{key}" cy="{y}" r="4" fill="{colour}"/>',
        f'<text x="{key + 10}" y="{y + 4}">{number + 1} {escape(name)}</text>',
    ]
    if not curve:
        return parts
    at = [(scale.x(cost), scale.y(share)) for cost, share in curve]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in at)
    parts.append(f'<polyline fill="none" stroke="{colour}" stroke-width="1.5" points="{line}"/>')
    for (x, y_at), (cost, share) in zip(at, curve, strict=True):
        tip = f"{name}: {100 * share:.1f} % at {cost:,.4g}"
        parts.append(
            f'<circle cx="{x:.1f}" cy="{y_at:.1f}" r="3" fill="{colour}"><title>{escape(tip)}</title></circle>'
        )
    x, y_at = at[-1]
    return [*parts, f'<text x="{x + 5:.1f}" y="{y_at - 4:.1f}" style="fill:{colour}">{number + 1}</text>']


_STYLE = """<style>
  text { font: 11px system-ui, sans-serif; fill: #1c1c1c } .title { font-size: 14px; font-weight: 600 }
  .up { text-anchor: end } .across { text-anchor: middle } .grid { stroke: #ddd } .paper { fill: #fff }
  .front { fill: none; stroke: #888; stroke-width: 6; stroke-opacity: 0.25 }
  @media (prefers-color-scheme: dark) { .paper { fill: #16181c } text { fill: #e8e8e8 } .grid { stroke: #333 } }
</style>"""
