"""Words that a recogniser writes for others, learnt from what was said: the simplest corrector, and a hard one to beat.

    rules = learn_rules(train, 100)
    rules.apply("show me the non stop flights")

A rule puts some words in the place of others wherever they stand. Candidates are the differences between hypotheses and
references, alone and with a neighbouring word; of these the one that takes away the most errors in all training lists
is taken, applied, and so on, as long as one takes away enough.

Source: error-driven transformation rules, Brill (Computational Linguistics 21, 1995), without tags.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from lilliput.tasks.nbest import NBest, demanded
from lilliput.train.wer import changes, word_errors

Phrase = tuple[str, ...]
_TRIED = 300
"""Candidates whose gain is counted in each round, those that were seen most often."""


@dataclass(frozen=True)
class Rule:
    """`written` becomes `said`; `gain` is how many errors that took away when it was learnt."""

    written: Phrase
    said: Phrase
    gain: int

    def apply(self, words: Sequence[str]) -> list[str]:
        """The words with each place of `written` replaced, from left to right; what was put in is not looked at."""
        found, place, length = list[str](), 0, len(self.written)
        while place < len(words):
            if tuple(words[place : place + length]) == self.written:
                found += self.said
                place += length
            else:
                found.append(words[place])
                place += 1
        return found


@dataclass(frozen=True)
class Rules:
    """Rules in the order in which they are applied."""

    rules: tuple[Rule, ...]

    def apply(self, text: str) -> str:
        """The text after all of them."""
        words = text.split()
        for rule in self.rules:
            words = rule.apply(words)
        return " ".join(words)

    def apply_all(self, items: Iterable[NBest]) -> list[NBest]:
        """Each hypothesis after all of them, in its place."""
        return [replace(item, hypotheses=tuple(map(self.apply, item.hypotheses))) for item in items]


def learn_rules(
    items: Sequence[NBest], most: int = 100, *, least_gain: int = 2, longest: int = 4, every_hypothesis: bool = False
) -> Rules:
    """Rules from lists with references.

    Args:
        items: utterances.
        most: rules at most.
        least_gain: errors that a rule must take away.
        longest: words on either side of a rule.
        every_hypothesis: learn from all distinct hypotheses; else from the first of each list.

    Raises:
        BadValue: LP207, an utterance without a reference.
    """
    rows = [
        [text.split(), (item.reference or "").split()]
        for item in demanded(items)
        for text in (item.distinct().hypotheses if every_hypothesis else item.hypotheses[:1])
    ]
    rules: list[Rule] = []
    while len(rules) < most:
        best = _best_rule(rows, longest)
        if best is None or best.gain < least_gain:
            break
        rules.append(best)
        for row in rows:
            row[0] = best.apply(row[0])
    return Rules(tuple(rules))


def _best_rule(rows: Sequence[Sequence[list[str]]], longest: int) -> Rule | None:
    seen: Counter[tuple[Phrase, Phrase]] = Counter()
    for written, said in rows:
        seen.update(set(_candidates(written, said, longest)))
    places: dict[str, list[int]] = defaultdict(list)
    for number, (written, _) in enumerate(rows):
        for word in set(written):
            places[word].append(number)
    wrong: dict[int, int] = {}
    best: Rule | None = None
    for (old, new), count in sorted(seen.items(), key=lambda one: (-one[1], one[0]))[:_TRIED]:
        if best is not None and count * max(len(old), len(new)) <= best.gain:
            continue  # it cannot take away more
        rule = Rule(old, new, 0)
        gain = 0
        for number in min((places[word] for word in old), key=len):
            written, said = rows[number]
            changed = rule.apply(written)
            if changed != written:
                if number not in wrong:
                    wrong[number] = _errors(said, written)
                gain += wrong[number] - _errors(said, changed)
        if best is None or gain > best.gain:
            best = replace(rule, gain=gain)
    return best


def _errors(said: Sequence[str], written: Sequence[str]) -> int:
    return word_errors(" ".join(said), " ".join(written)).errors


def _candidates(written: Sequence[str], said: Sequence[str], longest: int) -> Iterator[tuple[Phrase, Phrase]]:
    """Differences, each alone, with the word before, with the word behind, and with both."""
    for i, j, k, m in changes(said, written):
        for before in (0, 1):
            for behind in (0, 1):
                if k - before < 0 or i - before < 0 or m + behind > len(written) or j + behind > len(said):
                    continue
                old, new = tuple(written[k - before : m + behind]), tuple(said[i - before : j + behind])
                if old and len(old) <= longest and len(new) <= longest:
                    yield old, new
