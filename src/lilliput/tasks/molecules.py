"""Molecules as graphs of their heavy atoms, from NPZ files; Tox21, with twelve assays, is bundled.

node_offsets, edge_offsets   (G + 1,) first node and first edge of each graph
edges                        (E', 2) nodes counted within their graph, in one direction or both
atomic_number or node_label  (N,)
label                        (G,) 0 normal, 1 anomaly; or
y, tasks                     (G, T) of 0, 1 and -1 for not measured, and the names of the T assays
"""

from __future__ import annotations

from dataclasses import replace
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lilliput.core.errors import BadName, BadTask, BadValue, CutShort, OutOfRange, UnknownName
from lilliput.tasks.graphs import GraphSet, Ints, numbered, undirected
from lilliput.tasks.npz import read_npz

_ELEMENTS = (
    "H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se Br Kr Rb Sr Y Zr Nb "
    "Mo Tc Ru Rh Pd Ag Cd In Sn Sb Te I Xe Cs Ba La Ce Pr Nd Pm Sm Eu Gd Tb Dy Ho Er Tm Yb Lu Hf Ta W Re Os Ir Pt Au "
    "Hg Tl Pb Bi Po At Rn Fr Ra Ac Th Pa U Np Pu Am Cm Bk Cf Es Fm Md No Lr Rf Db Sg Bh Hs Mt Ds Rg Cn Nh Fl Mc Lv Ts "
    "Og"
)
_SYMBOLS = dict(enumerate(_ELEMENTS.split(), 1))
_WANTED = {"node_offsets": ("i", 1), "edge_offsets": ("i", 1), "edges": ("i", 2)}
_OPTIONAL = {
    "atomic_number": ("i", 1),
    "node_label": ("i", 1),
    "label": ("i", 1),
    "y": ("i", 2),
    "tasks": ("U", 1),
}


def bundled_graphs(assay: str = "SR-p53") -> GraphSet:
    """The molecules of Tox21 that were measured in an assay; active ones are the anomalies.

    Raises:
        UnknownName: LP100, no such assay.
    """
    with as_file(files("lilliput.tasks").joinpath("data/tox21/graphs.npz")) as path:
        return replace(read_npz_graphs(path, assay), name=assay)


def read_npz_graphs(path: Path, assay: str = "") -> GraphSet:
    """Graphs of an NPZ; of several assays the one named, without the graphs that were not measured in it.

    Raises:
        FileError: LP2xx, damaged or of another form. UnknownName: LP100, no such assay.
        BadTask: LP103, one class only.
    """
    arrays = read_npz(path, _WANTED, _OPTIONAL)
    starts, edge_starts = (arrays[f"{kind}_offsets"].astype(np.int64) for kind in ("node", "edge"))
    kind = next((name for name in ("atomic_number", "node_label") if name in arrays), "")
    if not kind:
        raise BadName(f"{path} has neither atomic_number nor node_label")
    atoms, edges = arrays[kind], arrays["edges"].astype(np.int64)
    for name, offsets, end in (("node_offsets", starts, len(atoms)), ("edge_offsets", edge_starts, len(edges))):
        if len(offsets) != len(starts) or not len(offsets) or offsets[0] or (np.diff(offsets) < 0).any():
            raise BadValue(f"{path}: {name} must go up from 0, as many as node_offsets")
        if offsets[-1] != end:
            raise CutShort(f"{path}: {name} ends at {offsets[-1]}, and there are {end}")
    labels, measured, about = _labels(path, arrays, assay, len(starts) - 1)
    columns, words = numbered([atoms], _SYMBOLS if kind == "atomic_number" else None)
    listed = undirected(_global(path, edges, edge_starts, starts))._replace(one_way=0)  # one direction is the form here
    whole = GraphSet(
        assay or path.stem,
        starts,
        columns,
        np.zeros((len(atoms), 0), np.float32),
        listed.pairs,
        labels == 1,
        tuple(words),
        (*about, *listed.repairs()),
    )
    graphs = whole.at(np.flatnonzero(measured))
    if min(graphs.counts) == 0:
        raise BadTask(f"{path}: {graphs.name} has no graphs of both kinds", why=f"there are {graphs.counts}")
    return graphs


def _labels(
    path: Path, arrays: dict[str, NDArray[Any]], assay: str, graphs: int
) -> tuple[Ints, NDArray[np.bool_], tuple[str, ...]]:
    if "label" in arrays:
        labels = arrays["label"].astype(np.int64)
    elif "y" in arrays and "tasks" in arrays:
        names = [str(name) for name in arrays["tasks"]]
        if assay not in names or arrays["y"].shape[1] != len(names):
            raise UnknownName(f"{path} has no assay {assay!r}", fix=f"there are {', '.join(names)}")
        labels = arrays["y"][:, names.index(assay)].astype(np.int64)
    else:
        raise BadName(f"{path} has neither label nor y with tasks")
    if len(labels) != graphs:
        raise CutShort(f"{path}: {len(labels)} labels of {graphs} graphs")
    if not np.isin(labels, (-1, 0, 1)).all():
        raise BadValue(f"{path}: a label is {labels[~np.isin(labels, (-1, 0, 1))][0]}", why="they are 0, 1, or -1")
    measured = labels >= 0
    gone = int((~measured).sum())
    return labels, measured, (f"{gone} graphs were not measured in it",) if gone else ()


def _global(path: Path, edges: Ints, edge_starts: Ints, starts: Ints) -> Ints:
    graph = np.repeat(np.arange(len(starts) - 1), np.diff(edge_starts))
    if ((edges < 0) | (edges >= np.diff(starts)[graph][:, None])).any() or edges.shape[1] != 2:
        raise OutOfRange(f"{path}: an edge names a node that its graph has not")
    return edges + starts[graph][:, None]
