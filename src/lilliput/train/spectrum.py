r"""Where the signals of graphs lie in their spectra, class by class: numbers, and drawings as SVG.

    quotients(graphs)          Rayleigh quotients of all graphs, (G, F)
    compare_quotients(graphs)  of each feature: the mean of each class, and how far they differ
    energy_curves(graphs)      the share of energy up to each eigenvalue, the mean of each class

The energy of a signal x at the eigenvalue λ_i of L is the square of its part along that eigenvector, as a share of
x^T x. The quotient is the mean of λ by that energy: 2 less the area under the accumulated share from 0 to 2.

Axes: G graphs, F features, N nodes of one graph, P points.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lilliput.core.errors import BadTask
from lilliput.core.svg import COLOURS, document, line, path, text
from lilliput.layers.graphs import rayleigh
from lilliput.tasks.graphs import GraphSet
from lilliput.train.graphs import GraphSource
from lilliput.train.metrics import auc
from lilliput.train.table_figures import differences_svg

Reals = NDArray[np.float64]
LARGEST = 1000  # nodes of a graph whose eigenvalues are computed
_CHUNK = 2048
_WIDTH, _HEIGHT, _LEFT, _MARGIN = 520, 340, 60, 40
_SAME = 1e-9  # closer eigenvalues are one
_ROUNDING = 1e-5  # of quotients, float32


@dataclass(frozen=True)
class QuotientDifference:
    """The Rayleigh quotient of one feature, among the graphs that have the feature.

    Args:
        feature: its name.
        normal, anomalous: mean quotient of each class.
        graphs: how many normal ones and anomalies have the feature.
        low, high: interval of anomalous - normal (Welch, normal), corrected for the number of features.
        auc: chance that an anomaly's quotient is above a normal graph's.
    """

    feature: str
    normal: float
    anomalous: float
    graphs: tuple[int, int]
    low: float
    high: float
    auc: float

    @property
    def difference(self) -> float:
        """Anomalous - normal."""
        return self.anomalous - self.normal

    @property
    def is_clear(self) -> bool:
        """Whether the interval leaves 0 out."""
        return not self.low <= 0 <= self.high


@dataclass(frozen=True, eq=False)
class EnergyCurve:
    """Accumulated share of energy of the graphs of one class.

    Args:
        mean: (P,) from 0 to 1.
        half: (P,) half of its 95 % interval.
        graphs: how many.
    """

    mean: Reals
    half: Reals
    graphs: int


def quotients(graphs: GraphSet, *, normalised: bool = True) -> Reals:
    """Rayleigh quotients of the features, 0 for a feature that a graph has not; or the numerators alone.

    Shapes:
        -> (G, F).
    """
    source = GraphSource(graphs, "laplacian")
    starts = range(0, len(graphs), _CHUNK)
    parts = [
        rayleigh(source.batch(np.arange(s, min(s + _CHUNK, len(graphs))))[0], normalised=normalised) for s in starts
    ]
    return np.concatenate([part.double().numpy() for part in parts])


def feature_sums(graphs: GraphSet) -> Reals:
    """Sums of the features over the nodes: of labels, how many nodes have each.

    Shapes:
        -> (G, F).
    """
    return _added(graphs, graphs.x())


def compare_quotients(graphs: GraphSet, *, fewest: int = 10) -> list[QuotientDifference]:
    """Each feature that enough graphs of both classes have, the clearest difference first.

    Args:
        graphs: of both classes.
        fewest: graphs of each class that a feature needs, at least 2.

    Raises:
        BadTask: LP103, no feature is in so many.
    """
    values, has = quotients(graphs), _added(graphs, graphs.x() != 0) > 0
    kinds = (~graphs.y, graphs.y)
    told = [k for k in range(values.shape[1]) if min(int((has[:, k] & kind).sum()) for kind in kinds) >= max(fewest, 2)]
    if not told:
        raise BadTask(f"{graphs.name}: no feature is in {fewest} graphs of each class", fix="ask for fewer")
    z = NormalDist().inv_cdf(1 - 0.025 / len(told))
    found = []
    for k in told:
        normal, odd = (values[has[:, k] & kind, k] for kind in kinds)
        error = float(np.sqrt(normal.var(ddof=1) / len(normal) + odd.var(ddof=1) / len(odd)))
        half = z * max(error, _ROUNDING)  # a feature that no neighbour shares has a quotient of 1 in every graph
        gap = float(odd.mean() - normal.mean())
        rank = auc(np.concatenate([normal, odd]), np.arange(len(normal) + len(odd)) >= len(normal))
        found.append(
            QuotientDifference(
                graphs.features[k], float(normal.mean()), float(odd.mean()), (len(normal), len(odd)),
                gap - half, gap + half, rank,
            )
        )  # fmt: skip
    return sorted(found, key=lambda one: -abs(one.difference) / max(one.high - one.low, 1e-12))


def spectrum(graphs: GraphSet, place: int) -> tuple[Reals, Reals]:
    """Eigenvalues of L of one graph, ascending, and the energy of each feature at each of them.

    Shapes:
        -> (N,), (N, F).
    """
    one = graphs.at(np.array([place]))
    nodes = int(one.starts[-1])
    adjacency = np.zeros((nodes, nodes))
    adjacency[one.edges[:, 0], one.edges[:, 1]] = 1
    adjacency += adjacency.T.copy()
    degree = adjacency.sum(1)
    root = np.where(degree > 0, 1 / np.sqrt(np.maximum(degree, 1)), 0)
    values, vectors = np.linalg.eigh(np.diag((degree > 0).astype(float)) - root[:, None] * adjacency * root)
    return np.clip(values, 0, 2), (vectors.T @ one.x().astype(np.float64)) ** 2


def energy_curves(graphs: GraphSet, *, points: int = 81, most: int = 2000, seed: int = 0) -> dict[str, EnergyCurve]:
    """ "normal" and "anomalous": the share of the energy of all features up to λ, from λ = 0 to 2.

    Args:
        graphs: those of more than a thousand nodes are left out.
        points: P.
        most: graphs of a class; more are drawn from by chance.
        seed: of that chance.

    Raises:
        BadTask: LP103, a class without a graph that has energy.
    """
    grid, rng = np.linspace(0, 2, points), np.random.default_rng(seed)
    fitting = (graphs.sizes > 0) & (graphs.sizes <= LARGEST)
    curves = {}
    for name, kind in (("normal", ~graphs.y), ("anomalous", graphs.y)):
        rows = np.flatnonzero(kind & fitting)
        rows = rng.permutation(rows)[:most]
        found = [curve for row in rows if (curve := _accumulated(*spectrum(graphs, int(row)), grid)) is not None]
        if not found:
            raise BadTask(f"{graphs.name}: no {name} graph has features that are not 0")
        stacked = np.stack(found)
        half = 1.96 * stacked.std(0) / np.sqrt(len(stacked))
        curves[name] = EnergyCurve(stacked.mean(0), half, len(stacked))
    return curves


def _added(graphs: GraphSet, x: NDArray[Any]) -> Reals:
    sums = np.zeros((len(graphs), x.shape[1]))
    np.add.at(sums, graphs.graph, x)
    return sums


def _accumulated(values: Reals, energy: Reals, grid: Reals) -> Reals | None:
    total = energy.sum()
    if total <= 0:
        return None
    behind = np.concatenate([[0.0], np.cumsum(energy.sum(1)) / total])
    return behind[np.searchsorted(values, grid + _SAME, side="right")]


# --- drawings --------------------------------------------------------------------------------------------------


def energy_svg(curves: dict[str, EnergyCurve], name: str) -> str:
    """The curves, each with its interval; the area between them is the difference of the Rayleigh quotients."""
    inner, tall = _WIDTH - _LEFT - _MARGIN, _HEIGHT - 2 * _MARGIN

    def at(x: float, y: float) -> tuple[float, float]:
        return _LEFT + inner * x / 2, _HEIGHT - _MARGIN - tall * y

    parts = [text(_LEFT, _MARGIN - 18, f"{name}: energy up to λ", anchor="start", title=True)]
    for share in (0, 0.25, 0.5, 0.75, 1):
        parts.append(line(*at(0, share), *at(2, share), kind="axis" if not share else "grid"))
        parts.append(text(_LEFT - 8, at(0, share)[1] + 4, f"{100 * share:.0f} %", anchor="end"))
    parts += [text(at(x, 0)[0], _HEIGHT - _MARGIN + 18, f"{x:g}") for x in (0, 0.5, 1, 1.5, 2)]
    for place, (kind, curve) in enumerate(curves.items()):
        colour, grid = COLOURS[place], np.linspace(0, 2, len(curve.mean))
        parts.append(path([at(x, y) for x, y in zip(grid, curve.mean, strict=True)], colour, width=2))
        for sign in (-1, 1):
            edge = np.clip(curve.mean + sign * curve.half, 0, 1)
            parts.append(path([at(x, y) for x, y in zip(grid, edge, strict=True)], colour, width=0.7, opacity=0.6))
        parts.append(text(at(0.1, 0)[0], _MARGIN + 16 * (place + 1), f"{kind}, {curve.graphs} graphs", anchor="start",
                          colour=colour))  # fmt: skip
    return document(_WIDTH, _HEIGHT, f"Accumulated energy of the node features of {name} by eigenvalue", parts)


def quotients_svg(found: Sequence[QuotientDifference], name: str) -> str:
    """How much higher the mean quotient of anomalies is, feature by feature; grey where 0 is not left out."""
    rows = {one.feature: (one.difference, one.low, one.high) for one in found}
    return differences_svg(rows, f"Rayleigh quotients in {name}: anomalous less normal")
