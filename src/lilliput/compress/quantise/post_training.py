"""Post-training quantisation: float graph + calibration items → integer graph, without any training.

    global pools to means  →  equalise  →  observe ranges  →  choose scales  →  correct biases  →
    lower to integers  →  compare with float

With `equalise = "auto"` it is done with and without, and the output that is closer to float decides.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from lilliput.compiler.graph import Array, Graph, Quant, Value
from lilliput.compiler.interpret import runs_by_rows
from lilliput.compiler.ops import ops
from lilliput.compiler.ops._cells import Cell
from lilliput.compress.quantise.activations import choose_quants, with_rescales
from lilliput.compress.quantise.bias_correction import correct_bias
from lilliput.compress.quantise.bits import choose_bits
from lilliput.compress.quantise.compare import LayerError, layer_errors
from lilliput.compress.quantise.equalise import equalise
from lilliput.compress.quantise.global_pool import pools_to_means
from lilliput.compress.quantise.layers import with_own_constants
from lilliput.compress.quantise.lower import lower
from lilliput.compress.quantise.observe import Range, observe
from lilliput.compress.quantise.settings import QuantiseSettings
from lilliput.compress.quantise.spikes import demand_spikes
from lilliput.core.errors import BadSetting, BadValue
from lilliput.core.events import Emit, Event, silent

_BATCH = 32
_COMPARED = 32  # items for the report by layer
_CLEAR_DB = 1.0  # equalisation is taken when the output is better by so much; less is chance


@dataclass(frozen=True, eq=False)
class QuantisedResult:
    """What a quantisation gives.

    Args:
        graph: the integer graph, ready for `compile_graph`.
        float_graph: the float graph that it stands for: equalised, biases corrected, or fine-tuned.
        ranges: of each activation, as observed.
        quants: of each activation.
        layers: float against integer, in execution order.
        equalised: whether the channels of neighbouring layers were evened out.
        bits: layer name → bits of its weights.
    """

    graph: Graph
    float_graph: Graph
    ranges: Mapping[str, Range]
    quants: Mapping[str, Quant]
    layers: tuple[LayerError, ...]
    equalised: bool
    bits: Mapping[str, int]


def quantise(
    graph: Graph,
    calibration: Array | Mapping[str, Array],
    settings: QuantiseSettings | None = None,
    *,
    input_quant: Mapping[str, Quant] | None = None,
    emit: Emit = silent,
) -> QuantisedResult:
    """Quantise a float graph to int8, with activations of int16 or weights of 4 bits where the settings ask for them.

    Args:
        graph: legal float graph, channels last, as `compiler.passes.simplify` gives it.
        calibration: real items as the network sees them, float32 (N, …), channels last; by input name where there is
            more than one input.
        settings: all that can be chosen.
        input_quant: for the inputs whose integers are made elsewhere, by the task's preprocessing.
        emit: receives progress.

    Raises:
        BadSetting: LP101, there are no calibration items, they have another shape than the inputs, or the weights do
            not fit `weight_bytes`.
        BadValue: LP207, the items or an activation hold NaN or infinity.
        UnsafeRange: LP312, a bias needs more than 32 bits.
        UnsupportedOp: LP301, a recurrent cell: it has an integer form only in TensorFlow Lite files; or spikes that
            are read as numbers.
    """
    settings = settings or QuantiseSettings()
    _refuse_cells(graph)
    demand_spikes(graph, settings)
    if settings.activations == "int16" and input_quant:
        raise BadSetting(
            "quantise.activations = 'int16' for a network whose inputs are int8 already",
            why=f"the preprocessing makes the integers of {', '.join(input_quant)}",
            fix="leave quantise.activations at int8",
        )
    items = calibration_items(graph, calibration, settings.rows)
    tries = (False, True) if settings.equalise == "auto" else (settings.equalise,)
    emit(Event("started", "quantise", total=len(tries)))
    results: list[QuantisedResult] = []
    for step, equalised in enumerate(tries, 1):
        own = with_own_constants(with_rescales(pools_to_means(graph)))
        results.append(_quantise(equalise(own) if equalised else own, items, settings, input_quant, equalised))
        emit(Event("step", "quantise", step=step, total=len(tries), value=_output_sqnr(results[-1])))
    best, *others = results
    for other in others:
        best = other if _output_sqnr(other) > _output_sqnr(best) + _CLEAR_DB else best
    emit(Event("done", "quantise", step=len(tries), value=_output_sqnr(best), unit="dB"))
    return best


def _refuse_cells(graph: Graph) -> None:
    for node in graph.nodes:
        if isinstance(ops[node.op], Cell) or node.op == "svdf":
            raise ops[node.op].unsupported(node, "cannot be quantised here: compile it in float32")


def _quantise(
    graph: Graph,
    items: Mapping[str, Tensor],
    settings: QuantiseSettings,
    input_quant: Mapping[str, Quant] | None,
    equalised: bool,
) -> QuantisedResult:
    ranges = observe(graph, batches_of(items), settings)
    quants = choose_quants(graph, ranges, input_quant, settings.activations)
    bits = choose_bits(graph, report_items(items), settings)
    # The means of a batch are compared, which a graph that runs row by row does not have.
    corrects = settings.bias_correction and not runs_by_rows(graph)
    corrected = correct_bias(graph, quants, items, settings, bits) if corrects else graph
    integer = lower(corrected, quants, settings, bits)
    # Against the network before bias correction, so that the report shows what the correction mends.
    layers = layer_errors(graph, integer, [report_items(items)])
    return QuantisedResult(integer, corrected, ranges, quants, layers, equalised, bits)


def _output_sqnr(result: QuantisedResult) -> float:
    """Of the worst output, dB."""
    return min(layer.sqnr_db for layer in result.layers if layer.name in result.graph.outputs)


def calibration_items(graph: Graph, calibration: Array | Mapping[str, Array], rows: int) -> dict[str, Tensor]:
    """Input name → tensor of at most `rows` items (0: all), spread evenly over those given: float32, or the input's own
    type where that is whole numbers or truth values.

    Raises:
        BadSetting: LP101, no items, another number of inputs, another shape, or fractions where whole numbers belong.
        BadValue: LP207, NaN or infinity, with the first item that holds it.
    """
    given = calibration if isinstance(calibration, Mapping) else {graph.inputs[0]: calibration}
    if set(given) != set(graph.inputs):
        raise BadSetting(f"calibration items are given for {sorted(given)}, the inputs are {sorted(graph.inputs)}")
    if len({len(x) for x in given.values()}) != 1 or len(given[graph.inputs[0]]) == 0:
        raise BadSetting(
            f"there are {' and '.join(str(len(x)) for x in given.values())} calibration items",
            fix="give some real items, as many for each input; a few hundred are enough",
        )
    return {name: _picked(np.asarray(given[name]), graph.values[name], rows) for name in graph.inputs}


def batches_of(items: Mapping[str, Tensor]) -> Iterator[dict[str, Tensor]]:
    """The items a few at a time."""
    for start in range(0, len(next(iter(items.values()))), _BATCH):
        yield {name: x[start : start + _BATCH] for name, x in items.items()}


def report_items(items: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The few items that the report by layer is made from."""
    return {name: x[:_COMPARED] for name, x in items.items()}


def _picked(x: Array, value: Value, rows: int) -> Tensor:
    shape, name = value.shape, value.name
    real = value.dtype == "float32"
    if x.shape[1:] != shape[1:] or x.dtype.kind not in ("fiu" if real else "iub"):
        raise BadSetting(
            f"calibration items for {name!r} are {x.dtype}{['N', *x.shape[1:]]}, the input is {['N', *shape[1:]]}",
            why=f"items are {value.dtype}, channels last",
        )
    bad = np.flatnonzero(~np.isfinite(x.reshape(len(x), -1)).all(axis=1))
    if bad.size:
        raise BadValue(
            f"calibration item {bad[0]} of {name!r} holds NaN or infinity ({bad.size} of {len(x)} items do)",
            fix="leave these items out, or mend what makes them",
        )
    count = min(rows or len(x), len(x))
    chosen = np.arange(count) * len(x) // count
    return torch.from_numpy(np.ascontiguousarray(x[chosen], value.dtype))
