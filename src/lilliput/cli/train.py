"""`lilliput train`: train one network on one task."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lilliput.cli.options import Config, DryRun, Json, Out, Quiet, Seed, Set, StorePath, Threads, use_threads

if TYPE_CHECKING:
    from lilliput.core.store import RunHandle
    from lilliput.train.job import TrainJob


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command(name="train", epilog="Example: lilliput train spoken-digits ds_cnn --set train.epochs=20")(train)


def train(
    task: Annotated[str, typer.Argument(help="A task, or a folder of your own data; `lilliput list tasks`.")],
    model: Annotated[str | None, typer.Argument(help="A network; the task's own by default.")] = None,
    data: Annotated[
        Path | None, typer.Option("--data", help="The full data of a task, where it is bundled in part.")
    ] = None,
    recipe: Annotated[
        str | None, typer.Option("--recipe", metavar="NAME", help="A published training: cct-bare, cct-full.")
    ] = None,
    settings: Set = None,
    config: Config = None,
    seed: Seed = 0,
    threads: Threads = 1,
    out: Out = None,
    store: StorePath = None,
    dry_run: DryRun = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Train a network on a task; the same command goes on after an interruption."""
    use_threads(threads)
    from lilliput.core.events import watch
    from lilliput.core.output import Output, Table
    from lilliput.papers._trainings import published_training
    from lilliput.tasks import get_task
    from lilliput.train.engine import is_first_process
    from lilliput.train.job import figures, plan_training, train_on

    published = published_training(recipe) if recipe else {}
    job = plan_training(get_task(task, data), model, base=published, file=config, overrides=settings or (), seed=seed)
    folder = out or Path("train") / f"{job.task.name}-{job.model}"
    plan = {**job.describe(), **_cost(job), "out": str(folder)}
    output = Output(json=json, quiet=quiet)
    if dry_run:
        output.show(plan, ids=[str(folder)], human=[_plan_table(plan)])
        return
    if not is_first_process():  # one of several of `train.devices`: it computes, and says and stores nothing
        train_on(job, folder)
        return
    with _recorded(job, store) as run:
        with watch(sys.stderr, quiet=quiet or json) as emit:
            trained = train_on(job, folder, emit=emit)
        found = figures(trained)
        for row in found["metrics"]:
            run.metric(row["name"], row["value"], split=row["split"], n=row["n"], low=row["low"], high=row["high"])
        run.artifact(folder / "model" / "model.safetensors")
    output.show(
        {**plan, **found, "seconds": trained.training.seconds, "run": run.id},
        ids=[str(folder)],
        human=[
            Table(("split", "metric", "value", "from", "to", "items"), [_row(metric) for metric in found["metrics"]]),
            f"epoch {trained.training.best_epoch} of {trained.training.epochs}; the network is in {folder / 'model'}",
        ],
    )


@contextlib.contextmanager
def _recorded(job: TrainJob, store: Path | None) -> Iterator[RunHandle]:
    from lilliput.core.store import Store

    described = job.describe()
    settings = {"train": described["settings"], "model": described["config"]}
    with (
        Store(store) as opened,
        opened.start("train", task=job.task.name, model=job.model, settings=settings, seed=job.settings.seed) as run,
    ):
        yield run


def _row(metric: dict[str, Any]) -> tuple[object, ...]:
    ends = (f"{metric[key]:.4f}" for key in ("value", "low", "high"))
    return (metric["split"], metric["name"], *ends, metric["n"])


def _cost(job: TrainJob) -> dict[str, Any]:

    from lilliput.models.cost import count_macs, count_params
    from lilliput.models.shapes import shapes_only

    with shapes_only():
        model = job.build()
    splits = job.task.load()
    return {
        "macs": count_macs(model, job.config.input_shape),
        "params": count_params(model).trainable,
        "items": {name: len(split) for name, split in splits.items()},
    }


def _plan_table(plan: dict[str, Any]) -> Any:
    from lilliput.core.output import Table

    rows = [(key, plan[key]) for key in ("task", "model", "macs", "params", "out")]
    rows += [(f"items.{name}", count) for name, count in plan["items"].items()]
    rows += [(f"model.{key}", value) for key, value in plan["config"].items()]
    rows += [
        (f"train.{key}", ", ".join(value) if isinstance(value, list) else value)
        for key, value in plan["settings"].items()
    ]
    return Table(("setting", "value"), rows)
