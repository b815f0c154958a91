"""Recurrent layers from ONNX files and exported PyTorch programs, against ONNX Runtime and eager PyTorch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from lilliput.compiler.frontends.onnx import read_onnx
from lilliput.compiler.frontends.torch_export import from_torch
from lilliput.compiler.graph import Array, Graph
from lilliput.compiler.interpret import run_integer
from lilliput.compiler.op import Target
from lilliput.compiler.passes import simplify
from lilliput.compiler.program import compile_graph
from lilliput.core.errors import LilliputError
from tests.runtime.harness import run_c

BOUND = 2e-5
"""Hidden states are at most 1 in size; sums and curves in another order differ by a few units in the last place."""


class Sequence(torch.nn.Module):
    """A recurrent layer and a dense layer on its rows, or on its last hidden state."""

    def __init__(self, layer: torch.nn.RNNBase, on_last: bool = False) -> None:
        super().__init__()
        self.layer, self.on_last = layer, on_last

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y, h = self.layer(x)
        if self.on_last:
            h = h[0] if isinstance(h, tuple) else h
            return h[-1]
        return y


def code_of(graph: Graph, x: Array, folder: Path) -> Array:
    (made,) = run_c(compile_graph(graph, Target()), [x], folder, ["-ffp-contract=off"])
    return made


@pytest.mark.parametrize("on_last", [False, True])
@pytest.mark.parametrize("kind", ["LSTM", "GRU", "RNN", "relu"])
@pytest.mark.parametrize(("layers", "both"), [(1, False), (2, False), (2, True)])
def test_exported_layers_come_near_eager_pytorch(kind: str, layers: int, both: bool, on_last: bool) -> None:
    torch.manual_seed(3)
    options: dict[str, Any] = {"batch_first": True, "bidirectional": both, "num_layers": layers}
    if kind == "relu":
        layer: torch.nn.RNNBase = torch.nn.RNN(3, 5, nonlinearity="relu", **options)
    else:
        layer = getattr(torch.nn, kind)(3, 5, **options)
    model, x = Sequence(layer, on_last).eval(), torch.randn(6, 7, 3)
    graph = simplify(from_torch(model, x[:1]))
    made = run_integer(graph, {graph.inputs[0]: x.numpy()})[graph.outputs[0]]
    with torch.no_grad():
        wanted = torch.cat([model(row[None]) for row in x]).numpy()
    np.testing.assert_allclose(made, wanted, atol=BOUND)


@pytest.mark.parametrize("kind", ["LSTM", "GRU", "RNN"])
def test_the_code_of_a_layer_comes_near_eager_pytorch(kind: str, tmp_path: Path) -> None:
    torch.manual_seed(4)
    model, x = Sequence(getattr(torch.nn, kind)(3, 6, batch_first=True)).eval(), torch.randn(5, 8, 3)
    graph = simplify(from_torch(model, x[:1]))
    with torch.no_grad():
        np.testing.assert_allclose(code_of(graph, x.numpy(), tmp_path), model(x).numpy(), atol=BOUND)


def test_the_last_cell_state_is_refused() -> None:
    class Cells(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = torch.nn.LSTM(3, 4, batch_first=True)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.layer(x)[1][1]  # type: ignore[no-any-return]

    with pytest.raises(LilliputError, match="last cell state") as caught:
        from_torch(Cells(), torch.zeros(1, 4, 3))
    assert caught.value.code == "LP302"


def onnx_file(kind: str, direction: str, seed: int, before: int = 0, starts: bool = False) -> tuple[bytes, Array]:
    """A layer of 4 units on 6 rows of 3, and samples."""
    import onnx

    rng = np.random.default_rng(seed)
    parts, ways, n, c_in, steps = {"LSTM": 4, "GRU": 3, "RNN": 1}[kind], 1 + (direction == "bidirectional"), 4, 3, 6

    def real(name: str, *shape: int) -> Any:
        return onnx.numpy_helper.from_array(rng.standard_normal(shape).astype(np.float32), name)

    tensors = [real("w", ways, parts * n, c_in), real("r", ways, parts * n, n), real("b", ways, 2 * parts * n)]
    names = ["rows", "w", "r", "b"]
    if starts:
        tensors += [real("h", ways, 1, n)] + ([real("c", ways, 1, n)] if kind == "LSTM" else [])
        names += ["", "h", *(["c"] if kind == "LSTM" else [])]
    attrs = {"linear_before_reset": before} if kind == "GRU" else {}
    node = onnx.helper.make_node(kind, names, ["y", "last"], hidden_size=n, direction=direction, **attrs)
    turn = onnx.helper.make_node("Transpose", ["x"], ["rows"], perm=[1, 0, 2])
    ports = [
        onnx.helper.make_tensor_value_info(name, 1, shape)
        for name, shape in (("x", (1, steps, c_in)), ("y", (steps, ways, 1, n)), ("last", (ways, 1, n)))
    ]
    graph = onnx.helper.make_graph([turn, node], "layer", ports[:1], ports[1:], tensors)
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8)
    return model.SerializeToString(), rng.standard_normal((1, steps, c_in)).astype(np.float32)


@pytest.mark.parametrize("direction", ["forward", "reverse", "bidirectional"])
@pytest.mark.parametrize(("kind", "before"), [("LSTM", 0), ("GRU", 0), ("GRU", 1), ("RNN", 0)])
def test_onnx_layers_come_near_onnx_runtime(kind: str, before: int, direction: str) -> None:
    import onnxruntime

    for starts in (False, True):
        data, x = onnx_file(kind, direction, 7, before, starts)
        graph, _ = read_onnx(data)
        made = run_integer(graph, {graph.inputs[0]: x})
        wanted = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"]).run(None, {"x": x})
        for name, theirs in zip(graph.outputs, wanted, strict=True):
            np.testing.assert_allclose(made[name].reshape(theirs.shape), theirs, atol=BOUND)


def test_what_an_onnx_layer_cannot_do_is_refused() -> None:
    import onnx

    data, _ = onnx_file("LSTM", "forward", 1)
    model = onnx.ModelProto.FromString(data)
    model.graph.node[1].attribute.append(onnx.helper.make_attribute("clip", 1.0))
    with pytest.raises(LilliputError, match="a clip of the gates has no kernel") as caught:
        read_onnx(model.SerializeToString())
    assert caught.value.code == "LP302"


def test_the_quantiser_refuses_a_cell_by_name() -> None:
    from lilliput.compress.quantise.post_training import quantise

    graph = simplify(from_torch(Sequence(torch.nn.GRU(3, 4, batch_first=True)), torch.zeros(1, 5, 3)))
    with pytest.raises(LilliputError, match=r"gru at .* cannot be quantised") as caught:
        quantise(graph, np.zeros((2, 5, 3), np.float32))
    assert caught.value.code == "LP301"
