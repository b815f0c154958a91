"""`lilliput list`: the names that other commands take."""

from __future__ import annotations

import fnmatch
from typing import Annotated

import typer

from lilliput.cli.options import Json, Quiet


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command(name="list", epilog="Example: lilliput list boards 'nucleo-*'")(list_names)


def list_names(
    kind: Annotated[str, typer.Argument(help="models, tasks, boards, ops or papers.")],
    pattern: Annotated[str, typer.Argument(help="Only names that match, such as 'ds_cnn*'.")] = "*",
    format: Annotated[
        str, typer.Option("--format", help="With ops: the operators of tflite, onnx or aten that can be read.")
    ] = "",
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """List the models, tasks, boards, operators or papers there are."""
    from lilliput.core.output import Output, Table

    if format:
        _list_format(kind, pattern, format, json=json, quiet=quiet)
        return
    from lilliput.cli._catalogue import description, open_registry, summary

    registry = open_registry(kind)
    names = registry.match(pattern)
    if quiet and not json:
        Output(quiet=True).show({}, ids=names)
        return
    described = {name: description(registry, name) for name in names}
    heads: tuple[str, ...] = ("name", "what it is")
    rows: list[tuple[str, ...]] = [(name, summary(described[name])) for name in names]
    if kind == "ops":
        heads, rows = _operators(described)
    items = [{**described[name], "name": name} for name in names]
    count = f"{len(names)} of {len(registry)} {kind}" if pattern != "*" else f"{len(names)} {kind}"
    human: list[Table | str] = [f"no {kind} match {pattern!r}"]
    if names:
        human = [Table(heads, rows), count]
    Output(json=json).show({"kind": kind, "items": items}, ids=names, human=human)


def _operators(described: dict[str, dict[str, object]]) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Types and cores with kernels, and the operators of TensorFlow Lite that are made of each."""

    def told(item: dict[str, object], key: str) -> str:
        names = item.get(key)
        return ", ".join(names) if isinstance(names, list) else ""

    keys = ("types", "cores", "tflite")
    rows = [(name, *(told(item, key) for key in keys)) for name, item in described.items()]
    return ("name", "types", "cores", "TensorFlow Lite"), rows


def _list_format(kind: str, pattern: str, format: str, *, json: bool, quiet: bool) -> None:
    from lilliput.compiler.catalogue import FORMATS, translations
    from lilliput.core.errors import BadSetting
    from lilliput.core.output import Output, Table

    if kind != "ops" or format not in FORMATS:
        raise BadSetting(
            f"--format {format!r} with {kind!r}",
            fix=f"`lilliput list ops --format` takes {', '.join(FORMATS)}",
        )
    found = {name: sorted(ours) for name, ours in translations(format).items() if fnmatch.fnmatchcase(name, pattern)}
    rows = [(name, ", ".join(ours)) for name, ours in found.items()]
    items = [{"name": name, "ops": ours} for name, ours in found.items()]
    human: list[Table | str] = [Table(("name", "made of"), rows), f"{len(found)} operators of {format}"]
    Output(json=json, quiet=quiet).show({"kind": format, "items": items}, ids=list(found), human=human)
