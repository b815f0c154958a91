r"""Spiking networks of any shape, with loops: modules, and who feeds whom.

    net = SpikingGraph({"w": nn.Linear(8, 32), "lif": LIF(), "back": nn.Linear(32, 32)},
                       [("input", "w"), ("w", "lif"), ("lif", "back"), ("back", "lif"), ("lif", "output")])
    y, state = net(x)                    x (T, B, 8) -> (T, B, 32)

What several edges bring is added. Parts without a loop see all steps at once; within a loop the steps go one by one,
and spikes take a step to come round: a layer that reads a neuron which comes later in the loop gets its spikes of the
step before, zeros at first.

Axes: T time steps, B batch.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from lilliput.layers.neuron_cells import State
from lilliput.layers.spiking import Neuron, over_steps
from lilliput.spiking.converted import RecordMaximum

INPUT, OUTPUT = "input", "output"

Edge = tuple[str, str]


class Stateful(nn.Module):
    """Base of what keeps a state and is no neuron: forward(x (T, ...), state) -> (y, state)."""


STATEFUL = (Neuron, RecordMaximum, Stateful)


@dataclass(frozen=True)
class GraphState:
    """Between two calls.

    Args:
        nodes: states by name.
        last: what a node gave at the last step, by name, where a loop needs it.
    """

    nodes: Mapping[str, State]
    last: Mapping[str, Tensor]


class SpikingGraph(nn.Module):
    """Modules joined by edges.

    Args:
        nodes: by name; modules that know no time, neurons, and others that keep a state.
        edges: from, to; "input" and "output" stand for the outside.

    Attributes:
        input_shape: of one item and step, where it came from a file that says so.

    Shapes:
        x (T, B, ...), state or None -> what reaches "output" (T, B, ...), state.

    Raises:
        ValueError: an edge to or from nothing, a node that nothing reaches, or a loop without a neuron in it.
    """

    def __init__(self, nodes: Mapping[str, nn.Module], edges: Sequence[Edge]) -> None:
        super().__init__()
        self.input_shape: tuple[int, ...] = ()
        self.edges = tuple((str(a), str(b)) for a, b in edges)
        self._keys = _keys(nodes)
        self.nodes = nn.ModuleDict({self._keys[name]: module for name, module in nodes.items()})
        _check(set(nodes), self.edges)
        self._sources = {name: [a for a, b in self.edges if b == name] for name in [*nodes, OUTPUT]}
        self.parts = tuple(self._ordered(part) for part in _components(list(nodes), self.edges))

    def node(self, name: str) -> nn.Module:
        """The module of a name."""
        return self.nodes[self._keys[name]]

    @property
    def names(self) -> tuple[str, ...]:
        """Of the nodes, in the order they are run in."""
        return tuple(name for part in self.parts for name in part)

    def is_loop(self, part: Sequence[str]) -> bool:
        """Whether the nodes of a part feed back into it."""
        return len(part) > 1 or (part[0], part[0]) in self.edges

    def _ordered(self, part: list[str]) -> tuple[str, ...]:
        """Neurons by how soon the outside reaches them; what feeds a neuron right before it."""
        inside = set(part)
        if len(part) == 1:
            return tuple(part)
        keeps = [name for name in part if isinstance(self.node(name), STATEFUL)]
        if not keeps:
            raise ValueError(f"the loop of {', '.join(sorted(part))} has no neuron in it")
        entries = [name for name in part if any(a not in inside for a in self._sources[name])]
        reached = _breadth_first(entries or part[:1], [(a, b) for a, b in self.edges if a in inside and b in inside])
        rank = {name: float(place) for place, name in enumerate(n for n in reached if n in keeps)}
        distance = dict.fromkeys(keeps, 0)
        waiting = deque(keeps)
        while waiting:
            name = waiting.popleft()
            for source in self._sources[name]:
                if source in inside and source not in keeps and distance.get(source, -1) < distance[name] + 1:
                    if distance[name] > len(part):
                        raise ValueError(f"the loop of {source} has no neuron in it")
                    distance[source] = distance[name] + 1
                    rank[source] = min(rank.get(source, rank[name]), rank[name])
                    waiting.append(source)
        return tuple(sorted(part, key=lambda name: (rank[name], -distance[name])))

    def forward(self, x: Tensor, state: GraphState | None = None) -> tuple[Tensor, GraphState]:
        if x.ndim < 2 or not len(x):
            raise ValueError(f"`x` must be (T, B, ...) with at least one step, got {tuple(x.shape)}")
        values: dict[str, Tensor] = {INPUT: x}
        states = dict(state.nodes) if state else {}
        last = dict(state.last) if state else {}
        for part in self.parts:
            if self.is_loop(part):
                self._loop(part, values, states, last)
                continue
            (name,) = part
            values[name] = self._run(name, self._given(name, values), states)
        return self._given(OUTPUT, values), GraphState(states, last)

    def _given(self, name: str, values: Mapping[str, Tensor]) -> Tensor:
        first, *rest = (values[source] for source in self._sources[name])
        return sum(rest, first)

    def _run(self, name: str, given: Tensor, states: dict[str, State]) -> Tensor:
        module = self.node(name)
        if isinstance(module, STATEFUL):
            made, states[name] = module(given, states.get(name))
            return made  # type: ignore[no-any-return]
        return over_steps(module, given)

    def _loop(
        self, part: Sequence[str], values: dict[str, Tensor], states: dict[str, State], last: dict[str, Tensor]
    ) -> None:
        outside = {s for name in part for s in self._sources[name] if s not in part}
        steps = len(values[next(iter(outside))])
        if not all(name in last for name in part):
            last.update(self._shapes(part, {s: values[s][:1] for s in outside}, dict(states)))
        made: dict[str, list[Tensor]] = {name: [] for name in part}
        for step in range(steps):
            now = {source: values[source][step : step + 1] for source in outside}
            for name in part:
                given = [now[s] if s in now else last[s] for s in self._sources[name]]
                now[name] = self._run(name, sum(given[1:], given[0]), states)
                made[name].append(now[name])
            last.update({name: now[name] for name in part})
        values.update({name: torch.cat(tensors) for name, tensors in made.items()})

    @torch.no_grad()
    def _shapes(self, part: Sequence[str], now: dict[str, Tensor], states: dict[str, State]) -> dict[str, Tensor]:
        """Zeros in the shapes that the nodes of a loop give: found by letting the first step run as far as it comes."""
        found: dict[str, Tensor] = {}
        while len(found) < len(part):
            before = len(found)
            for name in part:
                given = [t for s in self._sources[name] if (t := now.get(s, found.get(s))) is not None]
                if given and name not in found:
                    found[name] = torch.zeros_like(self._run(name, sum(given[1:], given[0]), states))
            if len(found) == before:
                raise ValueError(f"nothing from outside reaches the loop of {', '.join(part)}")
        return found


def _keys(names: Iterable[str]) -> dict[str, str]:
    """Names that a ModuleDict takes."""
    found: dict[str, str] = {}
    for name in names:
        key = name.replace(".", "_") or "_"
        while key in found.values() or hasattr(nn.ModuleDict, key):
            key += "_"
        found[name] = key
    return found


def _check(names: set[str], edges: Iterable[Edge]) -> None:
    edges = list(edges)
    for a, b in edges:
        if a not in names | {INPUT} or b not in names | {OUTPUT}:
            raise ValueError(f"the edge {a} → {b} joins what is not there; nodes are {', '.join(sorted(names))}")
    if len(set(edges)) < len(edges):
        raise ValueError("an edge is there twice")
    if not any(b == OUTPUT for _, b in edges):
        raise ValueError("no edge leads to the output")
    silent = names - set(_breadth_first([INPUT], edges))
    if silent:
        raise ValueError(f"nothing reaches {', '.join(sorted(silent))} from the input")


def _breadth_first(start: Sequence[str], edges: Iterable[Edge]) -> list[str]:
    after: dict[str, list[str]] = {}
    for a, b in edges:
        after.setdefault(a, []).append(b)
    seen = dict.fromkeys(start)
    waiting = deque(start)
    while waiting:
        for name in after.get(waiting.popleft(), []):
            if name not in seen:
                seen[name] = None
                waiting.append(name)
    return list(seen)


def _components(names: Sequence[str], edges: Sequence[Edge]) -> list[list[str]]:
    """Nodes that reach each other, together; the parts in an order in which each finds what feeds it."""
    reach = {name: set(_breadth_first([name], edges)) for name in names}
    left = list(names)
    parts: list[list[str]] = []
    while left:
        ready = next(n for n in left if all(a in reach[n] for a in left if a != n and n in reach[a]))
        part = [n for n in left if n == ready or (n in reach[ready] and ready in reach[n])]
        parts.append(part)
        left = [n for n in left if n not in part]
    return parts
