"""Whether what a network shows as its reasons are reasons, and how it is shown.

    evidence_mass(...)      attention on sentences that people marked, and what even attention would put there
    deletion(...)           what leaving out the most attended words takes from a label, and what random words take
    highlighted(...)        a page with the words of a label in colour

Axes: N documents, K labels, T words.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lilliput.models.code_attention import CodeAttentionClassifier
from lilliput.tasks.documents import Documents
from lilliput.tasks.words import PADDING, Vocabulary, words_of

_SHOWN = 0.1  # of the largest weight: below, a word has no colour
Shares = NDArray[np.float64]


def lines_of_words(text: str, length: int) -> NDArray[np.int64]:
    """The line, of those with anything on them, that each of the first `length` words stands in: (T,)."""
    lines = [line for line in text.split("\n") if line.strip()]
    numbers = [number for number, line in enumerate(lines) for _ in words_of(line)]
    return np.array(numbers[:length], np.int64)


@dataclass(frozen=True)
class Compared:
    """A figure, the figure that chance gives, and how many pairs of document and label it is of."""

    found: float
    by_chance: float
    pairs: int

    @property
    def ratio(self) -> float:
        """How many times chance."""
        return self.found / self.by_chance if self.by_chance else float("inf")


def evidence_mass(
    model: CodeAttentionClassifier, vocabulary: Vocabulary, documents: Documents, told: NDArray[np.bool_]
) -> Compared:
    """Share of a label's attention on the sentences that are marked for it, and that of even attention.

    Over pairs of a document and a label that it has, that is told, and that some sentence is marked for.

    Args:
        model: the network.
        vocabulary: of its words.
        documents: with evidence.
        told: (N, K), the decisions.

    Raises:
        ValueError: documents without evidence, or no such pair.
    """
    if documents.evidence is None:
        raise ValueError("the documents say of no sentence what it speaks for")
    found, even = [], []
    for row, (text, lines) in enumerate(zip(documents.texts, documents.evidence, strict=True)):
        where = lines_of_words(text, model.config.max_len)
        if not len(where):
            continue
        marked = lines[where]  # (T, K)
        pairs = np.flatnonzero(told[row] & documents.y[row] & marked.any(0))
        if len(pairs):
            weights = _weights(model, vocabulary, text)[:, : len(where)]
            found += [float(weights[k] @ marked[:, k]) for k in pairs]
            even += [float(marked[:, k].mean()) for k in pairs]
    if not found:
        raise ValueError("no label that is told has a marked sentence")
    return Compared(float(np.mean(found)), float(np.mean(even)), len(found))


def deletion(
    model: CodeAttentionClassifier,
    vocabulary: Vocabulary,
    documents: Documents,
    *,
    share: float = 0.1,
    draws: int = 3,
    seed: int = 0,
) -> Compared:
    """How much less likely a true label gets without the words it attends to most, and without as many random ones.

    Args:
        model: the network.
        vocabulary: of its words.
        documents: whose labels are asked for.
        share: of the words that are left out, one at least.
        draws: of random words; their mean is taken.
        seed: of the draws.

    Raises:
        ValueError: no document has a label.
    """
    rng, found, random = np.random.default_rng(seed), list[float](), list[float]()
    for row, text in enumerate(documents.texts):
        numbers = vocabulary.numbers([text], model.config.max_len)[0]
        numbers = numbers[numbers != PADDING]
        labels = np.flatnonzero(documents.y[row])
        count = max(1, round(share * len(numbers)))
        if len(numbers) <= count:
            continue
        weights = _weights(model, vocabulary, text)
        before = _shares(model, [numbers])[0]
        drawn = [rng.permutation(len(numbers))[:count] for _ in range(draws)]
        for k in labels:
            most = np.argsort(-weights[k, : len(numbers)], kind="stable")[:count]
            after = _shares(model, [np.delete(numbers, places) for places in (most, *drawn)])[:, k]
            found.append(float(before[k] - after[0]))
            random.append(float(before[k] - after[1:].mean()))
    if not found:
        raise ValueError("no document that is long enough has a label")
    return Compared(float(np.mean(found)), float(np.mean(random)), len(found))


def highlighted(
    model: CodeAttentionClassifier, vocabulary: Vocabulary, text: str, labels: Sequence[str], *, most: int = 3
) -> str:
    """A page: for the likeliest labels the text with the words that spoke for them in colour. All text is escaped."""
    numbers = vocabulary.numbers([text], model.config.max_len)
    with torch.no_grad():
        logits, weights = model.eval().attend(torch.from_numpy(numbers[:, : max(1, int((numbers != PADDING).sum()))]))
    shares = torch.sigmoid(logits[0])
    parts = ["<!doctype html><meta charset='utf-8'><title>Evidence</title>",
             "<style>body{font:16px/1.6 sans-serif;max-width:50em;margin:2em auto;padding:0 1em}"
             "mark{color:inherit;border-radius:.2em}h2{font-size:1.1em}</style>"]  # fmt: skip
    for k in shares.argsort(descending=True)[:most].tolist():
        parts.append(f"<h2>{html.escape(labels[k])}: {float(shares[k]):.2f}</h2><p>{_marked(text, weights[0, k])}</p>")
    return "\n".join(parts) + "\n"


def _marked(text: str, weights: Tensor) -> str:
    top = max(float(weights.max()), 1e-12)
    shown, at = list[str](), 0
    for line in text.split("\n"):
        for word in words_of(line):
            share = float(weights[at]) / top if at < len(weights) else 0.0
            at += 1
            colour, body = f"rgb(255 200 0 / {share:.2f})", html.escape(word)
            shown.append(f"<mark style='background:{colour}'>{body}</mark>" if share > _SHOWN else body)
        shown.append("<br>")
    return " ".join(shown)


def _weights(model: CodeAttentionClassifier, vocabulary: Vocabulary, text: str) -> Shares:
    """(K, T) of one text."""
    numbers = vocabulary.numbers([text], model.config.max_len)
    length = max(1, int((numbers != PADDING).sum()))
    with torch.no_grad():
        found: Shares = model.eval().attend(torch.from_numpy(numbers[:, :length]))[1][0].double().numpy()
    return found


def _shares(model: CodeAttentionClassifier, rows: Sequence[NDArray[np.int64]]) -> NDArray[np.float32]:
    """How likely each label is, (rows, K)."""
    words = np.full((len(rows), max(len(row) for row in rows)), PADDING, np.int64)
    for line, row in zip(words, rows, strict=True):
        line[: len(row)] = row
    with torch.no_grad():
        found: NDArray[np.float32] = torch.sigmoid(model.eval()(torch.from_numpy(words))).numpy()
    return found
