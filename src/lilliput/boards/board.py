"""A board: what a program may use on it, where its memories lie, and where each of those figures was read.

One TOML file a board, in `boards/definitions/`. A user's own boards are files of the same form in
`$LILLIPUT_HOME/boards/`, or any path that ends in `.toml`.
"""

from __future__ import annotations

import platform
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from lilliput.boards.cores import Core, Feature, cores
from lilliput.compiler.op import Target
from lilliput.core.budget import Budget
from lilliput.core.errors import BadSetting, NotThisFormat
from lilliput.core.files import read_bytes

Emulator: TypeAlias = Literal["unicorn", "qemu", "host"]

MAX_FILE_BYTES = 64 * 1024
_PAGE = 4096


@dataclass(frozen=True)
class Region:
    """A memory of a board, or the part of it that programs are linked into.

    Args:
        origin: first address that the image uses.
        nbytes: bytes from there that it may use.
        base: where the physical memory starts, `origin` less what a boot loader keeps.
        note: which banks these are, and what was left out.
    """

    origin: int
    nbytes: int
    base: int
    note: str = ""

    @property
    def end(self) -> int:
        """First address behind the region."""
        return self.origin + self.nbytes


@dataclass(frozen=True)
class Board:
    """One microcontroller board.

    Args:
        name: what the user types.
        title, vendor, chip: for reports.
        core: processor core.
        clock_hz: highest clock at which the vendor specifies the chip.
        features: `dsp`, `fpu` (single precision), `fpu64`, `mve`, `rvv`.
        flash: where code lies; constants too, unless `constants` is given.
        constants: second address window onto the same flash for data reads, where the chip has one.
        ram: the RAM that data, arena and stack share.
        emulator: what runs its images here.
        qemu_machine: for `qemu`.
        qemu_cpu: QEMU's name of the processor with its options, where the machine has more than one.
        is_virtual: a machine of the emulator alone, which nobody can buy.
        sources: figure → where it was read.
    """

    name: str
    title: str
    vendor: str
    chip: str
    core: Core
    clock_hz: int
    features: frozenset[str]
    flash: Region
    constants: Region | None
    ram: Region
    emulator: Emulator
    qemu_machine: str
    sources: Mapping[str, str]
    qemu_cpu: str = ""
    is_virtual: bool = False

    @property
    def flash_bytes(self) -> int:
        """Flash that an image may use."""
        return self.flash.nbytes

    @property
    def sram_bytes(self) -> int:
        """RAM that an image may use: data, arena and stack together."""
        return self.ram.nbytes

    @property
    def budget(self) -> Budget:
        """The limits that the board itself sets; none on the host."""
        return Budget() if self.emulator == "host" else Budget(flash_bytes=self.flash_bytes, sram_bytes=self.sram_bytes)

    @property
    def target(self) -> Target:
        """What the kernels may use."""
        return Target(
            dsp="dsp" in self.features,
            mve="mve" in self.features,
            rvv="rvv" in self.features,
            fpu="fpu" in self.features,
            host=self.emulator == "host",
        )


HOST = Board(
    name="host",
    title="This machine",
    vendor="",
    chip=platform.machine(),
    core=Core("host", "host", "", {}, (), (), {}, {}, ""),
    clock_hz=0,
    features=frozenset(),
    flash=Region(0, 2**31, 0, "not limited"),
    constants=None,
    ram=Region(0, 2**31, 0, "not limited"),
    emulator="host",
    qemu_machine="",
    sources={},
)
"""The pseudo board for checks without an emulator. It has no clock rate, no limits, and counts no instructions."""


def read_board(path: Path) -> Board:
    """The board of one TOML file; its name is the file's.

    Raises:
        MissingFile: LP221, no such file.
        NotThisFormat: LP200, it is not TOML.
        BadSetting: LP101, a key is missing, unknown or out of range; the message names it.
    """
    data = read_bytes(path, limit=MAX_FILE_BYTES)
    try:
        raw = tomllib.loads(data.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise NotThisFormat(f"the board file {path} is not TOML: {error}") from error
    return make_board(path.stem, raw, str(path))


def make_board(name: str, raw: Mapping[str, Any], where: str) -> Board:
    """The board of one parsed TOML table; `where` is named in errors."""
    try:
        file = _BoardFile.model_validate(raw)
    except ValidationError as error:
        lines = [f"{'.'.join(str(part) for part in e['loc']) or 'board'}: {e['msg']}" for e in error.errors()]
        raise BadSetting(
            f"{where} does not describe a board: {'; '.join(lines[:6])}",
            fix="compare it with the board files that come with Lilliput: `lilliput list boards`",
        ) from error
    return Board(
        name=name,
        title=file.title,
        vendor=file.vendor,
        chip=file.chip,
        core=cores[file.core],
        clock_hz=file.clock_hz,
        features=frozenset(file.features),
        flash=file.flash.region(),
        constants=None if file.constants is None else file.constants.region(),
        ram=file.ram.region(),
        emulator=file.emulator,
        qemu_machine=file.qemu_machine,
        sources=dict(file.sources),
        qemu_cpu=file.qemu_cpu,
        is_virtual=file.is_virtual,
    )


def _bytes(value: object) -> object:
    """512 or "512KiB"; anything else is left to the type check."""
    match = re.fullmatch(r"(\d+) ?(B|KiB|MiB)", value) if isinstance(value, str) else None
    if match is None:
        return value
    return int(match[1]) * {"B": 1, "KiB": 1024, "MiB": 1024**2}[match[2]]


_Bytes = Annotated[int, BeforeValidator(_bytes)]
_STRICT = ConfigDict(extra="forbid", frozen=True, strict=True)


class _RegionFile(BaseModel):
    model_config = _STRICT

    origin: Annotated[int, Field(ge=0, lt=2**32)]
    bytes: Annotated[_Bytes, Field(gt=0, le=64 * 1024**2)]
    reserved: Annotated[_Bytes, Field(ge=0)] = 0
    note: str = ""

    @model_validator(mode="after")
    def _fits(self) -> _RegionFile:
        if self.origin % _PAGE or self.bytes % _PAGE:
            raise ValueError(f"origin and bytes must be multiples of {_PAGE}")
        if self.reserved >= self.bytes or self.origin + self.bytes > 2**32:
            raise ValueError("the region is empty or ends past the address space")
        return self

    def region(self) -> Region:
        return Region(self.origin + self.reserved, self.bytes - self.reserved, self.origin, self.note)


class _BoardFile(BaseModel):
    model_config = _STRICT

    title: Annotated[str, Field(min_length=1)]
    vendor: Annotated[str, Field(min_length=1)]
    chip: Annotated[str, Field(min_length=1)]
    core: str
    clock_hz: Annotated[int, Field(ge=1_000_000, le=10_000_000_000)]
    features: tuple[Feature, ...] = ()
    emulator: Literal["unicorn", "qemu"]
    qemu_machine: str = ""
    qemu_cpu: Annotated[str, Field(pattern=r"^[A-Za-z0-9_=,.-]*$", max_length=200)] = ""
    is_virtual: bool = False
    flash: _RegionFile
    constants: _RegionFile | None = None
    ram: _RegionFile
    sources: dict[str, str]

    @model_validator(mode="before")
    @classmethod
    def _lists(cls, raw: Any) -> Any:
        # Strict mode keeps "160" from passing as a number, but TOML has arrays only, no tuples.
        if isinstance(raw, Mapping) and isinstance(raw.get("features"), list):
            return {**raw, "features": tuple(raw["features"])}
        return raw

    @model_validator(mode="after")
    def _agrees(self) -> _BoardFile:
        if self.core not in cores:
            raise ValueError(f"core {self.core!r} is none of {', '.join(sorted(cores))}")
        if self.emulator == "unicorn" and not cores[self.core].unicorn:
            raise ValueError(f"Unicorn cannot run {self.core}: emulator must be qemu")
        if (self.emulator == "qemu") != bool(self.qemu_machine):
            raise ValueError("qemu_machine goes with emulator qemu, and only with it")
        if self.qemu_cpu and self.emulator != "qemu":
            raise ValueError("qemu_cpu goes with emulator qemu")
        missing = {"core", "clock_hz", "flash", "ram"} - {k for k, v in self.sources.items() if v.strip()}
        if missing:
            raise ValueError(f"sources must say where {', '.join(sorted(missing))} was read")
        return self
