"""The two ways of rounding beside LiteRT's default kernels for this machine: how many outputs differ.

    python bench/rounding.py FOLDER_OF_TFLITE_FILES

`float` multiplies accumulators in float32 and rounds half to even, as the published kernels behind LiteRT's default do:
what differs from `single` and not from `float` is due to that.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from unittest import mock

import numpy as np

from lilliput.compiler.frontends import load_network
from lilliput.compiler.graph import Array, Graph, Node, Value
from lilliput.compiler.interpret import run_integer
from lilliput.compiler.op import activation_of, activation_range
from lilliput.compiler.passes.rounding import with_rounding
from lilliput.core.output import Output, Table

FILES = ("kws_ref_model", "pretrainedResnet_quant", "vww_96_int8", "ad01_int8")
ROWS = 20
LAYERS = ("conv2d", "depthwise_conv2d", "fully_connected")


def litert(path: Path, x: Array) -> Array:
    """The outputs of LiteRT with its default kernels."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(str(path), num_threads=1)
    interpreter.allocate_tensors()
    into, out = interpreter.get_input_details()[0]["index"], interpreter.get_output_details()[0]["index"]
    made = []
    for row in x:
        interpreter.set_tensor(into, row[None])
        interpreter.invoke()
        made.append(interpreter.get_tensor(out).copy())
    return np.concatenate(made)


def finish_in_float32(node: Node, inputs: tuple[Value, ...], output: Value, acc: Array) -> Array:
    """`_weights.finish` with the factor in float32."""
    assert inputs[1].quant is not None
    scales = np.array(inputs[1].quant.scale, np.float32)
    factors = np.float32(inputs[0].scale) * scales / np.float32(output.scale)
    y = np.rint(acc.astype(np.float32) * factors).astype(np.int64) + output.zero_point
    clamped: Array = np.clip(y, *activation_range(activation_of(node), output)).astype(np.int8)
    return clamped


def in_float32(graph: Graph, x: Array) -> Array:
    """The outputs with every layer with weights rounded in float32, all others once."""
    patches = [mock.patch(f"lilliput.compiler.ops.{layer}.finish", finish_in_float32) for layer in LAYERS]
    for patch in patches:
        patch.start()
    try:
        return run_integer(with_rounding(graph, "single"), {graph.inputs[0]: x})[graph.outputs[0]]
    finally:
        for patch in patches:
            patch.stop()


def row(path: Path) -> tuple[object, ...]:
    """One line of the table."""
    graph, _ = load_network(path)
    shape = graph.values[graph.inputs[0]].shape
    x = np.random.default_rng(0).integers(-128, 128, (ROWS, *shape[1:])).astype(np.int8)
    wanted = litert(path, x)
    made = [
        run_integer(with_rounding(graph, rule), {graph.inputs[0]: x})[graph.outputs[0]] for rule in ("double", "single")
    ]
    made.append(in_float32(graph, x))
    return (path.stem, wanted.size, *(int(np.count_nonzero(y != wanted)) for y in made))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Outputs that differ from LiteRT's default, by the rule of rounding.")
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    rows = [row(folder / f"{name}.tflite") for name in FILES if (folder / f"{name}.tflite").is_file()]
    Output().show({}, human=[Table(("file", "outputs", "double", "single", "float"), rows, "Outputs that differ")])


if __name__ == "__main__":
    main()
