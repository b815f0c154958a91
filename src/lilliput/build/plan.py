"""The plan: what a build will do and what it will need, known before anything is trained.

The network is compiled untrained, with the real kernels, linked into a real image for the board, and run once. SRAM
does not depend on the weights, so that figure is final; flash may move by some bytes, where equal tables are stored
once.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from lilliput.boards import Board, boards
from lilliput.boards.firmware import nearest_board
from lilliput.boards.run import Execution, execute
from lilliput.build.settings import BuildSettings
from lilliput.compiler.frontends.torch_export import from_torch
from lilliput.compiler.graph import Graph
from lilliput.compiler.ops.preprocess import attach_preprocess, feature_quant
from lilliput.compiler.passes import simplify
from lilliput.compiler.program import Program, compile_graph
from lilliput.compress.quantise import QuantiseSettings, quantise
from lilliput.core.budget import Budget
from lilliput.core.cost import Cost
from lilliput.core.errors import BadSetting, DoesNotFit, LilliputError
from lilliput.core.units import exact_bytes
from lilliput.models import create_model_for, example_input
from lilliput.tasks import Task
from lilliput.train.data import Features
from lilliput.train.losses import objective_of

_CALIBRATION = 8


@dataclass(frozen=True, eq=False)
class BuildPlan:
    """What a build will do.

    Args:
        task, board, settings: what was asked for; the settings' network name is filled in.
        params: learned numbers of the network.
        program: the untrained network, compiled.
        execution: one inference of it on the board.
        seconds: about how long the training will take on this machine, from a few timed steps.
    """

    task: Task
    board: Board
    settings: BuildSettings
    params: int
    program: Program
    execution: Execution
    seconds: float

    @property
    def cost(self) -> Cost:
        """The figures that are known before training."""
        return cost_of(self.program, self.execution)

    def describe(self) -> dict[str, Any]:
        """Plain values for `--dry-run --json` and for tables."""
        splits = self.task.load()
        return {
            "task": self.task.name,
            "classes": len(self.task.labels),
            "items": {name: len(split) for name, split in splits.items()},
            "board": self.board.name,
            "model": self.settings.model,
            "params": self.params,
            "macs": self.program.macs,
            "epochs": self.settings.train.epochs,
            "train_seconds_estimate": round(self.seconds, 1),
            "arena_bytes": self.program.plan.arena_bytes,
            "sram_bytes": self.execution.sram_bytes,
            "flash_bytes": self.execution.image.flash_bytes if self.execution.image else None,
            "instructions": self.execution.instructions[0] if self.execution.instructions else None,
            "milliseconds_estimate": self.execution.milliseconds_estimate,
            "limits": board_budget(self.board).tighter(self.settings.budget).limits(),
        }


def plan_build(task: Task, board: Board, settings: BuildSettings) -> BuildPlan:
    """Compile the untrained network and hold it to the board and the budget.

    Args:
        task: the data.
        board: where it must fit.
        settings: all that can be chosen.

    Raises:
        DoesNotFit: LP401, with the nearest option that fits.
        ConfigError, UnsupportedError, ToolError: as the parts raise them.
    """
    model = new_model(task, settings)
    try:
        program, execution = _compiled(task, board, settings, model)
        board_budget(board).tighter(settings.budget).check(
            cost_of(program, execution), owner=_owner(board, settings), why=_peak(program)
        )
    except DoesNotFit as error:
        raise DoesNotFit(error.what, why=error.why, fix=_nearest(task, board, settings) or error.fix) from None
    params = sum(p.numel() for p in model.parameters() if p.requires_grad)
    return BuildPlan(task, board, settings, params, program, execution, _training_seconds(task, settings, model))


def new_model(task: Task, settings: BuildSettings) -> nn.Module:
    """The network with new weights, by the training's seed.

    Raises:
        UnknownName, BadSetting: LP100, LP101.
    """
    height, width, channels = task.preprocess.output_shape
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(settings.train.seed)
        return create_model_for(settings.model, (channels, height, width), len(task.labels), **settings.config)


def float_graph(model: nn.Module, name: str) -> Graph:
    """The network as a float graph, channels last, ready to be quantised."""
    return simplify(from_torch(model.eval(), example_input(model), name=name))


def calibration_items(task: Task, graph: Graph, rows: int) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Real training items as the network sees them, spread evenly over the training split."""
    split = task.load()["train"]
    count = min(rows or len(split), len(split))
    chosen = np.arange(count) * len(split) // count
    features = task.preprocess.dequantise(task.preprocess.integer(split.x[chosen]))
    return features.reshape(count, *graph.values[graph.inputs[0]].shape[1:])


def program_of(task: Task, board: Board, graph: Graph) -> Program:
    """The integer graph with the task's preprocessing in front, compiled for the board."""
    return compile_graph(attach_preprocess(graph, task.preprocess), board.target)


def cost_of(program: Program, execution: Execution) -> Cost:
    """What was measured."""
    image = execution.image
    return Cost(
        macs=program.macs,
        peak_activation_bytes=program.plan.bound,
        arena_bytes=program.plan.arena_bytes,
        stack_bytes=execution.stack_bytes,
        sram_bytes=execution.sram_bytes,
        flash_bytes=image.flash_bytes if image else None,
        code_bytes=image.code_bytes if image else None,
        constants_bytes=image.constants_bytes if image else None,
        instructions=execution.instructions[0] if execution.instructions else None,
        cycles_estimate=execution.cycles_estimate,
        latency_ms=execution.milliseconds_estimate,
    )


def board_budget(board: Board) -> Budget:
    """The board's own limits."""
    return Budget(flash_bytes=board.flash_bytes, sram_bytes=board.sram_bytes)


def _compiled(task: Task, board: Board, settings: BuildSettings, model: nn.Module) -> tuple[Program, Execution]:
    graph = float_graph(model, task.name)
    quick = QuantiseSettings(calibration="minmax", rows=_CALIBRATION, equalise=False, bias_correction=False)
    items = calibration_items(task, graph, _CALIBRATION)
    result = quantise(graph, items, quick, input_quant={graph.inputs[0]: feature_quant(task.preprocess)})
    program = program_of(task, board, result.graph)
    raw = task.load()["train"].x[:1]
    return program, execute(program, board, [raw])


def _owner(board: Board, settings: BuildSettings) -> str:
    return f"the budget on {board.name}" if settings.budget.limits() else board.name


def _peak(program: Program) -> str:
    plan = program.plan
    step = max(program.steps, key=lambda s: plan.live_bytes(s.index))
    live = [(b.names[0], b.nbytes) for b, _ in plan.buffers if b.first <= step.index <= b.last]
    parts = " + ".join(f"{name} {exact_bytes(size)}" for name, size in sorted(live, key=lambda item: -item[1])[:4])
    return f'the memory peak is at "{step.node.name}": {parts}'


def _nearest(task: Task, board: Board, settings: BuildSettings) -> str:
    """What would fit: the widest narrower network on this board, and the smallest board for this network."""
    found, least = [], ""
    for changes in _narrower(task, settings):
        smaller = _with_config(settings, changes)
        try:
            program, execution = _compiled(task, board, smaller, new_model(task, smaller))
        except DoesNotFit:
            continue
        except LilliputError:
            break
        cost = cost_of(program, execution)
        text = " ".join(f"--set config.{key}={value}" for key, value in changes.items())
        need = f"{exact_bytes(cost.sram_bytes or 0)} of SRAM and {exact_bytes(cost.flash_bytes or 0)} of flash"
        if board_budget(board).tighter(settings.budget).fits(cost):
            found.append(f"`{text}` needs {need}")
            break
        least = f"`{text}`, the narrowest that was tried, still needs {need}"
    roomy = _roomiest()
    if board.name != roomy.name and not settings.budget.limits():
        try:
            program, execution = _compiled(task, roomy, settings, new_model(task, settings))
        except LilliputError:
            return "; ".join(found)
        cost = cost_of(program, execution)
        near = nearest_board(cost.flash_bytes or 0, cost.sram_bytes or 0)
        if near is not None and near.name != board.name:
            found.append(f"`--board {near.name}` has room for this network")
    return "; or ".join(found) or least


def _narrower(task: Task, settings: BuildSettings) -> Iterator[Mapping[str, int]]:
    config = getattr(new_model(task, settings), "config", None)
    width = getattr(config, "width", None)
    if isinstance(width, int):
        for share in (0.75, 0.5, 0.375, 0.25, 0.125):
            yield {"width": max(4, int(width * share) // 4 * 4)}


def _with_config(settings: BuildSettings, changes: Mapping[str, int]) -> BuildSettings:
    from dataclasses import replace

    return replace(settings, config={**settings.config, **changes})


def _roomiest() -> Board:
    runnable = [boards[name] for name in boards if boards[name].emulator == "unicorn"]
    return max(runnable, key=lambda b: (b.sram_bytes, b.flash_bytes))


def _training_seconds(task: Task, settings: BuildSettings, model: nn.Module) -> float:
    """Two real steps, timed; the first pays for what is only done once."""
    train = settings.train
    source = Features(task.load()["train"], task.preprocess, augment=train.augment, seed=train.seed)
    if len(source) == 0:
        raise BadSetting("there are no training items", fix="choose a task with items")
    objective, size = objective_of(train), min(train.batch_size, len(source))
    shape: tuple[int, ...] = model.config.input_shape  # type: ignore[union-attr, assignment]
    took = 0.0
    for step in range(3):
        started = time.monotonic()
        items = np.arange(step * size, (step + 1) * size, dtype=np.intp) % len(source)
        x, y = source.batch(items, 0)
        model.train()
        loss = objective(model, x.reshape(size, *shape), y)
        torch.autograd.backward(loss)
        took = time.monotonic() - started
    model.zero_grad()
    return took * max(1, len(source) // size) * train.epochs
