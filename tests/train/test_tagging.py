"""Edits of hypotheses: alignment, candidates, learning, and doing no harm."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from lilliput.tasks.nbest import NBest
from lilliput.train.tagging import (
    FEATURES,
    Knowledge,
    RankedTagger,
    TagSettings,
    learn_tagger,
    slots,
    slots_of,
)

pytest.importorskip("rapidfuzz", reason="RapidFuzz is not installed")

FAST = TagSettings(epochs=20, dim=16, hidden=16, lr=1e-2, batch_size=16)
PLACES = ("boston", "denver", "dallas", "oakland", "houston", "phoenix", "atlanta", "memphis", "newark", "austin")


def lists(count: int, seed: int, *, wrong: bool = True) -> list[NBest]:
    """The recogniser writes `non stop` for `nonstop`, hears `too` for `to`, and is right in its second hypothesis now
    and then; a word that it never gets is `dc`."""
    rng = np.random.default_rng(seed)
    made = []
    for n in range(count):
        a, b = rng.choice(PLACES, 2, replace=False)
        said = f"nonstop flights from {a} to {b} dc {n}"
        first = said.replace("nonstop", "non stop").replace(" to ", " too ").replace("dc", "d see") if wrong else said
        other = str(rng.choice(PLACES))
        made.append(NBest((first, first.replace(a, other)), said))
    return made


@pytest.mark.parametrize(
    ("base", "other", "wanted"),
    [
        ("a b c", "a b c", [(), ("a",), ("b",), ("c",)]),
        ("a b c", "a x c", [(), ("a",), ("x",), ("c",)]),
        ("non stop", "nonstop", [(), ("nonstop",), ()]),
        ("dc", "d c", [(), ("d", "c")]),
        ("a c", "a b c", [(), ("a", "b"), ("c",)]),
        ("b", "a b", [("a",), ("b",)]),
        ("a b", "", [(), (), ()]),
        ("", "a b", [("a", "b")]),
    ],
)
def test_slots_hold_what_stands_in_the_place_of_each_word(base: str, other: str, wanted: list[tuple[str, ...]]) -> None:
    found = slots_of(base.split(), other.split())
    assert found == wanted
    assert [word for phrase in found for word in phrase] == other.split()


def test_slots_of_any_two_texts_are_the_other_text() -> None:
    rng = np.random.default_rng(0)
    for _ in range(300):
        a, b = (list(rng.choice(list("abcd"), rng.integers(0, 8))) for _ in range(2))
        found = slots_of(a, b)
        assert len(found) == len(a) + 1
        assert [word for phrase in found for word in phrase] == b


def test_what_stands_comes_first_and_hypotheses_and_references_offer_more() -> None:
    known = Knowledge(lists(20, 0), 2)
    item = NBest(("non stop flights", "one stop flights"))
    found = slots(item, "non stop flights", known, 8, 3)
    assert [slot.candidates[0] for slot in found] == [(), ("non",), ("stop",), ("flights",)]
    assert ("one",) in found[1].candidates, "of the other hypothesis"
    assert ("nonstop",) in found[1].candidates, "of references"
    assert () in found[2].candidates
    assert all(slot.features.shape == (len(slot.candidates), FEATURES) for slot in found)
    told = dict(zip(found[1].candidates, found[1].features, strict=True))
    assert told["non",][1] == 1
    assert told["nonstop",][5] > told["one",][5], "it was said in that place"
    assert told["one",][2] == 0.5, "one of two hypotheses has it"
    assert len(slots(item, "non stop flights", known, 1, 3)[1].candidates) == 1


def test_words_that_no_hypothesis_has_are_learnt() -> None:
    learn, judge, test = lists(60, 0), lists(15, 1), lists(20, 2)
    tagger = learn_tagger(learn, judge, FAST)
    assert tagger.margin < math.inf
    assert tagger.correct(test) == [item.reference for item in test]
    assert tagger.errors(test) == 0
    assert RankedTagger.tuned(tagger, judge).correct(test) == [item.reference for item in test]


def test_where_no_edit_helps_none_is_made() -> None:
    right = lists(30, 0, wrong=False)
    tagger = learn_tagger(lists(30, 1), right, replace(FAST, epochs=1, lr=1e-9))
    assert tagger.margin == math.inf
    assert tagger.correct(right) == [item.hypotheses[0] for item in right]


def test_references_of_other_utterances_teach_nothing() -> None:
    learn, judge, test = lists(60, 0), lists(15, 1), lists(20, 2)
    others = [
        replace(item, reference=other.reference) for item, other in zip(learn, learn[7:] + learn[:7], strict=True)
    ]
    told, fooled = (learn_tagger(some, judge, FAST).errors(test) for some in (learn, others))
    assert fooled > told


def test_an_empty_text_and_unknown_words_are_texts_too() -> None:
    tagger = replace(learn_tagger(lists(30, 0), lists(8, 1), FAST), margin=0.0)
    assert tagger.correct([NBest(("",))]) in ([""], ["nonstop"])
    assert len(tagger.correct([NBest(("größe 日本", "größe"))])) == 1
