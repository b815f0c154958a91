"""Drawings of classifiers of a table as SVG: what counts, how sure they may be, what a spline layer has learnt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lilliput.core.svg import COLOURS, UNCLEAR, document, dot, frame, line, path, text
from lilliput.train.explain import Explanation, mean_weights

Array = NDArray[Any]
WIDTH, ROW, LEFT, MARGIN = 640, 26, 150, 40
_SIDE = 300
_CELL, _GAP = 84, 10


def summary_svg(explanations: Sequence[Explanation], told: Array) -> str:
    """One dot a row and column: how much it counts, and whether the column's value is low (blue) or high (red).

    Args:
        explanations: of several rows, all with the same columns.
        told: (rows, columns), the values in [0, 1].
    """
    order = list(mean_weights(explanations))
    names = explanations[0].names
    weights = np.array([one.weights for one in explanations])
    most = float(np.abs(weights).max()) or 1.0
    middle, half = (LEFT + WIDTH - MARGIN) / 2, (WIDTH - MARGIN - LEFT) / 2
    height = ROW * len(order) + 2 * MARGIN
    parts = [line(middle, MARGIN / 2, middle, height - MARGIN)]
    for place, name in enumerate(order):
        y, column = MARGIN + ROW * place, names.index(name)
        parts.append(text(LEFT - 10, y + 4, name, anchor="end"))
        for row, weight in enumerate(weights[:, column]):
            level = float(np.clip(told[row, column], 0, 1))
            colour = f"rgb({round(40 + 180 * level)},70,{round(220 - 180 * level)})"
            shift = (row * 7 % 13 - 6) * 0.9  # apart, so that equal weights are seen as many
            x = middle + half * weight / most
            parts.append(dot(x, y + shift, 3, colour, opacity=0.8))
    for share in (-1, 0, 1):
        parts.append(text(middle + share * half, height - MARGIN / 2, f"{share * most:+.2f}"))
    return document(WIDTH, height, "What each column adds to the probability of the second class, row by row", parts)


def coverage_svg(lines: Mapping[str, Sequence[tuple[float, float]]]) -> str:
    """Promised coverage to the right, measured coverage upwards; where the promise is kept lies the diagonal.

    Args:
        lines: name → (promised, measured), both in [0, 1].
    """
    low = min(min(min(pair) for pair in line) for line in lines.values())
    low = min(0.9, float(np.floor(low * 10)) / 10)
    return _square(lines, low, "Coverage of prediction sets: promised, and measured")


def reliability_svg(lines: Mapping[str, Sequence[tuple[float, float]]]) -> str:
    """What is said to the right, what is so upwards; a classifier that means what it says lies on the diagonal.

    Args:
        lines: name → (mean probability, share that it is true of).
    """
    return _square(lines, 0.0, "Reliability: probability of the second class, and share of it")


def differences_svg(differences: Mapping[str, tuple[float, float, float]], title: str) -> str:
    """One difference a row with its interval; grey where the interval holds 0.

    Args:
        differences: name → (mean, low, high).
        title: says of what.
    """
    most = max(abs(end) for three in differences.values() for end in three) or 1.0
    middle, half = (LEFT + WIDTH - MARGIN) / 2, (WIDTH - MARGIN - LEFT) / 2
    height = ROW * len(differences) + 2 * MARGIN
    parts = [line(middle, MARGIN / 2, middle, height - MARGIN)]
    for place, (name, (mean, low, high)) in enumerate(differences.items()):
        y, at = MARGIN + ROW * place, [middle + half * value / most for value in (low, mean, high)]
        colour = UNCLEAR if low <= 0 <= high else COLOURS[0]
        parts.append(text(LEFT - 10, y + 4, name, anchor="end"))
        parts.append(path([(at[0], y), (at[2], y)], colour))
        parts.append(dot(at[1], y, 4, colour))
    for share in (-1, 0, 1):
        parts.append(text(middle + share * half, height - MARGIN / 2, f"{share * most:+.3f}"))
    return document(WIDTH, height, title, parts)


def _square(lines: Mapping[str, Sequence[tuple[float, float]]], low: float, title: str) -> str:
    """Lines in [low, 1] by [low, 1] with the diagonal, their names beside them."""

    def at(pair: tuple[float, float]) -> tuple[float, float]:
        x, y = ((value - low) / (1 - low) for value in pair)
        return MARGIN + _SIDE * x, MARGIN + _SIDE * (1 - y)

    parts = [path([at((low, low)), at((1, 1))], UNCLEAR, dashed=True)]
    for value in (low, (low + 1) / 2, 1.0):
        parts += [
            text(at((value, low))[0], MARGIN + _SIDE + 18, f"{value:.2f}"),
            text(MARGIN - 6, at((low, value))[1] + 4, f"{value:.2f}", anchor="end"),
        ]
    for place, (name, line_of) in enumerate(lines.items()):
        colour = COLOURS[place % len(COLOURS)]
        parts.append(path([at(pair) for pair in line_of], colour))
        parts += [dot(*at(pair), 3, colour) for pair in line_of]
        parts.append(text(MARGIN + _SIDE + 20, MARGIN + 20 * place, name, anchor="start", colour=colour))
    return document(WIDTH, _SIDE + 2 * MARGIN, title, parts)


def curves_svg(curves: Array, x: Array, names: Sequence[str], *, most: int = 8) -> str:
    """The functions on the edges of a spline layer, the ones that reach furthest first in each row.

    Args:
        curves: (P, I, O), of `KANLinear.curves`.
        x: (P,), where.
        names: I names of the inputs.
        most: functions drawn an input.
    """
    reach = np.ptp(curves, axis=0)  # (I, O)
    parts, shown = [], min(most, curves.shape[2])
    for row, name in enumerate(names):
        top = MARGIN + row * (_CELL + _GAP)
        parts.append(text(LEFT - 60, top + _CELL / 2, name, anchor="end"))
        for column, edge in enumerate(np.argsort(-reach[row], kind="stable")[:shown]):
            left = LEFT - 50 + column * (_CELL + _GAP)
            curve = curves[:, row, edge]
            low, width = float(curve.min()), float(np.ptp(curve)) or 1.0
            points = [
                (left + _CELL * (a - x[0]) / (x[-1] - x[0]), top + _CELL * (1 - (b - low) / width))
                for a, b in zip(x, curve, strict=True)
            ]
            parts.append(frame(left, top, _CELL, _CELL))
            parts.append(path(points, COLOURS[0]))
    width, height = LEFT + shown * (_CELL + _GAP), len(names) * (_CELL + _GAP) + 2 * MARGIN
    return document(width, height, f"What edges have learnt, from {x[0]:.1f} to {x[-1]:.1f}", parts)
