"""Real int8 networks give the bytes of TensorFlow Lite Micro: the reference on every row, the C on some."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lilliput.boards.host import run_host
from lilliput.compiler.frontends.tflite import load_tflite
from lilliput.compiler.op import Target
from lilliput.compiler.program import compile_graph

runtime = pytest.importorskip(
    "tflite_micro.python.tflite_micro.runtime", reason="the wheel tflite_micro is not installed"
)

NETWORKS = (
    "kws_ref_model", "pretrainedResnet_quant", "vww_96_int8", "ad01_int8", "person_detect", "micro_speech_quantized",
    "hello_world_int8", "tinymaix_mnist_valid_q",
)  # fmt: skip


@pytest.mark.shared
@pytest.mark.parametrize("name", NETWORKS)
def test_every_byte_is_the_interpreters(name: str, shared_data: Path) -> None:
    path = shared_data / "models" / f"{name}.tflite"
    graph, _ = load_tflite(path)
    program = compile_graph(graph, Target(dsp=True))
    (x,) = program.inputs
    rng = np.random.default_rng(7)
    rows = rng.integers(-128, 128, (24, *x.shape[1:])).astype(np.int8)
    rows[0], rows[1] = -128, 127
    rows[2] = np.resize(np.array([-128, 127], np.int8), rows.shape[1:])
    rows[3:8] = np.clip(rng.normal(x.zero_point, 12, rows[3:8].shape), -128, 127)  # near zero: scores do not saturate
    interpreter = runtime.Interpreter.from_file(str(path))
    expected = []
    for row in rows:
        interpreter.set_input(row[None], 0)
        interpreter.invoke()
        expected.append(interpreter.get_output(0)[0])
    (made,) = program.run(rows)
    np.testing.assert_array_equal(made, np.array(expected))
    assert len(np.unique(made)) > 2
    np.testing.assert_array_equal(run_host(program, [rows[:4]])[0], made[:4])
