"""`lilliput scale`: the form of a network that a budget allows."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lilliput.cli.options import Json, Quiet, Set, Threads, use_threads

if TYPE_CHECKING:
    from lilliput.search.formula import Formula


def register(app: typer.Typer) -> None:
    """Add the verb."""
    example = "lilliput scale efficientnet_b0 --budget macs=20M --set classes=10"
    app.command(name="scale", epilog=f"Example: {example}")(scale)


def scale(
    model: Annotated[str, typer.Argument(help="A network that can be scaled, such as efficientnet_b0.")],
    budget: Annotated[
        list[str], typer.Option("--budget", metavar="KEY=VALUE", help="macs=20M, sram=256KiB, flash=1MiB; each once.")
    ],
    rule: Annotated[str, typer.Option("--rule", help="tiny, giant (EfficientNet's, turned round) or width.")] = "tiny",
    solve: Annotated[
        str, typer.Option("--solve", help="counted, or closed: the formula's width, which overshoots.")
    ] = "counted",
    allow_enlarge: Annotated[bool, typer.Option("--allow-enlarge", help="Accept more than the network costs.")] = False,
    settings: Set = None,
    threads: Threads = 1,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Shrink a network to a budget: resolution and depth by a rule, the widest that fits."""
    use_threads(threads)
    from lilliput.core.budget import Budget
    from lilliput.core.errors import BadSetting
    from lilliput.core.output import Output, Table
    from lilliput.search import InverseGiant, TinyFormula, WidthOnly, scale_to_budget
    from lilliput.search.scaling import changes_of, describe

    rules: dict[str, Callable[[], Formula]] = {"tiny": TinyFormula.default, "giant": InverseGiant, "width": WidthOnly}
    if rule not in rules or solve not in ("counted", "closed"):
        raise BadSetting(f"--rule {rule} --solve {solve}", fix=f"rules are {', '.join(rules)}; counted or closed")
    limits = Budget.parse(_assigned(budget))
    found = scale_to_budget(
        model,
        limits,
        formula=rules[rule](),
        solve="counted" if solve == "counted" else "closed",
        allow_enlarge=allow_enlarge,
        **_assigned(settings or []),
    )
    said = {"model": model, "rule": rule, "solve": solve, "budget": limits.limits(), **describe(found)}
    names = {"macs": "multiply-accumulates", "params": "parameters", "flash_bytes": "weights in 8 bits, B",
             "sram_bytes": "activations in 8 bits, B"}  # fmt: skip
    rows = [(key, f"{getattr(found, key):.4g}") for key in ("resolution", "depth", "width", "share")]
    rows += [(words, f"{said[key]:,}".replace(",", " ")) for key, words in names.items() if key in said]
    changed = changes_of(found, model)
    words = " ".join(f"--set model.{key}={value}" for key, value in changed.items())
    train = f"lilliput train TASK {model} {words}"
    Output(json=json, quiet=quiet).show({**said, "changes": changed}, ids=[words], human=[Table(("", ""), rows), train])


def _assigned(texts: list[str]) -> dict[str, Any]:
    from lilliput.core.errors import BadSetting
    from lilliput.core.settings import parse_override

    found: dict[str, Any] = {}
    for text in texts:
        path, value = parse_override(text)
        if ".".join(path) in found:
            raise BadSetting(f"{'.'.join(path)} is given twice")
        found[".".join(path)] = value
    return found
