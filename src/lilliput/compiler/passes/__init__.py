"""The passes from a frontend's float graph to one that is ready to be quantised, each a pure function.

After every pass the grammar is checked. With `LILLIPUT_CHECK=2` the graph is also run before and after, on random
inputs.
"""

from __future__ import annotations

import os
from collections.abc import Callable

import numpy as np

from lilliput.compiler.grammar import check
from lilliput.compiler.graph import Graph
from lilliput.compiler.passes.dead_code import remove_dead_code
from lilliput.compiler.passes.fold_batchnorm import fold_batchnorm
from lilliput.compiler.passes.fold_bias import fold_bias
from lilliput.compiler.passes.fold_constants import fold_constants
from lilliput.compiler.passes.fuse_activation import fuse_activation
from lilliput.compiler.passes.fuse_masks import fuse_masks
from lilliput.compiler.passes.fuse_padding import fuse_padding
from lilliput.compiler.passes.late_upsampling import late_upsampling
from lilliput.compiler.passes.layout import channels_first_inputs, merge_transposes, to_channels_last
from lilliput.compiler.passes.spikes import fuse_spikes, hoist_time
from lilliput.core.errors import BrokenGraph

PASSES: tuple[Callable[[Graph], Graph], ...] = (
    fold_constants,
    hoist_time,
    to_channels_last,
    fold_bias,
    fold_batchnorm,
    fuse_padding,
    fuse_activation,
    fuse_masks,
    late_upsampling,
    fuse_spikes,
    merge_transposes,
    fold_constants,
    remove_dead_code,
)
QUANTISED = (to_channels_last, fuse_padding, fuse_activation, late_upsampling, remove_dead_code)
"""Those that keep the values and their quantisation as they are."""


def simplify(graph: Graph, *, channels_first: bool = True, quantised: bool = False) -> Graph:
    """Run all passes.

    Args:
        graph: a frontend's float graph.
        channels_first: its inputs of four axes are (N, C, H, W), and come out as (N, H, W, C).
        quantised: its values carry the quantisation that they will have; only the passes that keep it are run.

    Raises:
        BrokenGraph: LP310, a pass broke the grammar or, with LILLIPUT_CHECK=2, the meaning; the pass is named.
    """
    check(graph, "float", "the frontend")
    for each in QUANTISED if quantised else PASSES:
        step = merge_transposes if each is to_channels_last and not channels_first else each
        before, graph = graph, step(graph)
        check(graph, "float", step.__name__)
        if os.environ.get("LILLIPUT_CHECK") == "2" and not quantised:
            _same_meaning(before, graph, step.__name__)
    return graph


def _same_meaning(before: Graph, after: Graph, name: str) -> None:
    import torch

    from lilliput.compiler.interpret import run_float

    rng = np.random.default_rng(0)
    first, second = {}, {}
    for key in before.inputs:
        x = torch.from_numpy(rng.standard_normal(before.values[key].shape).astype(np.float32))
        moved = name == to_channels_last.__name__ and key in channels_first_inputs(before)
        first[key], second[key] = x, x.permute(0, 2, 3, 1) if moved else x
    with torch.no_grad():
        a, b = run_float(before, first), run_float(after, second)
    for x, y in zip(a.values(), b.values(), strict=True):
        if not torch.allclose(x, y, rtol=1e-3, atol=1e-4 * (1 + float(x.abs().max()))):
            raise BrokenGraph(f"{name} changed the meaning of the graph by {float((x - y).abs().max())}")
