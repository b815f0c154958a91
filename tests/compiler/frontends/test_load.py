"""What `load_network` does with the graph that a reader gives."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lilliput.compiler import frontends
from lilliput.compiler.program import compile_graph
from tests.compiler.patch.networks import Net


def test_integer_files_do_not_hold_padded_maps_beside_the_plain_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    net = Net(12, 12, 4)
    padded = net.pad("x", ((1, 1), (2, 0)))
    graph = net.graph(net.depthwise(padded, (3, 3)))
    path = tmp_path / "padded.tflite"
    path.write_bytes(b"")
    monkeypatch.setattr(frontends, "load_tflite", lambda path, dequantise: (graph, "integer"))
    fused, stage = frontends.load_network(path)
    assert (stage, [node.op for node in fused.nodes]) == ("integer", ["depthwise_conv2d"])
    x = np.random.default_rng(0).integers(-128, 128, (5, 12, 12, 4)).astype(np.int8)
    before, after = compile_graph(graph), compile_graph(fused)
    np.testing.assert_array_equal(after.run(x)[0], before.run(x)[0])
    assert after.plan.arena_bytes < before.plan.arena_bytes
