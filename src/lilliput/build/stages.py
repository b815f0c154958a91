"""The stages of a build, each of which leaves its result in a work folder, so that a build that was stopped goes on.

    request.json       digest of all that decides the result; another request empties the folder
    checkpoints/       of the training
    fine-tuning/       checkpoints of quantisation-aware training
    float/             the trained network
    integer/           the quantised graph
    proof.json         what the proof found

A stage's result appears by one rename, so it is whole or not there.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

import lilliput
from lilliput.boards.verify import Verification, verify
from lilliput.build.plan import BuildPlan, calibration_items, float_graph, new_model, program_of
from lilliput.compiler.graph import Array, Graph
from lilliput.compiler.ops.preprocess import feature_quant
from lilliput.compiler.program import Program
from lilliput.compiler.serialise import graph_from_plain, graph_to_plain
from lilliput.compress.quantise import quantise_to_accuracy
from lilliput.core.errors import FileError
from lilliput.core.events import Emit, Event
from lilliput.core.files import read_json, write_folder, write_json
from lilliput.core.files.tensors import read_tensors, write_tensors
from lilliput.core.settings import resolved
from lilliput.models.package import load_model, save_model
from lilliput.tasks import Split
from lilliput.train.data import Features, TrainData
from lilliput.train.loop import fit
from lilliput.train.metrics import Measure, accuracy, predict


class Work:
    """The work folder of one build.

    Args:
        folder: beside the target, hidden.
        plan: what is built; another plan than the last one starts anew.
    """

    def __init__(self, folder: Path, plan: BuildPlan) -> None:
        self.folder, self.plan = folder, plan
        request = _request(plan)
        if not self._is_of(request):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            write_json(folder / "request.json", "build-request", {"digest": request})

    def done(self) -> None:
        """The target is in place; nothing of the work is needed any more."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _is_of(self, request: str) -> bool:
        try:
            return read_json(self.folder / "request.json", "build-request").get("digest") == request
        except FileError:
            return False


def trained(work: Work, emit: Emit) -> nn.Module:
    """The trained network, from the work folder where it is there."""
    plan, place = work.plan, work.folder / "float"
    if place.is_dir():
        try:
            model = load_model(place)
        except FileError:
            shutil.rmtree(place)
        else:
            emit(Event("note", "train", text="trained before, taken from there"))
            return model
    model = new_model(plan.task, plan.settings)
    fit(model, train_data(plan), plan.settings.train, emit=emit, checkpoint_dir=work.folder / "checkpoints")
    save_model(model, place)
    return model


def quantised(work: Work, model: nn.Module, emit: Emit) -> Graph:
    """The integer graph, from the work folder where it is there."""
    plan, place = work.plan, work.folder / "integer"
    if place.is_dir():
        try:
            graph = _read_graph(place)
        except FileError:
            shutil.rmtree(place)
        else:
            emit(Event("note", "quantise", text="quantised before, taken from there"))
            return graph
    graph = float_graph(model, plan.task.name)
    result = quantise_to_accuracy(
        graph,
        calibration_items(plan.task, graph, plan.settings.quantise.rows),
        train_data(plan),
        plan.settings.quantise,
        train=plan.settings.train,
        input_quant={graph.inputs[0]: feature_quant(plan.task.preprocess)},
        emit=emit,
        checkpoint_dir=work.folder / "fine-tuning",
    )
    with write_folder(place) as folder:
        plain, constants = graph_to_plain(result.quantised.graph)
        write_json(folder / "graph.json", "graph", plain)
        write_tensors(folder / "constants.safetensors", constants)
    return result.quantised.graph


def proven(plan: BuildPlan, program: Program, emit: Emit) -> Verification:
    """Reference = host = board over the unseen items, or LP501."""
    raw = proof_items(plan)
    emit(Event("started", "prove", total=1))
    emit(Event("note", "prove", text=f"{len(raw)} unseen items, from raw samples, on this machine and on the board"))
    verification = verify(program, plan.board, [raw])
    emit(Event("done", "prove", step=1))
    return verification


def proof_items(plan: BuildPlan) -> Array:
    """Raw items of the test split, all or the first `prove_rows`."""
    x = plan.task.load()["test"].x
    return x[: plan.settings.prove_rows or len(x)]


def judged(plan: BuildPlan, model: nn.Module, program: Program, board_outputs: Array) -> list[dict[str, Any]]:
    """Accuracy on the test split: float, int8 (all items), and on the board (the proven items)."""
    test, n = plan.task.load()["test"], len(board_outputs)
    float_outputs = predict(model, _features(plan, test))
    # The proof has run the reference over the first n items already, and found it equal to the board.
    integer = board_outputs if n == len(test) else np.concatenate([board_outputs, program.run(test.x[n:])[0]])
    rows = [
        ("float", accuracy(float_outputs.argmax(1), test.y)),
        ("int8", accuracy(_flat(integer).argmax(1), test.y)),
        (f"int8 on {plan.board.name}", accuracy(_flat(board_outputs).argmax(1), test.y[:n])),
    ]
    return [_measure_row(what, measure) for what, measure in rows]


def train_data(plan: BuildPlan) -> TrainData:
    """Training items with the recipe's augmentations, validation items without."""
    splits, train = plan.task.load(), plan.settings.train
    return TrainData(
        _features(plan, splits["train"], augment=train.augment, seed=train.seed), _features(plan, splits["validation"])
    )


def compiled(plan: BuildPlan, graph: Graph) -> Program:
    """The final program."""
    return program_of(plan.task, plan.board, replace(graph, name=plan.task.name))


def _features(plan: BuildPlan, split: Split, *, augment: tuple[str, ...] = (), seed: int = 0) -> Features:
    shape = _input_shape(plan)
    return Features(split, plan.task.preprocess, augment=augment, seed=seed, shape=shape)


def _input_shape(plan: BuildPlan) -> tuple[int, ...] | None:
    """The network's own item shape where it is not an image."""
    shape: tuple[int, ...] = new_model(plan.task, plan.settings).config.input_shape  # type: ignore[union-attr, assignment]
    return shape if len(shape) == 1 else None


def _read_graph(folder: Path) -> Graph:
    plain = read_json(folder / "graph.json", "graph")
    content = {key: value for key, value in plain.items() if key not in ("format", "version")}
    return graph_from_plain(content, read_tensors(folder / "constants.safetensors"), str(folder / "graph.json"))


def _request(plan: BuildPlan) -> str:
    """A digest of everything that decides the result: settings, data, board, version."""
    digest = hashlib.sha256()
    plain: Mapping[str, Any] = {
        "settings": resolved(plan.settings),
        "preprocess": plan.task.preprocess.to_json(),
        "labels": list(plan.task.labels),
        "board": plan.board.name,
        "version": lilliput.__version__,
    }
    digest.update(json.dumps(plain, sort_keys=True).encode())
    for name, split in plan.task.load().items():
        digest.update(name.encode())
        digest.update(np.ascontiguousarray(split.x).tobytes())
        digest.update(np.ascontiguousarray(split.y).tobytes())
    return digest.hexdigest()


def _measure_row(what: str, measure: Measure) -> dict[str, Any]:
    return {"what": what, "value": measure.value, "low": measure.low, "high": measure.high, "n": measure.n}


def _flat(outputs: Array) -> Array:
    return outputs.reshape(len(outputs), -1)
