"""Codes for long clinical documents: a small transformer, and for each code its own attention over the tokens."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from lilliput.core.units import PERCENT
from lilliput.papers import Claim, Context, Kind, Paper, Recipe, Result, Row, Scale, register_paper

if TYPE_CHECKING:
    from lilliput.models.code_attention import CodeAttentionClassifier
    from lilliput.tasks.documents import Documents
    from lilliput.tasks.words import Vocabulary
    from lilliput.train.multilabel import Marks, Scores


@dataclass(frozen=True)
class Settings:
    """What is trained, and on what.

    Args:
        data: documents with labels (forms: `tasks/documents.py`), or a folder of MIMIC-III or MIMIC-IV; empty for the
            bundled comments with emotions.
        lists: folder of the published lists of admissions, for MIMIC-III.
        labels: the most frequent ones are kept; documents without any of them go. 0: all labels, all documents.
        max_len, vocabulary: of texts and of all words.
        dim, layers, heads, hidden, dropout, attention_dropout: of the networks.
        margin: C of the margin for rare labels.
        epochs, batch_size, lr, weight_decay, grad_clip: of the training by AdamW.
        line_steps: of the logistic regressions, at most.
        rare: how many of the rarest labels the margin is judged on.
        asked: documents that the words are left out of, and pages are made of `shown` of them.
        shown: pages with coloured words.
        board: whose emulated core runs the network in int8; empty: none.
        board_len: longest texts for which that is tried; attention between all words grows with their square.
        calibration: training texts that the ranges of int8 come from.
    """

    data: str = ""
    lists: str = ""
    labels: int = 0
    max_len: int = 64
    vocabulary: int = 3000
    dim: int = 64
    layers: int = 1
    heads: int = 4
    hidden: int = 128
    dropout: float = 0.1
    attention_dropout: float = 0.0
    margin: float = 3.0
    epochs: int = 8
    batch_size: int = 32
    lr: float = 2e-3
    weight_decay: float = 0.01
    grad_clip: float = 1.0
    line_steps: int = 1000
    rare: int = 5
    asked: int = 200
    shown: int = 2
    board: str = "nucleo-f446re"
    board_len: int = 128
    calibration: int = 256


NETWORKS: dict[str, dict[str, object]] = {
    "transicd": {},
    "code-attention": {},
    "mean-pooling": {"pooling": "mean"},
    "gru": {"pooling": "mean", "encoder": "gru"},
    "bag-of-vectors": {"pooling": "mean", "encoder": "none"},
    "no-positions": {"positions": "none"},
}


def run(context: Context) -> Result:
    """A network trained from nothing, or words counted and a line through the counts."""
    from lilliput.tasks.task import SPLITS

    documents = _documents(context)
    train, validation, test = (documents.of_part(part) for part in range(len(SPLITS)))
    if context.method == "tf-idf":
        return Result(tuple(_tf_idf(context, train, validation, test)))
    model, vocabulary, scores = _trained(context, train, validation, test)
    rows = list(_figures(context, *scores, validation, test, train))
    rows += _evidence(context, model, vocabulary, scores, validation, test)
    settings: Settings = context.settings
    if context.method == "transicd" and settings.board and settings.max_len <= settings.board_len:
        rows += _on_board(settings, model, vocabulary, scores, (train, validation, test))
    pages = tuple(_pages(context, model, vocabulary, test)) if context.method == "transicd" else ()
    return Result(tuple(rows), pages, _structure() if context.method == "transicd" else {})


def _documents(context: Context) -> Documents:
    from lilliput.tasks.clinical import read_mimic3, read_mimic4
    from lilliput.tasks.documents import bundled_documents, read_documents

    settings: Settings = context.settings
    place = Path(settings.data)
    if not settings.data:
        found = bundled_documents()
    elif any(place.glob("NOTEEVENTS.csv*")):
        found = read_mimic3(place, lists=Path(settings.lists) if settings.lists else None)
    elif any(place.rglob("discharge.csv*")):
        found = read_mimic4(place)
    else:
        found = read_documents(place)
    return found.most_frequent(settings.labels) if settings.labels else found


def _trained(
    context: Context, train: Documents, validation: Documents, test: Documents
) -> tuple[CodeAttentionClassifier, Vocabulary, tuple[Scores, Scores]]:
    """The network, its words, and its scores of validation and test."""
    import torch

    from lilliput.models import create_model
    from lilliput.tasks.words import Vocabulary
    from lilliput.train.data import TrainData
    from lilliput.train.loop import fit
    from lilliput.train.multilabel import NumberedTexts, judge_many, many_labels, margins, scores_of
    from lilliput.train.settings import TrainSettings

    settings: Settings = context.settings
    vocabulary = Vocabulary.of(train.texts, settings.vocabulary)
    parts = [
        NumberedTexts(vocabulary.numbers(part.texts, settings.max_len), part.y) for part in (train, validation, test)
    ]
    torch.manual_seed(context.seed)
    model: CodeAttentionClassifier = create_model(  # type: ignore[assignment]
        "code_attention", classes=len(train.labels), max_len=settings.max_len, vocabulary=len(vocabulary),
        dim=settings.dim, layers=settings.layers, heads=settings.heads, hidden=settings.hidden,
        dropout=settings.dropout, attention_dropout=settings.attention_dropout, **NETWORKS[context.method],  # type: ignore[arg-type]
    )  # fmt: skip
    margin = margins(train.y.sum(0), settings.margin) if context.method == "transicd" else None
    wanted = TrainSettings(
        epochs=settings.epochs, batch_size=settings.batch_size, lr=settings.lr, weight_decay=settings.weight_decay,
        grad_clip=settings.grad_clip, keep="best", seed=context.seed,
    )  # fmt: skip
    fit(
        model, TrainData(parts[0], parts[1]), wanted, emit=context.emit, objective=many_labels(margin),
        judge=judge_many, checkpoint_dir=context.folder / "checkpoints",
    )  # fmt: skip
    return model, vocabulary, (scores_of(model, parts[1]), scores_of(model, parts[2]))


def _figures(
    context: Context, known: Scores, scores: Scores, validation: Documents, test: Documents, train: Documents
) -> Iterator[Row]:
    """All figures at the threshold that is best on validation; F1 at one half beside; recall of the rarest labels."""
    import numpy as np

    from lilliput.train.multilabel import best_threshold, label_figures

    settings: Settings = context.settings
    threshold = best_threshold(known, validation.y)
    tuned, half = label_figures(scores, test.y, threshold=threshold), label_figures(scores, test.y, threshold=0.0)
    for name, value in (
        ("micro AUC", tuned.auc_micro), ("macro AUC", tuned.auc_macro), ("micro F1", tuned.f1_micro),
        ("macro F1", tuned.f1_macro), ("macro F1, harmonic", tuned.f1_macro_harmonic),
        ("all labels right", tuned.exact),
        *((f"precision at {k}", value) for k, value in tuned.precision_at.items()),
    ):  # fmt: skip
        yield Row(name, value, n=len(test))
    yield Row("micro F1", half.f1_micro, split="test, at one half", n=len(test))
    yield Row("labels without an AUC", float(len(tuned.left_out)), split="test")
    rare = np.argsort(train.y.sum(0), kind="stable")[: settings.rare]
    asked = test.y[:, rare]
    recall = float(((scores[:, rare] >= threshold) & asked).sum() / max(int(asked.sum()), 1))
    yield Row("recall", recall, split=f"the {settings.rare} rarest labels", n=int(asked.sum()))
    words = [len(text.split()) for text in test.texts]
    yield Row("words of a text", float(np.mean(words)), split="test")
    yield Row("texts cut", float(np.mean([count > settings.max_len for count in words])), split="test")


def _evidence(
    context: Context, model: CodeAttentionClassifier, vocabulary: Vocabulary, scores: tuple[Scores, Scores],
    validation: Documents, test: Documents,
) -> Iterator[Row]:  # fmt: skip
    import numpy as np

    from lilliput.models.cost import count_params
    from lilliput.train.evidence import deletion, evidence_mass
    from lilliput.train.multilabel import best_threshold

    yield Row("parameters", float(count_params(model).trainable), split="network")
    gone = deletion(model, vocabulary, test.at(np.arange(min(len(test), context.settings.asked))), seed=context.seed)
    yield Row("loss of a true label", gone.found, split="without a tenth of the words, the most attended", n=gone.pairs)
    yield Row("loss of a true label", gone.by_chance, split="without a tenth of the words, at random", n=gone.pairs)
    if test.evidence is not None:
        told: Marks = scores[1] >= best_threshold(scores[0], validation.y)
        mass = evidence_mass(model, vocabulary, test, told)
        yield Row("attention on marked sentences", mass.found, split="test", n=mass.pairs)
        yield Row("attention on marked sentences", mass.by_chance, split="test, if it were even", n=mass.pairs)


def _pages(context: Context, model: CodeAttentionClassifier, vocabulary: Vocabulary, test: Documents) -> Iterator[Path]:
    from lilliput.train.evidence import highlighted

    for number, text in enumerate(test.texts[: context.settings.shown]):
        path = Path(f"evidence-{number}.html")
        (context.folder / path).write_text(highlighted(model, vocabulary, text, test.labels), encoding="utf-8")
        yield path


def _on_board(
    settings: Settings, model: CodeAttentionClassifier, vocabulary: Vocabulary, scores: tuple[Scores, Scores],
    parts: tuple[Documents, Documents, Documents],
) -> Iterator[Row]:  # fmt: skip
    """The network in int8 on an emulated board, from numbers of words to logits; the threshold stays."""
    from lilliput.papers._device import on_device
    from lilliput.train.multilabel import best_threshold, label_figures

    train, validation, test = parts
    texts = [vocabulary.numbers(part.texts, settings.max_len) for part in (train, test)]
    found = on_device(model, texts[0][: settings.calibration], texts[1], settings.board)
    figures = label_figures(found.outputs, test.y, threshold=best_threshold(scores[0], validation.y))
    for name, value in (("micro AUC", figures.auc_micro), ("micro F1", figures.f1_micro)):
        yield Row(name, value, split=f"test, int8 on {found.board}", n=len(test))
    yield from found.rows()


def _tf_idf(context: Context, train: Documents, validation: Documents, test: Documents) -> Iterator[Row]:
    """Weighted counts of words and a logistic regression a label: what any network here has to be held against."""
    import numpy as np

    from lilliput.core.errors import MissingExtra

    try:
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.linear_model import LogisticRegression
    except ImportError:
        raise MissingExtra("tf-idf needs scikit-learn", fix="pip install 'lilliput[data]'") from None
    counts = TfidfVectorizer(sublinear_tf=True, min_df=2)
    x = counts.fit_transform(train.texts)
    known, asked = (np.zeros((len(part), len(train.labels)), np.float32) for part in (validation, test))
    for k in range(len(train.labels)):
        if not train.y[:, k].any() or train.y[:, k].all():
            continue
        line = LogisticRegression(max_iter=context.settings.line_steps, random_state=context.seed).fit(x, train.y[:, k])
        for made, part in ((known, validation), (asked, test)):
            made[:, k] = line.decision_function(counts.transform(part.texts))
    yield from _figures(context, known, asked, validation, test, train)


def _structure() -> dict[str, float]:
    """Parameters of the published networks."""
    from lilliput.models import create_model
    from lilliput.models.cost import count_params
    from lilliput.models.shapes import shapes_only

    with shapes_only():
        ours, mean = create_model("transicd"), create_model("transicd_mean")
    parts = {name: float(count_params(module).trainable) for name, module in ours.named_children()}
    return {
        "transicd.params": float(count_params(ours).trainable), "baseline.params": float(count_params(mean).trainable),
        "encoder.params": parts["encoder"], "attention.params": parts["attention"],
    }  # fmt: skip


def compare(result: Result) -> dict[str, float]:
    """Points between two methods, the mean over seeds of differences with the same seed."""
    from statistics import mean

    found: dict[tuple[str, str], dict[int | None, float]] = {}
    for row in result.rows:
        if row.split == "test":
            found.setdefault((row.name, row.method), {})[row.seed] = row.value
    pairs = {
        "attention.gain": ("micro AUC", "code-attention", "mean-pooling"),
        "margin.gain": ("micro AUC", "transicd", "code-attention"),
        "margin.f1-macro.gain": ("macro F1", "transicd", "code-attention"),
    }
    return {
        claim: PERCENT * mean(found[name, one][seed] - found[name, other][seed] for seed in found[name, one])
        for claim, (name, one, other) in pairs.items()
    }


_TEST = "MIMIC-III, 50 most frequent codes, test part"
_TABLE = "[readme] table of results"

register_paper(
    Paper(
        number=3,
        name="transicd",
        title="TransICD: Transformer Based Code-wise Attention Model for Explainable ICD Coding",
        date=date(2021, 3, 28),
        authors=3,
        by="Biswas and Pham and Zhang",
        links=("https://github.com/biplob1ly/TransICD",),
        topics=("text", "multi-label", "explanations", "medicine"),
        summary="Assigns many labels to one long document. A small transformer encoder reads the tokens; each label "
        "has its own attention over them, its own document vector and its own output, and the attention is shown as "
        "the evidence. A margin that grows for rare labels counters the imbalance. For anyone with long texts, many "
        "unequal labels and a need to show why.",
        claims=(
            Claim("auc-micro", "area under the ROC curve, micro", 92.3, "%", "higher", _TEST, Kind.OUT_OF_REACH, _TABLE,
                  note="±0.1; the data need credentials"),
            Claim("auc-macro", "area under the ROC curve, macro", 89.4, "%", "higher", _TEST, Kind.OUT_OF_REACH, _TABLE,
                  note="±0.1"),
            Claim("f1-micro", "F1, micro", 64.4, "%", "higher", _TEST, Kind.OUT_OF_REACH, _TABLE, note="±0.3"),
            Claim("f1-macro", "F1, macro", 56.2, "%", "higher", _TEST, Kind.OUT_OF_REACH, _TABLE,
                  note="±0.4; mean of the labels' F1, where others take the harmonic mean of precision and recall"),
            Claim("p-at-5", "precision at 5", 61.7, "%", "higher", _TEST, Kind.OUT_OF_REACH, _TABLE, note="±0.3"),
            Claim("attention.gain", "micro AUC, attention per code against mean over the tokens", 2.2, "points",
                  "higher", _TEST, Kind.STAND_IN, "[derived] 91.1 against 88.9 in the readme's table",
                  note="here: other multi-label text"),
            Claim("margin.gain", "micro AUC, with the margin against without", 1.2, "points", "higher", _TEST,
                  Kind.STAND_IN, "[derived] 92.3 against 91.1 in the readme's table"),
            Claim("margin.f1-macro.gain", "macro F1, with the margin against without", 6.8, "points", "higher", _TEST,
                  Kind.STAND_IN, "[derived] 56.2 against 49.4 in the readme's table"),
            Claim("transicd.params", "trainable parameters", 448_868, "", "equal", "50 codes, frozen embeddings",
                  Kind.STRUCTURE, "[official code]"),
            Claim("baseline.params", "trainable parameters", 402_994, "", "equal",
                  "50 codes, frozen embeddings, mean over the tokens", Kind.STRUCTURE, "[official code]"),
            Claim("encoder.params", "parameters", 396_544, "", "equal", "two encoder layers of width 128",
                  Kind.STRUCTURE, "[official code]"),
            Claim("attention.params", "parameters", 45_874, "", "equal", "attention of 50 codes", Kind.STRUCTURE,
                  "[official code]"),
        ),
        recipe=Recipe(
            settings=Settings,
            scales={
                "smoke": Scale(seconds=60, memory_bytes=2**30, settings={"epochs": 1, "asked": 20}),
                "small": Scale(seconds=120, memory_bytes=2**30, seeds=3),
                "full": Scale(
                    seconds=14400, memory_bytes=2**34, seeds=3,
                    settings={"labels": 50, "max_len": 2500, "vocabulary": 120_000, "dim": 128, "layers": 2, "heads": 8,
                              "hidden": 512, "attention_dropout": 0.1, "epochs": 30, "batch_size": 8, "lr": 1e-3,
                              "board": ""},
                ),
            },
            run=run,
            claims=("attention.gain", "margin.gain", "margin.f1-macro.gain", "transicd.params", "baseline.params",
                    "encoder.params", "attention.params"),
            methods=(*NETWORKS, "tf-idf"),
            compare=compare,
        ),
    )
)  # fmt: skip
