"""`lilliput list`: the names that other commands take."""

from __future__ import annotations

from typing import Annotated

import typer

from lilliput.cli.options import Json, Quiet


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command(name="list", epilog="Example: lilliput list boards 'nucleo-*'")(list_names)


def list_names(
    kind: Annotated[str, typer.Argument(help="models, tasks, boards, ops or papers.")],
    pattern: Annotated[str, typer.Argument(help="Only names that match, such as 'ds_cnn*'.")] = "*",
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """List the models, tasks, boards, operators or papers there are."""
    from lilliput.cli._catalogue import description, open_registry, summary
    from lilliput.core.output import Output, Table

    registry = open_registry(kind)
    names = registry.match(pattern)
    if quiet and not json:
        Output(quiet=True).show({}, ids=names)
        return
    described = {name: description(registry, name) for name in names}
    rows = [(name, summary(described[name])) for name in names]
    items = [{**described[name], "name": name} for name in names]
    count = f"{len(names)} of {len(registry)} {kind}" if pattern != "*" else f"{len(names)} {kind}"
    human: list[Table | str] = [f"no {kind} match {pattern!r}"]
    if names:
        human = [Table(("name", "what it is"), rows), count]
    Output(json=json).show({"kind": kind, "items": items}, ids=names, human=human)
