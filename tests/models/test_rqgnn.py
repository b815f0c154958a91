"""RQGNN: published counts, what must not change a score, and what the published code loses."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import numpy as np
import pytest
import torch
from torch import Tensor

from lilliput.core.errors import BadSetting
from lilliput.layers.graphs import SparseGraphs
from lilliput.models import create_model, create_model_for
from lilliput.models.package import load_model, save_model
from lilliput.models.rqgnn import RQGNN
from lilliput.tasks.graphs import GraphSet
from lilliput.train.focal import class_balanced_focal
from lilliput.train.graphs import GraphSource, dense_rows
from tests.train.small_graphs import joined, made_graphs, one_graph

ONE_OF_EACH = [
    {},
    {"rq": "numerator"},
    {"filters": "frozen"},
    {"pooling": "mean"},
    {"pooling": "attention"},
    {"explicit": False},
]


def network(seed: int = 0, features: int = 3, **changes: object) -> RQGNN:
    """With statistics of its normalisation that are not their first values, in evaluation mode."""
    torch.manual_seed(seed)
    model = cast(RQGNN, create_model("rqgnn", features=features, hidden=16, **changes))
    model(batch(made_graphs(16)))
    return model.eval()


def batch(graphs: GraphSet, rows: list[int] | None = None) -> SparseGraphs:
    chosen = np.arange(len(graphs)) if rows is None else np.array(rows)
    return cast(SparseGraphs, GraphSource(graphs, "laplacian").batch(chosen)[0])


def count(model: torch.nn.Module) -> int:
    return sum(p.numel() for p in model.parameters() if p.requires_grad)


@pytest.mark.parametrize(("features", "without_bank"), [(27, 25_066), (29, 26_062), (46, 35_174), (64, 46_082)])
def test_published_counts(features: int, without_bank: int) -> None:
    f, h = features, 64
    formula = 2 * (f * f + f) + (4 * f * h + h) + 3 * (h * h + h) + 2 * (f * h + h) + 4 * h + (4 * h + 2)
    assert count(create_model("rqgnn", features=f, filters="frozen")) == without_bank == formula
    assert count(create_model("rqgnn", features=f)) == without_bank + 4 * (6 * f * f + f)


@pytest.mark.parametrize("changes", ONE_OF_EACH, ids=str)
class TestWhatChangesNothing:
    def test_numbers_of_nodes(self, changes: dict[str, object]) -> None:
        graphs, model = made_graphs(10, seed=5), network(**changes)
        other = graphs.renumbered()
        assert not np.array_equal(other.columns, graphs.columns)
        torch.testing.assert_close(model(batch(other)), model(batch(graphs)), atol=1e-6, rtol=1e-6)

    def test_order_and_company_in_a_batch(self, changes: dict[str, object]) -> None:
        graphs, model = made_graphs(10, seed=5), network(**changes)
        whole, rows = model(batch(graphs)), [7, 2, 5]
        torch.testing.assert_close(model(batch(graphs, rows)), whole[rows], atol=1e-6, rtol=1e-6)
        torch.testing.assert_close(model(batch(graphs, [3])), whole[3:4], atol=1e-6, rtol=1e-6)

    def test_the_padded_form(self, changes: dict[str, object]) -> None:
        graphs, model = made_graphs(10, seed=5), network(**changes)
        rows = torch.from_numpy(dense_rows(graphs, 20, "laplacian"))
        torch.testing.assert_close(model(rows), model(batch(graphs)), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("changes", ONE_OF_EACH, ids=str)
def test_all_that_is_trainable_learns_in_one_step(changes: dict[str, object]) -> None:
    graphs = made_graphs(40)
    model = network(**changes).train()
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    x, y = GraphSource(graphs, "laplacian").batch(np.arange(40))
    optimiser = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=1e-2)
    class_balanced_focal(graphs.counts)(model, x, y).backward()
    assert [name for name, p in model.named_parameters() if p.requires_grad and not p.grad.any()] == []  # type: ignore[union-attr]
    optimiser.step()
    still = [name for name, p in model.named_parameters() if torch.equal(p, before[name])]
    assert still == (["bank.mix.weight", "bank.mix.bias"] if changes == {"filters": "frozen"} else [])


@pytest.mark.parametrize("changes", [{}, {"filters": "frozen"}], ids=str)
def test_a_saved_network_gives_the_same_logits(tmp_path: Path, changes: dict[str, object]) -> None:
    """The published code loses its filters here, which are then drawn anew."""
    model, graphs = network(**changes), batch(made_graphs(10))
    save_model(model, tmp_path / "network")
    assert torch.equal(load_model(tmp_path / "network")(graphs), model(graphs))


class TestQuotients:
    """The pair of graphs differs in the place of labels alone."""

    PAIR = joined(one_graph("aabb", [(0, 1), (1, 2), (2, 3)]), one_graph("abab", [(0, 1), (1, 2), (2, 3)]))

    def explicit_part(self, model: RQGNN, graphs: GraphSet) -> Tensor:
        """The logits' part that is from the quotients alone, with the pooled nodes held at 0."""
        model.pooled = lambda graphs, quotients: torch.zeros(len(quotients), 16)  # type: ignore[method-assign]
        return model(batch(graphs))

    def test_the_explicit_branch_tells_places_of_labels(self) -> None:
        logits = self.explicit_part(_two(), self.PAIR)
        assert (logits[0] - logits[1]).abs().max() > 1e-4

    def test_without_that_branch_nothing_else_is_left(self) -> None:
        logits = self.explicit_part(_two(explicit=False), self.PAIR)
        assert torch.equal(logits[0], logits[1])

    def test_the_numerator_sees_size_where_the_quotient_does_not(self) -> None:
        once, twice = one_graph("ab", [(0, 1)]), one_graph("abab", [(0, 1), (2, 3)])
        pair = joined(once, twice)
        quotient, numerator = (self.explicit_part(_two(rq=rq), pair) for rq in ("normalised", "numerator"))
        torch.testing.assert_close(quotient[0], quotient[1])
        assert (numerator[0] - numerator[1]).abs().max() > 1e-4

    def test_pooling_is_weighted_by_the_quotients(self) -> None:
        model = _two()
        held = batch(self.PAIR)
        a, b = (model.pooled(held, torch.full((2, 2), value)) for value in (0.1, 1.5))
        assert (a - b).abs().max() > 1e-5
        mean = _two(pooling="mean")
        assert torch.equal(mean.pooled(held, torch.zeros(2, 2)), mean.pooled(held, torch.ones(2, 2)))


def _two(**changes: object) -> RQGNN:
    torch.manual_seed(0)
    return cast(RQGNN, create_model("rqgnn", features=2, hidden=16, **changes)).eval()


def test_graphs_without_edges_and_without_nodes_get_a_score() -> None:
    bare = joined(one_graph("abc", []), made_graphs(2))
    bare = GraphSet("bare", np.insert(bare.starts, 1, 3), bare.columns, bare.attributes, bare.edges,
                    np.insert(bare.y, 1, False), bare.features)  # fmt: skip
    for changes in ONE_OF_EACH:
        assert torch.isfinite(network(**changes)(batch(bare))).all()


def test_it_is_made_to_fit_padded_graphs() -> None:
    model = create_model_for("rqgnn", (12, 1 + 5 + 12), 2)
    assert (model.config.features, model.config.nodes) == (5, 12)
    with pytest.raises(BadSetting, match="it takes graphs"):
        create_model_for("rqgnn", (3, 32, 32), 2)


def test_a_choice_that_is_none_is_refused() -> None:
    with pytest.raises(BadSetting, match="`rq` must be one of normalised, numerator, got 'both'"):
        create_model("rqgnn", rq="both")
