"""Fields as pictures, and errors against what a network costs as a drawing."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Picture = NDArray[np.uint8]
COLUMNS = ("given", "solved", "network", "error, its own scale")

# Dark blue, teal, green, yellow: brightness rises all the way, so that it can be read without colours too.
_STOPS = np.array([[38, 20, 72], [44, 84, 130], [38, 140, 126], [122, 196, 84], [250, 230, 60]], np.float64)
_WIDE, _HIGH, _LEFT, _TOP, _BOTTOM, _KEY = 460, 320, 64, 40, 48, 170
_COLOURS = ("#b5541c", "#1f5f8b", "#4a7a35", "#7a3b7a", "#8a6d1f", "#444444", "#2f8f8f", "#a03050")


def coloured(field: Array, low: float, high: float) -> Picture:
    """Values from `low` (dark) to `high` (bright).

    Shapes:
        (H, W) -> (H, W, 3).
    """
    at = np.clip((field - low) / max(high - low, 1e-30), 0, 1) * (len(_STOPS) - 1)
    below = np.minimum(at.astype(int), len(_STOPS) - 2)
    share = (at - below)[..., None]
    return np.round(_STOPS[below] * (1 - share) + _STOPS[below + 1] * share).astype(np.uint8)


def drawn_fields(given: Array, solved: Array, found: Array, *, side: int = 132, gap: int = 6) -> Picture:
    """A line a sample: what was given, the solution, the network's, and where they differ.

    The solution and the network's share a scale; differences have one of their own.

    Args:
        given: what the operator takes.
        solved: the solution.
        found: the network's.
        side: pixels a field, at least.
        gap: white between fields.

    Shapes:
        (N, H, W) each -> one picture.
    """
    lines = []
    for a, u, v in zip(given, solved, found, strict=True):
        difference = np.abs(v - u)
        tiles = [
            coloured(a, float(a.min()), float(a.max())),
            coloured(u, float(u.min()), float(u.max())),
            coloured(v, float(u.min()), float(u.max())),
            coloured(difference, 0.0, float(difference.max())),
        ]
        times = max(1, side // len(a))
        lines.append(_joined([tile.repeat(times, 0).repeat(times, 1) for tile in tiles], gap, axis=1))
    return _joined(lines, gap, axis=0)


def _joined(tiles: Sequence[Picture], gap: int, axis: int) -> Picture:
    padded = [np.pad(tile, [(gap if a == axis else 0, 0) for a in (0, 1)] + [(0, 0)], constant_values=255)
              for tile in tiles]  # fmt: skip
    return np.concatenate(padded, axis)


def costs_svg(points: Mapping[str, tuple[float, Sequence[float]]], title: str, cost: str = "parameters") -> str:
    """Errors upwards and costs to the right, both logarithmic; a stroke from the least to the largest of the seeds.

    Args:
        points: name → (cost, error of each seed), all above 0.
        title: heading.
        cost: what costs are.

    Raises:
        ValueError: no points, or a value that is not above 0.
    """
    values = [error for _, errors in points.values() for error in errors]
    costs = [at for at, _ in points.values()]
    if not values or min(*values, *costs, 1.0) <= 0:
        raise ValueError("a drawing needs points with costs and errors above 0")
    across, up = _ticks(min(costs), max(costs)), _ticks(min(values), max(values))
    parts = [f'<text x="{_LEFT}" y="22" font-size="14">{escape(title)}</text>']
    for value in across:
        x = _place(value, across, _WIDE) + _LEFT
        parts.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP}" y2="{_TOP + _HIGH}" stroke="#ddd"/>')
        parts.append(f'<text x="{x:.1f}" y="{_TOP + _HIGH + 18}" text-anchor="middle">{value:,.0f}</text>')
    for value in up:
        y = _TOP + _HIGH - _place(value, up, _HIGH)
        parts.append(f'<line x1="{_LEFT}" x2="{_LEFT + _WIDE}" y1="{y:.1f}" y2="{y:.1f}" stroke="#ddd"/>')
        parts.append(f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{100 * value:g} %</text>')
    for index, (name, (at, errors)) in enumerate(points.items()):
        colour = _COLOURS[index % len(_COLOURS)]
        x = _LEFT + _place(at, across, _WIDE)
        ys = [
            _TOP + _HIGH - _place(error, up, _HIGH) for error in (min(errors), sum(errors) / len(errors), max(errors))
        ]
        parts.append(
            f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{ys[0]:.1f}" y2="{ys[2]:.1f}" stroke="{colour}" stroke-width="2"/>'
        )
        parts.append(f'<circle cx="{x:.1f}" cy="{ys[1]:.1f}" r="5" fill="{colour}"/>')
        key = _TOP + 20 * index + 10
        parts.append(f'<circle cx="{_LEFT + _WIDE + 20}" cy="{key - 4}" r="5" fill="{colour}"/>')
        parts.append(f'<text x="{_LEFT + _WIDE + 32}" y="{key}">{escape(name)}</text>')
    parts.append(f'<text x="{_LEFT + _WIDE / 2}" y="{_TOP + _HIGH + 38}" text-anchor="middle">{escape(cost)}</text>')
    width, height = _LEFT + _WIDE + _KEY, _TOP + _HIGH + _BOTTOM
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" font-family="sans-serif" '
        f'font-size="12"><title>{escape(title)}</title><rect width="{width}" height="{height}" fill="#fff"/>'
    )
    return "\n".join([head, *parts, "</svg>"]) + "\n"


def _ticks(low: float, high: float) -> list[float]:
    """1, 2 and 5 times powers of ten around the values, the ends outside of them."""
    powers = range(math.floor(math.log10(low)) - 1, math.ceil(math.log10(high)) + 2)
    marks = [times * 10.0**power for power in powers for times in (1, 2, 5)]
    first = max(i for i, mark in enumerate(marks) if mark < low)
    last = min(i for i, mark in enumerate(marks) if mark > high)
    return marks[first : last + 1]


def _place(value: float, ticks: Sequence[float], length: float) -> float:
    return length * math.log(value / ticks[0]) / math.log(ticks[-1] / ticks[0])
