"""A graph survives plain values and arrays; damage is named."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from lilliput.compiler.graph import Graph
from lilliput.compiler.interpret import run_integer
from lilliput.compiler.serialise import graph_from_plain, graph_to_plain
from lilliput.core.errors import LilliputError
from tests.runtime.test_fully_connected import layer


def plain_and_constants() -> tuple[Graph, dict[str, Any], dict[str, Any]]:
    graph = layer(16, 5, activation="relu")
    plain, constants = graph_to_plain(graph)
    return graph, json.loads(json.dumps(plain)), dict(constants)


def test_a_graph_comes_back_the_same() -> None:
    graph, plain, constants = plain_and_constants()
    again = graph_from_plain(plain, constants)
    x = np.random.default_rng(0).integers(-128, 128, (7, 16)).astype(np.int8)
    np.testing.assert_array_equal(run_integer(again, {"x0": x})["y"], run_integer(graph, {"x0": x})["y"])
    assert graph_to_plain(again)[0] == plain


def put(*path: Any, value: Any) -> Callable[[dict[str, Any], dict[str, Any]], None]:
    def change(plain: dict[str, Any], constants: dict[str, Any]) -> None:
        target: Any = plain
        for key in path[:-1]:
            target = target[key]
        target[path[-1]] = value

    return change


DAMAGE = {
    "field of another type": (put("nodes", value="none"), "LP200", "nodes"),
    "unknown field": (put("surprise", value=1), "LP200", "surprise"),
    "scale zero": (put("values", 0, "quant", "scale", value=[0.0]), "LP207", "above 0"),
    "scale NaN": (put("values", 0, "quant", "scale", value=[float("nan")]), "LP200", "finite"),
    "huge axis": (put("values", 0, "shape", value=[1, 2**62]), "LP204", "the limit is"),
    "axis zero": (put("values", 0, "shape", value=[1, 0]), "LP204", "must be 1 or more"),
    "unknown operator": (put("nodes", 0, "op", value="fuly_connected"), "LP100", "no op is called"),
    "input nobody makes": (put("nodes", 0, "inputs", value=["ghost", "c0", "c1"]), "LP310", "ghost"),
    "wrong output shape": (put("values", 3, "shape", value=[1, 6]), "LP310", "the graph says"),
    "weights missing": (lambda p, c: c.pop("c0"), "LP208", "missing: c0"),
    "weights unexpected": (lambda p, c: c.update(more=np.zeros(1)), "LP208", "unexpected: more"),
    "weights of another shape": (lambda p, c: c.update(c0=np.zeros((5, 17), np.int8)), "LP208", "declares 'c0'"),
    "value twice": (lambda p, c: p["values"].append(p["values"][0]), "LP200", "appear twice"),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_damage_is_named(kind: str) -> None:
    change, code, message = DAMAGE[kind]
    _, plain, constants = plain_and_constants()
    change(plain, constants)
    with pytest.raises(LilliputError, match=message) as caught:
        graph_from_plain(plain, constants)
    assert caught.value.code == code
