"""Shrunken copies of a network that were tried, and those of them that no other one beats."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from lilliput.core.errors import BadSetting


@dataclass(frozen=True)
class Trial:
    """One shrunken network.

    Args:
        share: its multiply-accumulates through those of the base network.
        resolution, depth, width: what the base was multiplied by.
        score: higher is better; accuracy on the validation split.

    Raises:
        BadSetting: LP101, a number is not finite, or a factor or the share is not above 0.
    """

    share: float
    resolution: float
    depth: float
    width: float
    score: float

    def __post_init__(self) -> None:
        for name in ("share", "resolution", "depth", "width"):
            value = getattr(self, name)
            if not 0 < value < math.inf:
                raise BadSetting(f"a trial with {name} {value}", why="it must be a finite number above 0")
        if not math.isfinite(self.score):
            raise BadSetting(f"a trial with a score of {self.score}", why="its training diverged; leave it out")


def non_dominated(trials: Sequence[Trial]) -> list[Trial]:
    """Those that no other trial equals or beats in both share and score, by rising share.

    Of trials that are equal in both the first one stays.
    """
    best, front = -math.inf, []
    # Sorted by share, the better score first: one is kept when it beats everything that is cheaper.
    for trial in sorted(trials, key=lambda one: (one.share, -one.score)):
        if trial.score > best:
            front.append(trial)
            best = trial.score
    return front


def best_fronts(trials: Sequence[Trial], share: float) -> list[Trial]:
    """Fronts one behind the other, until at least that share of the trials is taken; the last one whole.

    Sorting into fronts is that of NSGA-II (Deb and others, 2002).

    Raises:
        BadSetting: LP101, `share` is not in (0, 1].
    """
    if not 0 < share <= 1:
        raise BadSetting(f"a share of {share} of the trials", why="it must be in (0, 1]")
    left, taken = list(trials), list[Trial]()
    while left and len(taken) < share * len(trials):
        front = non_dominated(left)
        taken += front
        left = [trial for trial in left if not any(trial is one for one in front)]
    return sorted(taken, key=lambda one: one.share)
