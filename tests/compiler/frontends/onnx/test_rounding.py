"""What must be rounded once is: averages, borders, and what is refused because it could only be rounded twice."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lilliput.compiler.program import compile_graph
from tests.compiler.frontends.onnx.models import helper, integer_outputs, items, model, quantised, runtime
from tests.compiler.frontends.onnx.writer import IMAGE, ROWS, Writer, differs, refusal


@pytest.mark.parametrize("span", [(-3.0, 3.0), (-1.4, 1.4), (-0.6, 0.6)])
@pytest.mark.parametrize(
    "attrs",
    [{"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]}, {"kernel_shape": [3, 2], "pads": [1, 0, 2, 1], "strides": [2, 1]},
     {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1], "count_include_pad": 1},
     {"kernel_shape": [3, 3], "strides": [2, 2], "ceil_mode": 1}, {"kernel_shape": [7, 6]}],
)  # fmt: skip
def test_an_average_over_the_border_is_rounded_once(attrs: dict[str, Any], span: tuple[float, float]) -> None:
    w = Writer(unsigned=True)
    w.nodes.append(helper.make_node("AveragePool", [w.around("x", -3, 3)], ["y"], **attrs))
    data = w.file({"x": IMAGE}, w.around("y", *span), opset=19)
    x = items(IMAGE, rows=60)
    graph = differs(data, x)
    (given,), (made,) = ([graph.values[name].quant for name in names] for names in (graph.inputs, graph.outputs))
    assert given is not None
    assert made is not None
    mean = helper.make_node("AveragePool", ["x"], ["y"], **attrs)
    (real,) = runtime(model([mean], {"x": IMAGE}, {"y": None}, opset=19), given.dequantise(quantised(x, given)))
    exact = np.clip(real.astype(np.float64) / made.scale[0] + made.zero_point[0], -128, 127)
    # Half a step is the rounding itself; the kernel's product is rounded to 1/64 of a step or finer before that.
    assert np.abs(integer_outputs(graph, x)[0] - exact).max() <= 0.5 + 1 / 64
    compile_graph(graph)


def bordered(border: float, high: float | None) -> tuple[Writer, str]:
    """A pad in steps of 6/255, and behind it a quantiser up to `high`, or a function that reads it as it is."""
    w = Writer(unsigned=False)
    w.constants |= {"pads": np.array([0, 0, 1, 1, 0, 0, 1, 1]), "border": np.array(border, np.float32)}
    w.nodes.append(helper.make_node("Pad", [w.around("x", -3, 3), "pads", "border"], ["y"], name="border"))
    if high is not None:
        return w, w.around("y", -high, high)
    w.nodes.append(helper.make_node("Exp", ["y"], ["z"]))
    return w, w.around("z", 0, 3)


BETWEEN = 1.5 * 6 / 255


@pytest.mark.parametrize(
    ("border", "high"), [(0.0, None), (0.0, 1.3), (BETWEEN, 3.0), (BETWEEN, 4.7), (2 * 6 / 255, 1.3)]
)
def test_a_border_is_rounded_once(border: float, high: float | None) -> None:
    w, out = bordered(border, high)
    differs(w.file({"x": IMAGE}, out), items(IMAGE, rows=ROWS))


def test_a_border_between_two_steps_that_would_be_rounded_in_silence_is_refused() -> None:
    """Nothing in the file rounds it before the function reads it; and twice rounded it would be two steps off."""
    assert 'Pad at "border" is computed in float' in refusal(*bordered(BETWEEN, None)).what
    assert 'Pad at "border": its output has steps of' in refusal(*bordered(BETWEEN, 0.9)).what


def test_what_can_only_be_rounded_twice_is_refused() -> None:
    for kind, attrs, fix in (("Softmax", {"axis": -1}, "1/256"), ("Resize", {"mode": "linear"}, "as its input")):
        w = Writer(unsigned=False)
        w.constants["scales"] = np.array([1, 1, 2, 2], np.float32)
        names = [w.around("x", -3, 3), *(["", "scales"] if kind == "Resize" else [])]
        w.nodes.append(helper.make_node(kind, names, ["y"], name="twice", **attrs))
        error = refusal(w, w.around("y", 0, 0.3))
        assert f'{kind} at "twice": its output has steps of' in error.what
        assert fix in error.fix


def test_a_linear_resize_in_its_own_or_in_coarser_steps() -> None:
    for high in (3.0, 4.5):
        w = Writer(unsigned=False)
        w.constants["scales"] = np.array([1, 1, 2, 2], np.float32)
        w.nodes.append(helper.make_node("Resize", [w.around("x", -3, 3), "", "scales"], ["y"], mode="linear"))
        differs(w.file({"x": IMAGE}, w.around("y", -high, high)), items(IMAGE, rows=ROWS))
