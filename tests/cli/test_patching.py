"""The options that run the first layers patch by patch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lilliput.boards import get_board
from lilliput.cli._patching import PatchWishes, patched
from lilliput.cli.main import run
from lilliput.compiler.graph import Graph
from lilliput.core.errors import BadSetting, LilliputError
from tests.compiler.patch.networks import bottlenecks

TARGET = get_board("nucleo-f746zg").target


def network() -> Graph:
    net = bottlenecks(32)
    return net.graph(net.nodes[-1].output)


def test_without_the_option_the_graph_stays_and_nothing_is_told() -> None:
    graph = network()
    assert patched(graph, TARGET, PatchWishes()) == (graph, {})


def test_a_grid_and_a_layer_are_taken_as_they_are_named() -> None:
    last = network().nodes[3].name
    graph, told = patched(network(), TARGET, PatchWishes("2x3", until=last, image="streamed"))
    assert (told["patch"]["grid"], told["patch"]["until"], told["patch"]["image"]) == ("2x3", last, "streamed")
    assert sum(node.op == "read_input" for node in graph.nodes) == 6


def test_a_limit_of_memory_is_a_size_with_its_unit() -> None:
    _, told = patched(network(), TARGET, PatchWishes("auto", sram="64KiB"))
    assert told["patch"]["grid"] == "off"
    with pytest.raises(LilliputError, match="limit is 100 B"):
        patched(network(), TARGET, PatchWishes("auto", sram="100B"))


@pytest.mark.parametrize(
    ("wishes", "words"),
    [
        (PatchWishes(until="conv"), "--patch-… without --patch"),
        (PatchWishes("3"), "--patch 3"),
        (PatchWishes("0x2"), "one of off, auto, or rows and columns of tiles such as 3x3"),
        (PatchWishes("auto", image="far"), "--patch-image far"),
        (PatchWishes("auto", rise=-1.0), "a percentage of 0 or more"),
    ],
)
def test_a_mistaken_option_is_named(wishes: PatchWishes, words: str) -> None:
    with pytest.raises(BadSetting) as caught:
        patched(network(), TARGET, wishes)
    assert words in str(caught.value)


@pytest.mark.shared
def test_visual_wake_words_by_patches_takes_few_more_instructions(
    shared_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = shared_data / "models" / "vww_96_int8.tflite"

    def compiled(*options: str) -> dict[str, Any]:
        out = str(tmp_path / f"out{len(options)}")
        assert run(["compile", str(file), "--board", "nucleo-f746zg", "--out", out, "--json", *options]) == 0
        told: dict[str, Any] = json.loads(capsys.readouterr().out)
        assert told["proof"]["differing_bytes"] == 0
        return told

    whole, patches = compiled(), compiled("--patch", "auto", "--patch-image", "streamed")
    assert patches["patch"]["whole_bytes"] == whole["arena_bytes"]
    assert patches["arena_bytes"] < 22_000 < whole["arena_bytes"]
    assert patches["patch"]["rise"] == pytest.approx(patches["macs"] / whole["macs"] - 1, abs=1e-4)
    # Counted on the emulated core: at most ten points above the multiply-accumulates.
    assert patches["instructions"] / whole["instructions"] < patches["macs"] / whole["macs"] + 0.1
