"""`lilliput energy`: what a network does, operation by operation, and the energy of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lilliput.cli.options import Json, Quiet, Seed, Set, Threads, use_threads

if TYPE_CHECKING:
    from lilliput.core.output import Table
    from lilliput.spiking.measuring import Subject


def register(app: typer.Typer) -> None:
    """Add the verb."""
    example = "lilliput energy train/fashion-resnet8 --task fashion --convert --steps 32"
    app.command(name="energy", epilog=f"Example: {example}")(energy)


def energy(
    model: Annotated[str, typer.Argument(help="A folder of a network, a .nir file, or a registered name.")],
    task: Annotated[str, typer.Option("--task", help="Whose test items are run; random numbers without.")] = "",
    data: Annotated[Path | None, typer.Option("--data", help="The full data of a task.")] = None,
    items: Annotated[int, typer.Option("--items", min=1, max=100_000, help="How many items are run.")] = 32,
    steps: Annotated[int, typer.Option("--steps", min=1, max=10_000, help="Time steps, with --convert or .nir.")] = 32,
    convert: Annotated[bool, typer.Option("--convert", help="Count its spiking form.")] = False,
    balance: Annotated[str, typer.Option("--balance", help="Of --convert: max, percentile or model.")] = "max",
    start: Annotated[float, typer.Option("--start", help="Of --convert: where potentials start, 0 or 0.5.")] = 0.0,
    step_seconds: Annotated[float, typer.Option("--dt", help="Of .nir: seconds a step.")] = 1e-3,
    technology: Annotated[
        str, typer.Option("--technology", help="Of the table by layer: 45nm_fp32, 45nm_fp16, 45nm_int8 or 28nm_chip.")
    ] = "45nm_fp32",
    settings: Set = None,
    seed: Seed = 0,
    threads: Threads = 1,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Multiplications, additions for spikes, updates of neurons, memory and energy of one item, by layer."""
    use_threads(threads)
    from lilliput.core.errors import BadSetting
    from lilliput.core.output import Output
    from lilliput.core.settings import parse_override
    from lilliput.spiking.energy import TECHNOLOGIES
    from lilliput.spiking.measuring import subject_of

    if technology not in TECHNOLOGIES:
        raise BadSetting(f"--technology {technology}", fix=f"there are {', '.join(TECHNOLOGIES)}")
    changes = {".".join(path): value for path, value in map(parse_override, settings or [])}
    subject = subject_of(
        model, task=task, data=data, items=items, steps=steps, dt=step_seconds, seed=seed, changes=changes
    )
    if convert:
        subject = subject.converted(balance, start)
    said = {"model": model, **subject.describe(), **subject.count()}
    output = Output(json=json, quiet=quiet)
    output.show(said, ids=[_total(said, technology)], human=_human(subject, said, technology))


def _total(said: dict[str, Any], technology: str) -> str:
    total = said["energy"][technology]["total_pj"]
    return "-" if total is None else f"{total:.6g}"


def _human(subject: Subject, said: dict[str, Any], technology: str) -> list[Table | str]:
    from lilliput.core.output import Table

    shares = said["energy"][technology].get("layers_pj")
    rows = [
        (
            layer["name"],
            layer["enters"],
            f"{layer['rate']:.3f}",
            round(layer["macs_dense"]),
            round(layer["macs"]),
            round(layer["additions"]),
            None if shares is None else round(shares[index]),
        )
        for index, layer in enumerate(said["layers"])
    ]
    heads = ("layer", "enters", "rate", "dense MACs", "MACs", "additions", f"pJ, {technology}")
    parts: list[Table | str] = [Table(heads, rows)]
    if said["neurons"]:
        fired = [(n["name"], round(n["updates"]), round(n["spikes"]), f"{n['rate']:.4f}") for n in said["neurons"]]
        parts.append(Table(("neurons", "updates", "spikes", "spikes an update"), fired))
    parts.append(Table(("technology", "pJ", "as published", "memory, B", "memory, pJ"), _by_technology(said)))
    return [*parts, *subject.notes, *_warnings(said)]


def _by_technology(said: dict[str, Any]) -> list[tuple[object, ...]]:
    keys = ("total_pj", "published_pj", "memory_bytes", "memory_pj")
    return [
        (name, *(None if found.get(key) is None else round(found[key]) for key in keys))
        for name, found in said["energy"].items()
    ]


def _warnings(said: dict[str, Any]) -> list[str]:
    found = [f"dead: the neurons of {name} fire less than once in 100 000 updates" for name in said["dead"]]
    if not said["neurons"]:
        return [*found, "there are no spiking neurons in it: every layer multiplies"]
    return found + [f"multiplies: {name}, since what enters it is no spikes" for name in said["hidden_floats"]]
