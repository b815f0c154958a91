"""TUDataset's text format: what is read, what is repaired and said, what is refused and how."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from lilliput.core.errors import (
    BadTask,
    BadValue,
    CutShort,
    LilliputError,
    MissingFile,
    NotThisFormat,
    OutOfRange,
    UnknownName,
)
from lilliput.tasks.graphs import GraphSet, read_graphs
from lilliput.tasks.tu import PUBLISHED, read_tu, write_tu
from tests.tasks.damage import mutants
from tests.train.small_graphs import made_graphs

# A path of three nodes, a triangle and a single node.
GOOD = {
    "A": "1, 2\n2, 1\n2, 3\n3, 2\n4, 5\n5, 4\n5, 6\n6, 5\n4, 6\n6, 4\n",
    "graph_indicator": "1\n1\n1\n2\n2\n2\n3\n",
    "graph_labels": "-1\n1\n-1\n",
    "node_labels": "5\n5\n7\n5\n7\n7\n2\n",
}


def written(folder: Path, name: str = "SET", **changes: str | None) -> Path:
    folder.mkdir(exist_ok=True, parents=True)
    for part, text in {**GOOD, **changes}.items():
        if text is not None:
            (folder / f"{name}_{part}.txt").write_text(text)
    return folder


def packed(path: Path, texts: Mapping[str, str], name: str) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for part, text in texts.items():
            archive.writestr(f"{name}/{name}_{part}.txt", text)
    return path


def same(a: GraphSet, b: GraphSet) -> bool:
    names = ("starts", "columns", "attributes", "edges", "y")
    return a.features == b.features and all(np.array_equal(getattr(a, n), getattr(b, n)) for n in names)


def test_the_published_form_is_read(tmp_path: Path) -> None:
    graphs = read_tu(written(tmp_path / "SET"))
    assert (graphs.name, len(graphs), graphs.counts) == ("SET", 3, (2, 1))
    assert graphs.sizes.tolist() == [3, 3, 1]
    assert graphs.edges.tolist() == [[0, 1], [1, 2], [3, 4], [3, 5], [4, 5]]
    assert graphs.features == ("2", "5", "7")
    assert graphs.x().tolist()[:3] == [[0, 1, 0], [0, 1, 0], [0, 0, 1]]
    assert graphs.notes == ("anomalies are the graphs with the label 1, of -1 (2), 1 (1)",)


def test_folders_and_archives_give_the_same(tmp_path: Path) -> None:
    graphs = read_tu(written(tmp_path / "SET"))
    packed(tmp_path / "SET.zip", GOOD, "SET")
    written(tmp_path / "library" / "SET" / "raw")
    for place, name in ((tmp_path, "SET"), (tmp_path / "SET.zip", ""), (tmp_path / "library", "SET")):
        assert same(read_graphs(place, name), graphs)
    (tmp_path / "zips").mkdir()
    packed(tmp_path / "zips" / "SET.zip", GOOD, "SET")
    assert same(read_graphs(tmp_path / "zips", "SET"), graphs)


def test_which_graphs_are_the_anomalies(tmp_path: Path) -> None:
    place = written(tmp_path, graph_labels="2\n1\n1\n")
    assert read_tu(place).y.tolist() == [True, False, False]
    assert read_tu(place, anomaly=1).y.tolist() == [False, True, True]
    few = written(tmp_path / "few", "MCF-7", graph_labels="1\n1\n0\n")
    assert read_tu(few).y.tolist() == [True, True, False], "1 is active in the published sets, rare or not"
    many = written(tmp_path / "many", graph_labels="0\n1\n2\n")
    assert read_tu(many, anomaly=2).y.tolist() == [False, False, True]
    with pytest.raises(BadTask, match=r"the labels 0 \(1\), 1 \(1\), 2 \(1\)\n.*name the one"):
        read_tu(many)
    with pytest.raises(BadTask, match=r"no graphs of both kinds\n.*its labels are 4 \(3\)"):
        read_tu(written(tmp_path / "one", graph_labels="4\n4\n4\n"))


def test_graphs_without_labels_can_be_read_to_be_scored(tmp_path: Path) -> None:
    place = written(tmp_path / "new", graph_labels=None)
    graphs = read_graphs(place, has_labels=False)
    assert (len(graphs), graphs.counts) == (3, (3, 0))
    with pytest.raises(MissingFile, match=r"SET_graph_labels\.txt is not there"):
        read_graphs(place)


def test_the_ten_published_sets_are_known_by_name(tmp_path: Path) -> None:
    assert len(PUBLISHED) == len(set(PUBLISHED)) == 10
    with pytest.raises(MissingFile, match=r"fix: name MOLT-4 of https://"):
        read_tu(tmp_path, "MOLT-4")


def test_nodes_without_labels_get_their_degree_and_a_note_says_so(tmp_path: Path) -> None:
    graphs = read_tu(written(tmp_path, node_labels=None))
    assert graphs.features == ("degree 0", "degree 1", "degree 2")
    assert graphs.columns[:, 0].tolist() == [1, 2, 1, 2, 2, 2, 0]
    assert graphs.notes[1:] == ("the nodes have no labels: their degree stands for one",)


def test_loops_and_copies_of_edges_are_dropped_and_counted(tmp_path: Path) -> None:
    text = GOOD["A"] + "1, 1\n7, 7\n2, 3\n2, 3\n1, 3\n"
    graphs = read_tu(written(tmp_path, A=text))
    assert graphs.edges.tolist() == [[0, 1], [0, 2], [1, 2], [3, 4], [3, 5], [4, 5]]
    assert graphs.notes[1:] == (
        "2 lines from a node to itself were dropped",
        "2 lines that repeat an edge were dropped",
        "1 edges are listed in one direction only, and taken for both",
    )


def test_several_labels_and_attributes_a_node(tmp_path: Path) -> None:
    place = written(
        tmp_path,
        node_labels="\n".join(["0, 1", "1, 1", *["0, 3"] * 5]),
        node_attributes="\n".join(f"{i}.5, -1e-2" for i in range(7)) + "\n\n\n",
    )
    graphs = read_tu(place)
    assert graphs.features == ("0:0", "0:1", "1:1", "1:3", "attribute 0", "attribute 1")
    assert graphs.x()[1].tolist() == pytest.approx([0, 1, 1, 0, 1.5, -0.01])


def test_a_gap_in_the_numbers_of_graphs_is_a_graph_without_nodes(tmp_path: Path) -> None:
    graphs = read_tu(written(tmp_path, graph_labels="-1\n1\n-1\n-1\n", graph_indicator="1\n1\n1\n2\n2\n2\n4\n"))
    assert graphs.sizes.tolist() == [3, 3, 0, 1]
    assert graphs.notes[-1] == "1 graphs have no nodes"


def test_blank_last_lines_and_windows_line_ends_do_not_count(tmp_path: Path) -> None:
    good = read_tu(written(tmp_path / "good"))
    odd = {part: text.replace("\n", "\r\n") + "\r\n\r\n" for part, text in GOOD.items()}
    for part, text in odd.items():
        (tmp_path / f"SET_{part}.txt").write_bytes(text.encode())
    assert same(read_tu(tmp_path), good)


@pytest.mark.parametrize(
    ("part", "text", "kind", "said"),
    [
        ("A", "1, 2\n3, 4\n", BadValue, "SET_A.txt: line 2 joins a node of graph 1 and one of 2"),
        ("A", "1, 2\n2, 8\n", OutOfRange, "SET_A.txt: line 2 is of node 8; there are 7"),
        ("A", "0, 2\n", OutOfRange, "line 1 is of node 0; there are 7"),
        ("A", "1, 2\n1\n", BadValue, "SET_A.txt: line 2 is not 2 whole numbers"),
        ("A", "1 2\n", BadValue, "line 1 is not 2 whole numbers"),
        ("A", "1, 2\n\n1, 3\n", BadValue, "line 2 is not 2 whole numbers"),
        ("graph_indicator", "1\n1\n2\n1\n2\n2\n3\n", BadValue, "line 4 goes back to graph 1\n.*must stand together"),
        ("graph_indicator", "1\n1\n1\n2\n2\n2\n4\n", OutOfRange, "line 7 is graph 4; there are labels of 3"),
        ("graph_indicator", "0\n1\n1\n2\n2\n2\n3\n", OutOfRange, "line 1 is graph 0"),
        ("graph_labels", "-1\none\n-1\n", BadValue, "SET_graph_labels.txt: line 2 is not 1 whole number"),
        ("graph_labels", "-1\n1.5\n-1\n", BadValue, "line 2 is not 1 whole number"),
        ("graph_labels", "-1\n" + "9" * 30 + "\n-1\n", BadValue, "line 2 is not 1 whole number"),
        ("node_labels", "5\n5\n7\n", CutShort, "SET_node_labels.txt has 3 lines, and there are 7 nodes"),
        ("node_attributes", "1.0\n" * 6 + "nan\n", BadValue, "line 7 is not 1 finite number"),
        ("node_attributes", "1.0\n" * 6 + "é\n", BadValue, "SET_node_attributes.txt: byte 24 is no digit"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(
    tmp_path: Path, part: str, text: str, kind: type[Exception], said: str
) -> None:
    with pytest.raises(kind, match=said):
        read_tu(written(tmp_path, **{part: text}))


def test_sets_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(MissingFile, match=r"has no \*_A\.txt\n.*a folder with NAME_A\.txt"):
        read_tu(tmp_path)
    written(tmp_path)
    with pytest.raises(MissingFile, match=r"has no OTHER_A\.txt"):
        read_tu(tmp_path, "OTHER")
    with pytest.raises(MissingFile, match=r"SET_graph_indicator\.txt is not there"):
        read_tu(written(tmp_path / "cut", graph_indicator=None))
    written(tmp_path, "TWO")
    with pytest.raises(MissingFile, match=r"holds several sets: SET, TWO\n.*name one"):
        read_tu(tmp_path)
    for name in ("../SET", "S*", "/SET"):
        with pytest.raises(UnknownName, match="no set is called"):
            read_tu(tmp_path, name)


def test_archives_that_are_none(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(b"PK\x03\x04 no")
    with pytest.raises(NotThisFormat, match="is not a whole archive"):
        read_tu(tmp_path / "a.zip")
    packed(tmp_path / "b.zip", GOOD, "SET")
    with pytest.raises(MissingFile, match=r"has no b_A\.txt\n.*name the set"):
        read_tu(tmp_path / "b.zip")


def test_damaged_archives_give_a_result_or_one_of_our_errors(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for part, text in GOOD.items():
            archive.writestr(f"SET_{part}.txt", text)
    codes, path = set(), tmp_path / "SET.zip"
    for bad in mutants(buffer.getvalue(), 300):
        path.write_bytes(bad)
        try:
            read_tu(path)
        except LilliputError as error:
            codes.add(error.code)
    assert codes >= {"LP200"}


def test_damaged_text_gives_a_result_or_one_of_our_errors(tmp_path: Path) -> None:
    place, codes = written(tmp_path), set()
    for part, text in GOOD.items():
        for bad in mutants(text.encode(), 150, seed=1):
            (place / f"SET_{part}.txt").write_bytes(bad)
            try:
                read_tu(place)
            except LilliputError as error:
                codes.add(error.code)
        (place / f"SET_{part}.txt").write_text(text)
    assert codes >= {"LP103", "LP202", "LP203", "LP207"}


def test_what_was_written_is_read_again(tmp_path: Path) -> None:
    graphs = made_graphs(12)
    write_tu(graphs, tmp_path / "made")
    again = read_tu(tmp_path / "made")
    assert (again.edges.tolist(), again.y.tolist()) == (graphs.edges.tolist(), graphs.y.tolist())
    assert np.array_equal(again.columns, graphs.columns)
    with pytest.raises(ValueError, match="one label a node"):
        write_tu(again.with_features(("0",)), tmp_path / "other")
