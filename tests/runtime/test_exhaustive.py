"""Every input there is: 256 codes for functions of one value, 65 536 pairs for sums and products."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lilliput.compiler.graph import Graph, Quant
from lilliput.compiler.op import Target
from lilliput.compiler.ops import ops
from lilliput.compiler.ops._lookup import Lookup
from lilliput.compiler.program import compile_graph
from tests.runtime.cases import CASES, one, side_by_side
from tests.runtime.harness import assert_c_equals_reference, single

Q = Quant.per_tensor
CODES = np.arange(-128, 128).astype(np.int8)
A, B = (np.ascontiguousarray(part) for part in np.broadcast_arrays(CODES[:, None], CODES[None, :]))
LOOKUPS = [op for op in sorted(CASES) if isinstance(ops[op], Lookup)]


def test_every_function_at_every_code(tmp_path: Path) -> None:
    graphs = {}
    for op in LOOKUPS:
        for name, case in CASES[op].items():
            x, y = case.values["x0"].quant, case.values["y"].quant
            assert x is not None
            graphs[f"{op}.{name}"] = one(op, (1, 256), x, y, **case.nodes[0].attrs)
    merged = side_by_side(graphs)
    given = dict.fromkeys(merged.inputs, CODES[None])
    assert_c_equals_reference(merged, tmp_path, given=given, targets=(Target(),))
    assert len(LOOKUPS) >= 30


def pair(op: str, a: Quant, b: Quant, y: Quant, **attrs: str) -> Graph:
    return single(op, [((1, 65536), "int8", a), ((1, 65536), "int8", b)], ("int8", y), **attrs)


PAIRS = {
    "generic": (Q(0.047127531, 13), Q(0.017346912, -50), Q(0.051471113, -4), "none"),
    "round": (Q(0.0471, 13), Q(0.0173, -50), Q(0.0514, -4), "none"),
    "saturating": (Q(0.1, -128), Q(0.3, 127), Q(0.05, 0), "none"),
    "rectified": (Q(0.0471, 13), Q(0.0173, -50), Q(0.03, -128), "relu"),
    "clipped": (Q(0.0471, 0), Q(0.0573, 0), Q(0.0514, -40), "relu6"),
    "ties": (Q(0.5, 0), Q(0.5, 3), Q(1.0, -7), "none"),
    "far apart": (Q(7.0, 1), Q(0.0003, 2), Q(3.0, 5), "none"),
}


@pytest.mark.parametrize("op", ["add", "sub", "mul"])
def test_every_pair(tmp_path: Path, op: str) -> None:
    graphs = {name: pair(op, a, b, y, activation=activation) for name, (a, b, y, activation) in PAIRS.items()}
    merged = side_by_side(graphs)
    given = {name: (A if name.endswith("x0") else B).reshape(1, -1) for name in merged.inputs}
    made = assert_c_equals_reference(merged, tmp_path, given=given, targets=(Target(),))
    assert len(np.unique(made)) > 100


@pytest.mark.parametrize(("case", "function"), [("generic", "lp_add_linear_s8"), ("round", "lp_add_s8")])
def test_sums_take_the_linear_form_only_where_it_is_exact(case: str, function: str) -> None:
    """Scales of three digits have hundreds of pairs within 2^-19 of a tie, which the rule's roundings scatter."""
    a, b, y, activation = PAIRS[case]
    graph = pair("add", a, b, y, activation=activation)
    (node,) = graph.nodes
    kernel = ops["add"].kernel(node, graph.ins(node), graph.values["y"], Target())
    assert kernel is not None
    assert kernel.function == function


def test_every_pair_of_an_activation_and_a_constant(tmp_path: Path) -> None:
    graphs = {}
    for op in ("add", "sub"):
        for case in ("generic", "round"):
            a, b, y, _ = PAIRS[case]
            after = single(op, [((1, 65536), "int8", a)], ("int8", y), [(B.reshape(1, -1), b)])
            (node,) = after.nodes
            before = after.replace(nodes=[replace(node, inputs=node.inputs[::-1])])
            graphs |= {f"{op}.{case}.after": after, f"{op}.{case}.before": before}
    merged = side_by_side(graphs)
    kernels = [step.kernel.function for step in compile_graph(merged, Target()).steps]
    assert kernels == 2 * (2 * ["lp_add_linear_constant_s8"] + 2 * ["lp_add_constant_s8"])
    assert_c_equals_reference(merged, tmp_path, given=dict.fromkeys(merged.inputs, A.reshape(1, -1)))


def test_nearly_all_sums_have_a_linear_form() -> None:
    rng = np.random.default_rng(3)
    found = 0
    for _ in range(40):
        a, b = rng.uniform(0.003, 0.3, 2)
        quants = [Q(float(s), int(rng.integers(-128, 128))) for s in (a, b, (a + b) * rng.uniform(0.3, 1.1))]
        graph = pair("add", *quants)
        (node,) = graph.nodes
        kernel = ops["add"].kernel(node, graph.ins(node), graph.values["y"], Target())
        assert kernel is not None
        found += kernel.function == "lp_add_linear_s8"
    assert found >= 38
