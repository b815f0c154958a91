import numpy as np
import pytest

from lilliput.compiler.builder import GraphBuilder
from lilliput.compiler.graph import Value
from lilliput.compress.quantise import quantise
from lilliput.compress.quantise.global_pool import pools_to_means
from tests.compress.quantise.nets import images, outputs

WHOLE = {"window": (8, 8), "stride": (8, 8), "padding": ((0, 0), (0, 0))}


def pooled(**attrs):
    build = GraphBuilder("pooled")
    x = build.input(Value("x", (1, 8, 8, 3), "float32"))
    return build.graph([build.node("avg_pool2d", "pool", [x], **attrs)])


def test_a_global_pool_becomes_a_mean_of_the_same_values():
    graph, x = pooled(**WHOLE), images(8)
    made = pools_to_means(graph)
    assert [node.op for node in made.nodes] == ["mean"]
    np.testing.assert_allclose(outputs(made, x), outputs(graph, x), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    "changes",
    [
        {"window": (4, 8), "stride": (4, 8)},
        {"padding": ((0, 1), (0, 0))},
        {"activation": "relu"},
    ],
)
def test_other_pools_stay(changes):
    assert [node.op for node in pools_to_means(pooled(**(WHOLE | changes))).nodes] == ["avg_pool2d"]


def test_the_mean_is_finer_than_the_pool():
    graph, x = pooled(**WHOLE), images(64)
    made = quantise(graph, x)
    assert made.graph.values["pool"].scale < made.graph.values["x"].scale / 2
    assert made.layers[-1].sqnr_db > 30
    assert made.graph.nodes[0].op == "mean"
