"""Layers of spiking neurons in C: every kernel under sanitizers and on an emulated core, and what silence saves."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lilliput.compiler.graph import Array, Graph
from lilliput.compiler.op import Target
from lilliput.compiler.program import compile_graph
from lilliput.core.errors import BrokenGraph, UnsafeRange
from tests.runtime.cortex import run_on_cortex_m4
from tests.runtime.harness import DSP, PORTABLE, assert_c_equals_reference, sample
from tests.runtime.spike_cases import ENCODERS, LAYERS, layer

RATES = (0.0, 1.0, 0.02, 0.1, 0.3, 0.7, 0.0, 0.2)


def trains(graph: Graph, rates: tuple[float, ...] = RATES) -> Array:
    """One row for each rate; no bit lies behind the last time step."""
    x = graph.values["x"]
    rng = np.random.default_rng(1)
    rows = np.zeros((len(rates), *x.shape[1:]), np.uint8)
    chance = np.asarray(rates).reshape(-1, *[1] * (len(x.shape) - 1))
    for step in range(x.steps):
        rows |= (rng.random(rows.shape) < chance).astype(np.uint8) << np.uint8(step)
    return rows


def dense(graph: Graph) -> Graph:
    """The same layer by products."""
    (node,) = graph.nodes
    return graph.replace(nodes=(replace(node, attrs={**node.attrs, "variant": "dense"}),))


@pytest.mark.parametrize("name", list(LAYERS))
def test_layers_equal_the_reference(tmp_path: Path, name: str) -> None:
    graph = LAYERS[name]
    made = assert_c_equals_reference(graph, tmp_path, targets=(PORTABLE, DSP), given={"x": trains(graph)})
    assert len(np.unique(made)) > 1 or "silent" in name
    assert not made[made >= 2 ** graph.values["x"].steps].size, "a bit behind the last step"


@pytest.mark.parametrize("name", ["linear, odd", "conv, dilated", "conv, wide"])
def test_bits_behind_the_last_step_are_passed_over(tmp_path: Path, name: str) -> None:
    graph = LAYERS[name]
    x = sample(graph.values["x"], 5, np.random.default_rng(7))
    steps = graph.values["x"].steps
    made = assert_c_equals_reference(graph, tmp_path, targets=(PORTABLE, DSP), given={"x": x})
    clean = (x & np.uint8(2**steps - 1)).astype(np.uint8)
    np.testing.assert_array_equal(made, compile_graph(graph, PORTABLE).run(clean)[0])


@pytest.mark.parametrize("name", [name for name in LAYERS if "wide" not in name])
def test_products_give_the_same_bytes_as_spikes(tmp_path: Path, name: str) -> None:
    graph, x = LAYERS[name], trains(LAYERS[name])
    by_spikes = compile_graph(graph, DSP).run(x)[0]
    made = assert_c_equals_reference(dense(graph), tmp_path, targets=(PORTABLE, DSP), given={"x": x})
    np.testing.assert_array_equal(made, by_spikes)


@pytest.mark.parametrize("name", list(ENCODERS))
def test_neurons_on_numbers_equal_the_reference(tmp_path: Path, name: str) -> None:
    graph = ENCODERS[name]
    rows = 12 * graph.values["x"].shape[0]
    x = sample(graph.values["x"], rows, np.random.default_rng(2))
    made = assert_c_equals_reference(graph, tmp_path, targets=(PORTABLE, DSP), given={"x": x})
    assert len(np.unique(made)) > (1 if name == "one frame" else 2)


def test_every_kernel_is_used_by_some_case() -> None:
    used = set()
    for target in (PORTABLE, DSP):
        for graph in (*LAYERS.values(), *ENCODERS.values(), dense(LAYERS["linear"])):
            for step in compile_graph(graph, target).steps:
                used |= {step.kernel.function, *(f.value for f in step.kernel.fields if f.ctype == "object")}
    assert used >= {
        *(f"lp_spiking_conv2d{kept}_{kind}" for kept in ("", "_kept") for kind in ("s16", "s32")),
        *("lp_spike_sums_s16", "lp_spike_sums_s16_dsp", "lp_spike_dense_s16", "lp_fire_s16", "lp_fire_s16_dsp"),
        *("lp_leaky_s8", "lp_leaky_kept_s8", "lp_lookup_s8_u8"),
    }  # fmt: skip


@pytest.mark.parametrize("name", ["linear", "linear, odd", "linear, ten", "conv", "conv, dilated", "conv, wide"])
def test_outputs_on_the_core_equal_the_reference(tmp_path: Path, name: str) -> None:
    graph = LAYERS[name]
    program = compile_graph(graph, DSP)
    for row, rate in enumerate((0.0, 0.3)):
        x = trains(graph, (rate,))
        made, _ = run_on_cortex_m4(program, [x], tmp_path / str(row))
        np.testing.assert_array_equal(made[0], program.run(x)[0])


def test_potentials_that_are_kept_on_the_core_go_on(tmp_path: Path) -> None:
    graph = ENCODERS["by channel"]
    x = sample(graph.values["x"], 3, np.random.default_rng(2))[2:]
    program = compile_graph(graph, DSP)
    made, _ = run_on_cortex_m4(program, [x], tmp_path)
    np.testing.assert_array_equal(made[0], program.run(x)[0])


def test_silence_costs_little_and_each_spike_its_row(tmp_path: Path) -> None:
    """What the kernels are for: instructions follow the rate of firing."""
    graph = layer((1, 8, 8, 16), (32, 3, 3, 16), 4, padding=((1, 1), (1, 1)), threshold=4000)
    program = compile_graph(graph, DSP)
    spent = {}
    for rate in (0.0, 0.05, 0.5, 1.0):
        _, counted = run_on_cortex_m4(program, [trains(graph, (rate,))], tmp_path / str(rate))
        spent[rate] = counted.total()
    products, _ = spent_on_products(graph, tmp_path)
    assert spent[0.0] < spent[0.05] < spent[0.5] < spent[1.0]
    assert spent[0.0] < 0.1 * products
    assert spent[0.05] < 0.5 * products


def spent_on_products(graph: Graph, folder: Path) -> tuple[int, Array]:
    x = trains(graph, (0.05,))
    program = compile_graph(dense(graph), DSP)
    made, counted = run_on_cortex_m4(program, [x], folder / "dense")
    return counted.total(), made[0]


class TestRefusals:
    def test_currents_that_do_not_fit_sixteen_bits(self) -> None:
        graph = layer((1, 1200), (4, 1200), 2, threshold=100)
        with pytest.raises(UnsafeRange, match=r"could reach a current of \d+, its potentials hold 32767"):
            compile_graph(graph, Target())
        assert compile_graph(layer((1, 1200), (4, 1200), 2, "int32", threshold=100), Target()).steps

    def test_neurons_that_leak_beside_some_that_do_not(self) -> None:
        mixed = np.array([1 << 15, 1 << 14], np.int32)
        with pytest.raises(UnsafeRange, match="neurons that leak and neurons that do not"):
            compile_graph(layer((1, 5), (2, 5), 2, decay=mixed), Target())

    @pytest.mark.parametrize(
        ("steps", "reset", "said"),
        [(9, "zero", "of 9 steps: they are uint8, of 1 to 8"), (2, "soft", "reset must be zero or subtract")],
    )
    def test_settings_out_of_range(self, steps: int, reset: str, said: str) -> None:
        with pytest.raises(BrokenGraph, match=said):
            compile_graph(layer((1, 5), (2, 5), steps, reset=reset), Target())

    def test_trains_of_another_length(self) -> None:
        graph = LAYERS["linear"]
        x = replace(graph.values["x"], steps=3)
        with pytest.raises(BrokenGraph, match="runs 8 steps on trains of 3"):
            compile_graph(graph.replace(values={**graph.values, "x": x}), Target())
