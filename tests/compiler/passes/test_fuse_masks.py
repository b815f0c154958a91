"""A softmax behind a choice between values and nothing leaves out what is not chosen."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from lilliput.compiler.frontends.torch_export import from_torch
from lilliput.compiler.graph import Graph
from lilliput.compiler.interpret import run_float
from lilliput.compiler.passes import simplify

NOTHING = torch.finfo(torch.float32).min


class Masked(nn.Module):
    """A softmax of values of which those below 0 count for nothing, written in some way."""

    def __init__(self, function: Callable[[Tensor, Tensor], Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x, x > 0).softmax(-1)


WAYS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "filled": lambda x, here: x.masked_fill(~here, NOTHING),
    "filled where not absent": lambda x, here: x.masked_fill(torch.logical_not(here), -1e9),
    "filled by what is absent": lambda x, here: x.masked_fill(x <= 0, float("-inf")),
    "chosen": lambda x, here: torch.where(here, x, -1e30),
    "chosen the other way": lambda x, here: torch.where(~here, -1e30, x),
}


def graph_of(way: Callable[[Tensor, Tensor], Tensor]) -> Graph:
    return simplify(from_torch(Masked(way), torch.zeros(1, 3, 5)))


@pytest.mark.parametrize("way", WAYS)
def test_each_way_to_write_a_mask_becomes_one_operator(way: str) -> None:
    graph = graph_of(WAYS[way])
    made = [node.op for node in graph.nodes]
    assert made.count("masked_softmax") == 1
    assert not {"select", "softmax"} & set(made)
    x = torch.randn(4, 3, 5, generator=torch.Generator().manual_seed(0))
    x[:, :, 0] = 1.0  # something is present in each row
    y = run_float(graph, {graph.inputs[0]: x})[graph.outputs[0]]
    torch.testing.assert_close(y, Masked(WAYS[way])(x))
    assert float(y[x <= 0].abs().max()) == 0


@pytest.mark.parametrize(
    "way",
    [
        lambda x, here: torch.where(here, x, -3.0),  # a number that counts
        lambda x, here: torch.where(here, x, x * 2),
        lambda x, here: torch.where(here, torch.tensor([-1e9, -1e9, 0.0, 0.0, 0.0]), x),
    ],
)  # fmt: skip
def test_a_choice_between_values_stays_one(way: Callable[[Tensor, Tensor], Tensor]) -> None:
    graph = graph_of(way)
    assert [node.op for node in graph.nodes if node.op in ("select", "softmax", "masked_softmax")] == [
        "select", "softmax",
    ]  # fmt: skip
    x = torch.randn(4, 3, 5, generator=torch.Generator().manual_seed(0))
    y = run_float(graph, {graph.inputs[0]: x})[graph.outputs[0]]
    torch.testing.assert_close(y, Masked(way)(x))


def test_a_row_of_nothing_is_shared_evenly() -> None:
    graph = graph_of(WAYS["filled"])
    y = run_float(graph, {graph.inputs[0]: -torch.ones(1, 3, 5)})[graph.outputs[0]].numpy()
    np.testing.assert_allclose(y, 0.2, atol=1e-7)
