"""What a network costs on given inputs, as plain values for a table or for JSON.

    found = measured(network, x)
    described(found)["layers"]                      by layer; described(found)["energy"]["45nm_fp32"]["total_pj"]

A network that attends is run with its attention written out, so that its products are seen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from lilliput.spiking.energy import TECHNOLOGIES, Technology, energy
from lilliput.spiking.operations import LayerCost, OperationCounter, Operations


def measured(
    network: nn.Module, x: Tensor, run: Callable[[Tensor], object] | None = None, batch: int = 8
) -> Operations:
    """What a network does with these items.

    Args:
        network: its modules give the names.
        x: items, (N, ...).
        run: how a batch is run; the network itself by default.
        batch: items at once; a layer that multiplies reads its weights once a batch.

    Raises:
        ValueError: no items, or an operation that hides its products.
    """
    with torch.no_grad(), _written_out(), OperationCounter(network) as counter:
        for some in torch.split(x, batch):
            (run or network)(some)
    return counter.so_far(len(x))


@contextmanager
def _written_out() -> Iterator[None]:
    was = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with sdpa_kernel([SDPBackend.MATH]):
            yield
    finally:
        torch.backends.mha.set_fastpath_enabled(was)


def described(found: Operations) -> dict[str, Any]:
    """All of it of one item: layers, neurons, normalisations, warnings, and the energy by technology."""
    by_layer = {name: _energy(found, technology) for name, technology in TECHNOLOGIES.items()}
    return {
        "items": found.samples,
        "layers": [_layer(cost, found.samples) for cost in found.layers],
        "neurons": [
            {"name": n.name, "updates": n.updates / found.samples, "spikes": n.fired / found.samples, "rate": n.rate}
            for n in found.neurons
        ],
        "norms": [
            {"name": n.name, "elements": n.elements / found.samples, "folds": n.is_foldable} for n in found.norms
        ],
        "macs_dense": sum(c.macs for c in found.layers) / found.samples,
        "macs": found.macs / found.samples,
        "additions": found.additions / found.samples,
        "updates": found.updates / found.samples,
        "dead": list(found.dead),
        "hidden_floats": list(found.hidden_floats),
        "energy": by_layer,
    }


def _layer(cost: LayerCost, samples: int) -> dict[str, Any]:
    return {
        "name": cost.name,
        "enters": cost.kind,
        "is_first": cost.is_first,
        "rate": cost.rate,
        "macs_dense": cost.macs / samples,
        "macs": cost.charged_macs / samples,
        "additions": cost.charged_additions / samples,
        "additions_by_rate": cost.by_rate / samples,
    }


def _energy(found: Operations, technology: Technology) -> dict[str, Any]:
    """Picojoules; or why there is no figure."""
    try:
        cost = energy(found, technology)
    except ValueError as error:
        return {"total_pj": None, "why": str(error), "source": technology.source}
    return {
        "total_pj": cost.total_pj,
        "layers_pj": [layer.pj for layer in cost.layers],
        "neurons_pj": cost.neurons_pj,
        "norms_pj": cost.norms_pj,
        "published_pj": cost.published_pj,
        "memory_bytes": cost.memory_bytes,
        "memory_pj": cost.memory_pj,
        "source": technology.source,
    }
