"""Correcting lists of hypotheses by edits of one of them, chosen by a small network among what was offered or learnt.

    tagger = learn_tagger(learn, judge, TagSettings())
    tagger.correct(test)                                      one text a list

A list becomes the slots of its first hypothesis: one before the first word, one for each word. What another hypothesis
has there is a candidate, and so is what references had in place of that word elsewhere. The network chooses one for
each slot; what stands there stays unless another is better by a margin, which is the one with the fewest errors in
utterances that nothing was learnt from: where no edit helps, none is made.

Whatever the network is told of a training utterance comes from the other parts of the training utterances, so that it
learns how far such hints can be trusted.

Source: the edit tier of the small correctors beside HyPoradise (arXiv:2309.15701); alignment of all hypotheses to the
first, as in confusion networks (Mangu, Brill, Stolcke, Computer Speech and Language 14, 2000).
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from lilliput.core.events import Emit, silent
from lilliput.models import create_model
from lilliput.tasks.nbest import NBest, demanded
from lilliput.train.data import Source, TrainData
from lilliput.train.loop import fit
from lilliput.train.metrics import Measure
from lilliput.train.ngram import BEGIN, NGram
from lilliput.train.rescoring import Rescorer, tuned
from lilliput.train.settings import TrainSettings
from lilliput.train.wer import changes, corpus_errors, word_errors

Phrase = tuple[str, ...]
FEATURES = 8
NO_LABEL = -1
_FOLDS = 4
_MARGINS = (0.0, 0.5, 1.0, 2.0, 3.0, 5.0, math.inf)
_UNKNOWN = 1
"""Number of a word that is not in the vocabulary; 0 is no word."""


@dataclass(frozen=True)
class TagSettings:
    """What a tagger is made of.

    Args:
        candidates: for a slot, at most.
        words: of a candidate, at most.
        vocabulary: words that have a vector, at most.
        dim, hidden, layers, dropout: of the network.
        epochs, batch_size, lr, weight_decay: of its training by AdamW.
        order: of the language model that candidates are held against.
        seed: of all.
    """

    candidates: int = 8
    words: int = 3
    vocabulary: int = 2000
    dim: int = 48
    hidden: int = 64
    layers: int = 2
    dropout: float = 0.2
    epochs: int = 12
    batch_size: int = 32
    lr: float = 3e-3
    weight_decay: float = 1e-3
    order: int = 3
    seed: int = 0


def slots_of(base: Sequence[str], other: Sequence[str]) -> list[Phrase]:
    """What `other` has in the place of each word of `base`; in front what it has before the first of them.

    Words that `base` lacks stand with the word before them, so that all phrases one after another are `other`.

    Shapes:
        n words -> n + 1 phrases.
    """
    found: list[list[str]] = [[], *([word] for word in base)]
    for i, j, k, m in changes(other, base):
        if k == m:
            found[k].extend(other[i:j])
            continue
        for place in range(k, m):
            at = i + place - k
            last = j if place == m - 1 else at + 1
            found[place + 1] = list(other[min(at, j) : min(last, j)])
    return [tuple(phrase) for phrase in found]


class Knowledge:
    """What references have in place of the words of hypotheses, counted, and a language model of them.

    Args:
        items: with references.
        order: of the language model.
    """

    def __init__(self, items: Sequence[NBest], order: int) -> None:
        self.model = NGram([item.reference or "" for item in demanded(items)], order=order)
        self.said: dict[str, Counter[Phrase]] = defaultdict(Counter)
        for item in items:
            for text in item.distinct().hypotheses:
                words = text.split()
                for word, phrase in zip([BEGIN, *words], slots_of(words, (item.reference or "").split()), strict=True):
                    self.said[word][phrase] += 1

    def share(self, word: str, phrase: Phrase) -> float:
        """Logarithm of how often the phrase was said where the word is written, from -1 (never) to about 0."""
        counts = self.said.get(word)
        total = counts.total() if counts else 0
        return math.log(((counts[phrase] if counts else 0) + 0.05) / (total + 1)) / 6

    def learnt(self, word: str, most: int) -> list[Phrase]:
        """What was said most often where the word is written."""
        counts = self.said.get(word)
        return [] if counts is None else [phrase for phrase, _ in counts.most_common(most)]

    def gain(self, before: Sequence[str], standing: Phrase, phrase: Phrase, behind: Sequence[str]) -> float:
        """By how much the phrase is likelier than what stands there, logarithms, between -5 and 5."""
        return float(np.clip(self._likely(before, phrase, behind) - self._likely(before, standing, behind), -5, 5))

    def _likely(self, before: Sequence[str], phrase: Phrase, behind: Sequence[str]) -> float:
        context, found = [*before], 0.0
        for word in (*phrase, *behind):
            found += math.log(self.model.probability(word, context))
            context.append(word)
        return found


@dataclass(frozen=True)
class Slot:
    """Candidates of one slot, what stands there first, and their features (candidates, `FEATURES`)."""

    candidates: tuple[Phrase, ...]
    features: NDArray[np.float32]


def slots(item: NBest, base: str, known: Knowledge, most: int, words: int) -> list[Slot]:
    """Candidates for each slot of a text.

    Args:
        item: whose hypotheses are offered.
        base: the text.
        known: what was learnt.
        most: candidates a slot.
        words: of a candidate; longer ones are not offered.
    """
    own, others = base.split(), [text.split() for text in item.distinct().hypotheses]
    aligned = [slots_of(own, other) for other in others]
    found = []
    for place, word in enumerate([BEGIN, *own]):
        standing: Phrase = (word,) if place else ()
        offered = [phrases[place] for phrases in aligned]
        wanted = dict.fromkeys((standing, *offered, *known.learnt(word, most)))
        kept = tuple([standing, *(phrase for phrase in wanted if phrase != standing and len(phrase) <= words)][:most])
        before, behind = own[max(0, place - known.model.order) : max(place - 1, 0)], own[place : place + 1]
        context = [BEGIN] * (known.model.order - 1) + before
        rows = []
        for phrase in kept:
            votes = [rank for rank, other in enumerate(offered) if other == phrase]
            rows.append(
                (
                    1.0, float(phrase == standing), len(votes) / len(others), 1 / (1 + votes[0]) if votes else 0.0,
                    float(not votes), known.share(word, phrase), known.gain(context, standing, phrase, behind) / 5,
                    float(len(phrase) - len(standing)),
                )
            )  # fmt: skip
        found.append(Slot(kept, np.array(rows, np.float32)))
    return found


class TaggedItems:
    """Slots with the candidate that is right, for the training loop.

    Args:
        x: (N, slots, candidates, words + features) float32.
        y: (N, slots), `NO_LABEL` behind the end of a text, and where no candidate is right.
    """

    def __init__(self, x: NDArray[np.float32], y: NDArray[np.int64]) -> None:
        self.x, self.y = torch.from_numpy(x), torch.from_numpy(y)

    def __len__(self) -> int:
        return len(self.x)

    def batch(self, items: NDArray[np.intp], epoch: int) -> tuple[Tensor, Tensor]:
        """The named texts, as long as the longest of them."""
        at = torch.from_numpy(items)
        x, y = self.x[at], self.y[at]
        longest = max(1, int((x[:, :, 0, -FEATURES] > 0).sum(1).max()))
        return x[:, :longest], y[:, :longest]


@dataclass(frozen=True, eq=False)
class Tagger:
    """A network that edits, and all that it needs.

    Args:
        network: see `models/edit_tagger.py`.
        numbers: of the words.
        known: what was learnt of words.
        settings: it was made by.
        margin: by which another candidate must be better than what stands there; infinite: nothing is edited.
    """

    network: nn.Module
    numbers: dict[str, int]
    known: Knowledge
    settings: TagSettings
    margin: float = math.inf

    def correct(self, items: Sequence[NBest], bases: Sequence[str] | None = None) -> list[str]:
        """One text a list.

        Args:
            items: lists.
            bases: the texts that are edited; by default the first hypotheses.
        """
        texts = [item.hypotheses[0] for item in items] if bases is None else list(bases)
        cut = self.settings
        made = [
            slots(item, text, self.known, cut.candidates, cut.words) for item, text in zip(items, texts, strict=True)
        ]
        found = []
        for start in range(0, len(made), 64):
            part = made[start : start + 64]
            x = _packed(part, self.numbers, cut)
            self.network.eval()
            with torch.no_grad():
                logits = self.network(torch.from_numpy(x)).numpy()
            found += [self._edited(row, one) for row, one in zip(logits, part, strict=True)]
        return found

    def apply_all(self, items: Iterable[NBest]) -> list[NBest]:
        """Each hypothesis edited, in its place."""
        known = list(items)
        texts = iter(self.correct([item for item in known for _ in item.hypotheses],
                                  [text for item in known for text in item.hypotheses]))  # fmt: skip
        return [replace(item, hypotheses=tuple(next(texts) for _ in item.hypotheses)) for item in known]

    def _edited(self, logits: NDArray[np.float32], text: list[Slot]) -> str:
        words: list[str] = []
        for scores, slot in zip(logits, text, strict=False):
            best = int(scores[: len(slot.candidates)].argmax())
            words += slot.candidates[best if scores[best] > scores[0] + self.margin else 0]
        return " ".join(words)

    def errors(self, items: Sequence[NBest], bases: Sequence[str] | None = None) -> int:
        """In the corrected texts."""
        texts = self.correct(items, bases)
        return sum(word_errors(item.reference or "", text).errors for item, text in zip(items, texts, strict=True))

    def with_margin(self, judge: Sequence[NBest], bases: Sequence[str] | None = None) -> Tagger:
        """The same with the margin that leaves the fewest errors in these utterances, the largest of several."""
        tried = [(replace(self, margin=margin).errors(demanded(judge), bases), -margin) for margin in _MARGINS]
        return replace(self, margin=-min(tried)[1])


@dataclass(frozen=True, eq=False)
class RankedTagger:
    """Edits every hypothesis of a list, then takes the best of what came out.

    Args:
        tagger: with the margin that all hypotheses are edited by.
        rescorer: what takes one.
    """

    tagger: Tagger
    rescorer: Rescorer

    @classmethod
    def tuned(cls, tagger: Tagger, judge: Sequence[NBest]) -> RankedTagger:
        """With the margin and the weights that leave the fewest errors in these utterances."""
        said, tried = [item.reference or "" for item in demanded(judge)], list[tuple[int, float, RankedTagger]]()
        for margin in _MARGINS[:-1]:
            one = replace(tagger, margin=margin)
            edited = one.apply_all(judge)
            made = cls(one, tuned(tagger.known.model, edited))
            tried.append((corpus_errors(said, made.rescorer.choose(edited)).errors, -margin, made))
        return min(tried, key=lambda found: found[:2])[2]

    def correct(self, items: Sequence[NBest]) -> list[str]:
        """One text a list."""
        return self.rescorer.choose(self.tagger.apply_all(items))


def learn_tagger(
    learn: Sequence[NBest], judge: Sequence[NBest], settings: TagSettings, *, emit: Emit = silent,
    checkpoint_dir: Path | None = None,
) -> Tagger:  # fmt: skip
    """A tagger from lists with references.

    Args:
        learn: at least `2` utterances to learn from.
        judge: others, by which the best epoch and the margin are chosen.
        settings: what it is made of.
        emit: gets the events of the training.
        checkpoint_dir: where it can be taken up again.

    Raises:
        BadValue: LP207, an utterance without a reference.
    """
    learn, judge = demanded(learn), demanded(judge)
    folds = [[item for n, item in enumerate(learn) if n % _FOLDS == fold] for fold in range(_FOLDS)]
    texts, wanted = list[list[Slot]](), list[str]()
    for fold, part in enumerate(folds):
        rest = [item for n, item in enumerate(learn) if n % _FOLDS != fold]
        known = Knowledge(rest or learn, settings.order)
        for item in part:
            for base in item.distinct().hypotheses:
                texts.append(slots(item, base, known, settings.candidates, settings.words))
                wanted.append(item.reference or "")
    known = Knowledge(learn, settings.order)
    tests = [slots(item, item.hypotheses[0], known, settings.candidates, settings.words) for item in judge]
    counts = Counter(word for text in texts for slot in text for one in slot.candidates for word in one)
    kept = sorted(counts, key=lambda word: (-counts[word], word))[: settings.vocabulary - 2]
    numbers = {word: number for number, word in enumerate(kept, 2)}
    torch.manual_seed(settings.seed)
    network = create_model(
        "edit_tagger", slots=max(len(text) for text in texts), candidates=settings.candidates, words=settings.words,
        features=FEATURES, vocabulary=len(numbers) + 2, dim=settings.dim, hidden=settings.hidden,
        layers=settings.layers, dropout=settings.dropout,
    )  # fmt: skip
    parts = [
        TaggedItems(_packed(some, numbers, settings), _labels(some, said))
        for some, said in ((texts, wanted), (tests, [item.reference or "" for item in judge]))
    ]
    fit(
        network, TrainData(parts[0], parts[1]),
        TrainSettings(epochs=settings.epochs, batch_size=settings.batch_size, optimiser="adamw", lr=settings.lr,
                      weight_decay=settings.weight_decay, grad_clip=1.0, keep="best", seed=settings.seed),
        emit=emit, objective=_objective, judge=_judge, checkpoint_dir=checkpoint_dir,
    )  # fmt: skip
    return Tagger(network, numbers, known, settings).with_margin(judge)


def _objective(model: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    return F.cross_entropy(model(x).flatten(0, 1), y.flatten(), ignore_index=NO_LABEL)


def _judge(model: nn.Module, source: Source) -> Measure:
    """Share of the slots that need an edit, and of as many that do not, that are right."""
    right = asked = 0.0
    model.eval()
    with torch.no_grad():
        for start in range(0, len(source), 64):
            x, y = source.batch(np.arange(start, min(start + 64, len(source))), 0)
            there, made = y != NO_LABEL, model(x).argmax(2)
            weight = torch.where(y > 0, 5.0, 1.0)[there]
            right, asked = right + float(weight[(made == y)[there]].sum()), asked + float(weight.sum())
    value = right / max(asked, 1.0)
    return Measure("slots right", value, value, value, len(source), higher_is_better=True)


def _packed(texts: Iterable[list[Slot]], numbers: dict[str, int], settings: TagSettings) -> NDArray[np.float32]:
    texts = list(texts)
    shape = (len(texts), max(map(len, texts)), settings.candidates, settings.words + FEATURES)
    x = np.zeros(shape, np.float32)
    for n, text in enumerate(texts):
        for s, slot in enumerate(text):
            x[n, s, : len(slot.candidates), settings.words :] = slot.features
            for c, phrase in enumerate(slot.candidates):
                x[n, s, c, : len(phrase)] = [numbers.get(word, _UNKNOWN) for word in phrase[: settings.words]]
    return x


def _labels(texts: list[list[Slot]], said: Sequence[str]) -> NDArray[np.int64]:
    y = np.full((len(texts), max(map(len, texts))), NO_LABEL, np.int64)
    for n, (text, reference) in enumerate(zip(texts, said, strict=True)):
        base = [word for slot in text for word in slot.candidates[0]]
        for s, (slot, phrase) in enumerate(zip(text, slots_of(base, reference.split()), strict=True)):
            if phrase in slot.candidates:
                y[n, s] = slot.candidates.index(phrase)
    return y
