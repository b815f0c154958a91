"""From a recogniser's list of guesses to one corrected sentence, written anew."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from lilliput.core.units import PERCENT
from lilliput.papers import Claim, Context, Kind, Paper, Recipe, Result, Row, Scale, register_paper

if TYPE_CHECKING:
    from lilliput.tasks.nbest import NBest


@dataclass(frozen=True)
class Settings:
    """Which lists are corrected, and by what.

    Args:
        data: a file of HyPoradise's form; empty for spoken dates that a small recogniser hears here.
        normalise: "none", or "letters": lower case, no punctuation, no digits; of both sides.
        learn, judge: shares of the utterances that are learnt from, and that choices are made by; the others test.
        strings, asked, recogniser_epochs: what the recogniser learns from, the dates that it is asked, its training.
        rules: substitutions at most.
        order: words of the language model.
        epochs, dim, hidden, dropout, lr: of the tagger.
        shown: corrections on the page.
    """

    data: str = ""
    normalise: str = "none"
    learn: float = 0.6
    judge: float = 0.1
    strings: int = 2000
    asked: int = 900
    recogniser_epochs: int = 10
    rules: int = 100
    order: int = 3
    epochs: int = 12
    dim: int = 48
    hidden: int = 64
    dropout: float = 0.2
    lr: float = 3e-3
    shown: int = 40


METHODS = ("first", "best", "re-ranked", "rules", "tagger", "tagger-re-ranked", "rules-tagger", "chosen", "shuffled")
"""`best` looks at what was said: it is the bound of any choice. `chosen` is whichever of the four before it makes the
fewest errors in the utterances that choices are made by. `shuffled` is `chosen` taught with the references of other
utterances, which must take away what it gains."""
OURS = "chosen"


def run(context: Context) -> Result:
    """One corrector, learnt from some lists and tested on others."""
    from lilliput.train.corrections import corrections, shown
    from lilliput.train.wer import corpus_errors, missing_words, rate_interval, word_errors

    learn, judge, test = _parts(context)
    texts, parameters = _corrected(context, learn, judge, test)
    said = [item.reference or "" for item in test]
    errors = corpus_errors(said, texts)
    low, high = rate_interval(said, texts, seed=context.seed)
    counts = corrections(test, texts)
    exact = sum(not word_errors(one, other).errors for one, other in zip(said, texts, strict=True))
    rows = [
        Row("word error rate", errors.rate, n=len(test), low=low, high=high),
        *(Row(f"{kind} a word", value / errors.words) for kind, value in (
            ("substitutions", errors.substitutions), ("deletions", errors.deletions), ("insertions", errors.insertions),
        )),
        Row("texts without error", exact / len(test), n=len(test)),
        Row("right texts made wrong", counts.spoilt / max(counts.right, 1), n=counts.right),
        Row("texts changed", counts.changed / len(test), n=len(test)),
        Row("right words put in", float(counts.put_in)),
        Row("right words put in", float(counts.new), split="test, in no hypothesis"),
        Row("parameters", float(parameters), split="network"),
    ]  # fmt: skip
    if context.method == "first":
        rows.append(Row("words in no hypothesis", missing_words(test), n=errors.words))
        rows.append(Row("texts to learn from", float(len(learn)), split="learnt"))
    page = Path("corrections.html")
    title = f"{context.method}: {PERCENT * errors.rate:.2f} % of words wrong"
    (context.folder / page).write_text(shown(test, texts, title, most=context.settings.shown), encoding="utf-8")
    return Result(tuple(rows), (page,), _released(context))


def _parts(context: Context) -> list[list[NBest]]:
    """To learn from, to choose by, and to test; nothing that was said is in two of them."""
    from lilliput.tasks.nbest import parted, read_nbest

    settings: Settings = context.settings
    if settings.data:
        items = read_nbest(Path(settings.data), normalise=settings.normalise)
    else:
        items = _heard(settings, context.seed)
    return parted(items, (settings.learn, settings.judge, 1 - settings.learn - settings.judge), context.seed)


@functools.cache
def _heard(settings: Settings, seed: int) -> list[NBest]:
    """Kept, since all methods of one process correct the same lists."""
    from lilliput.train.digit_lists import DigitListSettings, digit_lists

    return digit_lists(
        DigitListSettings(learnt=settings.strings, asked=settings.asked, epochs=settings.recogniser_epochs, seed=seed)
    )


def _corrected(
    context: Context, learn: Sequence[NBest], judge: Sequence[NBest], test: Sequence[NBest]
) -> tuple[list[str], int]:
    """One text for each list, and the weights of the network that wrote it."""
    from lilliput.models.cost import count_params
    from lilliput.train.ngram import NGram
    from lilliput.train.rescoring import Corrector, tuned
    from lilliput.train.tagging import RankedTagger, TagSettings, learn_tagger
    from lilliput.train.wer import corpus_errors, oracle

    settings: Settings = context.settings
    if context.method == "first":
        return [item.hypotheses[0] for item in test], 0
    if context.method == "best":
        return oracle(test), 0
    if context.method == "re-ranked":
        model = NGram([item.reference or "" for item in learn], order=settings.order)
        return tuned(model, judge).choose(test), 0
    if context.method == "shuffled":
        learn = _shuffled(learn, context.seed)
    rules = Corrector.learnt(learn, judge, rules=settings.rules)
    if context.method == "rules":
        return rules.correct(test), 0
    wanted = TagSettings(
        dim=settings.dim, hidden=settings.hidden, dropout=settings.dropout, epochs=settings.epochs, lr=settings.lr,
        order=settings.order, seed=context.seed,
    )  # fmt: skip
    tagger = learn_tagger(learn, judge, wanted, emit=context.emit, checkpoint_dir=context.folder / "checkpoints")
    ranked = RankedTagger.tuned(tagger, judge)
    after = tagger.with_margin(judge, rules.correct(judge))
    ways: dict[str, Callable[[Sequence[NBest]], list[str]]] = {
        "rules": rules.correct,
        "tagger": tagger.correct,
        "tagger-re-ranked": ranked.correct,
        "rules-tagger": lambda items: after.correct(items, rules.correct(items)),
    }
    said = [item.reference or "" for item in judge]
    fewest = min(ways, key=lambda way: corpus_errors(said, ways[way](judge)).errors)
    return ways.get(context.method, ways[fewest])(test), count_params(tagger.network).trainable


def _shuffled(items: Sequence[NBest], seed: int) -> list[NBest]:
    import numpy as np

    order = np.random.default_rng(seed).permutation(len(items))
    return [replace(item, reference=items[int(other)].reference) for item, other in zip(items, order, strict=True)]


def _released(context: Context) -> dict[str, float]:
    """The first and the best hypothesis of a whole released file, as the published script cleans and averages."""
    from lilliput.tasks.nbest import read_nbest
    from lilliput.train.wer import describe_lists

    path = Path(context.settings.data)
    name = path.name.removeprefix("test_").split(".")[0]
    if context.method != "first" or name not in RELEASED:
        return {}
    figures = describe_lists(read_nbest(path, normalise="letters"))
    return {f"{name}.one-best": PERCENT * figures["mean_wer"], f"{name}.oracle": PERCENT * figures["oracle_mean_wer"]}


def conclude(result: Result, folder: Path) -> Result:
    """By how much the error rate lies below that of the best hypothesis: of released files a claim, else a figure."""
    from statistics import mean

    found: dict[str, list[float]] = {}
    for row in result.rows:
        if (row.name, row.split) == ("word error rate", "test"):
            found.setdefault(row.method, []).append(row.value)
    if OURS not in found or "best" not in found:
        return Result(())
    below = PERCENT * (mean(found["best"]) - mean(found[OURS]))
    name = next((name for name in RELEASED if f"{name}.one-best" in result.measured), "")
    return Result((), (), {f"{name}.below-oracle": below} if f"{name}.below-oracle" in BELOW else {})


RELEASED = ("atis", "chime4", "lrs2")
BELOW = ("atis.below-oracle", "chime4.below-oracle")
_TABLE = "[readme] table of results"
_LARGE = "trains a language model of 7 billion parameters"

register_paper(
    Paper(
        number=8,
        name="hyporadise",
        title="HyPoradise: An Open Baseline for Generative Speech Recognition with Large Language Models",
        date=date(2023, 9, 27),
        authors=6,
        by="Chen and Hu and Yang and Siniscalchi and Chen and Chng",
        arxiv="2309.15701",
        topics=("speech", "text", "language-models"),
        summary="A benchmark and methods for correcting speech recognition after the fact. The recogniser's five "
        "best guesses go in, one sentence comes out, and words may appear that no guess contains. For anyone who "
        "ships a small recogniser and wants fewer errors without touching its acoustic model.",
        claims=(
            Claim("atis.one-best", "word error rate", 8.3, "%", "equal", "ATIS, first guess", Kind.REPRODUCED, _TABLE,
                  note="depends on how the text is cleaned; the options are printed beside the figure"),
            Claim("atis.oracle", "word error rate", 5.2, "%", "equal", "ATIS, best guess of the list", Kind.REPRODUCED,
                  _TABLE),
            Claim("atis.llama-lora", "word error rate", 1.9, "%", "lower", "ATIS, LLaMA with LoRA", Kind.OUT_OF_REACH,
                  _TABLE, note=_LARGE),
            Claim("atis.t5-lora", "word error rate", 1.7, "%", "lower", "ATIS, T5 with LoRA", Kind.OUT_OF_REACH,
                  _TABLE),
            Claim("atis.below-oracle", "word error rate below that of the list's best guess", 3.3, "points", "higher",
                  "ATIS, LLaMA with LoRA", Kind.STAND_IN, "[derived] 5.2 against 1.9 in the readme's table",
                  note="here: correctors of a few million parameters, trained on a part of the same lists"),
            Claim("chime4.one-best", "word error rate", 11.1, "%", "equal", "CHiME-4, first guess", Kind.REPRODUCED,
                  _TABLE),
            Claim("chime4.oracle", "word error rate", 9.1, "%", "equal", "CHiME-4, best guess of the list",
                  Kind.REPRODUCED, _TABLE),
            Claim("chime4.llama-lora", "word error rate", 6.6, "%", "lower", "CHiME-4, LLaMA with LoRA",
                  Kind.OUT_OF_REACH, _TABLE, note=_LARGE),
            Claim("chime4.below-oracle", "word error rate below that of the list's best guess", 2.5, "points",
                  "higher", "CHiME-4, LLaMA with LoRA", Kind.STAND_IN,
                  "[derived] 9.1 against 6.6 in the readme's table"),
            Claim("lrs2.one-best", "word error rate", 10.1, "%", "equal", "LRS2, first guess", Kind.REPRODUCED, _TABLE,
                  note="the published lists are not those behind the table"),
            Claim("lrs2.oracle", "word error rate", 6.9, "%", "equal", "LRS2, best guess of the list", Kind.REPRODUCED,
                  _TABLE),
            Claim("lrs2.llama-lora", "word error rate", 8.8, "%", "lower", "LRS2, LLaMA with LoRA", Kind.OUT_OF_REACH,
                  _TABLE),
            Claim("wsj.llama-lora", "word error rate", 2.2, "%", "lower", "WSJ, LLaMA with LoRA", Kind.OUT_OF_REACH,
                  _TABLE),
            Claim("pairs", "pairs of guesses and transcript", 334_000, "", "higher", "all domains together",
                  Kind.OUT_OF_REACH, "[abstract] more than this"),
        ),
        recipe=Recipe(
            settings=Settings,
            scales={
                "smoke": Scale(seconds=30, memory_bytes=2**30,
                               settings={"strings": 200, "asked": 120, "recogniser_epochs": 2, "epochs": 2}),
                "small": Scale(seconds=60, memory_bytes=2**30, seeds=3),
                "full": Scale(seconds=600, memory_bytes=2**31, seeds=10,
                              settings={"strings": 20_000, "asked": 5000, "epochs": 20, "dim": 64, "hidden": 96}),
            },
            run=run,
            conclude=conclude,
            claims=("atis.one-best", "atis.oracle", "atis.below-oracle", "chime4.one-best", "chime4.oracle",
                    "chime4.below-oracle", "lrs2.one-best", "lrs2.oracle"),
            methods=METHODS,
        ),
    )
)  # fmt: skip
