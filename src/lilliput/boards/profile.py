"""Exact counts of the instructions that an emulated core retires, by layer and by function.

Unicorn calls a hook for each *block* (a run of instructions that ends with a branch) that it enters. How many
instructions a block has is decoded once from its bytes; the rest is one addition a block. The hook is a few lines of C,
compiled once for this machine; where that fails the same in Python serves, slower, with equal counts.

An instruction whose condition in an IT block fails counts: the core issues it, and it takes its slot.
Instructions that a layer's function and all that it calls retire belong to the layer; the rest belongs to none.
"""

from __future__ import annotations

import bisect
import ctypes
import json
import platform
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from lilliput.boards.cache import find, store
from lilliput.boards.firmware import Image, template
from lilliput.boards.toolchain import build_folder, run_tool, zig_command, zig_version
from lilliput.compiler.graph import Array
from lilliput.core.errors import ToolError


@dataclass(frozen=True)
class Block:
    """A block of code and how often it ran; `data` are its bytes. `layer` is None outside of layers."""

    start: int
    data: bytes
    instructions: int
    visits: int
    layer: int | None


@dataclass(frozen=True)
class Counts:
    """What one run retired.

    Args:
        instructions: all of them.
        outside: those outside of any layer (the calls themselves).
        by_layer: layer function → instructions of it and of what it calls.
        by_function: function → its own instructions, most first.
        blocks: the executed blocks.
    """

    instructions: int
    outside: int
    by_layer: Mapping[str, int]
    by_function: Mapping[str, int]
    blocks: tuple[Block, ...]


class _Counter(ctypes.Structure):
    """Laid out as `counter_t` in block_counter.c."""

    _fields_ = (
        ("base", ctypes.c_uint64),
        ("span", ctypes.c_uint64),
        ("code", ctypes.c_void_p),
        ("owner", ctypes.c_void_p),
        ("sizes", ctypes.c_void_p),
        ("lengths", ctypes.c_void_p),
        ("visits", ctypes.c_void_p),
        ("by_layer", ctypes.c_void_p),
        ("instructions", ctypes.c_uint64),
        ("limit", ctypes.c_uint64),
        ("strange", ctypes.c_uint64),
        ("row", ctypes.c_uint32),
        ("riscv", ctypes.c_uint32),
        ("stop", ctypes.c_void_p),
    )


class BlockCounter:
    """Counts the blocks that one emulator enters. `reset` before a run, `counts` after it.

    Args:
        image: what runs; its layers and functions name the counts.
        engine: the `unicorn.Uc` that runs it, before it has run anything.
        native: use the compiled hook; False, or a machine where it cannot be built, takes the Python one.
    """

    def __init__(self, image: Image, engine: Any, *, native: bool = True) -> None:
        text = image.sections[".text"]
        self._image, self._base = image, text.address
        self._riscv = image.board.core.isa == "riscv32"
        span, self._layers = len(text.data) // 2, image.layers()
        self._code = np.frombuffer(text.data, np.uint8)
        self._owner = self._owners(span)
        self._sizes, self._lengths = np.zeros(span, np.uint32), np.zeros(span, np.uint32)
        self._visits = np.zeros((len(self._layers) + 1, span), np.uint64)
        self._by_layer = np.zeros(len(self._layers) + 1, np.uint64)
        self._state = _Counter(base=self._base, span=span, limit=2**63, riscv=self._riscv)
        arrays: dict[str, Array] = {"code": self._code, "owner": self._owner, "sizes": self._sizes}
        arrays |= {"lengths": self._lengths, "visits": self._visits, "by_layer": self._by_layer}
        for field, array in arrays.items():
            setattr(self._state, field, array.ctypes.data)
        self.is_native = native and self._hook_native(engine)
        if not self.is_native:
            self._hook_python(engine)

    def reset(self, limit: int) -> None:
        """Start from zero; a run that retires more than `limit` instructions is stopped."""
        self._visits.fill(0)
        self._by_layer.fill(0)
        self._state.instructions, self._state.row, self._state.strange, self._state.limit = 0, 0, 0, limit

    @property
    def instructions(self) -> int:
        """Retired since `reset`."""
        return int(self._state.instructions)

    @property
    def is_over_limit(self) -> bool:
        """True when the run was stopped for its length."""
        return int(self._state.instructions) > int(self._state.limit)

    def counts(self) -> Counts:
        """The counts since `reset`, in full.

        Raises:
            RuntimeError: the emulator entered a block outside the code or cut one block in two ways.
        """
        if self._state.strange:
            raise RuntimeError(f"{self._state.strange} blocks could not be attributed")
        blocks = tuple(self._block(int(row), int(at)) for row, at in zip(*np.nonzero(self._visits), strict=True))
        starts, own = [f.start for f in self._image.functions], dict[str, int]()
        for block in blocks:
            index = bisect.bisect_right(starts, block.start) - 1
            name = self._image.functions[index].name if index >= 0 else "?"
            own[name] = own.get(name, 0) + block.instructions * block.visits
        return Counts(
            instructions=self.instructions,
            outside=int(self._by_layer[0]),
            by_layer={layer.name: int(n) for layer, n in zip(self._layers, self._by_layer[1:], strict=True)},
            by_function=dict(sorted(own.items(), key=lambda item: (-item[1], item[0]))),
            blocks=blocks,
        )

    def _block(self, row: int, at: int) -> Block:
        data = self._code[2 * at : 2 * at + int(self._sizes[at])].tobytes()
        visits = int(self._visits[row, at])
        return Block(self._base + 2 * at, data, int(self._lengths[at]), visits, row - 1 if row else None)

    def _owners(self, span: int) -> Array:
        owner = np.zeros(span, np.uint16)
        run = self._image.symbols["lilliput_model_run"]
        places = [(run.address, run.address + run.nbytes, 1)]
        places += [(layer.start, layer.end, 2 + index) for index, layer in enumerate(self._layers)]
        for start, end, value in places:
            owner[(start - self._base) // 2 : (end - self._base + 1) // 2] = value
        return owner

    def _hook_native(self, engine: Any) -> bool:
        from unicorn.unicorn_const import UC_ERR_OK, UC_HOOK_BLOCK

        try:
            from unicorn.unicorn_py3.unicorn import uclib

            self._library = ctypes.CDLL(str(_library_file()))
            callback = ctypes.cast(self._library.lilliput_on_block, ctypes.c_void_p)
            self._state.stop = ctypes.cast(uclib.uc_emu_stop, ctypes.c_void_p)
            handle = ctypes.c_size_t()
            status = uclib.uc_hook_add(
                engine._uch, ctypes.byref(handle), UC_HOOK_BLOCK, callback, ctypes.addressof(self._state), 1, 0
            )
        except (ImportError, AttributeError, OSError, ctypes.ArgumentError, ToolError):
            return False  # another binding, or no compiler here: the Python hook gives the same counts
        return bool(status == UC_ERR_OK)

    def _hook_python(self, engine: Any) -> None:
        from unicorn import UC_HOOK_BLOCK

        state, visits, by_layer, owner = self._state, self._visits, self._by_layer, self._owner
        sizes, lengths, data = self._sizes, self._lengths, self._code.tobytes()

        def on_block(uc: Any, address: int, size: int, _: object) -> None:
            at = (address - self._base) // 2
            if address < self._base or at + size // 2 > len(owner) or not size:
                state.strange += 1
                return
            if sizes[at] != size:
                state.strange += int(sizes[at] != 0)
                sizes[at] = size
                lengths[at] = instructions_in(data[2 * at : 2 * at + size], riscv=self._riscv)
            if owner[at]:
                state.row = int(owner[at]) - 1
            visits[state.row, at] += 1
            by_layer[state.row] += lengths[at]
            state.instructions += int(lengths[at])
            if state.instructions > state.limit:
                uc.emu_stop()

        engine.hook_add(UC_HOOK_BLOCK, on_block)


def instructions_in(code: bytes, *, riscv: bool) -> int:
    """Instructions in straight code, by their lengths."""
    count = at = 0
    while at < len(code):
        at += instruction_bytes(code[at] | code[at + 1] << 8, riscv=riscv)
        count += 1
    return count


def instruction_bytes(half: int, *, riscv: bool) -> int:
    """2 or 4, from an instruction's first halfword: Thumb-2 from 0xE800 up, RISC-V low bits 11 → 4."""
    wide = half & 3 == 3 if riscv else half >> 11 >= 0x1D
    return 4 if wide else 2


@cache
def _library_file() -> Path:
    """The compiled hook for this machine."""
    source = template("block_counter.c")
    key = json.dumps(["block_counter", zig_version(), sys.platform, platform.machine(), source]).encode()
    found = find("native", key)
    if found is None:
        with build_folder() as folder:
            (folder / "counter.c").write_text(source, encoding="utf-8")
            options = ["-shared", "-fPIC", "-O2", "-nostdlib", "-o", "counter.so"]
            run_tool([*zig_command(), "cc", *options, "counter.c"], folder, "compiling the block counter")
            found = store("native", key, (folder / "counter.so").read_bytes(), executable=True)
    return found
