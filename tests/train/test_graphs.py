"""Networks on graphs in training and in use."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from lilliput.core.errors import BadTask
from lilliput.models import create_model
from lilliput.tasks.graphs import GraphSet
from lilliput.train.anomalies import best_threshold, macro_f1
from lilliput.train.data import Tensors, TrainData
from lilliput.train.focal import class_balanced_focal
from lilliput.train.graphs import GraphSource, dense_rows, judge_graphs, operator_of, score_graphs
from lilliput.train.loop import fit
from lilliput.train.metrics import auc
from lilliput.train.settings import TrainSettings
from tests.train.small_graphs import made_graphs

BRIEF = TrainSettings(
    epochs=15, batch_size=32, optimiser="adam", lr=1e-2, weight_decay=0, schedule="constant", warmup_epochs=0
)


def trained(graphs: GraphSet, name: str = "rqgnn", settings: TrainSettings = BRIEF, **changes: object) -> float:
    """AUC on the test part."""
    torch.manual_seed(0)
    model = create_model(name, features=len(graphs.features), hidden=16, **changes)
    parts = graphs.split(seed=0)
    sources = {part: GraphSource(one, operator_of(model)) for part, one in parts.items()}
    objective = class_balanced_focal(parts["train"].counts)
    data = TrainData(sources["train"], sources["validation"])
    fit(model, data, settings, objective=objective, judge=judge_graphs())
    return auc(score_graphs(model, parts["test"]), parts["test"].y)


def test_a_batch_is_what_its_graphs_are_one_by_one() -> None:
    graphs = made_graphs(9)
    source, rows = GraphSource(graphs, "laplacian"), np.array([5, 0, 7])
    held, y = source.batch(rows)
    assert y.tolist() == graphs.y[rows].tolist()
    assert (len(held), held.ndim, held.sizes()[:, 0].tolist()) == (3, 2, graphs.sizes[rows].tolist())
    own = GraphSource(graphs.at(rows), "laplacian").batch(np.arange(3))[0]
    for name in ("x", "source", "target", "weight", "diagonal", "graph"):
        assert torch.equal(getattr(held, name), getattr(own, name))
    assert held.to("cpu").x is not None


@pytest.mark.parametrize("name", ["rqgnn", "graph_gin"])
def test_the_size_of_chunks_changes_nothing(name: str) -> None:
    graphs = made_graphs(40)
    model = create_model(name, features=3).train()
    whole = score_graphs(model, graphs)
    np.testing.assert_allclose(score_graphs(model, graphs, chunk=7), whole, atol=1e-6)
    assert model.training, "it is left as it was"
    assert ((whole > 0) & (whole < 1)).all()


def test_quotients_find_what_counts_cannot() -> None:
    graphs = made_graphs(240)
    assert trained(graphs) > 0.97
    counts = np.array([np.bincount(c[:, 0], minlength=3) for c in np.split(graphs.columns, graphs.starts[1:-1])])
    assert max(auc(counts[:, k].astype(float), graphs.y) for k in range(3)) < 0.65
    assert trained(graphs, settings=TrainSettings(epochs=1, batch_size=32, lr=1e-9, warmup_epochs=0)) < 0.9


def test_the_judge_gives_the_named_figure() -> None:
    graphs = made_graphs(40)
    model = create_model("rqgnn", features=3)
    source, scores = GraphSource(graphs, "laplacian"), score_graphs(model, graphs)
    assert judge_graphs("auc")(model, source).value == auc(scores, graphs.y)
    f1 = judge_graphs("f1")(model, source)
    assert (f1.name, f1.n) == ("macro f1", 40)
    assert f1.value == macro_f1(scores >= best_threshold(scores, graphs.y), graphs.y)
    with pytest.raises(TypeError, match="must be GraphSource, got Tensors"):
        judge_graphs()(model, Tensors(torch.zeros(2, 1), torch.zeros(2, dtype=torch.int64)))


def test_a_network_that_takes_no_graphs_is_refused() -> None:
    with pytest.raises(ValueError, match="Linear is no network on graphs"):
        score_graphs(torch.nn.Linear(2, 2), made_graphs(4))


def test_padded_graphs_need_room() -> None:
    graphs = made_graphs(6)
    most = int(graphs.sizes.max())
    assert dense_rows(graphs, most, "laplacian").shape == (6, most, 1 + 3 + most)
    with pytest.raises(BadTask, match=f"has a graph of {most} nodes, and there is room for {most - 1}"):
        dense_rows(graphs, most - 1, "laplacian")
