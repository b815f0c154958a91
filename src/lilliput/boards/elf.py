"""What we need of an ELF file, read by pyelftools: sections, symbols and functions."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass

from lilliput.core.errors import MissingExtra


@dataclass(frozen=True)
class Section:
    """An allocated section: `address` is where code sees it, `data` its first content (empty for `.bss`)."""

    address: int
    nbytes: int
    data: bytes


@dataclass(frozen=True)
class Symbol:
    """A symbol; the Thumb bit of a function's address is cleared."""

    address: int
    nbytes: int


@dataclass(frozen=True)
class Function:
    """A function's code, [start, end)."""

    name: str
    start: int
    end: int


@dataclass(frozen=True, eq=False)
class Elf:
    """The parts of one linked file."""

    sections: Mapping[str, Section]
    symbols: Mapping[str, Symbol]
    functions: tuple[Function, ...]


def read_elf(data: bytes) -> Elf:
    """The parts of a linked file that our own linker run made.

    Raises:
        MissingExtra: LP601, pyelftools is not installed.
    """
    try:
        from elftools.elf.elffile import ELFFile
        from elftools.elf.sections import SymbolTableSection
    except ImportError:
        raise MissingExtra("pyelftools is not installed", fix='pip install "lilliput[mcu]"') from None
    file = ELFFile(io.BytesIO(data))
    sections = {
        s.name: Section(s["sh_addr"], s["sh_size"], b"" if s["sh_type"] == "SHT_NOBITS" else bytes(s.data()))
        for s in file.iter_sections()
        if s["sh_flags"] & 2 and s["sh_size"]  # SHF_ALLOC
    }
    thumb = file["e_machine"] == "EM_ARM"
    symbols: dict[str, Symbol] = {}
    functions: dict[int, Function] = {}
    for table in file.iter_sections():
        if not isinstance(table, SymbolTableSection):
            continue
        for symbol in table.iter_symbols():
            info = symbol["st_info"]
            if not symbol.name or info["type"] not in ("STT_FUNC", "STT_OBJECT", "STT_NOTYPE"):
                continue
            is_code = info["type"] == "STT_FUNC"
            address = symbol["st_value"] & ~1 if is_code and thumb else symbol["st_value"]
            if info["type"] != "STT_NOTYPE" or info["bind"] == "STB_GLOBAL":
                symbols[symbol.name] = Symbol(address, symbol["st_size"])
            if is_code and symbol["st_size"]:
                known = functions.get(address)
                # Of several names for one address the C library's own, not the run-time ABI's.
                if known is None or (known.name.startswith("__"), known.name) > (
                    symbol.name.startswith("__"),
                    symbol.name,
                ):
                    functions[address] = Function(symbol.name, address, address + symbol["st_size"])
    return Elf(sections, symbols, tuple(functions[address] for address in sorted(functions)))
