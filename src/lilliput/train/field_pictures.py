"""Fields as pictures, and errors against what a network costs as a drawing."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lilliput.core.svg import document, dot, line, path, text

Array = NDArray[Any]
Picture = NDArray[np.uint8]
COLUMNS = ("given", "solved", "network", "error, its own scale")

# Dark blue, teal, green, yellow: brightness rises all the way, so that it can be read without colours too.
_STOPS = np.array([[38, 20, 72], [44, 84, 130], [38, 140, 126], [122, 196, 84], [250, 230, 60]], np.float64)
_WIDE, _HIGH, _LEFT, _TOP, _BOTTOM, _KEY = 460, 320, 64, 40, 48, 170


def coloured(field: Array, low: float, high: float) -> Picture:
    """Values from `low` (dark) to `high` (bright).

    Shapes:
        (H, W) -> (H, W, 3).
    """
    at = np.clip((field - low) / max(high - low, 1e-30), 0, 1) * (len(_STOPS) - 1)
    below = np.minimum(at.astype(int), len(_STOPS) - 2)
    share = (at - below)[..., None]
    made: Picture = np.round(_STOPS[below] * (1 - share) + _STOPS[below + 1] * share).astype(np.uint8)
    return made


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
    parts = [text(_LEFT, 22, title, anchor="start", title=True), *_axes(across, up, cost)]
    for index, (name, (at, errors)) in enumerate(points.items()):
        colour = f"hsl({360 * index // len(points)} 65% {38 + 14 * (index % 2)}%)"
        x, key = _LEFT + _place(at, across, _WIDE), _TOP + 20 * index + 6
        least, middle, largest = (
            _TOP + _HIGH - _place(error, up, _HIGH) for error in (min(errors), fmean(errors), max(errors))
        )
        parts.append(path([(x, least), (x, largest)], colour, width=2))
        parts.append(dot(x, middle, 5, colour, tip=f"{name}: {fmean(errors):.3%}, {at:,.0f} {cost}"))
        right = index % 2 == 0  # numbers of points that lie on each other stand on both sides
        beside = x + 8 if right else x - 8
        parts.append(text(beside, middle + 4, str(index + 1), anchor="start" if right else "end", colour=colour))
        parts.append(dot(_LEFT + _WIDE + 20, key, 5, colour))
        parts.append(text(_LEFT + _WIDE + 32, key + 4, f"{index + 1} {name}", anchor="start"))
    return document(_LEFT + _WIDE + _KEY, _TOP + _HIGH + _BOTTOM, title, parts)


def _axes(across: Sequence[float], up: Sequence[float], cost: str) -> list[str]:
    parts = []
    for value in across:
        x = _LEFT + _place(value, across, _WIDE)
        parts.append(line(x, _TOP, x, _TOP + _HIGH, kind="grid"))
        if value == 10 ** round(math.log10(value)) or len(across) < 8:  # words of wide scales would meet
            parts.append(text(x, _TOP + _HIGH + 18, f"{value:,.0f}"))
    for value in up:
        y = _TOP + _HIGH - _place(value, up, _HIGH)
        parts.append(line(_LEFT, y, _LEFT + _WIDE, y, kind="grid"))
        parts.append(text(_LEFT - 6, y + 4, f"{100 * value:g} %", anchor="end"))
    return [*parts, text(_LEFT + _WIDE / 2, _TOP + _HIGH + 38, cost)]


def _ticks(low: float, high: float) -> list[float]:
    """1, 2 and 5 times powers of ten around the values, the ends outside of them."""
    powers = range(math.floor(math.log10(low)) - 1, math.ceil(math.log10(high)) + 2)
    marks = [times * 10.0**power for power in powers for times in (1, 2, 5)]
    first = max(i for i, mark in enumerate(marks) if mark < low)
    last = min(i for i, mark in enumerate(marks) if mark > high)
    return marks[first : last + 1]


def _place(value: float, ticks: Sequence[float], length: float) -> float:
    return length * math.log(value / ticks[0]) / math.log(ticks[-1] / ticks[0])
