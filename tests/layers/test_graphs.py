"""Batches of graphs, Rayleigh quotients and Chebyshev filters, against dense matrices and eigenvalues."""

from __future__ import annotations

from typing import cast

import numpy as np
import pytest
import torch
from torch import Tensor

from lilliput.layers.graphs import ChebyshevBank, DenseGraphs, Operator, SparseGraphs, dense_graphs, edge_weights
from lilliput.layers.graphs import rayleigh as quotients
from lilliput.tasks.graphs import GraphSet
from lilliput.train.graphs import GraphSource, dense_rows
from tests.train.small_graphs import joined, made_graphs, one_graph

PATH = one_graph("aab", [(0, 1), (1, 2)])
PAW = one_graph("abbc", [(0, 1), (1, 2), (2, 0), (2, 3)])
OPERATORS = ("laplacian", "renormalised", "adjacency")


def batch(graphs: GraphSet, operator: Operator = "laplacian") -> SparseGraphs:
    return cast(SparseGraphs, GraphSource(graphs, operator).batch(np.arange(len(graphs)))[0])


def laplacian(graphs: GraphSet) -> Tensor:
    """L of a set of graphs as one dense matrix, written down from its definition, float64."""
    nodes = int(graphs.starts[-1])
    adjacency = torch.zeros(nodes, nodes, dtype=torch.float64)
    for i, j in graphs.edges:
        adjacency[i, j] = adjacency[j, i] = 1
    degree = adjacency.sum(1)
    root = torch.where(degree > 0, degree.clamp_min(1).rsqrt(), 0.0)
    return torch.diag((degree > 0).double()) - root[:, None] * adjacency * root


def with_signal(graphs: GraphSet, x: list[float]) -> SparseGraphs:
    held = batch(graphs)
    return SparseGraphs(
        torch.tensor(x)[:, None], held.source, held.target, held.weight, held.diagonal, held.graph, held.count
    )


class TestRayleighQuotients:
    def test_published_numerators(self) -> None:
        path, paw = (quotients(batch(graphs), normalised=False)[0] for graphs in (PATH, PAW))
        assert path.tolist() == pytest.approx([0.5857864376, 1], abs=1e-6)
        assert paw.tolist() == pytest.approx([1, 1.1835034190, 1], abs=1e-6)

    def test_the_quotient_is_the_numerator_through_the_square_of_the_signal(self) -> None:
        path, paw = (quotients(batch(graphs))[0] for graphs in (PATH, PAW))
        assert path.tolist() == pytest.approx([0.5857864376 / 2, 1], abs=1e-6)
        assert paw.tolist() == pytest.approx([1, 1.1835034190 / 2, 1], abs=1e-6)

    def test_a_constant_on_a_regular_graph_has_none(self) -> None:
        triangle = one_graph("aaa", [(0, 1), (1, 2), (2, 0)])
        assert quotients(batch(triangle)).tolist() == [[pytest.approx(0, abs=1e-6)]]

    def test_alternating_signs_on_an_even_ring_have_two(self) -> None:
        ring = one_graph("a" * 6, [(i, (i + 1) % 6) for i in range(6)])
        assert float(quotients(with_signal(ring, [1, -1] * 3))) == pytest.approx(2, abs=1e-6)

    @pytest.mark.parametrize("seed", range(4))
    def test_they_lie_from_zero_to_two_and_follow_from_the_eigenvalues(self, seed: int) -> None:
        graphs = made_graphs(12, seed=seed)
        found = quotients(batch(graphs))
        assert found.min() > -1e-6
        assert found.max() < 2 + 1e-6
        for i in range(len(graphs)):
            one = graphs.at(np.array([i]))
            values, vectors = torch.linalg.eigh(laplacian(one))
            energy = (vectors.T @ torch.from_numpy(one.x()).double()).square()
            wanted = (values[:, None] * energy).sum(0) / energy.sum(0).clamp_min(1e-12)
            torch.testing.assert_close(found[i].double(), wanted, atol=1e-5, rtol=0)

    def test_copies_of_a_graph_side_by_side_change_the_numerator_alone(self) -> None:
        """The numerator grows with a graph of the same kind; whoever takes it for the quotient is found out here."""
        twice = one_graph("aabaab", [(0, 1), (1, 2), (3, 4), (4, 5)])
        torch.testing.assert_close(quotients(batch(twice)), quotients(batch(PATH)))
        numerator = quotients(batch(PATH), normalised=False)
        torch.testing.assert_close(quotients(batch(twice), normalised=False), 2 * numerator)

    def test_without_edges_all_are_zero(self) -> None:
        for normalised in (True, False):
            assert quotients(batch(one_graph("aab", [])), normalised=normalised).tolist() == [[0, 0]]

    def test_a_feature_that_a_graph_has_not_is_zero(self) -> None:
        both = joined(one_graph("ab", [(0, 1)]), one_graph("ab", [(0, 1)]).with_features(("b", "a")))
        both.columns[2:] = 0
        assert quotients(batch(both))[1].tolist() == [0, 0]


@pytest.mark.parametrize("operator", OPERATORS)
class TestOperators:
    def test_both_forms_hold_the_same_operator(self, operator: Operator) -> None:
        graphs = joined(made_graphs(6), one_graph("abc", []))
        sparse = batch(graphs, operator)
        rows = torch.from_numpy(dense_rows(graphs, int(graphs.sizes.max()), operator))
        dense = dense_graphs(rows, len(graphs.features))
        there = dense.present[..., 0] > 0
        assert torch.equal(dense.x[there], sparse.x)
        torch.testing.assert_close(dense.shift(dense.x)[there], sparse.shift(sparse.x))
        torch.testing.assert_close(dense.pool(dense.x), sparse.pool(sparse.x))
        assert torch.equal(dense.sizes(), sparse.sizes())
        assert torch.equal(sparse.sizes()[:, 0], torch.from_numpy(graphs.sizes).float())

    def test_it_is_the_one_by_its_definition(self, operator: Operator) -> None:
        graphs = joined(made_graphs(5), one_graph("abc", [(0, 1)]))
        eye, minus = torch.eye(int(graphs.starts[-1])).double(), laplacian(graphs)
        adjacency = torch.zeros_like(eye)
        adjacency[graphs.edges[:, 0], graphs.edges[:, 1]] = 1
        adjacency = adjacency + adjacency.T
        root = (adjacency + eye).sum(1).rsqrt()
        wanted = {
            "laplacian": minus - eye,
            "renormalised": root[:, None] * (adjacency + eye) * root,
            "adjacency": adjacency,
        }
        found = batch(graphs, operator).shift(eye.float())
        torch.testing.assert_close(found.double(), wanted[operator], atol=1e-6, rtol=0)


def test_an_operator_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="must be laplacian, renormalised or adjacency, got 'other'"):
        edge_weights(torch.zeros(0, 2, dtype=torch.int64), 3, cast(Operator, "other"))


def test_rows_of_another_width_are_refused() -> None:
    with pytest.raises(ValueError, match=r"are \(B, N, 1 \+ 3 \+ N\) numbers, got \(2, 4, 9\)"):
        dense_graphs(torch.zeros(2, 4, 9), 3)


class TestChebyshevBank:
    @pytest.mark.parametrize("depth", [1, 2, 6])
    def test_it_is_a_polynomial_of_the_dense_operator(self, depth: int) -> None:
        graphs = made_graphs(8, seed=depth)
        torch.manual_seed(0)
        bank = ChebyshevBank(3, width=2, depth=depth, outputs=5).double()
        torch.nn.init.normal_(bank.mix.bias)
        shifted = laplacian(graphs) - torch.eye(int(graphs.starts[-1])).double()
        # T_k(cos t) = cos(k t), by the eigenvalues: no recursion as in the layer.
        values, vectors = torch.linalg.eigh(shifted)
        angle = values.clamp(-1, 1).arccos()
        x = torch.from_numpy(graphs.x()).double()
        terms = [vectors @ torch.diag((k * angle).cos()) @ vectors.T @ x for k in range(depth)]
        wanted = bank.mix.bias + sum(term @ bank.mix.weight[:, 3 * k : 3 * k + 3].T for k, term in enumerate(terms))
        moved = batch(graphs).to("cpu", torch.float64)
        torch.testing.assert_close(bank(moved, x), wanted, atol=1e-5, rtol=0)

    def test_filters_side_by_side_are_filters_alone(self) -> None:
        held = batch(made_graphs(4))
        bank, alone = ChebyshevBank(3, width=2, depth=3), ChebyshevBank(3, depth=3)
        with torch.no_grad():
            alone.mix.weight.copy_(bank.mix.weight[3:])
        torch.testing.assert_close(bank(held, held.x)[:, 3:], alone(held, held.x))

    def test_it_has_the_published_count_and_start(self) -> None:
        for features, count in ((27, 17_604), (46, 50_968), (64, 98_560)):
            bank = ChebyshevBank(features, width=4, depth=6)
            assert sum(p.numel() for p in bank.parameters()) == count == 4 * (6 * features**2 + features)
            bound = (6 / (2 * features)) ** 0.5
            assert 0.99 * bound < float(bank.mix.weight.detach().abs().max()) <= bound
            assert not bank.mix.bias.any()

    def test_nonsense_is_refused(self) -> None:
        with pytest.raises(ValueError, match="must be at least 1, got 1 and 0"):
            ChebyshevBank(3, depth=0)


def test_nodes_that_are_not_there_say_nothing() -> None:
    rows = torch.from_numpy(dense_rows(made_graphs(3), 20, "laplacian"))
    held = dense_graphs(rows, 3)
    noise = torch.where(held.present > 0, 0.0, torch.randn(3, 20, 4, generator=torch.Generator().manual_seed(0)))
    assert isinstance(held, DenseGraphs)
    assert not held.pool(noise).any()
    assert not (held.present * held.shift(noise)).any()
