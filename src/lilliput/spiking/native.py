"""The leaky family compiled for this CPU: one pass over memory forwards, one back, nothing kept but the input.

The C (`leaky.c`) is built once, with the compiler that also builds networks for this machine, and kept in the cache.
Where there is no compiler the tensor form runs, and a warning says so once.
"""

from __future__ import annotations

import ctypes
import json
import logging
import mmap
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from importlib.resources import files
from pathlib import Path

import torch
from torch import Tensor

from lilliput.boards.cache import find, store
from lilliput.boards.host import cpu_flags, host_compiler
from lilliput.boards.toolchain import STRICT, build_folder, run_tool
from lilliput.core.errors import LilliputError
from lilliput.layers.neuron_cells import Cell, Leaky, State
from lilliput.layers.surrogate import DENSITIES, Counting, Surrogate

_LOG = logging.getLogger(__name__)
_FLAGS = (*STRICT, "-O3", "-ffp-contract=off", "-fno-trapping-math", "-fPIC", "-shared")
_KINDS = {name: number for number, name in enumerate(DENSITIES)}
_BLOCK = 256
_LEAST_COLUMNS = 8192
"""Fewer are not worth a thread of their own."""
_HUGE_BYTES = 4 << 20
"""Tensors from here on ask for large pages: a fresh tensor costs more to touch first than to compute."""


class _Op(ctypes.Structure):
    _fields_ = [
        *((name, ctypes.c_int64) for name in ("steps", "width")),
        *((name, ctypes.c_float) for name in ("decay", "gain", "threshold", "rest", "slope", "scale")),
        *((name, ctypes.c_int32) for name in ("subtract", "detach", "kind", "levels")),
    ]


class _Back(ctypes.Structure):
    _fields_ = [(name, ctypes.c_void_p) for name in ("x", "v", "by_s", "by_x", "by_v", "scratch", "sums")]


class LeakyKernel:
    """The compiled kernel for `Leaky` cells in float32 with one number a parameter; other cells it leaves alone."""

    def forward(self, cell: Cell, x: Tensor, state: State, p: Sequence[Tensor]) -> tuple[Tensor, State] | None:
        op = _op(cell, x, p)
        library = _library() if op else None
        if op is None or library is None:
            return None
        x = x.contiguous()
        v, spikes = state[0].clone(memory_format=torch.contiguous_format), _roomy(x)
        given = (ctypes.byref(op), x.data_ptr(), v.data_ptr(), spikes.data_ptr())
        _over_columns(op.width, lambda first, last: library.lilliput_leaky_forward(*given, first, last))
        return spikes, (v,)

    def backward(
        self, cell: Cell, x: Tensor, state: State, p: Sequence[Tensor], by_spikes: Tensor, by_state: State, wants: bool
    ) -> tuple[Tensor, State, tuple[Tensor, ...]] | None:
        op = _op(cell, x, p)
        library = _library() if op else None
        if op is None or library is None or by_spikes.dtype != torch.float32:
            return None
        x, first, by_spikes = x.contiguous(), state[0].contiguous(), by_spikes.contiguous()
        by_x, by_v = _roomy(x), by_state[0].clone(memory_format=torch.contiguous_format)
        sums: list[Tensor] = []

        def columns(start: int, end: int) -> None:
            scratch = torch.empty(2 * op.steps * _BLOCK)
            own = torch.zeros(3, dtype=torch.float64)
            io = _Back(*(t.data_ptr() for t in (x, first, by_spikes, by_x, by_v, scratch)), own.data_ptr())
            if not wants:
                io.sums = None
            library.lilliput_leaky_backward(ctypes.byref(op), ctypes.byref(io), start, end)
            sums.append(own)

        _over_columns(op.width, columns)
        by_p = torch.stack(sums).sum(0).to(x.dtype)
        return by_x, (by_v,), tuple(g.reshape(t.shape) for g, t in zip(by_p, p, strict=True)) if wants else ()


def _op(cell: Cell, x: Tensor, p: Sequence[Tensor]) -> _Op | None:
    if not isinstance(cell, Leaky) or x.dtype != torch.float32 or any(t.numel() != 1 for t in p) or not x.numel():
        return None
    firing = cell.firing
    decay, gain, threshold = (float(t) for t in p)
    common = len(x), x[0].numel(), decay, gain, threshold, cell.rest
    reset = int(cell.reset_to == "subtract"), int(cell.detach_reset)
    # Only the two firings themselves: a subclass may do anything.
    if type(firing) is Surrogate:
        return _Op(*common, firing.slope, firing.scale, *reset, _KINDS[firing.kind], 0)
    if type(firing) is Counting and cell.reset_to == "subtract":
        return _Op(*common, 1.0, 1.0, *reset, 0, firing.levels)
    return None


def _over_columns(width: int, work: Callable[[int, int], object]) -> None:
    """All columns, on as many threads as PyTorch uses. The interpreter's lock is free inside of the kernel."""
    parts = max(1, min(torch.get_num_threads(), width // _LEAST_COLUMNS))
    if parts == 1:
        work(0, width)
        return
    step = -(-width // parts // _BLOCK) * _BLOCK
    bounds = [(first, min(first + step, width)) for first in range(0, width, step)]
    with ThreadPoolExecutor(len(bounds)) as pool:
        list(pool.map(lambda bound: work(*bound), bounds))


def _roomy(like: Tensor) -> Tensor:
    """An empty tensor, on large pages where it is large and the system has them on request."""
    made = torch.empty(like.shape, dtype=like.dtype)
    size = made.numel() * made.element_size()
    if size >= _HUGE_BYTES and (madvise := _madvise()):
        start = -(-made.data_ptr() // mmap.PAGESIZE) * mmap.PAGESIZE
        madvise(start, made.data_ptr() + size - start & -mmap.PAGESIZE, mmap.MADV_HUGEPAGE)
    return made


@cache
def _madvise() -> Callable[[int, int, int], int] | None:
    if not sys.platform.startswith("linux") or not hasattr(mmap, "MADV_HUGEPAGE"):
        return None
    function = ctypes.CDLL(None).madvise
    function.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    return function


@cache
def _library() -> ctypes.CDLL | None:
    try:
        library = ctypes.CDLL(str(build_kernel()))
    except (LilliputError, OSError) as error:
        _LOG.warning("spiking layers run without their compiled kernel: %s", error)
        return None
    pointer, number = ctypes.c_void_p, ctypes.c_int64
    library.lilliput_leaky_forward.argtypes = [pointer, pointer, pointer, pointer, number, number]
    library.lilliput_leaky_forward.restype = None
    library.lilliput_leaky_backward.argtypes = [pointer, pointer, number, number]
    library.lilliput_leaky_backward.restype = None
    return library


def build_kernel() -> Path:
    """The shared library, from the cache where it is there.

    Raises:
        MissingTool: LP602, there is no C compiler here.
        ToolFailed: LP603, the compiler refused the C; its words follow.
    """
    compiler = host_compiler()
    source = (files("lilliput.spiking") / "leaky.c").read_text(encoding="utf-8")
    flags = [*_FLAGS, *cpu_flags(compiler)]
    key = json.dumps(["spiking", compiler.version, compiler.features, flags, source]).encode()
    found = find("native", key)
    if found is not None:
        return found
    with build_folder() as folder:
        (folder / "leaky.c").write_text(source, encoding="utf-8")
        run_tool([*compiler.command, *flags, "-o", "leaky", "leaky.c"], folder, "compiling for this machine")
        return store("native", key, (folder / "leaky").read_bytes(), executable=True)
