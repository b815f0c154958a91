"""The dual-channel network and the networks it is held against: published sizes, parts that can be left out."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from lilliput.boards import get_board
from lilliput.compiler.frontends.torch_export import from_torch
from lilliput.compiler.interpret import run_float
from lilliput.compiler.passes import simplify
from lilliput.compiler.program import compile_graph
from lilliput.compress.quantise import quantise
from lilliput.core.errors import BadSetting
from lilliput.layers.kan import KANLinear
from lilliput.layers.quantum import QuantumLayer
from lilliput.layers.relu_lstm import ReluLSTM
from lilliput.models import create_model, create_model_for
from lilliput.models.cost import count_params
from lilliput.models.shapes import shapes_only


def _params(name: str, **changes: object) -> dict[str, int]:
    with shapes_only():
        model = create_model(name, **changes)
    parts = {part: count_params(module).trainable for part, module in model.named_children()}
    return {"all": count_params(model).trainable, **parts}


def test_channels_have_the_parameters_of_the_published_system() -> None:
    found = _params("kacq_dcnn")
    assert (found["all"], found["quantum"], found["classical"], found["head"]) == (2_844_277, 1_629_652, 1_214_560, 65)
    assert _params("kacq_dcnn", features=12)["all"] == 3_023_221


def test_layers_have_the_shapes_of_the_published_weight_file() -> None:
    with shapes_only():
        model = create_model("kacq_dcnn")
    splines = [tuple(m.coefficients.shape) for m in model.modules() if isinstance(m, KANLinear)]
    assert splines[1:] == [
        (1232, 6, 176), (176, 8, 48), (12, 6, 112), (112, 6, 32), (320, 6, 256), (256, 6, 32)
    ]  # fmt: skip
    circuits = [tuple(m.weights.shape) for m in model.modules() if isinstance(m, QuantumLayer)]
    assert circuits == [(1, 4, 3)] * 3


def test_the_small_one_stays_within_sixty_thousand_parameters() -> None:
    assert _params("kacq_micro")["all"] == 44_533


def _kinds(**changes: object) -> dict[type, int]:
    model = create_model("kacq_micro", **changes)
    return {kind: sum(isinstance(m, kind) for m in model.modules()) for kind in (QuantumLayer, KANLinear, ReluLSTM)}


class TestAblations:
    def test_all_parts_are_there(self) -> None:
        assert _kinds() == {QuantumLayer: 3, KANLinear: 7, ReluLSTM: 2}

    @pytest.mark.parametrize(
        ("changes", "circuits", "splines", "recurrent"),
        [
            ({"channels": "classical"}, 0, 2, 2),
            ({"channels": "quantum"}, 3, 5, 0),
            ({"circuit": "dense"}, 0, 7, 2),
            ({"embedding": "angle"}, 3, 7, 2),
            ({"kan": "none"}, 3, 0, 2),
            ({"kan": "classical"}, 3, 2, 2),
            ({"kan": "quantum"}, 3, 5, 2),
            ({"recurrent": "lstm"}, 3, 7, 2),
            ({"recurrent_layers": 1}, 3, 7, 1),
            ({"recurrent": "none"}, 3, 7, 0),
        ],
        ids=str,
    )
    def test_what_is_left_out_is_gone_and_the_rest_works(
        self, changes: dict[str, object], circuits: int, splines: int, recurrent: int
    ) -> None:
        assert _kinds(**changes) == {QuantumLayer: circuits, KANLinear: splines, ReluLSTM: recurrent}
        y = create_model("kacq_micro", **changes)(torch.rand(4, 11))
        assert y.shape == (4, 1)
        assert torch.isfinite(y).all()

    def test_one_direction_has_half_the_recurrent_weights(self) -> None:
        found = {kind: _params("kacq_micro", recurrent=kind)["classical"] for kind in ("lstm", "bilstm")}
        assert found["lstm"] < found["bilstm"]

    def test_the_dense_part_has_the_circuits_inputs_and_outputs(self) -> None:
        model = create_model("kacq_micro", circuit="dense")
        assert [tuple(m[0].weight.shape) for m in model.quantum.middle] == [(4, 16)] * 3  # type: ignore[union-attr, index]


@pytest.mark.parametrize("wiring", ["ttn", "mps", "mera"])
def test_a_pure_circuit_has_two_parameters_a_block_and_a_bias(wiring: str) -> None:
    blocks = {"ttn": 3, "mps": 4, "mera": 5}[wiring]
    assert _params("tensor_circuit", wiring=wiring, layers=4)["all"] == 4 * blocks * 2 + 1


def test_a_network_is_fitted_to_columns_and_classes() -> None:
    x = torch.rand(2, 7)
    assert create_model_for("kacq_micro", (7,), 5)(x).shape == (2, 5)
    assert create_model_for("q_conv_kan", (7,), 5)(x).shape == (2, 5)
    assert create_model_for("tensor_circuit", (7,), 2)(x).shape == (2, 1)


@pytest.mark.parametrize(
    ("name", "changes", "text"),
    [
        ("kacq_micro", {"kan": "some"}, "`kan` 'some' is none of both, classical, quantum, none"),
        ("kacq_micro", {"wires": 13}, "`wires` must be in"),
        ("q_conv_kan", {"features": 4}, "`features` must be in"),
        ("tensor_circuit", {"wiring": "ring"}, "`wiring` 'ring' is none of ttn, mps, mera"),
        ("tensor_circuit", {"features": 33}, "`features` must be in"),
    ],
)
def test_what_cannot_be_is_refused(name: str, changes: dict[str, object], text: str) -> None:
    with pytest.raises(BadSetting, match=text):
        create_model(name, **changes)


def test_a_pure_circuit_tells_two_classes_apart_at_most() -> None:
    with pytest.raises(BadSetting, match="tells two classes apart, not 3"):
        create_model_for("tensor_circuit", (7,), 3)


def test_what_is_left_without_circuits_and_recurrence_has_an_integer_form() -> None:
    torch.manual_seed(0)
    model, x = create_model("kan_micro", outputs=3).eval(), torch.rand(64, 11)
    graph = simplify(from_torch(model, x[:1]))
    expected = model(x).detach()
    torch.testing.assert_close(run_float(graph, {graph.inputs[0]: x})[graph.outputs[0]], expected)
    small = quantise(graph, x.numpy()).graph
    program = compile_graph(small, get_board("nucleo-f446re").target)
    told = program.outputs[0].quant.dequantise(program.run(program.inputs[0].quant.quantise(x.numpy(), "int8"))[0])  # type: ignore[union-attr]
    assert np.abs(told - expected.numpy()).max() < 0.1 * np.ptp(expected.numpy())
