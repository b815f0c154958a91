r"""Language models of n words, counted: with probabilities for words and texts that were never seen.

Witten-Bell's interpolation: where a context was followed by c words in all and by t different ones,

.. math:: P(w \mid \text{context}) = \frac{\text{count}(w) + t \cdot P(w \mid \text{shorter context})}{c + t}

and at the shortest end all known words, one unknown word and the end of the text are equally likely.

Source: Witten and Bell, The zero-frequency problem (IEEE Trans. Information Theory 37, 1991).
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

BEGIN, END, OTHER = "<s>", "</s>", "<unk>"


class NGram:
    """A model of texts.

    Args:
        texts: that are counted.
        order: n, at least 1.
        rare: words that stand fewer times than this count as unknown.

    Raises:
        ValueError: an order or a limit below 1, or no word at all.
    """

    def __init__(self, texts: Iterable[str], *, order: int = 3, rare: int = 1) -> None:
        if order < 1 or rare < 1:
            raise ValueError(f"`order` and `rare` must be at least 1, got {order} and {rare}")
        rows = [text.split() for text in texts]
        counts = Counter(word for row in rows for word in row)
        self.order = order
        self.words = frozenset(word for word, n in counts.items() if n >= rare)
        if not counts:
            raise ValueError("there are no words to count")
        self._counts: dict[tuple[str, ...], Counter[str]] = defaultdict(Counter)
        for row in rows:
            padded = self._padded(row)
            for place in range(order - 1, len(padded)):
                for length in range(order):
                    self._counts[tuple(padded[place - length : place])][padded[place]] += 1
        self._counts = dict(self._counts)

    def _padded(self, row: Sequence[str]) -> list[str]:
        known = [word if word in self.words else OTHER for word in row]
        return [BEGIN] * (self.order - 1) + known + [END]

    def probability(self, word: str, context: Sequence[str]) -> float:
        """P(word | context), of which the last n - 1 words count; a word may be `END`."""
        known = [c if c in self.words or c == BEGIN else OTHER for c in context]
        word = word if word in self.words or word == END else OTHER
        found = 1 / (len(self.words) + 2)
        for length in range(min(self.order - 1, len(known)) + 1):
            after = self._counts.get(tuple(known[len(known) - length :]))
            if after is None:
                break
            found = (after[word] + len(after) * found) / (after.total() + len(after))
        return found

    def log_probability(self, text: str) -> float:
        """Of the whole text and its end, natural logarithm."""
        padded = self._padded(text.split())
        return sum(
            math.log(self.probability(padded[place], padded[max(0, place - self.order + 1) : place]))
            for place in range(self.order - 1, len(padded))
        )

    def perplexity(self, texts: Sequence[str]) -> float:
        """Of texts, ends included."""
        words = sum(len(text.split()) + 1 for text in texts)
        return math.exp(-sum(map(self.log_probability, texts)) / words)
