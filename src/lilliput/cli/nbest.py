"""`lilliput nbest`: lists of what a recogniser may have heard."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lilliput.cli.options import Json, Quiet


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(no_args_is_help=True, help="Lists of hypotheses of a recogniser, best first.")
    group.command(name="stats", epilog="Example: lilliput nbest stats test_atis.json")(stats)
    group.command(name="correct", epilog="Example: lilliput nbest correct new.json --learn-from known.json")(correct)
    app.add_typer(group, name="nbest", epilog="Example: lilliput nbest stats test_atis.json")


Normalise = Annotated[
    str, typer.Option("--normalise", help="none, or letters: lower case, no punctuation, no digits; of both sides.")
]


def stats(
    file: Annotated[Path, typer.Argument(help="JSON of HyPoradise's form, packed by gzip or not.")],
    normalise: Normalise = "none",
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Word error rates of the first hypotheses and of the best ones, and what no hypothesis holds."""
    from lilliput.core.output import Output, Table
    from lilliput.tasks.nbest import read_nbest
    from lilliput.train.wer import corpus_errors, describe_lists, rate_interval

    items = read_nbest(file, normalise=normalise)
    figures = describe_lists(items)
    references = [item.reference or "" for item in items]
    first = [item.hypotheses[0] for item in items]
    errors = corpus_errors(references, first)
    low, high = rate_interval(references, first)
    counts = {"substitutions": errors.substitutions, "deletions": errors.deletions, "insertions": errors.insertions}
    said = {"file": file.name, "normalise": normalise, **figures, "wer_low": low, "wer_high": high, **counts}
    names = {
        "utterances": "utterances", "words": "words of references", "wer": "first hypothesis, WER",
        "mean_wer": "… mean of each utterance's rate", "oracle_wer": "best hypothesis, WER (o_nb)",
        "oracle_mean_wer": "… mean of each utterance's rate", "missing": "words in no hypothesis (o_cp)",
        "missing_counted": "… each as often as it was said", "distinct": "different hypotheses a list",
        "exact": "first hypotheses without error",
    }  # fmt: skip
    plain = {"utterances", "words", "distinct"}
    rows = [
        (text, f"{figures[key]:.2f}".removesuffix(".00") if key in plain else f"{100 * figures[key]:.2f} %")
        for key, text in names.items()
    ]
    title = f"{file.name}, normalised: {normalise}; first hypothesis {100 * low:.2f} to {100 * high:.2f} % (95 %)"
    output = Output(json=json, quiet=quiet)
    output.show(said, ids=[f"{100 * figures['wer']:.2f}"], human=[Table(("", ""), rows, title)])


def correct(
    file: Annotated[Path, typer.Argument(help="Lists to be corrected; references are not needed.")],
    learn_from: Annotated[Path, typer.Option("--learn-from", help="Lists with references.")],
    rules: Annotated[int, typer.Option("--rules", min=0, max=10_000, help="Substitution rules at most.")] = 100,
    order: Annotated[int, typer.Option("--order", min=1, max=6, help="Words of the language model.")] = 2,
    seed: Annotated[int, typer.Option("--seed", help="Of what weights are chosen by: an eighth.")] = 0,
    normalise: Normalise = "none",
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Learn substitutions and a language model from known lists, and write each new list as one text."""
    from lilliput.core.output import Output
    from lilliput.tasks.nbest import parted, read_nbest
    from lilliput.train.rescoring import Corrector

    learn, judge = parted(read_nbest(learn_from, normalise=normalise), (7 / 8, 1 / 8), seed)
    corrector = Corrector.learnt(learn, judge, rules=rules, order=order)
    items = read_nbest(file, normalise=normalise)
    texts = corrector.correct(items)
    found = [
        {"id": item.name, "text": text, "changed": text != item.hypotheses[0]}
        for item, text in zip(items, texts, strict=True)
    ]
    Output(json=json, quiet=quiet).show({"utterances": found}, ids=texts, human=texts)
