"""Molecules of an NPZ, and the bundled ones of Tox21."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lilliput.core.errors import BadName, BadTask, BadValue, CutShort, LilliputError, OutOfRange, UnknownName
from lilliput.tasks.graphs import read_graphs
from lilliput.tasks.molecules import bundled_graphs, read_npz_graphs
from tests.tasks.damage import mutants
from tests.tasks.shared_data import shared

# C-C-O as one graph, C=O with one of its atoms twice on a line as another, one alone.
GOOD: dict[str, Any] = {
    "node_offsets": np.array([0, 3, 5, 6]),
    "edge_offsets": np.array([0, 2, 3, 3]),
    "edges": np.array([[0, 1], [1, 2], [0, 1]]),
    "atomic_number": np.array([6, 6, 8, 6, 8, 17]),
    "label": np.array([0, 1, 0]),
}


def saved(folder: Path, **changes: Any) -> Path:
    arrays = {name: value for name, value in {**GOOD, **changes}.items() if value is not None}
    np.savez(folder / "own.npz", **arrays)
    return folder / "own.npz"


def test_graphs_have_names_of_elements(tmp_path: Path) -> None:
    graphs = read_graphs(saved(tmp_path))
    assert graphs.features == ("C", "O", "Cl")
    assert (graphs.name, graphs.sizes.tolist(), graphs.counts) == ("own", [3, 2, 1], (2, 1))
    assert graphs.edges.tolist() == [[0, 1], [1, 2], [3, 4]]
    assert graphs.notes == ()


def test_edges_in_both_directions_and_anonymous_labels(tmp_path: Path) -> None:
    both = {"edges": np.array([[0, 1], [1, 0], [1, 2], [2, 1], [0, 1], [1, 1]]), "edge_offsets": np.array([0, 4, 6, 6])}
    graphs = read_npz_graphs(saved(tmp_path, **both, atomic_number=None, node_label=np.array([3, 3, 1, 3, 1, 0])))
    assert graphs.edges.tolist() == [[0, 1], [1, 2], [3, 4]]
    assert graphs.features == ("0", "1", "3")
    assert graphs.notes == ("1 lines from a node to itself were dropped",)


def test_of_several_assays_the_named_one_without_what_was_not_measured(tmp_path: Path) -> None:
    path = saved(tmp_path, label=None, y=np.array([[0, 1], [-1, 0], [1, 1]]), tasks=np.array(["x", "y"]))
    graphs = read_graphs(path, "x")
    assert (graphs.sizes.tolist(), graphs.y.tolist()) == ([3, 1], [False, True])
    assert graphs.notes == ("1 graphs were not measured in it",)
    assert read_graphs(path, "y").counts == (1, 2)
    with pytest.raises(UnknownName, match=r"has no assay 'z'\n.*there are x, y"):
        read_graphs(path, "z")


@pytest.mark.parametrize(
    ("changes", "kind", "said"),
    [
        ({"atomic_number": None}, BadName, "neither atomic_number nor node_label"),
        ({"label": None}, BadName, "neither label nor y with tasks"),
        ({"label": np.array([0, 1])}, CutShort, "2 labels of 3 graphs"),
        ({"label": np.array([0, 1, 7])}, BadValue, "a label is 7"),
        ({"label": np.array([0, 0, 0])}, BadTask, "no graphs of both kinds"),
        ({"node_offsets": np.array([0, 3, 2, 6])}, BadValue, "node_offsets must go up from 0"),
        ({"node_offsets": np.array([1, 3, 5, 6])}, BadValue, "node_offsets must go up from 0"),
        ({"edge_offsets": np.array([0, 2, 3])}, BadValue, "edge_offsets must go up from 0, as many"),
        ({"edge_offsets": np.array([0, 2, 3, 9])}, CutShort, "edge_offsets ends at 9, and there are 3"),
        ({"edges": np.array([[0, 1], [1, 3], [0, 1]])}, OutOfRange, "names a node that its graph has not"),
        ({"edges": np.array([[0, 1], [1, -1], [0, 1]])}, OutOfRange, "names a node that its graph has not"),
        ({"edges": np.array([[0, 1, 1]] * 3)}, OutOfRange, "names a node that its graph has not"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, changes: dict[str, Any], kind: type[Exception], said: str) -> None:
    with pytest.raises(kind, match=said):
        read_npz_graphs(saved(tmp_path, **changes))


def test_damaged_files_give_a_result_or_one_of_our_errors(tmp_path: Path) -> None:
    good, codes = saved(tmp_path).read_bytes(), set()
    for bad in mutants(good, 200):
        (tmp_path / "bad.npz").write_bytes(bad)
        try:
            read_npz_graphs(tmp_path / "bad.npz")
        except LilliputError as error:
            codes.add(error.code)
    assert codes


@pytest.mark.parametrize(("assay", "graphs", "active"), [("SR-p53", 6774, 423), ("NR-AhR", 6549, 768)])
def test_the_bundled_assays_have_the_published_counts(assay: str, graphs: int, active: int) -> None:
    found = bundled_graphs(assay)
    assert (found.name, len(found), found.counts[1]) == (assay, graphs, active)
    assert {"C", "N", "O", "S", "Cl", "Br"} <= set(found.features)
    counts = np.diff(found.edge_starts)
    assert 17 < counts.mean() < found.sizes.mean() + 1 < 20
    with pytest.raises(UnknownName, match=r"has no assay 'SR-p54'\n.*SR-p53"):
        bundled_graphs("SR-p54")


def test_the_bundled_file_is_the_one_that_it_was_taken_from() -> None:
    theirs, ours = read_npz_graphs(shared("tox21_graphs.npz"), "SR-p53"), bundled_graphs("SR-p53")
    for name in ("starts", "columns", "edges", "y"):
        assert np.array_equal(getattr(theirs, name), getattr(ours, name))
