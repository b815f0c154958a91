"""Many shrunken copies of a network, drawn at random and each tried: what a rule of your own is fitted to.

    trials = sample_front(base, count, try_out, Box(), budget=(0.03, 1.0), count=24, seed=0, file=Path("trials.jsonl"))
    rule = TinyFormula.fit(best_fronts(trials, 0.2))

Source: TinyNets (arXiv:2010.14819), section 3: about a hundred networks, the best fifth by fronts.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from lilliput.core.errors import BadSetting, BadValue
from lilliput.core.events import Emit, Event, silent
from lilliput.core.files.atomic import write_bytes
from lilliput.search.front import Trial
from lilliput.search.scaling import Scalable

_TRIES = 1000  # draws for one network whose cost lies inside the limits


@dataclass(frozen=True)
class Box:
    """Where factors are drawn from, evenly: (low, high).

    Raises:
        BadSetting: LP101, an end is not above 0, or the low one is above the high one.
    """

    resolution: tuple[float, float] = (0.35, 1.0)
    depth: tuple[float, float] = (0.35, 1.3)
    width: tuple[float, float] = (0.35, 1.0)

    def __post_init__(self) -> None:
        for name, (low, high) in asdict(self).items():
            if not 0 < low <= high:
                raise BadSetting(f"a box of {name} from {low} to {high}")

    def draw(self, rng: random.Random) -> tuple[float, float, float]:
        """(resolution, depth, width)."""
        return rng.uniform(*self.resolution), rng.uniform(*self.depth), rng.uniform(*self.width)


@dataclass(frozen=True)
class Candidate:
    """A network that is to be tried."""

    index: int
    share: float
    resolution: float
    depth: float
    width: float
    config: Any


def draw_candidates(
    base: Scalable,
    macs_of: Callable[[Any], int],
    box: Box,
    *,
    shares: tuple[float, float] = (0.03, 1.0),
    count: int = 24,
    seed: int = 0,
) -> list[Candidate]:
    """Networks in the box whose share of the base's multiply-accumulates lies within `shares`; the same for a seed.

    Raises:
        BadSetting: LP101, the box holds hardly any such network.
    """
    rng, whole = random.Random(seed), macs_of(base)
    found: list[Candidate] = []
    for _ in range(count * _TRIES):
        factors = box.draw(rng)
        try:
            config = base.scaled(*factors)
        except ValueError:
            continue  # a picture below the network's stride
        share = macs_of(config) / whole
        if shares[0] <= share <= shares[1]:
            found.append(Candidate(len(found), share, *factors, config))
        if len(found) == count:
            return found
    raise BadSetting(
        f"{len(found)} of {count} networks were found with a share from {shares[0]:g} to {shares[1]:g}",
        why=f"{count * _TRIES} were drawn from {box}",
        fix="a larger box, or other shares",
    )


def sample_front(
    candidates: Sequence[Candidate],
    try_out: Callable[[Candidate], float],
    *,
    file: Path,
    pool: Executor | None = None,
    emit: Emit = silent,
) -> list[Trial]:
    """Try each candidate; a file keeps what is done, and the same call goes on from there.

    Args:
        candidates: of `draw_candidates`.
        try_out: trains a candidate and returns its score; with a `pool` it runs in its workers.
        file: one line of JSON a trial.
        pool: where to try them; none: here, in turn.
        emit: takes an event a trial.

    Raises:
        BadValue: LP207, the file holds trials of other candidates.
    """
    done = _read(file, candidates)
    left = [one for one in candidates if one.index not in done]
    for candidate, score in _scores(left, try_out, pool):
        done[candidate.index] = Trial(candidate.share, candidate.resolution, candidate.depth, candidate.width, score)
        lines = [json.dumps({"index": index, **asdict(trial)}) for index, trial in sorted(done.items())]
        write_bytes(file, ("\n".join(lines) + "\n").encode())
        emit(Event("step", "search", "score", step=len(done), total=len(candidates), value=score))
    return [done[one.index] for one in candidates]


def _scores(
    left: Sequence[Candidate], try_out: Callable[[Candidate], float], pool: Executor | None
) -> Iterator[tuple[Candidate, float]]:
    if pool is None:
        for candidate in left:
            yield candidate, try_out(candidate)
        return
    from concurrent.futures import as_completed

    waiting = {pool.submit(try_out, candidate): candidate for candidate in left}
    for future in as_completed(waiting):
        yield waiting[future], future.result()


def _read(file: Path, candidates: Sequence[Candidate]) -> dict[int, Trial]:
    if not file.exists():
        return {}
    known = {one.index: one for one in candidates}
    done = {}
    for number, line in enumerate(file.read_text("utf-8").splitlines(), 1):
        try:
            content = json.loads(line)
            index = content.pop("index")
            trial, one = Trial(**content), known[index]
        except (ValueError, TypeError, KeyError, AttributeError):
            raise BadValue(f"{file}, line {number}: not a trial of this search", fix="remove the file") from None
        if (trial.resolution, trial.depth, trial.width) != (one.resolution, one.depth, one.width):
            raise BadValue(f"{file}, line {number}: a trial of another search", fix="remove the file, or its seed")
        done[index] = trial
    return done
