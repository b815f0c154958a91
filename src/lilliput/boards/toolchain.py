"""Compile and link C for a core, with the pip-installed zig or with the distribution's gcc.

Objects depend on nothing but the text, the headers it reaches, the flags and the compiler's version; that is also the
key under which they are kept (`cache`). No path, clock or order of work gets into them.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal, TypeAlias

from lilliput.boards.cache import find, lilliput_home, scratch_folder, store
from lilliput.boards.cores import Core
from lilliput.core.errors import MissingExtra, MissingTool, ToolFailed

ToolchainName: TypeAlias = Literal["zig", "gcc"]

OPTIMISE = "-O2"
"""Held by measurement: `tests/boards/test_toolchain.py` compares it with -O3 and -Os."""

STRICT = (
    "-std=c11",
    "-Wall",
    "-Wextra",
    "-Wpedantic",
    "-Wconversion",
    "-Wshadow",
    "-Wundef",
    "-Wstrict-prototypes",
    "-Werror",
)
_CODE = (
    "-ffunction-sections",
    "-fdata-sections",
    "-fno-unwind-tables",
    "-fno-asynchronous-unwind-tables",
    "-fomit-frame-pointer",
    "-ffp-contract=off",  # a fused multiply-add rounds once where the reference rounds twice
    "-g0",
)
_SECONDS = 300
_INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"\n]+)"', re.MULTILINE)


@dataclass(frozen=True)
class Toolchain:
    """One compiler with its linker.

    Args:
        name: `zig` or `gcc`.
        version: goes into reports and cache keys.
        compiler: command that compiles one file.
        linker: command that links objects by a script.
        no_builtin: flags that keep it from turning a loop into a call of memcpy or memset.
    """

    name: ToolchainName
    version: str
    compiler: tuple[str, ...]
    linker: tuple[str, ...]
    no_builtin: tuple[str, ...]

    def cpu_flags(self, core: Core, features: Set[str]) -> list[str]:
        """Which processor to compile for."""
        return core.zig_flags(features) if self.name == "zig" else core.compiler_flags(features)

    def compile(
        self, sources: Mapping[str, str], flags: Sequence[str], *, plain: Set[str] = frozenset()
    ) -> dict[str, bytes]:
        """Object file of each `.c` file in `sources`, sorted by name; headers are taken from `sources` too.

        Args:
            sources: relative file name → text.
            flags: CPU, optimisation, warnings.
            plain: files compiled with `no_builtin`.

        Raises:
            ToolFailed: LP603, with the compiler's words.
        """
        files = sorted(name for name in sources if name.endswith(".c"))

        def one(name: str) -> bytes:
            extra = self.no_builtin if name in plain else ()
            return self._object(name, sources, (*flags, *_CODE, *extra))

        with ThreadPoolExecutor(max_workers=max(1, min(len(files), os.cpu_count() or 1))) as pool:
            return dict(zip(files, pool.map(one, files), strict=True))

    def link(self, objects: Mapping[str, bytes], script: str, flags: Sequence[str] = ()) -> bytes:
        """The ELF file of `objects` placed by a linker script.

        Raises:
            ToolFailed: LP603, with the linker's words.
        """
        with build_folder() as folder:
            for name, data in objects.items():
                path = folder / f"{name}.o"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data)
            (folder / "board.ld").write_text(script, encoding="utf-8")
            names = [f"{name}.o" for name in objects]
            options = ["-T", "board.ld", "--gc-sections", "--build-id=none"]
            if self.name == "gcc":
                options = ["-nostdlib", "-T", "board.ld", "-Wl,--gc-sections,--build-id=none,--no-warn-rwx-segments"]
            libraries = ["-lgcc"] if self.name == "gcc" else []
            run_tool([*self.linker, *flags, *options, "-o", "image.elf", *names, *libraries], folder, "linking")
            return (folder / "image.elf").read_bytes()

    def arithmetic(self, core: Core, features: Set[str]) -> dict[str, bytes]:
        """What the core has no instruction for (64-bit products on Armv6-M, soft float): the compiler's own library.

        Only the functions that are called stay in the image. gcc brings its library when it links.
        """
        if self.name != "zig":
            return {}
        target, cpu = self.cpu_flags(core, features)[1], self.cpu_flags(core, features)[2]
        key = json.dumps(["compiler_rt", self.version, target, cpu]).encode()
        found = find("objects", key)
        if found is None:
            with build_folder() as folder:
                source = _zig_library() / "compiler_rt.zig"
                command = [*zig_command(), "build-obj", str(source), "-target", target, cpu, "-O", "ReleaseSmall"]
                command += ["-fstrip", "-fno-unwind-tables", "-ffunction-sections", "-femit-bin=rt.o"]
                run_tool(command, folder, "building the compiler's arithmetic library")
                found = store("objects", key, (folder / "rt.o").read_bytes())
        return {"arithmetic": found.read_bytes()}

    def _object(self, name: str, sources: Mapping[str, str], flags: Sequence[str]) -> bytes:
        reached = _reached(name, sources)
        key = json.dumps([self.name, self.version, self.compiler[1:], list(flags), name, reached]).encode()
        found = find("objects", key)
        if found is None:
            with build_folder() as folder:
                for file, text in reached.items():
                    path = folder / file
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_text(text, encoding="utf-8")
                run_tool([*self.compiler, *flags, "-I.", "-c", name, "-o", "out.o"], folder, f"compiling {name}")
                found = store("objects", key, (folder / "out.o").read_bytes())
        return found.read_bytes()


def find_toolchain(core: Core, name: ToolchainName = "zig") -> Toolchain:
    """The compiler called `name` for a core.

    Raises:
        MissingExtra: LP601, ziglang is not installed.
        MissingTool: LP602, no gcc for this core is on the path.
    """
    if name == "zig":
        zig = zig_command()
        return Toolchain(
            name="zig",
            version=zig_version(),
            # Sanitizers off by name: `zig cc` switches its undefined-behaviour traps on by itself in some modes.
            compiler=(*zig, "cc", "-fno-sanitize=all", "-fno-stack-protector", "-fno-PIC"),
            linker=(*zig, "ld.lld"),
            no_builtin=("-fno-builtin",),
        )
    for prefix in core.gcc:
        program = shutil.which(f"{prefix}gcc")
        if program is not None:
            return Toolchain(
                name="gcc",
                version=f"{prefix}gcc {_first_line(program)}",
                # Freestanding, for headers that need no C library, but with memcpy known to the optimiser.
                compiler=(program, "-fno-pic", "-ffreestanding", "-fbuiltin"),
                linker=(program,),
                no_builtin=("-fno-builtin", "-fno-tree-loop-distribute-patterns"),
            )
    raise MissingTool(
        f"no gcc for {core.name} is installed ({', '.join(f'{p}gcc' for p in core.gcc)})",
        fix="leave out `--toolchain gcc`, or `apt-get install gcc-arm-none-eabi gcc-riscv64-unknown-elf`",
    )


def run_tool(command: Sequence[str], folder: Path, doing: str) -> None:
    """Run a compiler or linker in `folder`. Raises ToolFailed (LP603) with its words when it fails."""
    # What zig builds once (libraries for this machine) is kept; what it keeps of each file goes with the folder.
    caches = {
        "ZIG_GLOBAL_CACHE_DIR": str(lilliput_home() / "cache" / "zig"),
        "ZIG_LOCAL_CACHE_DIR": str(folder / ".zig-cache"),
    }
    try:
        done = subprocess.run(
            list(command),
            cwd=folder,
            env={**os.environ, **caches, "LC_ALL": "C"},
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ToolFailed(f"{doing} failed: {error}") from error
    if done.returncode != 0:
        words = (done.stderr or done.stdout).replace(f"{folder}{os.sep}", "").strip()
        raise ToolFailed(f"{doing} failed (exit {done.returncode}):\n{words[-4000:]}")


def zig_command() -> tuple[str, ...]:
    """How zig is run. Raises MissingExtra (LP601) where it is not installed."""
    try:
        version("ziglang")
    except PackageNotFoundError:
        raise MissingExtra(
            "the cross compiler (package ziglang) is not installed", fix='pip install "lilliput[mcu]"'
        ) from None
    return (sys.executable, "-m", "ziglang")


def zig_version() -> str:
    """For reports and cache keys."""
    return f"zig {version('ziglang')}"


@contextmanager
def build_folder() -> Iterator[Path]:
    """A folder for one build, gone afterwards."""
    folder = scratch_folder()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _reached(name: str, sources: Mapping[str, str]) -> dict[str, str]:
    """The file and the headers that it includes, directly or not; the build's own `string.h` always."""
    wanted, found = [name, *(n for n in sources if n.startswith("include/"))], dict[str, str]()
    while wanted:
        file = wanted.pop()
        if file in sources and file not in found:
            found[file] = sources[file]
            wanted += _INCLUDE.findall(sources[file])
    return dict(sorted(found.items()))


def _zig_library() -> Path:
    import ziglang

    return Path(str(ziglang.__file__)).parent / "lib"


@cache
def _first_line(program: str) -> str:
    done = subprocess.run([program, "-dumpfullversion"], capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"
