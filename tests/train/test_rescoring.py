"""Language models, re-ranking, and substitution rules: by hand, on made lists, and on the released ones."""

from __future__ import annotations

import math

import pytest

from lilliput.core.errors import BadValue
from lilliput.tasks.nbest import NBest, parted, read_nbest
from lilliput.train.ngram import END, NGram
from lilliput.train.rescoring import Corrector, Rescorer, Weights, tuned
from lilliput.train.wer import corpus_errors, oracle
from lilliput.train.word_rules import Rule, Rules, learn_rules
from tests.tasks.shared_data import shared


class TestNGram:
    TEXTS = ("a b a", "a b c", "b")

    @pytest.mark.parametrize("order", [1, 2, 3])
    @pytest.mark.parametrize("context", [(), ("<s>",), ("a",), ("a", "b"), ("z", "b"), ("never", "seen")])
    def test_probabilities_add_up_to_one(self, order: int, context: tuple[str, ...]) -> None:
        model = NGram(self.TEXTS, order=order)
        whole = sum(model.probability(word, context) for word in ("a", "b", "c", "unheard", END))
        assert whole == pytest.approx(1, abs=1e-12)

    def test_by_hand(self) -> None:
        """Unigrams: a 3, b 3, c 1, end 3, of 10, 4 kinds; after "a": b 2, end 1."""
        model = NGram(self.TEXTS, order=2)
        alone = (3 + 4 / 5) / 14
        assert model.probability("b", ()) == pytest.approx(alone)
        assert model.probability("b", ("a",)) == pytest.approx((2 + 2 * alone) / 5)

    def test_a_likely_text_is_likelier_and_perplexity_says_so(self) -> None:
        model = NGram(self.TEXTS, order=2)
        assert model.log_probability("a b") > model.log_probability("b a")
        assert model.perplexity(["a b c"]) < model.perplexity(["c b a"])
        assert model.perplexity([""]) == pytest.approx(math.exp(-model.log_probability("")))

    def test_rare_words_are_unknown_ones(self) -> None:
        model = NGram(self.TEXTS, order=1, rare=2)
        assert model.words == {"a", "b"}
        assert model.probability("c", ()) == model.probability("unheard", ())

    def test_what_cannot_be_counted(self) -> None:
        with pytest.raises(ValueError, match="no words"):
            NGram(["", " "])
        with pytest.raises(ValueError, match="at least 1"):
            NGram(["a"], order=0)


class TestRescorer:
    def test_without_weights_the_first_is_taken(self) -> None:
        model = NGram(["a b"])
        assert Rescorer(model).choose([NBest(("x", "a b"))]) == ["x"]
        assert Rescorer(model, Weights(rank=0)).choose([NBest(("x", "a b"))]) == ["x"]

    def test_each_part_counts(self) -> None:
        model = NGram(["a b"], order=2)
        item = NBest(("b a", "a b", "a b c d"), None, (-3.0, -2.0, -1.0))
        assert Rescorer(model, Weights(rank=0, lm=1)).choose([item]) == ["a b"]
        assert Rescorer(model, Weights(rank=0, am=1)).choose([item]) == ["a b c d"]
        assert Rescorer(model, Weights(rank=0, lm=1, bonus=9)).choose([item]) == ["a b c d"]
        assert Rescorer(model, Weights(rank=9, lm=1)).choose([item]) == ["b a"]

    def test_weights_are_chosen_by_errors_and_change_nothing_without_need(self) -> None:
        model = NGram(["a b"] * 5, order=2)
        helps = [NBest(("b a", "a b"), "a b")] * 4
        assert tuned(model, helps).choose(helps) == ["a b"] * 4
        right = [NBest(("b a", "a b"), "b a")] * 4
        assert tuned(model, right).choose(right) == ["b a"] * 4
        with pytest.raises(BadValue, match="has no reference"):
            tuned(model, [NBest(("a",))])


class TestRules:
    def test_places_are_replaced_from_left_to_right_once(self) -> None:
        rule = Rule(("a", "a"), ("a",), 0)
        assert rule.apply(["a", "a", "a", "a", "b", "a"]) == ["a", "a", "b", "a"]
        assert Rules((rule, Rule(("b",), (), 0))).apply("a a b") == "a"

    def test_what_was_written_for_something_else_is_learnt(self) -> None:
        items = [NBest((f"w{n} dc",), f"w{n} d c") for n in range(6)]
        rules = learn_rules(items)
        assert rules.rules == (Rule(("dc",), ("d", "c"), 12),)
        assert rules.apply("to dc now") == "to d c now"

    def test_a_neighbour_decides_where_one_word_does_not(self) -> None:
        items = [NBest(("red read",), "red red")] * 4 + [NBest(("i read",), "i read")] * 5
        rules = learn_rules(items)
        assert rules.apply("red read") == "red red"
        assert rules.apply("i read") == "i read"

    def test_what_takes_away_too_little_is_no_rule(self) -> None:
        assert learn_rules([NBest(("x",), "y")]).rules == ()
        assert learn_rules([NBest(("x",), "y")], least_gain=1).rules == (Rule(("x",), ("y",), 1),)
        assert learn_rules([NBest(("x",), "y")] * 9, 0).rules == ()

    def test_each_rule_leaves_fewer_errors_in_what_it_was_learnt_from(self) -> None:
        items = [NBest((f"the {a} of {b}",), f"a {a} {b}") for a in "uvw" for b in "xyz"]
        texts, before = [item.hypotheses[0] for item in items], math.inf
        rules = learn_rules(items).rules
        assert len(rules) >= 2
        for rule in rules:
            texts = [" ".join(rule.apply(text.split())) for text in texts]
            errors = corpus_errors([item.reference or "" for item in items], texts).errors
            assert errors < before
            before = errors
        assert before == 0


class TestCorrector:
    def test_what_does_not_help_is_left_out(self) -> None:
        learn = [NBest(("a dc",), "a d c")] * 5
        judge = [NBest(("a dc",), "a dc")] * 5
        made = Corrector.learnt(learn, judge)
        assert made.rules == Rules(())
        assert made.correct(judge) == ["a dc"] * 5

    def test_rules_make_words_that_no_hypothesis_holds(self) -> None:
        items = [NBest((f"fly non stop to {n}", f"fly non to {n}"), f"fly nonstop to {n}") for n in "uvwxyz"]
        made = Corrector.learnt(items[:4], items[4:5])
        assert made.correct(items[5:]) == ["fly nonstop to z"]
        assert "nonstop" not in " ".join(items[5].hypotheses)

    @pytest.mark.shared
    def test_real_lists_are_corrected_below_the_best_hypothesis(self) -> None:
        """The paper's central claim, met without a network: ATIS, by texts that are in one part alone."""
        items = read_nbest(shared("nbest/test_atis.json.gz"))
        learn, judge, test = parted(items, (0.6, 0.1, 0.3))
        references = [item.reference or "" for item in test]
        first = corpus_errors(references, [item.hypotheses[0] for item in test]).rate
        best = corpus_errors(references, oracle(test)).rate
        made = Corrector.learnt(learn, judge)
        texts = made.correct(test)
        assert corpus_errors(references, texts).rate < best < first
        right = [(item, text) for item, text in zip(test, texts, strict=True) if item.hypotheses[0] == item.reference]
        assert sum(text != item.reference for item, text in right) <= 0.02 * len(right)
        heard = [set(" ".join(item.hypotheses).split()) for item in test]
        right_at_last = [text == reference for text, reference in zip(texts, references, strict=True)]
        new = [set(text.split()) - words for text, words in zip(texts, heard, strict=True)]
        assert any(ok and words for ok, words in zip(right_at_last, new, strict=True))
