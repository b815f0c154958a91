"""Word error rates against counts by hand, against jiwer, and against the measured figures of the released lists."""

from __future__ import annotations

import numpy as np
import pytest

from lilliput.core.errors import BadValue
from lilliput.tasks.nbest import NBest, read_nbest
from lilliput.train.wer import (
    WordErrors,
    changes,
    corpus_errors,
    describe_lists,
    mean_rate,
    missing_words,
    oracle,
    rate_interval,
    word_errors,
)
from tests.tasks.shared_data import shared


@pytest.mark.parametrize(
    ("said", "written", "counts"),
    [
        ("a b c", "a b c", (0, 0, 0, 3)),
        ("a b c", "a x c", (1, 0, 0, 3)),
        ("a b c", "a c", (0, 1, 0, 3)),
        ("a b c", "a b b c", (0, 0, 1, 3)),
        ("non stop", "nonstop", (1, 1, 0, 2)),
        ("a", "", (0, 1, 0, 1)),
        ("", "a b", (0, 0, 2, 0)),
        ("", "", (0, 0, 0, 0)),
    ],
)
def test_errors_by_hand(said: str, written: str, counts: tuple[int, int, int, int]) -> None:
    found = word_errors(said, written)
    assert found == WordErrors(*counts)
    assert word_errors(written, said).errors == found.errors


def test_nothing_said_divides_by_nothing() -> None:
    assert word_errors("", "").rate == 0
    assert word_errors("", "a b").rate == 1
    assert corpus_errors(["", "a b"], ["x", "a b"]).rate == 0.5


def test_counts_are_those_of_jiwer() -> None:
    jiwer = pytest.importorskip("jiwer", reason="jiwer is not installed")
    rng = np.random.default_rng(0)
    pairs = [[" ".join(rng.choice(list("abcd"), rng.integers(1, 9))) for _ in range(2)] for _ in range(100)]
    for said, written in pairs:
        theirs = jiwer.process_words(said, written)
        ours = word_errors(said, written)
        assert (ours.substitutions, ours.deletions, ours.insertions) == (
            theirs.substitutions, theirs.deletions, theirs.insertions,
        )  # fmt: skip
    references, written = zip(*pairs, strict=True)
    assert corpus_errors(references, written).rate == pytest.approx(jiwer.wer(list(references), list(written)))


def test_the_rate_of_all_is_not_the_mean_of_rates() -> None:
    references, written = ["a", "b c d e"], ["x", "b c d e"]
    assert corpus_errors(references, written).rate == 1 / 5
    assert mean_rate(references, written) == 1 / 2


def test_differences_side_by_side_are_one() -> None:
    assert changes(["flights", "to", "d", "c", "on", "monday"], ["flights", "dc", "on", "monday"]) == [(1, 4, 1, 2)]
    assert changes(["a", "b"], ["x", "a", "b", "y"]) == [(0, 0, 0, 1), (2, 2, 3, 4)]


LISTS = [NBest(("a x c", "a b", "b c"), "a b c"), NBest(("d d", "d e f"), "d d e")]


def test_the_oracle_takes_the_nearest_and_of_several_the_first() -> None:
    assert oracle(LISTS) == ["a x c", "d d"]
    assert oracle([NBest(("x", "a b"), "a b")]) == ["a b"]


def test_words_that_no_hypothesis_holds() -> None:
    assert missing_words(LISTS) == 0
    assert missing_words([NBest(("a x", "x c"), "a b c c")]) == 1 / 4
    assert missing_words([NBest(("a x", "x c"), "a b c c")], counted=True) == 2 / 4
    assert missing_words([NBest(("a",), "")]) == 0


def test_references_that_are_shuffled_leave_the_oracle_nothing() -> None:
    items = [NBest((f"w{n} x", f"w{n}"), f"w{n}") for n in range(30)]
    assert corpus_errors([i.reference or "" for i in items], oracle(items)).rate == 0
    turned = [NBest(item.hypotheses, items[n - 1].reference) for n, item in enumerate(items)]
    assert corpus_errors([i.reference or "" for i in turned], oracle(turned)).rate >= 1


def test_an_interval_holds_the_rate_and_shrinks_with_more() -> None:
    few = rate_interval(["a b"] * 5 + ["c d"] * 5, ["a b"] * 5 + ["c x"] * 5)
    many = rate_interval(["a b"] * 500 + ["c d"] * 500, ["a b"] * 500 + ["c x"] * 500)
    assert few[0] < many[0] < 0.25 < many[1] < few[1]


def test_lists_without_references_have_no_rates() -> None:
    with pytest.raises(BadValue, match="has no reference"):
        describe_lists([NBest(("a",))])


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("atis", (809, 9111, 8.40, 5.31, 4.43, 4.63, 2.05, 61.6)),
        ("lrs2", (2259, 17288, 11.85, 6.80, 3.11, 3.23, 2.70, 51.4)),
        ("chime4", (1320, 21710, 12.69, 9.94, 7.17, 7.72, 2.45, 41.1)),
    ],
)
def test_released_lists_have_the_figures_that_were_measured_on_them(name: str, wanted: tuple[float, ...]) -> None:
    found = describe_lists(read_nbest(shared(f"nbest/test_{name}.json.gz")))
    assert (found["utterances"], found["words"]) == wanted[:2]
    for key, value in zip(("wer", "oracle_wer", "missing", "missing_counted"), wanted[2:6], strict=True):
        assert 100 * found[key] == pytest.approx(value, abs=0.006)
    assert found["distinct"] == pytest.approx(wanted[6], abs=0.006)
    assert 100 * found["exact"] == pytest.approx(wanted[7], abs=0.06)


@pytest.mark.shared
def test_cleaning_as_the_released_script_does_gives_the_published_rates() -> None:
    for name, first, best in (("atis", 8.40, 5.12), ("chime4", 11.09, 8.48)):
        found = describe_lists(read_nbest(shared(f"nbest/test_{name}.json.gz"), normalise="letters"))
        assert 100 * found["mean_wer"] == pytest.approx(first, abs=0.006)
        assert 100 * found["oracle_mean_wer"] == pytest.approx(best, abs=0.006)
