"""From a network for whole windows to one that takes a few new rows at a time and keeps what it needs of the past.

The input is a window of T rows (frames of time, axis 1). As long as a node works along the rows with a kernel, as
convolutions and pools do, or row by row, each run computes the rows that are new; a `history` in front of it keeps the
rows that its kernel reaches back to. In front of the first node that mixes all rows (a global pool, a flattening, a
mean over time) a `history` holds the whole window at that place, and from there on the network runs as before.

What comes out equals, bit for bit, the network evaluated at once over the whole recording: where the network pads in
time, its padding stands before the first frame of the recording and not at the beginning of each window. A network
without padding in time therefore gives exactly what it gives for each window by itself.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lilliput.compiler.grammar import check
from lilliput.compiler.graph import Array, Graph, Node, Value
from lilliput.compiler.ops import ops
from lilliput.compiler.ops._cells import Cell
from lilliput.compiler.ops.history import fill_of
from lilliput.compiler.passes.keep_potentials import has_neurons, keep_potentials
from lilliput.core.errors import BadSetting, UnsupportedOp

_KERNELS = {"conv2d": 1, "depthwise_conv2d": 1, "avg_pool2d": 0, "max_pool2d": 0}
"""Operators whose kernel slides along the rows → the axis of kernel height in the weights (pools: from `window`)."""

_CELLS = ("lstm", "gru", "rnn")
"""Operators that go along the rows from the first to the last, and keep what they need of the past themselves."""


@dataclass(frozen=True, eq=False)
class Streamed:
    """A streaming network.

    Args:
        graph: takes (1, hop, …) frames a run.
        hop: frames of input a run.
        lag: run m, counted from 0, gives the result of the window that begins at frame (m + 1) · hop - lag; the runs
            where that is below 0 only fill the memory. 0 where the outputs are rows and not a whole window's.
    """

    graph: Graph
    hop: int
    lag: int

    @property
    def kept_bytes(self) -> int:
        """Memory that stays from one run to the next."""
        return sum(state.nbytes for state in self.graph.states)

    @property
    def first_run(self) -> int:
        """The first run whose result is that of a whole window."""
        return max(-(-self.lag // self.hop) - 1, 0)


@dataclass(frozen=True)
class _Track:
    """A value that comes row by row.

    Args:
        rate: frames of input a row.
        shift: rows by which it runs behind: the row that arrives as number i is row i - shift of the recording's map.
        rows: of the window's map.
    """

    rate: int
    shift: int
    rows: int

    @property
    def reach(self) -> int:
        """Frames from the beginning of the window to the newest."""
        return (self.shift + self.rows) * self.rate


def stream(graph: Graph, hop: int = 0) -> Streamed:
    """Rewrite `graph` for streaming.

    Args:
        graph: integer or float graph with one input (1, T, …), or (1, T · F) that is reshaped to that first.
        hop: new frames a run; by default as few as the strides allow.

    Raises:
        UnsupportedOp: LP301, the graph has several inputs or states, or its first node mixes all rows already.
        BadSetting: LP107, `hop` is no multiple of the strides, or is longer than the window.

    Spiking networks keep the potentials of their neurons (`keep_potentials`); nothing else of them changes.
    """
    if has_neurons(graph):
        return _stream_of_spikes(graph, hop)
    return _Streamer(graph).run(hop)


def _stream_of_spikes(graph: Graph, hop: int) -> Streamed:
    """A run is as many time steps as the network takes at once; its neurons go on where they stopped."""
    kept = keep_potentials(graph)
    steps = max(int(node.attrs.get("steps", 1)) for node in kept.nodes)
    if hop not in (0, steps):
        raise BadSetting(f"a hop of {hop} steps", why=f"{graph.name} runs {steps} time steps at once", fix=f"{steps}")
    return Streamed(kept, steps, 0)


class _Streamer:
    def __init__(self, graph: Graph) -> None:
        owned = {name for node in graph.nodes if node.op in _CELLS for name in node.inputs}
        if len(graph.inputs) != 1 or any(state.name not in owned for state in graph.states):
            raise UnsupportedOp(
                f"{graph.name} has {len(graph.inputs)} inputs and {len(graph.states)} states: a stream has one input",
                fix="compile without --stream",
            )
        self.graph = graph
        self.tracks: dict[str, _Track] = {}
        self.values: dict[str, Value] = {}
        self.nodes: list[Node] = []

    def run(self, hop: int) -> Streamed:
        graph, start = self.graph, _start(self.graph)
        frames = graph.values[start].shape[1]
        self.tracks[start] = _Track(1, 0, frames)
        for node in graph.nodes:
            track = self._track(node)
            if track is not None and node.output not in self.tracks:
                self.tracks[node.output] = track
        stride = math.lcm(*(track.rate for track in self.tracks.values()))
        hop = hop or stride
        if hop % stride or not 0 < hop <= frames:
            raise BadSetting(
                f"a hop of {hop} frames", why=f"the strides of {graph.name} take {stride} frames a step, its window "
                f"has {frames}", fix=f"a multiple of {stride}, at most {frames}",
            )  # fmt: skip
        whole = {
            name
            for node in graph.nodes
            if node.output not in self.tracks
            for name in node.inputs
            if name in self.tracks
        }
        if whole == {start}:
            first = graph.readers[start][0]
            raise UnsupportedOp(
                f'{first.op} at "{first.name}" mixes all rows of the input: nothing can be kept from run to run',
                fix="compile without --stream",
            )
        self.hop, self.lag = hop, self._lag(whole)
        self._emit(start)
        made = Graph(graph.name, self.values, tuple(self.nodes), (self._input,), graph.outputs).replace()
        return Streamed(check(made, "integer", stream.__name__), hop, self.lag)

    def _lag(self, whole: set[str]) -> int:
        """One window for all: the whole maps are held back to the one that runs behind the most."""
        rate = math.lcm(*(self.tracks[name].rate for name in whole))
        furthest = max((self.tracks[name].reach for name in whole), default=0)
        return -(-furthest // rate) * rate

    # What becomes of each node.

    def _track(self, node: Node) -> _Track | None:
        """The output's track; None where the node needs its whole inputs."""
        moving = [self.tracks[name] for name in node.inputs if name in self.tracks]
        still = [v for v in self.graph.ins(node) if v.name not in self.tracks and not v.is_constant and not v.is_state]
        if not moving or still or len({track.rate for track in moving}) > 1:
            return None
        x, y = self.graph.values[node.inputs[0]], self.graph.values[node.output]
        behind = _Track(moving[0].rate, max(track.shift for track in moving), moving[0].rows)
        if node.op in _KERNELS:
            return self._slides(node, x, y, behind)
        if node.op in _CELLS:
            return self._goes_along(node, behind)
        return behind if _row_by_row(self.graph, node) else None

    def _goes_along(self, node: Node, track: _Track) -> _Track | None:
        """A cell must not see rows from before the beginning: where they come late it works on whole windows."""
        if track.shift == 0:
            return track
        if any(value.is_state for value in self.graph.ins(node)):
            raise UnsupportedOp(
                f'{node.op} at "{node.name}" keeps its state and stands behind a layer that looks back',
                fix="compile without --stream",
            )
        return None

    def _slides(self, node: Node, x: Value, y: Value, track: _Track) -> _Track | None:
        reach, stride, before, after = _reach(self.graph, node)
        if len(x.shape) != 4 or (y.shape[1] == 1 and reach >= x.shape[1]):
            return None
        if node.op == "avg_pool2d" and (before or after):
            return None  # divides by the elements inside the image
        kept = _kept(reach, stride, before, track.shift)
        return _Track(track.rate * stride, (kept + track.shift - before) // stride, y.shape[1])

    # The new graph.

    def _emit(self, start: str) -> None:
        graph = self.graph
        self.values |= {name: value for name, value in graph.values.items() if value.is_constant}
        self._put_input(start)
        for node in graph.nodes:
            if node.output == start:
                continue
            if node.output in self.tracks:
                self._emit_row(node)
            else:
                inputs = [self._whole(name) if name in self.tracks else name for name in node.inputs]
                self.values[node.output] = graph.values[node.output]
                self.nodes.append(replace(node, inputs=tuple(inputs)))

    def _put_input(self, start: str) -> None:
        given, first = self.graph.values[self.graph.inputs[0]], self.graph.values[start]
        rows = replace(first, shape=(1, self.hop, *first.shape[2:]))
        self.values[start] = rows
        self._input = start
        if given.name != start:
            flat = (1, rows.elements)
            self._input = given.name
            self.values[given.name] = replace(given, shape=flat)
            self.nodes.append(Node("reshape", start, (given.name,), (start,), {"shape": rows.shape}))

    def _emit_row(self, node: Node) -> None:
        graph = self.graph
        attrs: dict[str, Any] = dict(node.attrs)
        inputs = list(node.inputs)
        if node.op in _KERNELS:
            reach, stride, before, _ = _reach(graph, node)
            track, n = self.tracks[inputs[0]], self._new(inputs[0])
            kept = _kept(reach, stride, before, track.shift)
            blank = track.shift if before else 0
            fill: Any = "lowest" if node.op == "max_pool2d" else 0
            rows = (n // stride - 1) * stride + reach
            if kept or blank or rows < n:
                inputs[0] = self._history(inputs[0], node.name, kept, rows, blank, fill)
            attrs["padding"] = ((0, 0), tuple(node.attrs["padding"][1]))
        elif node.op in _CELLS:
            inputs = self._kept_by_cell(node)
        else:
            behind = max(self.tracks[name].shift for name in inputs if name in self.tracks)
            for i, name in enumerate(inputs):
                late = behind - self.tracks[name].shift if name in self.tracks else 0
                if late:
                    inputs[i] = self._history(name, f"{node.name}.{i}", late, self._new(name))
            attrs |= _row_attrs(graph, node, self._new(node.output))
        self._append(replace(node, inputs=tuple(inputs), attrs=attrs))

    def _kept_by_cell(self, node: Node) -> list[str]:
        """The inputs of a recurrent cell with states that stay: those it has, else those that each run begins with."""
        op = ops[node.op]
        first = 3 + op.biases if isinstance(op, Cell) else len(node.inputs)
        weights, starts = node.inputs[:first], node.inputs[first:]
        n = self.graph.values[node.output].shape[-1]
        zeros = Value("", (1, n), "float32", data=np.zeros((1, n), np.float32))
        given = [self.graph.values[name] for name in starts] or [zeros] * (2 if node.op == "lstm" else 1)
        names = []
        for i, value in enumerate(given):
            if value.state is not None:
                self.values[value.name] = value
                names.append(value.name)
            elif value.data is not None:
                names.append(self._state(f"{node.name} state {i}", value, value.data))
        return [*weights, *names]

    def _whole(self, name: str) -> str:
        """The whole window of a value, the same for every reader."""
        track = self.tracks[name]
        made = f"{name} window"
        if made not in self.values:
            late = (self.lag - track.reach) // track.rate
            self._history(name, made, track.rows - self._new(name) + late, track.rows, made=made)
        return made

    def _history(
        self, name: str, where: str, kept: int, rows: int, blank: int = 0, fill: Any = 0, made: str = ""
    ) -> str:
        value = self.values[name]
        made = made or f"{name} before {where}"
        node = Node("history", f"{where} history", (), (made,), {"rows": rows, "fill": fill})
        shape = (1, kept + value.shape[1], *value.shape[2:])
        initial = np.full(shape, fill_of(node, value), np.dtype(value.dtype))
        inputs = [name, self._state(f"{made} kept", replace(value, shape=shape), initial)]
        if blank:
            count = Value("", (1, 1), "int32")
            inputs.append(self._state(f"{made} blank", count, np.full((1, 1), blank, np.int32)))
        self._append(replace(node, inputs=tuple(inputs)), like=value)
        return made

    def _state(self, name: str, like: Value, initial: Array) -> str:
        self.values[name] = Value(name, like.shape, like.dtype, like.quant, state=initial)
        return name

    def _append(self, node: Node, like: Value | None = None) -> None:
        shape, _ = ops[node.op].infer(node, [self.values[name] for name in node.inputs])
        value = like or self.graph.values[node.output]
        self.values[node.output] = replace(value, name=node.output, shape=shape)
        self.nodes.append(node)

    def _new(self, name: str) -> int:
        """New rows of a value in each run."""
        return self.hop // self.tracks[name].rate


def _start(graph: Graph) -> str:
    """The value whose axis 1 is time: the input, or what it is reshaped to first."""
    name = graph.inputs[0]
    value, readers = graph.values[name], graph.readers[name]
    if len(value.shape) == 2 and len(readers) == 1 and readers[0].op == "reshape":
        after = graph.values[readers[0].output]
        if len(after.shape) >= 3 and after.shape[1] > 1:
            return after.name
    if len(value.shape) < 3:
        raise UnsupportedOp(
            f"{graph.name} takes {list(value.shape)}: a stream needs a time axis, (1, T, …)",
            fix="compile without --stream",
        )
    return name


def _reach(graph: Graph, node: Node) -> tuple[int, int, int, int]:
    """Rows that one output row spans, stride, padding before and after, along axis 1."""
    if node.op in ("avg_pool2d", "max_pool2d"):
        kernel, dilation = int(node.attrs["window"][0]), 1
    else:
        kernel = graph.values[node.inputs[1]].shape[_KERNELS[node.op]]
        dilation = int(node.attrs["dilation"][0])
    before, after = node.attrs["padding"][0]
    return (kernel - 1) * dilation + 1, int(node.attrs["stride"][0]), int(before), int(after)


def _kept(reach: int, stride: int, before: int, shift: int) -> int:
    """Fewest rows to keep so that the kernel's steps fall on those of the recording."""
    least = max(reach - stride, 0)
    return least + (before - shift - least) % stride


def _row_by_row(graph: Graph, node: Node) -> bool:
    """True when each output row depends on the same row of the moving inputs alone."""
    x, y = graph.values[node.inputs[0]], graph.values[node.output]
    moving = [v for v in graph.ins(node) if not v.is_constant]
    same_rows = all(v.shape[1:2] == y.shape[1:2] and len(v.shape) > 2 for v in moving) and len(y.shape) > 2
    if not same_rows:
        return False
    constants = [v for v in graph.ins(node) if v.is_constant]
    if ops[node.op].elementwise or node.op in ("add", "sub", "mul"):
        return all(len(v.shape) < len(y.shape) or v.shape[1] == 1 for v in constants)
    if node.op == "concat":
        return not constants and int(node.attrs["axis"]) > 1
    if node.op == "softmax":
        return True
    if node.op == "reshape":
        return bool(x.shape[1] == y.shape[1])
    if node.op == "mean":
        return 1 not in node.attrs["axes"]
    if node.op == "pad":
        return tuple(node.attrs["padding"][1]) == (0, 0)
    if node.op == "transpose":
        return bool(node.attrs["perm"][1] == 1)
    return False


def _row_attrs(graph: Graph, node: Node, rows: int) -> Mapping[str, Any]:
    """Attributes that name the number of rows."""
    if node.op == "reshape":
        shape: Sequence[int] = graph.values[node.output].shape
        return {"shape": (1, rows, *shape[2:])}
    return {}
