"""Activations of int16 on weights of int8: how close to float, and the same in C."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from lilliput.compiler.builder import GraphBuilder
from lilliput.compiler.graph import Quant, Value
from lilliput.compiler.interpret import run_integer
from lilliput.compiler.op import Target
from lilliput.compiler.program import compile_graph
from lilliput.compress.quantise import (
    QuantiseSettings,
    float_graph_accuracy,
    integer_graph_accuracy,
    quantise,
    quantised,
)
from lilliput.compress.quantise.activations import quant_of_range
from lilliput.compress.quantise.observe import Range
from lilliput.compress.quantise.qat import FakeQuantised
from lilliput.core.errors import BadSetting
from tests.compress.quantise.nets import Trained, conv_net, images
from tests.runtime.harness import assert_c_equals_reference

WIDE = QuantiseSettings(activations="int16")


def test_accuracy_is_that_of_float_within_a_fifth_of_a_point(digits: Trained) -> None:
    made = quantise(digits.graph, digits.x, WIDE)
    expected = float_graph_accuracy(digits.graph, digits.x_test, digits.y_test)
    assert expected > 0.9
    assert abs(integer_graph_accuracy(made.graph, digits.x_test, digits.y_test) - expected) <= 0.002
    assert {value.dtype for value in made.graph.values.values() if not value.is_constant} == {"int16"}


def test_outputs_are_closer_to_float_than_those_of_int8(digits: Trained) -> None:
    for graph, x in ((digits.graph, digits.x), (conv_net(), images(64))):
        wide, narrow = (quantise(graph, x, settings).layers for settings in (WIDE, QuantiseSettings()))
        assert all(a.sqnr_db > b.sqnr_db for a, b in zip(wide, narrow, strict=True))
        assert wide[-1].sqnr_db > narrow[-1].sqnr_db + 5


def test_c_gives_the_same_bits(digits: Trained, tmp_path: Path) -> None:
    made = quantise(digits.graph, digits.x, WIDE)
    rows = quantised(made.graph, "x", digits.x_test[:40])
    logits = assert_c_equals_reference(made.graph, tmp_path / "dense", given={"x": rows})
    assert (logits.argmax(1) == digits.y_test[:40]).mean() > 0.85
    convolutions = quantise(conv_net(), images(64), WIDE).graph
    rows = quantised(convolutions, "x", images(8, seed=5))
    assert_c_equals_reference(convolutions, tmp_path / "conv", given={"x": rows})
    used = {step.kernel.function for step in compile_graph(convolutions, Target(dsp=True)).steps}
    assert {"lp_conv2d_s16_dsp", "lp_depthwise_rows_s16_dsp", "lp_fully_connected_s16_dsp"} <= used


def test_ranges_are_symmetric_and_fixed_outputs_have_fifteen_bits() -> None:
    assert quant_of_range(Range(-1.0, 3.0), "int16") == Quant.per_tensor(3 / 32767, 0)
    assert quant_of_range(Range(-4.0, 3.0), "int16") == Quant.per_tensor(4 / 32767, 0)
    assert quant_of_range(Range(0.0, 0.0), "int16") == Quant.per_tensor(1 / 32767, 0)
    made = quantise(conv_net(), images(64), WIDE).graph
    assert made.values["share"].quant == Quant.per_tensor(2.0**-15, 0)
    biases = [made.values[node.inputs[2]].dtype for node in made.nodes if len(node.inputs) == 3]
    assert set(biases) == {"int64"}


def test_parts_of_a_concat_get_one_scale(tmp_path: Path) -> None:
    build = GraphBuilder("joined")
    x = build.input(Value("x", (1, 6), "float32"))
    gate, plain = build.node("sigmoid", "gate", [x]), build.node("relu", "plain", [x])
    joined = build.node("concat", "joined", [gate, plain], axis=1)
    graph = build.graph([joined, build.node("mul", "both", [gate, plain])])
    items = np.random.default_rng(0).normal(0, 3, (64, 6)).astype(np.float32)
    made = quantise(graph, items, WIDE).graph
    assert [node.op for node in made.nodes] == ["sigmoid", "relu", "requantize", "concat", "mul"]
    assert_c_equals_reference(made, tmp_path, given={"x": quantised(made, "x", items)})
    real = run_integer(made, {"x": quantised(made, "x", items)})["joined"] * made.values["joined"].scale
    wanted = np.concatenate([1 / (1 + np.exp(-items)), np.maximum(items, 0)], axis=1)
    np.testing.assert_allclose(real, wanted, atol=2e-3)


def test_fine_tuning_rounds_as_the_integers_do(digits: Trained) -> None:
    made = quantise(digits.graph, digits.x, replace(WIDE, bias_correction=False, equalise=False))
    module = FakeQuantised(made.float_graph, made.quants, WIDE).eval()
    with torch.no_grad():
        imitated = module(torch.from_numpy(digits.x_test)).numpy()
    (name,) = made.graph.outputs
    rows = {"x": quantised(made.graph, "x", digits.x_test)}
    steps = run_integer(made.graph, rows)[name] - imitated / made.graph.values[name].scale
    assert np.abs(steps).max() < 8
    coarse = FakeQuantised(made.float_graph, made.quants, QuantiseSettings()).eval()
    with torch.no_grad():  # int8 could not hold these steps
        assert np.abs(coarse(torch.from_numpy(digits.x_test)).numpy() - imitated).max() > 1


def test_bias_correction_still_helps_where_weights_are_coarse(digits: Trained) -> None:
    with_it, without = (
        quantise(
            digits.graph,
            digits.x,
            replace(WIDE, weight_bits=5, bias_correction=on, equalise=False),
        )
        for on in (True, False)
    )
    assert with_it.layers[-1].sqnr_db > without.layers[-1].sqnr_db


def test_what_cannot_be_int16_is_refused(digits: Trained) -> None:
    with pytest.raises(BadSetting, match=r"quantise\.activations = 'int12'\n  fix: one of int8, int16"):
        QuantiseSettings(activations="int12")  # type: ignore[arg-type]
    for more in ({"weight_bits": 4}, {"weight_bytes": 1000}):
        with pytest.raises(BadSetting, match="with weights of 4 bits"):
            QuantiseSettings(activations="int16", **more)  # type: ignore[arg-type]
    with pytest.raises(BadSetting, match="the preprocessing makes the integers of x"):
        quantise(digits.graph, digits.x, WIDE, input_quant={"x": Quant.per_tensor(1 / 16, -128)})
