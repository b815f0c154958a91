"""The main job as one function: a task and a board give a network, its proof, and a folder to take home."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lilliput.boards.compiled import write_compiled
from lilliput.boards.report import make_report
from lilliput.build.plan import BuildPlan, plan_build
from lilliput.build.settings import BuildSettings, build_settings
from lilliput.build.stages import Work, compiled, judged, proof_items, proven, quantised, trained
from lilliput.compiler.program import Program
from lilliput.core.events import Emit, Event, silent
from lilliput.core.files import write_folder, write_json
from lilliput.core.settings import resolved
from lilliput.models.package import write_model

__all__ = ["BuildPlan", "BuildResult", "BuildSettings", "build", "build_settings", "default_folder", "plan_build"]


@dataclass(frozen=True, eq=False)
class BuildResult:
    """What a build gives.

    Args:
        folder: the finished folder.
        report: what `report.json` holds.
        program: the compiled network.
    """

    folder: Path
    report: Mapping[str, Any]
    program: Program


def build(plan: BuildPlan, out: Path | None = None, *, emit: Emit = silent) -> BuildResult:
    """Train, quantise, compile, prove and package what was planned.

    A build that was killed goes on where it stopped when it is called again with the same plan and folder. The folder
    appears whole, at the end.

    Args:
        plan: from `plan_build`.
        out: the folder to make; by default `build/<task>-<board>`.
        emit: receives progress.

    Raises:
        DoesNotFit: LP401, the trained network does not fit after all.
        NotBitExact: LP501, the C and the reference differ; no folder is made.
        LilliputError: as the stages raise them.
    """
    folder = out or default_folder(plan)
    work = Work(folder.with_name(f".{folder.name}.work"), plan)
    model = trained(work, emit)
    graph = quantised(work, model, emit)
    program = compiled(plan, graph)
    verification = proven(plan, program, emit)
    execution = verification.execution
    report = make_report(program, plan.board, execution) | {
        "task": plan.task.name,
        "accuracy": judged(plan, model, program, execution.outputs[0]),
        "proof": verification.plain(),
        "settings": resolved(plan.settings),
    }
    with write_folder(folder) as fresh:
        write_model(model, fresh / "model")
        write_compiled(fresh, program, report, [proof_items(plan)])
        write_json(fresh / "model" / "task.json", "task", _task_card(plan))
    work.done()
    emit(Event("artifact", "build", text=str(folder)))
    return BuildResult(folder, report, program)


def default_folder(plan: BuildPlan) -> Path:
    """`build/<task>-<board>` below the current folder."""
    return Path("build") / f"{plan.task.name}-{plan.board.name}"


def _task_card(plan: BuildPlan) -> dict[str, Any]:
    task = plan.task
    return {
        "name": task.name,
        "labels": list(task.labels),
        "preprocess": task.preprocess.to_json(),
        "licence": task.licence,
        "source": task.source,
        "citation": task.citation,
    }
