"""`lilliput info`: all there is to say about one name."""

from __future__ import annotations

import difflib
from typing import Annotated, Any

import typer

from lilliput.cli.options import Json, Quiet
from lilliput.core.errors import LilliputError, UnknownName


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command(name="info", epilog="Example: lilliput info nucleo-f446re")(info)


def info(
    name: Annotated[str, typer.Argument(help="Of a model, task, board, operator or paper.")],
    kind: Annotated[str | None, typer.Option("--kind", help="Look there only: models, tasks, boards, …")] = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Show what is known of a model, task, board, operator or paper."""
    from lilliput.cli._catalogue import KINDS
    from lilliput.core.output import Output

    found = _look(name, [kind] if kind is not None else list(KINDS), is_strict=kind is not None)
    items = [{**described, "kind": where, "name": name} for where, described in found]
    human = [part for where, described in found for part in _human(name, where, described)]
    Output(json=json, quiet=quiet).show({"items": items}, ids=[name], human=human)


def _look(name: str, kinds: list[str], *, is_strict: bool) -> list[tuple[str, dict[str, Any]]]:
    from lilliput.cli._catalogue import description, open_registry

    found, names, closed = [], [], []
    for kind in kinds:
        try:
            registry = open_registry(kind)
        except LilliputError as error:
            if is_strict:
                raise
            closed.append(str(error.what))
            continue
        names += list(registry)
        if name in registry:
            found.append((kind, description(registry, name)))
    if found:
        return found
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    fix = (
        f"did you mean {', '.join(near)}?"
        if near
        else "`lilliput list models|tasks|boards|ops|papers` prints the names"
    )
    raise UnknownName(f"nothing here is called {name!r}", why="; ".join(closed), fix=fix)


def _human(name: str, kind: str, described: dict[str, Any]) -> list[Any]:
    from lilliput.core.output import Table

    lines = dict(_flat(described))
    rows = [(key, value) for key, value in lines.items() if key != "name"]
    return [Table(("", ""), [("name", name), ("kind", kind.removesuffix("s")), *rows])]


def _flat(described: dict[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    pairs: list[tuple[str, Any]] = []
    for key, value in described.items():
        if isinstance(value, dict):
            pairs += _flat(value, f"{prefix}{key}.")
        elif isinstance(value, list) and any(isinstance(item, dict) for item in value):
            pairs.append((prefix + key, f"{len(value)}; --json shows them"))
        elif isinstance(value, list):
            pairs.append((prefix + key, ", ".join(str(item) for item in value) or None))
        else:
            pairs.append((prefix + key, value))
    return pairs
