"""Which of a list of hypotheses to take: a language model, the recogniser's own scores, and the number of words.

    score = -rank_cost · rank + am · (score of the recogniser) + lm · (log probability) + bonus · words

The weights are those of a grid that make the fewest errors in other utterances than the model was counted on; where
several make as few, the smallest change of the recogniser's order. The first hypothesis is what weights of 0 give.

Source: re-ranking with a language model as HyPoradise (arXiv:2309.15701) compares with, LM_rank.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lilliput.tasks.nbest import NBest, demanded
from lilliput.train.ngram import NGram
from lilliput.train.wer import corpus_errors, word_errors
from lilliput.train.word_rules import Rules, learn_rules

_RANK = (0.0, 0.3, 1.0, 3.0)
_AM = (0.0, 1.0, 10.0)
_LM = (0.0, 0.1, 0.3, 1.0)
_BONUS = (0.0, 0.5, 1.0, 2.0)


@dataclass(frozen=True)
class Weights:
    """Of the sum of the file's head."""

    rank: float = 1.0
    am: float = 0.0
    lm: float = 0.0
    bonus: float = 0.0


@dataclass(frozen=True, eq=False)
class Rescorer:
    """Takes one hypothesis of each list.

    Args:
        model: of texts.
        weights: of the parts of the score.
    """

    model: NGram
    weights: Weights = Weights()

    def scores(self, item: NBest) -> list[float]:
        """Of the hypotheses, in their order."""
        return [_sum(self.weights, parts) for parts in _parts(self.model, item)]

    def choose(self, items: Iterable[NBest]) -> list[str]:
        """Of each list the hypothesis with the highest score, the first of several."""
        return [item.hypotheses[_best(self.scores(item))] for item in items]


def tuned(model: NGram, items: Sequence[NBest]) -> Rescorer:
    """A rescorer with the best weights of the grid for these utterances.

    Args:
        model: counted on other texts.
        items: with references.

    Raises:
        BadValue: LP207, one without a reference.
    """
    known = [
        (list(_parts(model, item)), [word_errors(item.reference or "", text).errors for text in item.hypotheses])
        for item in demanded(items)
    ]

    def errors(weights: Weights) -> int:
        return sum(wrong[_best([_sum(weights, part) for part in parts])] for parts, wrong in known)

    grid = (Weights(*values) for values in itertools.product(_RANK, _AM, _LM, _BONUS))
    best = min(grid, key=lambda w: (errors(w), w.lm + w.bonus, w.am, -w.rank))
    return Rescorer(model, best)


@dataclass(frozen=True, eq=False)
class Corrector:
    """Rules on every hypothesis, then the best of them; the first hypothesis as it is where that was better.

    Args:
        rules: that are applied first.
        rescorer: what takes one of what they leave; none: the first.
    """

    rules: Rules
    rescorer: Rescorer | None

    @classmethod
    def learnt(
        cls, learn: Sequence[NBest], judge: Sequence[NBest], *, rules: int = 100, order: int = 2, rescore: bool = True
    ) -> Corrector:
        """Rules and model from some utterances; what is worth having of both, by others.

        Args:
            learn: with references.
            judge: others, with references. A part that does not make fewer errors in them is left out.
            rules: at most.
            order: of the language model.
            rescore: whether one of the hypotheses is chosen; else the first is taken.

        Raises:
            BadValue: LP207, an utterance without a reference.
        """
        model = NGram([item.reference or "" for item in demanded(learn)], order=order)
        choices = [Rules(())]
        if rules:
            choices += [learn_rules(learn, rules), *([learn_rules(learn, rules, every_hypothesis=True)] * rescore)]
        tried: list[tuple[int, int, Corrector]] = []
        for some in choices:
            rescorer = tuned(model, some.apply_all(judge)) if rescore else None
            made = cls(some, rescorer)
            tried.append((made.errors(judge), len(tried), made))
        return min(tried, key=lambda one: one[:2])[2]

    def correct(self, items: Iterable[NBest]) -> list[str]:
        """One text for each list."""
        changed = self.rules.apply_all(items)
        return [item.hypotheses[0] for item in changed] if self.rescorer is None else self.rescorer.choose(changed)

    def errors(self, items: Sequence[NBest]) -> int:
        """In the corrected texts."""
        return corpus_errors([item.reference or "" for item in demanded(items)], self.correct(items)).errors


def _parts(model: NGram, item: NBest) -> Iterable[tuple[float, float, float, float]]:
    for place, text in enumerate(item.hypotheses):
        am = item.scores[place] if item.scores else 0.0
        yield -float(place), am, model.log_probability(text), float(len(text.split()))


def _sum(weights: Weights, parts: tuple[float, float, float, float]) -> float:
    rank, am, lm, words = parts
    return weights.rank * rank + weights.am * am + weights.lm * lm + weights.bonus * words


def _best(scores: Sequence[float]) -> int:
    return max(range(len(scores)), key=lambda place: (scores[place], -place))
