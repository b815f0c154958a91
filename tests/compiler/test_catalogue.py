"""The list of operators is what the code says."""

from __future__ import annotations

import json

import pytest

from lilliput.cli.main import run
from lilliput.compiler.catalogue import FORMATS, describe, runtime_stems, translations
from lilliput.compiler.frontends.tflite_ops import BUILTIN_NAMES, TRANSLATORS
from lilliput.compiler.ops import ops


def test_every_operator_of_tensorflow_lite_is_told_with_what_it_is_made_of() -> None:
    told = translations("tflite")
    assert set(told) == set(TRANSLATORS)
    assert set(told) <= set(BUILTIN_NAMES.values())
    assert len(told) >= 90
    assert (told["CONV_2D"], told["LOGISTIC"]) == ({"conv2d", "depthwise_conv2d"}, {"sigmoid"})
    assert told["SPACE_TO_DEPTH"] == {"reshape", "transpose"}
    assert told["REDUCE_ANY"] == {"reduce_max"}
    # These tell of shapes only, which are known when the file is read.
    assert {name for name, ours in told.items() if not ours} == {"BROADCAST_ARGS", "RANK", "SHAPE", "ZEROS_LIKE"}


@pytest.mark.parametrize("kind", FORMATS)
def test_translations_name_operators_of_ours(kind: str) -> None:
    told = translations(kind)
    assert set().union(*told.values()) <= set(ops)
    assert sum(bool(ours) for ours in told.values()) > 0.8 * len(told)


def test_kernels_and_types_are_read_off_the_methods() -> None:
    add, shift, products = describe("add"), describe("reverse"), describe("batch_matmul")
    assert {"lp_add_s8", "lp_add_linear_s8", "lp_add_linear_constant_s8", "lp_pair_s32"} <= set(add["kernels"])
    assert {"int8", "int32", "int64"} <= set(add["types"])
    assert shift["types"][0] == "any"
    assert products["kernels"][0].startswith("lp_batch_matmul_")
    assert describe("logical_and")["types"] == ["bool"]
    assert describe("conv2d")["cores"][:2] == ["portable", "dsp"]
    assert add["tflite"] == ["ADD"]
    assert "aten.add.Tensor" in add["aten"]


def test_no_kernel_is_forgotten_or_made_up() -> None:
    told = {kernel for name in ops for kernel in describe(name)["kernels"]}
    assert told <= runtime_stems()
    for name in ops:
        described = describe(name)
        # What moves no bytes needs no kernel; what the preprocessing is made of brings its own.
        assert described["kernels"] or name in ("reshape", "preprocess"), name
        assert described["summary"], name


def test_the_command_prints_both_lists(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["list", "ops", "soft*"]) == 0
    assert "SOFTMAX" in capsys.readouterr().out
    assert run(["list", "ops", "--format", "tflite", "--json", "TRANSPOSE*"]) == 0
    items = json.loads(capsys.readouterr().out)["items"]
    assert items == [
        {"name": "TRANSPOSE", "ops": ["transpose"]},
        {"name": "TRANSPOSE_CONV", "ops": ["transpose_conv2d"]},
    ]
    assert run(["list", "ops", "--format", "keras"]) == 2
    assert "takes tflite, onnx, aten" in capsys.readouterr().err
