"""The processor cores that boards are built on: how each is compiled for and what can emulate it.

A new core of a known instruction set is one entry here; a new board with a known core is one TOML file.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, TypeAlias

Isa: TypeAlias = Literal["thumb", "riscv32", "host"]
Feature: TypeAlias = Literal["dsp", "fpu", "fpu64", "mve", "rvv"]


@dataclass(frozen=True)
class Core:
    """One processor core, and how the two compilers are told about it.

    Args:
        name: as in the TOML files, e.g. `cortex-m4`.
        isa: `thumb` (Armv6-M, v7-M, v8-M), `riscv32`, or `host` for this machine.
        zig_cpu: the name that `zig cc -mcpu=` takes.
        zig_adds: feature of the chip → what `zig cc` must be told to add; its own default leaves floating point and
            vectors out, and then calls a library for every float operation, `eabihf` or not.
        gcc: prefixes of the alternative compiler, in the order they are tried.
        gcc_flags: its flags, floating point apart.
        gcc_drops: feature → what gcc must be told to drop where the chip lacks it.
        gcc_fpu: value of `-mfpu=` by feature, where the core can have a floating-point unit.
        unicorn: the CPU model in the Unicorn emulator; empty where it has none.
    """

    name: str
    isa: Isa
    zig_cpu: str
    zig_adds: Mapping[Feature, str]
    gcc: tuple[str, ...]
    gcc_flags: tuple[str, ...]
    gcc_drops: Mapping[Feature, str]
    gcc_fpu: Mapping[Feature, str]
    unicorn: str

    def zig_flags(self, features: Set[str]) -> list[str]:
        """`-target` and `-mcpu` for `zig cc`."""
        added = "".join(part for feature, part in self.zig_adds.items() if feature in features)
        if self.isa == "riscv32":
            return ["-target", "riscv32-freestanding-none", f"-mcpu={self.zig_cpu}{added}", "-mno-relax"]
        abi = ["-target", "thumb-freestanding-eabihf"] if "fpu" in features else ["-target", "thumb-freestanding-eabi"]
        return [*abi, f"-mcpu={self.zig_cpu}{added}"]

    def compiler_flags(self, features: Set[str]) -> list[str]:
        """CPU flags for the alternative gcc."""
        if self.isa == "riscv32":
            return list(self.gcc_flags)
        dropped = "".join(part for feature, part in self.gcc_drops.items() if feature not in features)
        flags = [f"-mcpu={self.name}{dropped}", *self.gcc_flags]
        if "fpu" not in features:
            return [*flags, "-mfloat-abi=soft"]
        fpu = self.gcc_fpu["fpu64" if "fpu64" in features else "fpu"]
        return [*flags, "-mfloat-abi=hard", f"-mfpu={fpu}"]


def _cortex_m(
    number: str,
    zig_adds: Mapping[Feature, str],
    gcc_fpu: Mapping[Feature, str],
    gcc_drops: Mapping[Feature, str] | None = None,
    *,
    unicorn: str = "",
) -> Core:
    name = f"cortex-m{number}"
    return Core(
        name=name,
        isa="thumb",
        zig_cpu=name.replace("-", "_"),
        zig_adds=MappingProxyType(dict(zig_adds)),
        gcc=("arm-none-eabi-",),
        gcc_flags=("-mthumb",),
        gcc_drops=MappingProxyType(dict(gcc_drops or {})),
        gcc_fpu=MappingProxyType(dict(gcc_fpu)),
        unicorn=unicorn,
    )


_V4: Mapping[Feature, str] = {"fpu": "fpv4-sp-d16"}
_V5: Mapping[Feature, str] = {"fpu": "fpv5-sp-d16", "fpu64": "fpv5-d16"}
_V8: Mapping[Feature, str] = {"fpu": "auto", "fpu64": "auto"}
_ADDS_V8: Mapping[Feature, str] = {"fpu": "+fp_armv8d16sp", "fpu64": "+fp64"}

cores: Mapping[str, Core] = MappingProxyType(
    {
        core.name: core
        for core in (
            _cortex_m("0plus", {}, {}, unicorn="UC_CPU_ARM_CORTEX_M0"),
            _cortex_m("3", {}, {}, unicorn="UC_CPU_ARM_CORTEX_M3"),
            _cortex_m("4", {"fpu": "+vfp4d16sp"}, _V4, unicorn="UC_CPU_ARM_CORTEX_M4"),
            _cortex_m("7", _ADDS_V8, _V5, unicorn="UC_CPU_ARM_CORTEX_M7"),
            _cortex_m("33", {"dsp": "+dsp", **_ADDS_V8}, _V5, {"dsp": "+nodsp"}, unicorn="UC_CPU_ARM_CORTEX_M33"),
            _cortex_m("55", {**_ADDS_V8, "mve": "+mve_fp"}, _V8, {"mve": "+nomve"}),
            Core(
                name="rv32imc",
                isa="riscv32",
                zig_cpu="generic_rv32+m+c",
                # The integer vectors of the embedded profile; kernels ask for no length of a vector.
                zig_adds=MappingProxyType({"rvv": "+zve32x"}),
                gcc=("riscv32-unknown-elf-", "riscv-none-elf-", "riscv64-unknown-elf-"),
                gcc_flags=("-march=rv32imc", "-mabi=ilp32", "-mno-relax"),
                gcc_drops=MappingProxyType({}),
                gcc_fpu=MappingProxyType({}),
                unicorn="UC_CPU_RISCV32_ANY",
            ),
        )
    }
)
"""Core name → core."""
