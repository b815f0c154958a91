"""One epoch of RQGNN's training: ours, PyTorch Geometric's layers, and graph by graph, in one process.

    pip install --no-deps torch_geometric
    python bench/graphs.py [--data FOLDER --name Tox21_p53] [--batch 512] [--epochs 3]

The same network with the same weights, one thread: batches made from the set, forward, backward, one step of Adam each.
Before timing, all must give the same logits. PyTorch Geometric runs as its users train: `Data`, `DataLoader`, a
`ChebConv` a filter, `global_add_pool`; its quotients are computed once, before. Graph by graph is a plain loop over the
same layers of ours. Times are CPU time, the median of epochs. Without PyTorch Geometric its line is left out.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lilliput.core.errors import MissingExtra
from lilliput.core.output import Output, Table
from lilliput.layers.graphs import rayleigh
from lilliput.models import create_model
from lilliput.tasks.graphs import GraphSet, read_graphs
from lilliput.tasks.molecules import bundled_graphs
from lilliput.train.focal import balanced_focal, class_weights
from lilliput.train.graphs import GraphSource
from lilliput.train.pyg import to_pyg

MOST_DIFFERENT = 1e-3  # of logits: sums of float32 in another order, through a normalisation


class Ours:
    """As `lilliput graphs train` does it."""

    name = "ours"

    def __init__(self, model: Any, graphs: GraphSet) -> None:
        self.model, self.source = model, GraphSource(graphs, model.operator)

    def batches(self, order: np.ndarray, size: int) -> Iterator[tuple[Any, Tensor]]:
        for start in range(0, len(order), size):
            yield self.source.batch(order[start : start + size])

    def logits(self, batch: Any) -> Tensor:
        out: Tensor = self.model(batch)
        return out


class GraphByGraph(Ours):
    """The same layers, one graph after the other up to the normalisation."""

    name = "graph by graph"

    def batches(self, order: np.ndarray, size: int) -> Iterator[tuple[Any, Tensor]]:
        for start in range(0, len(order), size):
            ones = [self.source.batch(order[i : i + 1]) for i in range(start, min(start + size, len(order)))]
            yield [one for one, _ in ones], torch.cat([y for _, y in ones])

    def logits(self, batch: Any) -> Tensor:
        model, rows = self.model, []
        for one in batch:
            quotients = rayleigh(one, normalised=model.config.rq == "normalised")
            rows.append(torch.cat([model.pooled(one, quotients), F.leaky_relu(model.read(quotients))], 1))
        out: Tensor = model.head(model.dropout(model.norm(torch.cat(rows))))
        return out


class Geometric:
    """The same network of PyTorch Geometric's layers."""

    name = "PyTorch Geometric"

    def __init__(self, model: Any, graphs: GraphSet) -> None:
        try:
            from torch_geometric.nn import ChebConv, global_add_pool
        except ImportError as error:
            raise MissingExtra("this line needs PyTorch Geometric", fix="pip install torch_geometric") from error
        self.model, self.pool = model, global_add_pool
        features, config = model.config.features, model.config
        self.convs = nn.ModuleList(ChebConv(features, features, config.depth) for _ in range(config.width))
        with torch.no_grad():
            for place, conv in enumerate(self.convs):
                rows = slice(place * features, (place + 1) * features)
                for k, layer in enumerate(conv.lins):
                    layer.weight.copy_(model.bank.mix.weight[rows, k * features : (k + 1) * features])
                conv.bias.copy_(model.bank.mix.bias[rows])
        whole, _ = GraphSource(graphs, "laplacian").batch(np.arange(len(graphs)))
        quotients = rayleigh(whole, normalised=config.rq == "normalised")
        self.data = to_pyg(graphs)
        for place, one in enumerate(self.data):
            one.quotients = quotients[place : place + 1]

    def batches(self, order: np.ndarray, size: int) -> Iterator[tuple[Any, Tensor]]:
        from torch_geometric.loader import DataLoader

        for batch in DataLoader([self.data[i] for i in order], batch_size=size):
            yield batch, batch.y

    def logits(self, batch: Any) -> Tensor:
        model = self.model
        h = model.node(batch.x)
        h = model.narrow(torch.cat([conv(h, batch.edge_index, batch=batch.batch) for conv in self.convs], -1))
        weights = model.weigh(batch.quotients)[batch.batch]
        pooled = self.pool((h * weights).sum(-1, keepdim=True) * h, batch.batch)
        joined = torch.cat([pooled, F.leaky_relu(model.read(batch.quotients))], 1)
        out: Tensor = model.head(model.dropout(model.norm(joined)))
        return out


def parameters_of(kind: Any) -> list[nn.Parameter]:
    more = list(kind.convs.parameters()) if isinstance(kind, Geometric) else []
    return [*kind.model.parameters(), *more]


def epoch_seconds(kind: Any, order: np.ndarray, size: int, weights: Tensor) -> float:
    """CPU time of an epoch."""
    kind.model.train()
    optimiser = torch.optim.Adam(parameters_of(kind), lr=5e-3)
    start = time.process_time()
    for batch, y in kind.batches(order, size):
        loss = balanced_focal(kind.logits(batch), y, weights)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
    return time.process_time() - start


def made(graphs: GraphSet) -> list[Any]:
    """Each kind with the same weights."""
    kinds = []
    for kind in (Ours, Geometric, GraphByGraph):
        torch.manual_seed(0)
        model = create_model("rqgnn", features=len(graphs.features))
        try:
            kinds.append(kind(model, graphs))
        except MissingExtra as error:
            Output().show({}, human=[str(error)])
    return kinds


def gap(kinds: list[Any], rows: np.ndarray) -> list[float]:
    """The largest difference of each kind's logits from ours, in evaluation mode."""
    found = []
    for kind in kinds:
        kind.model.eval()
        with torch.no_grad():
            found.append(torch.cat([kind.logits(batch) for batch, _ in kind.batches(rows, len(rows))]))
    return [float((one - found[0]).abs().max()) for one in found]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="folder or archive of TUDataset; the bundled SR-p53 if not given")
    parser.add_argument("--name", default="")
    parser.add_argument("--batch", type=int, default=512)
    parser.add_argument("--epochs", type=int, default=3)
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    graphs = read_graphs(chosen.data, chosen.name) if chosen.data else bundled_graphs(chosen.name or "SR-p53")
    graphs = graphs.split(seed=0)["train"]
    connected = graphs.at(np.flatnonzero(np.diff(graphs.edge_starts) >= graphs.sizes - 1))
    kinds, weights = made(graphs), class_weights(graphs.counts)
    # PyTorch Geometric gives a node without edges another Laplacian; trees and rings have none.
    differ = gap([type(kind)(kind.model, connected) for kind in kinds], np.arange(256))
    if max(differ) > MOST_DIFFERENT:
        raise SystemExit(f"logits differ by {differ}")
    rng, rows = np.random.default_rng(0), []
    orders = [rng.permutation(len(graphs)) for _ in range(chosen.epochs)]
    for kind, different in zip(kinds, differ, strict=True):
        seconds = statistics.median(epoch_seconds(kind, order, chosen.batch, weights) for order in orders)
        rows.append((kind.name, round(seconds, 3), different))
    table = [(name, s, round(s / rows[0][1], 2), f"{different:.0e}") for name, s, different in rows]
    title = f"{graphs.name}: {len(graphs)} graphs, batches of {chosen.batch}"
    Output().show({}, human=[Table(("", "s an epoch", "times ours", "logits differ by"), table, title)])


if __name__ == "__main__":
    main()
