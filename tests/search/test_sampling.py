"""Networks at random: the same for a seed, resumed, and a rule that comes out of a known surface."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from lilliput.core.errors import BadSetting, BadValue
from lilliput.search import Box, TinyFormula, sample_front
from lilliput.search.front import best_fronts
from lilliput.search.sampling import Candidate, draw_candidates


@dataclass(frozen=True)
class Shape:
    """A network of which only the cost is known: resolution² · depth · width²."""

    resolution: float = 1.0
    depth: float = 1.0
    width: float = 1.0
    input_shape: tuple[int, ...] = (1,)

    def scaled(self, resolution: float, depth: float, width: float) -> Shape:
        if resolution < 0.36:
            raise ValueError("too small a picture")
        return Shape(resolution, depth, width)


def cost(shape: Shape) -> int:
    return int(1e6 * shape.resolution**2 * shape.depth * shape.width**2)


def score(one: Candidate) -> float:
    """Best at resolution share^0.2 and depth share^0.5; computation helps."""
    away = (math.log(one.resolution / one.share**0.2)) ** 2 + (math.log(one.depth / one.share**0.5)) ** 2
    return math.log(one.share) - 4 * away


def _candidates(count: int = 40, seed: int = 0) -> list[Candidate]:
    return draw_candidates(Shape(), cost, Box(), shares=(0.05, 1.0), count=count, seed=seed)


def test_the_same_seed_draws_the_same() -> None:
    assert _candidates() == _candidates()
    assert _candidates() != _candidates(seed=1)
    assert all(0.05 <= one.share <= 1.0 and one.resolution >= 0.36 for one in _candidates())


def test_the_rule_of_a_known_surface_is_found(tmp_path: Path) -> None:
    trials = sample_front(_candidates(400), score, file=tmp_path / "trials.jsonl")
    rule = TinyFormula.fit(best_fronts(trials, 0.1), noise=0.2)
    for share in (0.15, 0.3, 0.6):
        resolution, depth = rule.shape_at(share)
        assert resolution == pytest.approx(share**0.2, abs=0.06)
        assert depth == pytest.approx(share**0.5, abs=0.1)


def test_an_interrupted_search_goes_on(tmp_path: Path) -> None:
    file, tried = tmp_path / "trials.jsonl", list[int]()

    def breaking(one: Candidate) -> float:
        if len(tried) == 3:
            raise KeyboardInterrupt
        tried.append(one.index)
        return score(one)

    with pytest.raises(KeyboardInterrupt):
        sample_front(_candidates(6), breaking, file=file)
    again: list[int] = []

    def rest(one: Candidate) -> float:
        again.append(one.index)
        return score(one)

    resumed = sample_front(_candidates(6), rest, file=file)
    assert (tried, again) == ([0, 1, 2], [3, 4, 5])
    assert resumed == sample_front(_candidates(6), score, file=tmp_path / "other.jsonl")


def test_workers_give_the_same(tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        many = sample_front(_candidates(8), score, file=tmp_path / "a.jsonl", pool=pool)
    assert many == sample_front(_candidates(8), score, file=tmp_path / "b.jsonl")
    assert (tmp_path / "a.jsonl").read_bytes() == (tmp_path / "b.jsonl").read_bytes()


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("{}", "line 1: not a trial"),
        ("nonsense", "line 1: not a trial"),
        ('{"index": 0, "share": 1, "resolution": 1, "depth": 1, "width": 1, "score": 0}', "line 1: a trial of another"),
    ],
)
def test_another_file_is_refused(line: str, text: str, tmp_path: Path) -> None:
    (tmp_path / "trials.jsonl").write_text(line + "\n")
    with pytest.raises(BadValue, match=text):
        sample_front(_candidates(2), score, file=tmp_path / "trials.jsonl")


def test_a_box_that_holds_nothing_is_told() -> None:
    with pytest.raises(BadSetting, match="0 of 2 networks were found with a share from 2 to 3"):
        draw_candidates(Shape(), cost, Box(), shares=(2, 3), count=2)
    with pytest.raises(BadSetting, match="a box of depth from 2 to 1"):
        Box(depth=(2, 1))
