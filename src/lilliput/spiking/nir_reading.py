"""A NIR file as a network of ours; what the formats mean to each other is said in `lilliput.spiking.nir`."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from lilliput.core.errors import (
    BadValue,
    FileError,
    ImpossibleSize,
    MissingExtra,
    MissingFile,
    NoSpikingRule,
    NotThisFormat,
    OutsideFolder,
)
from lilliput.layers.spiking import IF, LIF
from lilliput.spiking.graph import INPUT, OUTPUT, Edge, SpikingGraph
from lilliput.spiking.nir_nodes import CurrentBased, LeakyArray, LeakyIntegrator, Scale, SumPool2d

Solver = Literal["euler", "exact"]
Array = NDArray[Any]

MAX_BYTES = 1 << 30
MAX_NODES = 10_000
_MAX_DEPTH = 8
# What h5py and the package were seen to raise for damaged or foreign files.
_DAMAGE = (OSError, KeyError, ValueError, TypeError, AttributeError, AssertionError, IndexError, RuntimeError,
           RecursionError, NotImplementedError, OverflowError)  # fmt: skip


def package() -> ModuleType:
    """The package `nir`.

    Raises:
        MissingExtra: LP601, it is not installed.
    """
    try:
        import nir
    except ImportError as error:
        raise MissingExtra("NIR files need the package nir", fix='pip install "lilliput[nir]"') from error
    return nir  # type: ignore[no-any-return]


def import_nir(
    path: str | Path, *, dt: float, solver: Solver = "euler", current: Literal["before", "after"] = "before"
) -> SpikingGraph:
    """The network of a file.

    Args:
        path: the file.
        dt: seconds of a step of ours; 1 for files whose time constants are in steps.
        solver: "euler" or "exact", see `lilliput.spiking.nir`.
        current: of neurons with a synaptic current, which of it moves the potential: "before" the step (the equations'
            Euler step), or "after" it (snnTorch).

    Raises:
        MissingExtra: LP601, the package nir is not installed.
        MissingFile, NotThisFormat, ImpossibleSize, OutsideFolder, BadValue: LP2xx, the file is not there, is
            damaged, too large, or refers to other files.
        NoSpikingRule: LP320, a node that has no layer here; the message names it.
        ValueError: `dt` is not above 0, or an unknown solver.
    """
    check_step(dt, solver)
    graph = _read(Path(path))
    nodes, edges = _flat(graph, "")
    ends = _ends(graph, str(path))
    outside = dict(zip(ends, (INPUT, OUTPUT), strict=True))
    reader = _Reader(dt, solver, current == "after")
    modules = {name: reader.module(name, node) for name, node in nodes.items() if name not in outside}
    joined = [(outside.get(a, a), outside.get(b, b)) for a, b in edges]
    try:
        made = SpikingGraph(modules, joined).eval()
    except ValueError as error:
        raise BadValue(f"{path}: {error}") from error
    made.input_shape = tuple(int(n) for n in np.asarray(graph.nodes[ends[0]].input_type["input"]).reshape(-1))
    return made


def check_step(dt: float, solver: str) -> None:
    """Raises ValueError for what is out of range."""
    if not dt > 0:
        raise ValueError(f"`dt` must be above 0 seconds, got {dt}")
    if solver not in ("euler", "exact"):
        raise ValueError(f"`solver` must be euler or exact, got {solver!r}")


def _read(path: Path) -> Any:
    nir = package()
    if not path.is_file():
        raise MissingFile(f"{path} is not there")
    try:
        _look_through(path)
        return nir.read(path, type_check=False)
    except FileError:
        raise
    except _DAMAGE as error:
        raise NotThisFormat(f"{path} is no NIR file that can be read", why=str(error).split("\n")[0][:200]) from error


def _look_through(path: Path) -> None:
    """Before anything is read: all sizes, and that the file stands for itself."""
    import h5py

    total, count = 0, 0

    def visit(group: Any, depth: int) -> None:
        nonlocal total, count
        if depth > _MAX_DEPTH:
            raise ImpossibleSize(f"{path} nests deeper than {_MAX_DEPTH} groups")
        for name in group:
            link = group.get(name, getlink=True)
            if not isinstance(link, h5py.HardLink):
                raise OutsideFolder(f"{path}: {name!a} is a link", why="a network stands in one file")
            item = group[name]
            count += 1
            if count > MAX_NODES:
                raise ImpossibleSize(f"{path} has more than {MAX_NODES} parts")
            if isinstance(item, h5py.Group):
                visit(item, depth + 1)
                continue
            if item.external or item.is_virtual:
                raise OutsideFolder(f"{path}: {name!a} is kept in another file", why="a network stands in one file")
            total += math.prod(item.shape or ()) * item.dtype.itemsize
            if total > MAX_BYTES:
                raise ImpossibleSize(f"{path} unpacks to more than {MAX_BYTES} B")

    with h5py.File(path, "r") as file:
        if "node" not in file:
            raise NotThisFormat(f"{path} is an HDF5 file without a NIR graph in it")
        visit(file, 0)


def _flat(graph: Any, prefix: str) -> tuple[dict[str, Any], list[Edge]]:
    """All nodes, those of graphs inside of graphs too; their inputs and outputs stay as nodes that pass on."""
    nodes: dict[str, Any] = {}
    first: dict[str, str] = {}
    last: dict[str, str] = {}
    edges: list[Edge] = []
    for name, node in graph.nodes.items():
        full = prefix + str(name)
        if type(node).__name__ != "NIRGraph":
            nodes[full] = node
            continue
        inner, joined = _flat(node, f"{full}.")
        nodes |= inner
        edges += joined
        first[full], last[full] = (f"{full}.{name}" for name in _ends(node, full))
    for a, b in graph.edges:
        source, target = prefix + str(a), prefix + str(b)
        edges.append((last.get(source, source), first.get(target, target)))
    return nodes, edges


def _ends(graph: Any, where: str) -> tuple[str, str]:
    """Names of the input and the output."""
    found = [[name for name, node in graph.nodes.items() if type(node).__name__ == k] for k in ("Input", "Output")]
    if [len(names) for names in found] != [1, 1]:
        counts = f"{len(found[0])} inputs and {len(found[1])} outputs"
        raise NoSpikingRule(f"{where} has {counts}", why="one of each is taken")
    return found[0][0], found[1][0]


class _Reader:
    """One node at a time."""

    def __init__(self, dt: float, solver: Solver, is_after: bool) -> None:
        self.dt, self.solver, self.is_after = dt, solver, is_after

    def module(self, name: str, node: Any) -> nn.Module:
        make: Callable[[str, Any], nn.Module] | None = getattr(self, f"_{type(node).__name__.lower()}", None)
        if make is None:
            raise NoSpikingRule(f"{name!a}, a node of type {type(node).__name__}, has no layer here")
        for key, value in vars(node).items():
            if isinstance(value, np.ndarray) and value.dtype.kind == "f" and not np.isfinite(value).all():
                raise BadValue(f"{name!a}: {key} is not finite")
        try:
            return make(name, node)
        except NoSpikingRule:
            raise
        except (ValueError, TypeError, RuntimeError, IndexError) as error:
            what = f"{name!a}, a node of type {type(node).__name__}, cannot be built"
            raise BadValue(what, why=str(error)) from error

    def _input(self, name: str, node: Any) -> nn.Module:
        return nn.Identity()

    _output = _input

    def _linear(self, name: str, node: Any) -> nn.Module:
        return _dense(node.weight, None)

    def _affine(self, name: str, node: Any) -> nn.Module:
        return _dense(node.weight, node.bias)

    def _conv1d(self, name: str, node: Any) -> nn.Module:
        return _convolution(nn.Conv1d, node)

    def _conv2d(self, name: str, node: Any) -> nn.Module:
        return _convolution(nn.Conv2d, node)

    def _sumpool2d(self, name: str, node: Any) -> nn.Module:
        return SumPool2d(_pair(node.kernel_size), _pair(node.stride), _pair(node.padding))

    def _avgpool2d(self, name: str, node: Any) -> nn.Module:
        return nn.AvgPool2d(_pair(node.kernel_size), _pair(node.stride), _pair(node.padding))

    def _flatten(self, name: str, node: Any) -> nn.Module:
        start, end = int(node.start_dim), int(node.end_dim)
        return nn.Flatten(start + 1 if start >= 0 else start, end + 1 if end >= 0 else end)

    def _scale(self, name: str, node: Any) -> nn.Module:
        return Scale(_tensor(node.scale))

    def _if(self, name: str, node: Any) -> nn.Module:
        gain = np.asarray(node.r, np.float64) * self.dt
        return _neurons(np.ones_like(gain), gain, np.zeros_like(gain), node.v_threshold, node.v_reset)

    def _lif(self, name: str, node: Any) -> nn.Module:
        decay = self._decay(name, node.tau)
        gain, leak = (1 - decay) * node.r, (1 - decay) * (node.v_leak - node.v_reset)
        return _neurons(decay, gain, leak, node.v_threshold, node.v_reset)

    def _i(self, name: str, node: Any) -> nn.Module:
        gain = np.asarray(node.r, np.float64) * self.dt
        return _filter(np.ones_like(gain), gain, np.zeros_like(gain))

    def _li(self, name: str, node: Any) -> nn.Module:
        decay = self._decay(name, node.tau)
        return _filter(decay, (1 - decay) * node.r, (1 - decay) * node.v_leak)

    def _cubali(self, name: str, node: Any) -> nn.Module:
        decay = self._decay(name, node.tau_mem)
        after = _filter(decay, (1 - decay) * node.r, (1 - decay) * node.v_leak)
        return CurrentBased(self._synapse(name, node), after)

    def _cubalif(self, name: str, node: Any) -> nn.Module:
        decay = self._decay(name, node.tau_mem)
        gain, leak = (1 - decay) * node.r, (1 - decay) * (node.v_leak - node.v_reset)
        neurons = _array(decay, gain, leak, node.v_threshold, node.v_reset)
        return CurrentBased(self._synapse(name, node), neurons)

    def _synapse(self, name: str, node: Any) -> LeakyIntegrator:
        decay = self._decay(name, node.tau_syn)
        return _filter(decay, (1 - decay) * node.w_in, np.zeros_like(decay), is_late=not self.is_after)

    def _decay(self, name: str, tau: Array) -> Array:
        tau = np.asarray(tau, np.float64)
        if not (tau > 0).all():
            raise NoSpikingRule(f"{name!a} has a time constant of {tau.min():g} s", why="it must be above 0")
        if self.solver == "exact":
            return np.exp(-self.dt / tau)
        decay = 1 - self.dt / tau
        # A time constant of one step, which is allowed, may come out of float32 a hair below the step.
        if not (decay >= -1e-6).all():
            raise NoSpikingRule(
                f"{name!a} has a time constant of {tau.min():g} s, a step is {self.dt:g} s",
                why="Euler steps need a time constant of a step at least",
                fix='a smaller dt, or solver="exact"',
            )
        return np.maximum(decay, 0)


def _filter(decay: Array, gain: Array, offset: Array, *, is_late: bool = False) -> LeakyIntegrator:
    return LeakyIntegrator(_tensor(decay), _tensor(gain), _tensor(offset), is_late)


def _tensor(array: Any) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(np.asarray(array, np.float32)))


def _pair(numbers: Any) -> tuple[int, int]:
    found = np.broadcast_to(np.asarray(numbers), 2)
    return int(found[0]), int(found[1])


def _dense(weight: Array, bias: Array | None) -> nn.Linear:
    weight = np.asarray(weight)
    if weight.ndim != 2:
        raise NoSpikingRule(f"weights of {weight.ndim} axes have no linear layer", why="2 are taken")
    layer = nn.Linear(weight.shape[1], weight.shape[0], bias=bias is not None)
    _load(layer, weight, bias)
    return layer


def _convolution(kind: type[nn.Conv1d] | type[nn.Conv2d], node: Any) -> nn.Module:
    weight, groups = np.asarray(node.weight), int(node.groups)
    padding = node.padding if isinstance(node.padding, str) else _sizes(kind, node.padding)
    layer = kind(
        weight.shape[1] * groups,
        weight.shape[0],
        weight.shape[2:],
        _sizes(kind, node.stride),
        padding,
        _sizes(kind, node.dilation),
        groups,
    )
    _load(layer, weight, node.bias)
    return layer


def _sizes(kind: type[nn.Module], numbers: Any) -> Any:
    return _pair(numbers) if kind is nn.Conv2d else int(np.asarray(numbers).reshape(-1)[0])


@torch.no_grad()
def _load(layer: nn.Linear | nn.Conv1d | nn.Conv2d, weight: Array, bias: Array | None) -> None:
    layer.weight.copy_(_tensor(weight).reshape(layer.weight.shape))
    if bias is not None and layer.bias is not None:
        layer.bias.copy_(_tensor(bias).expand(layer.bias.shape))


def level_above(threshold: Array) -> NDArray[np.float32]:
    """The smallest float32 above it: at or above that is above the threshold."""
    asked = np.asarray(threshold, np.float64)
    near = asked.astype(np.float32)
    return np.where(near > asked, near, np.nextafter(near, np.float32(np.inf)))


def _neurons(decay: Array, gain: Array, offset: Array, threshold: Array, reset: Array) -> nn.Module:
    """`IF` and `LIF` where one number does for all neurons, `LeakyArray` otherwise."""
    constants = [np.unique(np.asarray(a, np.float64)) for a in (decay, gain, offset, threshold, reset)]
    if all(len(found) == 1 for found in constants):
        leak, rise, shift, level, back = (float(found[0]) for found in constants)
        high = float(level_above(np.asarray(level)))
        if shift == 0 and back == 0 and level > 0:
            if leak == 1 and math.isclose(rise, 1, rel_tol=1e-6):
                return IF(threshold=high)
            if leak < 1 and math.isclose(rise, 1 - leak, rel_tol=1e-6):
                return LIF(tau=1 / (1 - leak), threshold=high)
            if leak < 1 and math.isclose(rise, 1, rel_tol=1e-6):
                return LIF(tau=1 / (1 - leak), threshold=high, decays_input=False)
    return _array(decay, gain, offset, threshold, reset)


def _array(decay: Array, gain: Array, offset: Array, threshold: Array, reset: Array) -> LeakyArray:
    if not (np.asarray(threshold) >= np.asarray(reset)).all():
        raise NoSpikingRule("a threshold lies below the reset", why="such neurons fire at every step")
    decay = np.asarray(decay, np.float64)
    level = level_above(np.asarray(threshold, np.float64) - reset)
    given = (decay, gain, offset, level, -np.asarray(reset, np.float64))
    return LeakyArray(*(_tensor(a) for a in given))
