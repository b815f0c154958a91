r"""The shape that a network gives its items: how many directions they fill, how areas agree, how steps bend.

Items are N points of D numbers; maps are taken as they are, all their values one behind the other.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor
from torch.nn import functional as F

from lilliput.models.vcnet import AREAS, VENTRAL, Trace, VCNet
from lilliput.train.probe import class_accuracy

_CHUNK = 128
_PLACES = 3  # a picture is moved up, not at all or down, and so sideways: nine poses


def participation_ratio(x: Tensor) -> float:
    """How many directions the items fill: (Σ λ)² / Σ λ² of their covariance.

    Shapes:
        x (N, D) or (N, C, H, W) -> from 1, a line, to min(N - 1, D), the same spread in all; 0 where all are one.

    Raises:
        ValueError: fewer than two items.
    """
    x = _points(x, 2)
    x = x - x.mean(0)
    gram = x @ x.T if len(x) < x.shape[1] else x.T @ x  # both have the covariance's values, through N
    square = float(gram.square().sum())
    return float(gram.trace()) ** 2 / square if square > 0 else 0.0


def intrinsic_dimension(x: Tensor) -> float:
    """In how many directions neighbours lie: 1 / mean(log(r₂ / r₁)), with the distances to the two nearest.

    Items that are there twice are taken once.

    Shapes:
        x (N, D) or (N, C, H, W) -> above 0; infinite where the two nearest are always as far.

    Raises:
        ValueError: fewer than three different items.

    Source: Estimating the intrinsic dimension of datasets by a minimal neighborhood information (TwoNN,
    arXiv:1803.06992), by the mean in place of its fit to the distribution.
    """
    x = torch.unique(_points(x, 1), dim=0)
    if len(x) < 3:
        raise ValueError(f"an item needs two neighbours: three different items at least, got {len(x)}")
    logs = []
    for part in torch.split(x, _CHUNK):
        # By products of matrices close neighbours would lose their digits.
        apart = torch.cdist(part, x, compute_mode="donot_use_mm_for_euclid_dist")
        nearest = apart.topk(3, largest=False).values  # the first is the item itself
        logs.append((nearest[:, 2] / nearest[:, 1]).log())
    mean = float(torch.cat(logs).mean())
    return 1 / mean if mean > 0 else math.inf


def alignment(x: Tensor, y: Tensor) -> float:
    """How alike two areas hold the same items, whatever directions and units: centred kernel alignment, linear.

    From the estimate of the dependence that chance leaves at 0: with fewer items than numbers the plain one calls any
    two areas alike.

    Shapes:
        x (N, …), y (N, …) -> at most 1; about 0, or a little below, where they have nothing in common.

    Raises:
        ValueError: fewer than four items, or other numbers of them.

    Source: Similarity of Neural Network Representations Revisited (arXiv:1905.00414); estimate of Feature Selection via
    Dependence Maximization (JMLR 13, 2012).
    """
    x, y = _points(x, 4), _points(y, 4)
    if len(x) != len(y):
        raise ValueError(f"both must have the same items, got {len(x)} and {len(y)}")
    first, second = (_without_diagonal(points) for points in (x, y))
    scale = math.sqrt(max(_dependence(first, first) * _dependence(second, second), 0.0))
    return _dependence(first, second) / scale if scale > 0 else 0.0


def curvature(path: Sequence[Tensor]) -> Tensor:
    """How much an item's path bends: the angle between a step and the next, degrees.

    Args:
        path: an area's states, by step, each (N, …).

    Shapes:
        T + 1 states -> (T - 1, N) in [0, 180], NaN where a step goes nowhere.

    Raises:
        ValueError: fewer than three states.
    """
    if len(path) < 3:
        raise ValueError(f"an angle needs two steps: three states at least, got {len(path)}")
    steps = [_points(after, 1) - _points(before, 1) for before, after in pairwise(path)]
    angles = []
    for before, after in pairwise(steps):
        # Exact for small angles too, where the arc cosine is not.
        one, other = (step / step.norm(dim=1, keepdim=True) for step in (before, after))
        angles.append(2 * torch.atan2((one - other).norm(dim=1), (one + other).norm(dim=1)))
    return torch.rad2deg(torch.stack(angles))


def moved(x: Tensor, *, by: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Pictures moved by `by` pixels in one of eight directions or not at all, and which: 0 … 8, 4 is not at all.

    Shapes:
        x (N, C, H, W) -> the same, its rim repeated, and (N,) int64.
    """
    generator = torch.Generator().manual_seed(seed)
    pose = torch.randint(_PLACES**2, (len(x),), generator=generator)
    padded = F.pad(x, (by, by, by, by), mode="replicate")
    height, width = x.shape[2:]
    places = [divmod(n, _PLACES) for n in pose.tolist()]
    out = [
        p[:, by * row : by * row + height, by * column : by * column + width]
        for p, (row, column) in zip(padded, places, strict=True)
    ]
    return torch.stack(out), pose


def probe_matrix(
    codes: Mapping[str, Tensor], targets: Mapping[str, Tensor], *, held: float = 0.5, seed: int = 0
) -> dict[tuple[str, str], float]:
    """What a line tells from which code: share of held-out items told right, by (target, code).

    Args:
        codes: by name, (N, D).
        targets: by name, (N,) classes from 0.
        held: share of the items that are held out.
        seed: of which.

    Raises:
        ValueError: a share that leaves no items on one side.
    """
    count = len(next(iter(codes.values())))
    order = torch.randperm(count, generator=torch.Generator().manual_seed(seed))
    seen, out = order.tensor_split([count - round(count * held)])
    if not 0 < len(out) < count:
        raise ValueError(f"`held` must leave items on both sides, got {held} of {count}")
    return {
        (target, code): class_accuracy(_map(z[seen]), y[seen], _map(z[out]), y[out], int(y.max()) + 1)
        for target, y in targets.items()
        for code, z in codes.items()
    }


@dataclass(frozen=True)
class Geometry:
    """What `geometry` found.

    Args:
        participation: participation ratio, by area.
        dimension: intrinsic dimension, by area.
        alignment: of each pair of areas.
        curvature: mean angle between a step and the next, degrees, by ventral area; none with fewer than two steps.
        travelled: ‖r_T - r_0‖ / ‖r_0‖, mean, by ventral area: 0 where feedback changes nothing.
        probes: share told right, by ("class" or "place", "what" or "where").
    """

    participation: dict[str, float]
    dimension: dict[str, float]
    alignment: dict[tuple[str, str], float]
    curvature: dict[str, float]
    travelled: dict[str, float]
    probes: dict[tuple[str, str], float]


def geometry(net: VCNet, x: Tensor, y: Tensor, *, steps: int | None = None, by: int = 4, seed: int = 0) -> Geometry:
    """The shapes of a network's areas, and what its two codes tell of pictures that are moved.

    Args:
        net: the network; it is put in evaluation mode.
        x: (N, C, H, W), as the network takes them; some hundreds, as all areas of all are held at once.
        y: (N,), classes.
        steps: of the dynamics; none: the config's.
        by: pixels that pictures are moved by for the probes.
        seed: of where they are moved, and of what is held out.
    """
    run = _run(net, x, steps)
    areas = {name: run.areas[name] for name in AREAS}
    paths = {name: [states[i] for states in run.states] for i, name in enumerate(VENTRAL)}
    pictures, place = moved(x, by=by, seed=seed)
    codes = _run(net, pictures, steps)
    return Geometry(
        participation={name: participation_ratio(maps) for name, maps in areas.items()},
        dimension={name: intrinsic_dimension(maps) for name, maps in areas.items()},
        alignment={
            (one, other): alignment(areas[one], areas[other]) for i, one in enumerate(AREAS) for other in AREAS[i + 1 :]
        },
        curvature={name: float(curvature(path).nanmean()) for name, path in paths.items() if len(path) > 2},
        travelled={name: _travelled(path[0], path[-1]) for name, path in paths.items()},
        probes=probe_matrix({"what": codes.what, "where": codes.where}, {"class": y, "place": place}, seed=seed),
    )


def _run(net: VCNet, x: Tensor, steps: int | None) -> Trace:
    """The traces of all items, as one; without errors and logits."""
    net.eval()
    parts: list[Trace] = []
    with torch.no_grad():
        for part in torch.split(x, _CHUNK):
            trace = net(part, steps=steps, trace=True)
            parts.append(trace._replace(errors=[], logits=[]))
    states = [
        [torch.cat(same) for same in zip(*now, strict=True)]
        for now in zip(*(part.states for part in parts), strict=True)
    ]
    areas = {name: torch.cat([part.areas[name] for part in parts]) for name in AREAS}
    what, where = (torch.cat(codes) for codes in zip(*((part.what, part.where) for part in parts), strict=True))
    return Trace([], [], states, what, where, areas)


def _travelled(first: Tensor, last: Tensor) -> float:
    start, end = _points(first, 1), _points(last, 1)
    return float(((end - start).norm(dim=1) / start.norm(dim=1).clamp_min(1e-12)).mean())


def _points(x: Tensor, least: int) -> Tensor:
    if x.dim() < 2 or len(x) < least:
        raise ValueError(f"at least {least} items of numbers are needed, (N, …), got {tuple(x.shape)}")
    return x.detach().flatten(1).double()


def _map(z: Tensor) -> Tensor:
    return z[:, :, None, None]


def _without_diagonal(x: Tensor) -> Tensor:
    x = x - x.mean(0)  # changes nothing but the rounding
    gram = x @ x.T
    return gram - torch.diag(gram.diagonal())


def _dependence(first: Tensor, second: Tensor) -> float:
    """The estimate of how two kernels, without their diagonals, depend; through a factor that falls out."""
    count = len(first)
    both = float((first * second).sum())
    means = float(first.sum()) * float(second.sum()) / ((count - 1) * (count - 2))
    rows = 2 * float(first.sum(0) @ second.sum(0)) / (count - 2)
    return both + means - rows
