"""Link a program into an image for a board, and read its exact sizes from the ELF file.

The image is complete: vector table, reset, a loop that runs the network, its arena, and the four memory functions that
compilers call. No C library is linked. What the report says about flash and SRAM is what this file has.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from string import Template

from lilliput.boards import boards
from lilliput.boards.board import Board
from lilliput.boards.elf import Function, Section, Symbol, read_elf
from lilliput.boards.ports import Sourced
from lilliput.boards.toolchain import OPTIMISE, STRICT, Toolchain, ToolchainName, find_toolchain
from lilliput.core.errors import BadSetting, DoesNotFit, ToolFailed

_ROOMY = 32 * 1024**2
_OVERFLOW = re.compile(r"will not fit in region|overflowed by|does not fit in region", re.IGNORECASE)
_PLAIN = frozenset({"memory.c", "startup_thumb.c", "startup_riscv32.c"})


@dataclass(frozen=True, eq=False)
class Image:
    """A linked program for one board.

    Args:
        board: what it was linked for.
        toolchain: compiler and version.
        elf: the file's bytes; equal for equal inputs.
        sections: name → address and size.
        symbols: name → address and size.
        functions: the functions in order of address, without overlaps.
        arena_bytes: the network's arena, inside `bss_bytes`.
    """

    board: Board
    toolchain: str
    elf: bytes
    sections: Mapping[str, Section]
    symbols: Mapping[str, Symbol]
    functions: tuple[Function, ...]
    arena_bytes: int

    @property
    def code_bytes(self) -> int:
        """Vector table and functions (`.text`)."""
        return self.sections[".text"].nbytes

    @property
    def constants_bytes(self) -> int:
        """Weights and other constants (`.rodata`)."""
        return self._size(".rodata")

    @property
    def data_bytes(self) -> int:
        """Variables with a first value (`.data`): in RAM, with a copy in flash."""
        return self._size(".data")

    @property
    def bss_bytes(self) -> int:
        """Variables that start as zero (`.bss`), the arena among them."""
        return self._size(".bss")

    @cached_property
    def loads(self) -> tuple[tuple[int, bytes], ...]:
        """(address, bytes) that a flash loader writes; `.data` at the place that reset copies it from."""
        code, constants, data = (self.sections.get(name) for name in (".text", ".rodata", ".data"))
        found = [(s.address, s.data) for s in (code, constants) if s is not None]
        if data is not None:
            found.append((self.symbols["lilliput_data_load"].address, data.data))
        return tuple(found)

    @cached_property
    def flash_bytes(self) -> int:
        """Flash from the first to the last byte that is loaded, padding and the copy of `.data` included."""
        total = 0
        for window in (self.board.flash, self.board.constants):
            if window is not None:
                ends = [at + len(data) for at, data in self.loads if window.origin <= at < window.origin + _ROOMY]
                total += max(ends, default=window.origin) - window.origin
        return total

    @property
    def static_bytes(self) -> int:
        """RAM without the stack: from the RAM's first byte to the end of `.bss`, padding included."""
        ends = [s.address + s.nbytes for s in (self.sections.get(".data"), self.sections.get(".bss")) if s is not None]
        return max([end for end in ends if end > self.board.ram.origin], default=self.board.ram.origin) - (
            self.board.ram.origin
        )

    def _size(self, section: str) -> int:
        found = self.sections.get(section)
        return 0 if found is None else found.nbytes

    def layers(self) -> tuple[Function, ...]:
        """The functions `lilliput_layer_NN_name`, in the order of their numbers."""
        return tuple(sorted((f for f in self.functions if f.name.startswith("lilliput_layer_")), key=lambda f: f.name))


def build_image(
    program: Sourced,
    board: Board,
    *,
    toolchain: ToolchainName = "zig",
    optimise: str = OPTIMISE,
    main: str | None = None,
) -> Image:
    """Compile and link `program` for `board`.

    Args:
        program: gives the C sources.
        board: gives the core and the memory map.
        toolchain: `zig` (from pip) or `gcc` (where installed).
        optimise: the compiler's level.
        main: the text of the `main.c` around the network; None for the plain one.

    Raises:
        DoesNotFit: LP401, with the section and both figures, and the nearest board that fits.
        MissingExtra, MissingTool: LP601, LP602, no compiler.
        ToolFailed: LP603, the compiler refused the C; its words follow.
    """
    if board.emulator == "host":
        raise BadSetting(
            "`host` is this machine and takes no firmware image", fix="choose one of `lilliput list boards`"
        )
    tools = find_toolchain(board.core, toolchain)
    sources = {**program.sources, **firmware_sources(board, main)}
    cpu = tools.cpu_flags(board.core, board.features)
    objects = tools.compile(sources, [*cpu, optimise, *STRICT, "-isystem", "include"], plain=_PLAIN)
    link_flags = cpu if tools.name == "gcc" else []
    try:
        elf = _link(tools, objects, board, link_flags, roomy=False)
    except ToolFailed as error:
        if not _OVERFLOW.search(error.what):
            raise
        image = _image(_link(tools, objects, board, link_flags, roomy=True), board, tools)
        check_fits(image, 0)
        raise
    image = _image(elf, board, tools)
    check_fits(image, 0)
    return image


def check_fits(image: Image, stack_bytes: int) -> None:
    """Raise DoesNotFit (LP401) unless image and stack fit the board."""
    board = image.board
    flash, sram = image.flash_bytes, image.static_bytes + stack_bytes
    if flash > board.flash_bytes:
        parts = {"constants (.rodata)": image.constants_bytes, "code (.text)": image.code_bytes}
        _does_not_fit(image, "flash", flash, board.flash_bytes, parts, stack_bytes)
    if sram > board.sram_bytes:
        parts = {
            "the arena": image.arena_bytes,
            "the stack": stack_bytes,
            "other data": sram - image.arena_bytes - stack_bytes,
        }
        _does_not_fit(image, "SRAM", sram, board.sram_bytes, parts, stack_bytes)


def _does_not_fit(image: Image, kind: str, need: int, have: int, parts: Mapping[str, int], stack: int) -> None:
    largest = max(parts, key=lambda part: parts[part])
    near = nearest_board(image.flash_bytes, image.static_bytes + stack)
    fix = "--patch auto, or a smaller network" if kind == "SRAM" else "a smaller network"
    if near is not None:
        fix = f"`--board {near.name}` ({near.flash_bytes} B flash, {near.sram_bytes} B SRAM), or {fix}"
    raise DoesNotFit(
        f"{need} B of {kind} needed, {image.board.name} has {have} B",
        why=f"the largest part is {largest} with {parts[largest]} B",
        fix=fix,
    )


def nearest_board(flash_bytes: int, sram_bytes: int) -> Board | None:
    """The registered board with the least SRAM, then the least flash, that has both; None where there is none."""
    fitting = [
        board
        for board in (boards[name] for name in boards)
        if board.emulator != "host"
        and not board.is_virtual
        and board.flash_bytes >= flash_bytes
        and board.sram_bytes >= sram_bytes
    ]
    return min(fitting, key=lambda b: (b.sram_bytes, b.flash_bytes, b.name), default=None)


def firmware_sources(board: Board, main: str | None = None) -> dict[str, str]:
    """What is linked around the network: start-up, memory functions, `main`."""
    names = [f"startup_{board.core.isa}.c", "memory.c", "include/string.h", "main.c"]
    return {name: main if name == "main.c" and main is not None else template(name) for name in names}


def template(name: str) -> str:
    """The text of one file in `boards/templates/`."""
    return files("lilliput.boards").joinpath("templates", *name.split("/")).read_text(encoding="utf-8")


def linker_script(board: Board, *, roomy: bool = False) -> str:
    """The linker script; `roomy` lifts the limits, to learn by how much an image is too large."""

    def length(nbytes: int) -> int:
        return _ROOMY if roomy else nbytes

    constants = board.constants
    line = (
        ""
        if constants is None
        else f"    CONSTANTS (r) : ORIGIN = {constants.origin:#x}, LENGTH = {length(constants.nbytes)}\n"
    )
    return Template(template("board.ld")).substitute(
        title=board.title.replace("*/", ""),
        flash_origin=f"{board.flash.origin:#010x}",
        flash_length=length(board.flash.nbytes),
        constants_memory=line,
        constants_region="FLASH" if constants is None else "CONSTANTS",
        ram_origin=f"{board.ram.origin:#010x}",
        ram_length=length(board.ram.nbytes),
        stack_top=f"{board.ram.end // 16 * 16:#010x}",
    )


def _link(tools: Toolchain, objects: Mapping[str, bytes], board: Board, flags: Sequence[str], *, roomy: bool) -> bytes:
    script = linker_script(board, roomy=roomy)
    try:
        return tools.link(objects, script, flags)
    except ToolFailed as error:
        # Only cores without the instruction call the library, so it is built only when something asks for it.
        if "undefined symbol" not in error.what:
            raise
    return tools.link({**objects, **tools.arithmetic(board.core, board.features)}, script, flags)


def _image(elf: bytes, board: Board, tools: Toolchain) -> Image:
    parts = read_elf(elf)
    arena = parts.symbols["lilliput_arena"]
    return Image(
        board=board,
        toolchain=tools.version,
        elf=elf,
        sections=parts.sections,
        symbols=parts.symbols,
        functions=parts.functions,
        arena_bytes=arena.nbytes,
    )
