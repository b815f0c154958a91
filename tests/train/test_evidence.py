"""Reasons that are reasons: a network that looks at one word, and one that looks everywhere."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from lilliput.models import create_model
from lilliput.models.code_attention import CodeAttentionClassifier
from lilliput.tasks.documents import Documents
from lilliput.tasks.words import Vocabulary
from lilliput.train.evidence import deletion, evidence_mass, highlighted, lines_of_words

TEXTS = ("the sky is blue\nthe fox is red now\nnothing here", "a fox runs\nit is late and dark outside")
DOCUMENTS = Documents(
    ("a", "b"), TEXTS, np.array([[True, False], [True, False]]), ("fox", "<other>"), np.zeros(2, np.int64),
    (np.array([[0, 0], [1, 0], [0, 0]], bool), np.array([[1, 0], [0, 0]], bool)),
)  # fmt: skip
VOCABULARY = Vocabulary.of(TEXTS, 100)


def watcher(*, sees: str) -> CodeAttentionClassifier:
    """A network without an encoder whose first label attends to one word, and is likely where that is."""
    model = create_model(
        "code_attention", encoder="none", classes=2, vocabulary=len(VOCABULARY), dim=4, heads=1, expansion=1, max_len=20
    )
    assert isinstance(model, CodeAttentionClassifier)
    assert model.attention is not None
    number = VOCABULARY.words.index(sees) + 2
    with torch.no_grad():
        for p in model.parameters():
            p.zero_()
        model.embedding.weight[number, 0] = 1.0
        model.attention.hidden.weight[0, 0] = 5.0
        model.attention.score.weight[0, 0] = 12.0
        model.heads.weight[0, 0] = 6.0
        model.heads.bias.fill_(-3.0)
    return model.eval()


def test_words_stand_in_their_lines() -> None:
    assert lines_of_words("one two\n\nthree.", 10).tolist() == [0, 0, 1, 1]
    assert lines_of_words("one two\nthree", 2).tolist() == [0, 0]


def test_attention_on_the_marked_sentence_counts() -> None:
    told = np.array([[True, False], [True, True]])
    right = evidence_mass(watcher(sees="fox"), VOCABULARY, DOCUMENTS, told)
    assert right.pairs == 2
    assert right.found == pytest.approx(1.0, abs=1e-3)
    assert right.by_chance == pytest.approx((5 / 11 + 3 / 9) / 2)
    assert right.ratio > 2
    wrong = evidence_mass(watcher(sees="late"), VOCABULARY, DOCUMENTS, told)
    assert wrong.found < 0.4
    with pytest.raises(ValueError, match="no label that is told has a marked sentence"):
        evidence_mass(watcher(sees="fox"), VOCABULARY, DOCUMENTS, ~told & False)


def test_leaving_the_reason_out_costs_more_than_leaving_words_out() -> None:
    gone = deletion(watcher(sees="fox"), VOCABULARY, DOCUMENTS)
    assert gone.pairs == 2
    assert gone.found > 0.9
    assert gone.by_chance < 0.5
    blind = deletion(watcher(sees="dark"), VOCABULARY, DOCUMENTS.at(np.array([0])))
    assert abs(blind.found) < 1e-6


def test_a_page_escapes_what_it_shows_and_colours_the_reason() -> None:
    page = highlighted(watcher(sees="fox"), VOCABULARY, "the fox <script>alert(1)</script>", DOCUMENTS.labels)
    assert "<script>" not in page
    assert "&lt;" in page
    assert "<mark style='background:rgb(255 200 0 / 1.00)'>fox</mark>" in page
    assert "&lt;other&gt;" in page
    assert "the <mark" in page
