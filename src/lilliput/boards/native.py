"""Run a compiled network inside this process, with kernels for the vectors of this machine.

    from lilliput.boards.native import load_native

    network = load_native(Path("model.tflite"))
    (y,) = network.run(x)                        x int8 (N, 96, 96, 3), y int8 (N, 2)

The C of a network compiled for `HOST.target` is built once into a shared library, which is kept in the cache under all
that goes into it, the features of this CPU among it. A library that was loaded can do to the process what any code can,
so only what this version prints and proves is loaded: `Native` takes a `Program`, never the C files of a folder. Those
run in a process of their own (`boards.host`), where a fault ends that process only.
"""

from __future__ import annotations

import ctypes
import json
import sys
import threading
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from string import Template

import numpy as np

from lilliput.boards.board import HOST
from lilliput.boards.cache import find, store
from lilliput.boards.firmware import template
from lilliput.boards.host import cpu_flags, host_compiler
from lilliput.boards.ports import Port, Ports, ports_of
from lilliput.boards.toolchain import STRICT, build_folder, run_tool
from lilliput.compiler.graph import Array, Graph
from lilliput.compiler.memory import ARENA_ALIGN
from lilliput.compiler.op import Target
from lilliput.compiler.program import Program, compile_graph
from lilliput.core.errors import ToolFailed, UnsupportedOp

_FLAGS = (*STRICT, "-O3", "-ffp-contract=off", "-fPIC", "-shared", "-fvisibility=hidden")
_CACHE_LINE = 64


class Native:
    """A network in this process. `run` takes any number of rows; the interpreter's lock is free meanwhile.

    One instance has one arena and lets one call in at a time. For one network on several threads `clone` gives further
    instances: the library is shared, the arena is not.

    Args:
        program: a compiled network; `compile_native` chooses the fast kernels for it.

    Raises:
        UnsupportedOp: LP301, the network's input is streamed.
        MissingTool: LP602, there is no C compiler here.
        ToolFailed: LP603, the compiler refused the C, or the library cannot be loaded.
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        self.ports = ports_of(program)
        if self.ports.streamed is not None:
            raise UnsupportedOp(
                f"{program.graph.name} asks for its input window by window, which is for boards",
                fix="compile it with the image resident",
            )
        self._library = _load(build_native(program))
        self._lock = threading.Lock()
        self._arena = _aligned(self.ports.arena_bytes)
        self._at = self._arena.ctypes.data
        self._given = tuple(self._view(port) for port in self.ports.inputs)
        self._made = tuple(self._view(port) for port in self.ports.outputs)
        self._inputs = (ctypes.c_void_p * len(self.ports.inputs))()
        self._outputs = (ctypes.c_void_p * len(self.ports.outputs))()
        self.reset()

    def run(self, *x: Array, out: Sequence[Array] | None = None) -> tuple[Array, ...]:
        """The outputs for raw integer inputs, bit for bit those of `program.run`.

        Arrays that lie in memory row by row, as NumPy makes them, are read and written where they are; nothing is
        copied but into and out of the arena.

        Args:
            x: one array an input, in order; the network's type, (N, …) with any N.
            out: where the outputs go, one array each; new ones by default.

        Raises:
            ValueError: an array is missing or has another type or shape than the network's, or `out` cannot be written
                in place.
        """
        if out is None and self._is_one_row(x):
            return self._run_row(x)
        runs = self.ports.row_count(x)
        given = [np.ascontiguousarray(array) for array in x]
        if out is None:
            made = tuple(np.empty(_shape(port, runs), port.dtype) for port in self.ports.outputs)
        else:
            made = tuple(out)
            self._demand_room(made, runs)
        with self._lock:
            _point(self._inputs, given)
            _point(self._outputs, made)
            self._library.lilliput_native_run(self._at, runs, self._inputs, self._outputs)
        return made

    def _is_one_row(self, x: Sequence[Array]) -> bool:
        fits = (a.shape == view.shape and a.dtype == view.dtype for a, view in zip(x, self._given, strict=False))
        return len(x) == len(self._given) and all(fits)

    def _run_row(self, x: Sequence[Array]) -> tuple[Array, ...]:
        """The short way for one row, straight into the arena: finding out where a user's array lies takes longer than
        to copy it."""
        with self._lock:
            for array, view in zip(x, self._given, strict=True):
                np.copyto(view, array)
            self._library.lilliput_native_infer(self._at)
            return tuple(view.copy() for view in self._made)

    def reset(self) -> None:
        """Start a network that keeps something between runs (streaming) anew. Others need it never."""
        with self._lock:
            self._library.lilliput_native_reset(self._at)

    def clone(self) -> Native:
        """Another instance of the same network, in its initial state."""
        return Native(self.program)

    def _view(self, port: Port) -> Array:
        """The place of one input or output in the arena."""
        view: Array = self._arena[port.at : port.at + port.nbytes].view(port.dtype).reshape(port.shape)
        return view

    def _demand_room(self, made: Sequence[Array], runs: int) -> None:
        if len(made) != len(self.ports.outputs):
            raise ValueError(f"the network has {len(self.ports.outputs)} outputs, `out` has {len(made)}")
        for port, array in zip(self.ports.outputs, made, strict=True):
            wanted = _shape(port, runs)
            if array.shape != wanted or array.dtype != port.dtype:
                given = f"{array.dtype}{list(array.shape)}"
                raise ValueError(f"{port.accessor} gives {port.dtype}{list(wanted)}, `out` is {given}")
            if not array.flags.c_contiguous or not array.flags.writeable:
                raise ValueError(f"`out` for {port.accessor} must be writeable and lie in memory row by row")


def load_native(path: Path) -> Native:
    """The network of a model file, compiled for this machine.

    Raises:
        FileError: LP2xx, the file is damaged. UnsupportedError: LP3xx, it cannot be compiled, or is not quantised.
        ToolError: LP6xx, as `Native`.
    """
    from lilliput.compiler.frontends import load_network

    graph, _ = load_network(path)
    return compile_native(graph)


def compile_native(graph: Graph) -> Native:
    """An integer graph compiled for this machine. Raises UnsupportedError (LP3xx) and as `Native`."""
    # The kernels build words from bytes with the first one lowest; elsewhere the portable ones serve.
    return Native(compile_graph(graph, HOST.target if sys.byteorder == "little" else Target()))


def build_native(program: Program) -> Path:
    """The shared library of a network, from the cache where it is there.

    Raises:
        MissingTool: LP602, there is no C compiler here.
        ToolFailed: LP603, the compiler refused the C; its words follow.
    """
    compiler = host_compiler()
    sources = {**program.sources, "native.c": _wrapper(ports_of(program))}
    flags = [*_FLAGS, *cpu_flags(compiler)]
    key = json.dumps(["native", compiler.version, compiler.features, flags, dict(sorted(sources.items()))]).encode()
    found = find("native", key)
    if found is not None:
        return found
    with build_folder() as folder:
        for name, text in sources.items():
            (folder / name).write_text(text, encoding="utf-8")
        files = sorted(name for name in sources if name.endswith(".c"))
        command = [*compiler.command, *flags, "-I.", "-o", "network", *files]
        run_tool(command, folder, "compiling for this machine")
        return store("native", key, (folder / "network").read_bytes(), executable=True)


def _wrapper(ports: Ports) -> str:
    read = [
        f"        memcpy({p.accessor}(arena), inputs[{i}] + row * {p.nbytes}u, {p.nbytes}u);"
        for i, p in enumerate(ports.inputs)
    ]
    write = [
        f"        memcpy(outputs[{i}] + row * {p.nbytes}u, {p.accessor}(arena), {p.nbytes}u);"
        for i, p in enumerate(ports.outputs)
    ]
    return Template(template("native.c")).substitute(read="\n".join(read), write="\n".join(write))


@cache
def _load(path: Path) -> ctypes.CDLL:
    try:
        library = ctypes.CDLL(str(path))
    except OSError as error:
        raise ToolFailed(f"the network's library for this machine cannot be loaded: {error}") from error
    pointer, array = ctypes.c_void_p, ctypes.POINTER(ctypes.c_void_p)
    library.lilliput_native_reset.argtypes = [pointer]
    library.lilliput_native_reset.restype = None
    library.lilliput_native_infer.argtypes = [pointer]
    library.lilliput_native_infer.restype = None
    library.lilliput_native_run.argtypes = [pointer, ctypes.c_size_t, array, array]
    library.lilliput_native_run.restype = None
    return library


def _shape(port: Port, runs: int) -> tuple[int, ...]:
    """Of the outputs of some runs; most networks give one row a run."""
    return runs * port.shape[0], *port.shape[1:]


def _aligned(nbytes: int) -> Array:
    """Memory for an arena, on a cache line of its own."""
    align = max(ARENA_ALIGN, _CACHE_LINE)
    memory = np.zeros(nbytes + align, np.uint8)
    start = -memory.ctypes.data % align
    return memory[start : start + nbytes]


def _point(at: ctypes.Array[ctypes.c_void_p], arrays: Sequence[Array]) -> None:
    for i, array in enumerate(arrays):  # by the interface: `array.ctypes.data` takes longer than a small network
        at[i] = array.__array_interface__["data"][0]
