"""The networks that recipes compare, as graphs."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lilliput.compiler.graph import Graph


@lru_cache(maxsize=12)
def float_graph(name: str, seed: int = 0, **changes: Any) -> Graph:
    """A registered network as a float graph, channels last, its weights drawn from `seed`. Kept: exports take long.

    Args:
        name: of `lilliput.models`.
        seed: torch's while the weights are drawn; its state is put back afterwards.
        **changes: values of the network's config.

    Raises:
        UnknownName: LP100, no network of that name. BadSetting: LP101, a change that it cannot hold.
    """
    import torch

    from lilliput.compiler.frontends.torch_export import from_torch
    from lilliput.compiler.passes import simplify
    from lilliput.models import create_model, example_input

    with torch.random.fork_rng(devices=()):
        torch.manual_seed(seed)
        model = create_model(name, **changes).eval()
    return simplify(from_torch(model, example_input(model)))
