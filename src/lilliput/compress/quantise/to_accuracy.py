"""Quantise, measure, and fine-tune only where the network lost more than it may."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lilliput.compiler.graph import Array, Graph, Quant
from lilliput.compiler.passes.spikes import spikes_of
from lilliput.compress.quantise.compare import layer_errors
from lilliput.compress.quantise.lower import lower
from lilliput.compress.quantise.modules import ChannelsFirst, FloatGraph, IntegerGraph
from lilliput.compress.quantise.post_training import QuantisedResult, calibration_items, quantise, report_items
from lilliput.compress.quantise.qat import fine_tune
from lilliput.compress.quantise.settings import QuantiseSettings
from lilliput.core.events import Emit, Event, silent
from lilliput.train.data import Source, TrainData
from lilliput.train.loop import TrainResult
from lilliput.train.losses import Objective
from lilliput.train.metrics import Measure, evaluate
from lilliput.train.settings import TrainSettings


@dataclass(frozen=True, eq=False)
class AccurateResult:
    """A quantised network with what it is worth on the validation items.

    Args:
        quantised: the network that is better of those tried.
        float_measure: of the float network.
        post_training: of int8 without training.
        measure: of `quantised`.
        training: of the fine-tuning; None where none was needed.
    """

    quantised: QuantisedResult
    float_measure: Measure
    post_training: Measure
    measure: Measure
    training: TrainResult | None


def quantise_to_accuracy(
    graph: Graph,
    calibration: Array | Mapping[str, Array],
    data: TrainData,
    settings: QuantiseSettings | None = None,
    *,
    train: TrainSettings | None = None,
    input_quant: Mapping[str, Quant] | None = None,
    objective: Objective | None = None,
    emit: Emit = silent,
    checkpoint_dir: Path | None = None,
) -> AccurateResult:
    """Post-training quantisation and, where it loses more than `qat_threshold_points`, fine-tuning.

    The loss is measured on `data.validation`; the fine-tuned network is taken only where it is better there.

    Args:
        graph: legal float graph with one input and one output.
        calibration: as for `quantise`.
        data: what the network was trained on, channels first.
        settings: all that can be chosen.
        train: what the network was trained with: batch size, loss, augmentation and seed are kept.
        input_quant: as for `quantise`.
        objective: replaces the loss that `train` names.
        emit: receives progress.
        checkpoint_dir: where checkpoints of the fine-tuning go.

    Raises:
        LilliputError: as `quantise` and `fit`.
    """
    settings, train = settings or QuantiseSettings(), train or TrainSettings()
    result = quantise(graph, calibration, settings, input_quant=input_quant, emit=emit)
    reference = evaluate(ChannelsFirst(FloatGraph(graph)), data.validation, loss=train.loss)
    before = _measure(result.graph, data.validation, train)
    lost = points_lost(reference, before)
    if lost <= settings.qat_threshold_points or spikes_of(graph):  # spikes have no slope to train by
        return AccurateResult(result, reference, before, before, None)
    emit(Event("note", "quantise", text=f"int8 loses {lost:.2f} points, more than {settings.qat_threshold_points:g}"))
    tuned = fine_tune(
        result.float_graph,
        result.quants,
        data,
        settings,
        train=train,
        frozen=tuple(input_quant or ()),
        bits=result.bits,
        objective=objective,
        emit=emit,
        checkpoint_dir=checkpoint_dir,
    )
    integer = lower(tuned.graph, tuned.quants, settings, result.bits)
    after = _measure(integer, data.validation, train)
    if not after.beats(before):
        return AccurateResult(result, reference, before, before, tuned.training)
    items = report_items(calibration_items(graph, calibration, settings.rows))
    result = dataclasses.replace(
        result,
        graph=integer,
        float_graph=tuned.graph,
        quants=tuned.quants,
        layers=layer_errors(tuned.graph, integer, [items]),
    )
    return AccurateResult(result, reference, before, after, tuned.training)


def points_lost(reference: Measure, measure: Measure) -> float:
    """Points of accuracy, or for an error the per cent by which it rose; below 0 where it got better."""
    if reference.higher_is_better:
        return 100 * (reference.value - measure.value)
    return 100 * (measure.value / max(reference.value, 1e-12) - 1)


def _measure(integer: Graph, source: Source, train: TrainSettings) -> Measure:
    return evaluate(ChannelsFirst(IntegerGraph(integer)), source, loss=train.loss)
