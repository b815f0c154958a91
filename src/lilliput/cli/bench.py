"""`lilliput bench`: costs measured on this machine."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from lilliput.cli.options import Json, Quiet, Set, Threads, use_threads


def register(app: typer.Typer) -> None:
    """Add the verb."""
    group = typer.Typer(no_args_is_help=True, help="Measure what networks cost on this machine.")
    group.command(name="models", epilog="Example: lilliput bench models 'tinynet_*'")(bench_models)
    example = "lilliput bench memory revcol_micro --columns 2,4,8,16"
    group.command(name="memory", epilog=f"Example: {example}")(bench_memory)
    app.add_typer(group, name="bench", epilog="Example: lilliput bench models 'tinynet_*'")


def bench_models(
    pattern: Annotated[str, typer.Argument(help="Names that match, such as 'cct*'.")] = "*",
    batch: Annotated[int, typer.Option("--batch", min=1, max=4096, help="Items at once while timing.")] = 32,
    seconds: Annotated[float, typer.Option("--seconds", min=0.01, help="Time for each network.")] = 1.0,
    no_run: Annotated[bool, typer.Option("--no-run", help="Count only: no weights, no timing.")] = False,
    max_params: Annotated[str, typer.Option("--max-params", help="Leave larger ones out, as in 1M.")] = "",
    max_macs: Annotated[str, typer.Option("--max-macs", help="Leave costlier ones out, as in 30M.")] = "",
    settings: Set = None,
    threads: Threads = 1,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Parameters, multiply-accumulates, activations, memory and items a second of networks by name."""
    use_threads(threads)
    import math
    from dataclasses import asdict

    from lilliput.core.output import Output, Table
    from lilliput.core.settings import parse_override
    from lilliput.core.units import format_bytes, grouped, parse_count
    from lilliput.models import list_models
    from lilliput.models.measure import counts_of, measure_model

    changes = {".".join(path): value for path, value in map(parse_override, settings or [])}
    limits = [parse_count(text) if text else math.inf for text in (max_params, max_macs)]
    found = []
    for name in list_models(pattern):
        counts = counts_of(name, **changes)
        if all(count <= limit for count, limit in zip(counts, limits, strict=True)):
            found.append(measure_model(name, batch=batch, seconds=seconds, run=not no_run, **changes))
    heads = ("network", "input", "parameters", "MACs", "activations", "peak, float32", "items/s")
    rows: list[tuple[Any, ...]] = [
        (
            one.name,
            "×".join(map(str, one.input_shape)),
            grouped(one.params),
            grouped(one.macs),
            grouped(one.activations),
            format_bytes(one.peak_bytes),
            "" if one.per_second is None else f"{one.per_second:.1f}",
        )
        for one in found
    ]
    human: list[Table | str] = [Table(heads, rows) if rows else f"no network matches {pattern!r}"]
    items = [asdict(one) for one in found]
    said = {"items": items, "batch": batch, "threads": threads}
    Output(json=json, quiet=quiet).show(said, ids=[one.name for one in found], human=human)


def bench_memory(
    model: Annotated[str, typer.Argument(help="A network that can be run backwards, such as revcol_micro.")],
    columns: Annotated[str, typer.Option("--columns", help="Numbers of columns.")] = "2,4,8,16",
    every: Annotated[
        str, typer.Option("--every", help="Columns from one kept state to the next; 0: by rounding.")
    ] = "1,4",
    batch: Annotated[int, typer.Option("--batch", min=1, max=4096, help="Items of one step.")] = 8,
    settings: Set = None,
    threads: Threads = 1,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """What one training step keeps in memory, and how long it takes, by way of keeping it."""
    use_threads(threads)
    from dataclasses import asdict

    from lilliput.core.errors import BadSetting
    from lilliput.core.output import Output, Table
    from lilliput.core.settings import parse_override
    from lilliput.core.units import format_bytes
    from lilliput.train.memory import measure_step

    def numbers(option: str, text: str) -> list[int]:
        words = text.split(",")
        if not all(word.strip().isdigit() for word in words):
            raise BadSetting(f"{option} {text}", fix=f"whole numbers with commas between: {option} 2,4,8")
        return [int(word) for word in words]

    changes = {".".join(path): value for path, value in map(parse_override, settings or [])}
    ways = [("plain", 1), ("checkpoint", 1), *(("anchored", k) for k in numbers("--every", every))]
    found = [
        measure_step(model, batch=batch, **{**changes, "columns": count, "memory": memory, "anchor_every": k})
        for memory, k in ways
        for count in numbers("--columns", columns)
    ]
    rows = [
        (
            one.config["memory"],
            one.config["anchor_every"] if one.config["memory"] == "anchored" else "",
            one.config["columns"],
            format_bytes(one.kept_bytes),
            format_bytes(one.peak_bytes),
            f"{one.seconds * 1000:.0f}",
        )
        for one in found
    ]
    heads = ("keeps", "a state every", "columns", "kept", "peak in backward, gradients left out", "ms a step")
    Output(json=json, quiet=quiet).show(
        {"items": [asdict(one) for one in found]}, ids=[model], human=[Table(heads, rows)]
    )
