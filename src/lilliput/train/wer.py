r"""Word error rates: substitutions, deletions and insertions of the shortest way from what was said to what is written.

.. math:: \mathrm{WER} = \frac{\sum (S + D + I)}{\sum \text{words of references}}

over all utterances. The mean of each utterance's own rate is another figure, and often published as if it were this.

`oracle` picks the hypothesis of each list that is nearest to the reference: no re-ranking can do better.
`missing_words` is the share of reference words that stand in no hypothesis: what no choice of words from the list can
get right.

Source: HyPoradise (arXiv:2309.15701), o_nb and o_cp; the latter by word sets, or counting how often each word stands.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lilliput.core.errors import MissingExtra
from lilliput.tasks.nbest import NBest, demanded


@dataclass(frozen=True)
class WordErrors:
    """Counts; they add up.

    Args:
        substitutions, deletions, insertions: of the shortest way.
        words: of the references.
    """

    substitutions: int = 0
    deletions: int = 0
    insertions: int = 0
    words: int = 0

    def __add__(self, other: WordErrors) -> WordErrors:
        return WordErrors(
            self.substitutions + other.substitutions, self.deletions + other.deletions,
            self.insertions + other.insertions, self.words + other.words,
        )  # fmt: skip

    @property
    def errors(self) -> int:
        """S + D + I."""
        return self.substitutions + self.deletions + self.insertions

    @property
    def rate(self) -> float:
        """Errors by words; of nothing said, 0 where nothing is written and else 1."""
        return self.errors / self.words if self.words else float(self.errors > 0)


Change = tuple[int, int, int, int]
"""Words [i:j] of the reference stand as words [k:l] in what is written."""


def changes(reference: Sequence[str], written: Sequence[str]) -> list[Change]:
    """Where two texts differ, from left to right; neighbouring differences are one.

    Raises:
        MissingExtra: LP601, RapidFuzz is not installed.
    """
    found: list[Change] = []
    for op in _levenshtein().opcodes(reference, written):
        if op.tag == "equal":
            continue
        if found and found[-1][1] == op.src_start and found[-1][3] == op.dest_start:
            found[-1] = (found[-1][0], op.src_end, found[-1][2], op.dest_end)
        else:
            found.append((op.src_start, op.src_end, op.dest_start, op.dest_end))
    return found


def word_errors(reference: str, written: str) -> WordErrors:
    """Errors of one text.

    Raises:
        MissingExtra: LP601, RapidFuzz is not installed.
    """
    first, second = reference.split(), written.split()
    kinds = Counter(op.tag for op in _levenshtein().editops(first, second))
    return WordErrors(kinds["replace"], kinds["delete"], kinds["insert"], len(first))


def corpus_errors(references: Iterable[str], written: Iterable[str]) -> WordErrors:
    """Errors of all texts together; as many of both."""
    pairs = zip(references, written, strict=True)
    return sum((word_errors(one, other) for one, other in pairs), WordErrors())


def mean_rate(references: Sequence[str], written: Sequence[str]) -> float:
    """The mean of each utterance's own rate: not the word error rate, but what some scripts print."""
    return float(np.mean([word_errors(one, other).rate for one, other in zip(references, written, strict=True)]))


def oracle(items: Iterable[NBest]) -> list[str]:
    """Of each list the hypothesis with the fewest errors, the first of several. Raises BadValue without a reference."""
    return [
        min(item.hypotheses, key=lambda text, said=item.reference: word_errors(said, text).errors)  # type: ignore[misc]
        for item in demanded(items)
    ]


def missing_words(items: Iterable[NBest], *, counted: bool = False) -> float:
    """Share of reference words that stand in no hypothesis.

    Args:
        items: with references.
        counted: a word that was said twice must stand twice in one hypothesis.
    """
    missing = words = 0
    for item in demanded(items):
        said = Counter((item.reference or "").split())
        most: Counter[str] = Counter()
        for text in item.hypotheses:
            most |= Counter(text.split())
        lacking = said - most if counted else Counter({word: n for word, n in said.items() if word not in most})
        missing, words = missing + lacking.total(), words + said.total()
    return missing / words if words else 0.0


def rate_interval(
    references: Sequence[str], written: Sequence[str], *, draws: int = 1000, seed: int = 0, level: float = 0.95
) -> tuple[float, float]:
    """Bootstrap over utterances of the corpus rate."""
    found = [word_errors(one, other) for one, other in zip(references, written, strict=True)]
    errors, words = np.array([e.errors for e in found]), np.array([e.words for e in found])
    rows = np.random.default_rng(seed).integers(len(found), size=(draws, len(found)))
    rates = errors[rows].sum(1) / np.maximum(words[rows].sum(1), 1)
    low, high = np.quantile(rates, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def describe_lists(items: Sequence[NBest]) -> dict[str, float]:
    """The figures of a file of lists, as plain numbers: rates and shares, not percent.

    Raises:
        BadValue: LP207, an utterance without a reference.
    """
    references = [item.reference or "" for item in demanded(items)]
    first, best = [item.hypotheses[0] for item in items], oracle(items)
    return {
        "utterances": len(items),
        "words": sum(len(text.split()) for text in references),
        "wer": corpus_errors(references, first).rate,
        "mean_wer": mean_rate(references, first),
        "oracle_wer": corpus_errors(references, best).rate,
        "oracle_mean_wer": mean_rate(references, best),
        "missing": missing_words(items),
        "missing_counted": missing_words(items, counted=True),
        "distinct": float(np.mean([len(item.distinct().hypotheses) for item in items])),
        "exact": float(np.mean([a == b for a, b in zip(references, first, strict=True)])),
    }


def _levenshtein() -> Any:
    try:
        from rapidfuzz.distance import Levenshtein
    except ImportError as error:
        raise MissingExtra("word error rates need RapidFuzz", fix="pip install 'lilliput[speech]'") from error
    return Levenshtein
