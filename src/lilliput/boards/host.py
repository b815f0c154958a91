"""Build a network's C for this machine and run it: the quick second opinion, and what `--on host` means."""

from __future__ import annotations

import json
import platform
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from string import Template

from lilliput.boards.cache import find, store
from lilliput.boards.firmware import template
from lilliput.boards.ports import Ports, Sourced, ports_of
from lilliput.boards.toolchain import STRICT, Toolchain, build_folder, run_tool, zig_command, zig_version
from lilliput.compiler.graph import Array
from lilliput.core.errors import MissingExtra, MissingTool, ToolFailed

_SECONDS = 600


def run_host(program: Sourced, inputs: Sequence[Array]) -> tuple[Array, ...]:
    """The outputs of the C code on this machine for raw integer inputs, (N, …) each; outputs (N, …).

    Raises:
        MissingTool: LP602, there is no C compiler here.
        ToolFailed: LP603, the compiler refused the C, or the program ended early.
    """
    ports = ports_of(program)
    rows = ports.rows(inputs)
    executable = build_host(program)
    try:
        done = subprocess.run(
            [str(executable)], input=b"".join(rows), capture_output=True, timeout=_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ToolFailed(f"the network's program for this machine did not run: {error}") from error
    width = sum(port.nbytes for port in ports.outputs)
    if done.returncode != 0 or len(done.stdout) != width * len(rows):
        words = done.stderr.decode(errors="replace")[-2000:]
        raise ToolFailed(f"the network's program for this machine ended with {done.returncode}: {words}")
    return ports.arrays([done.stdout[i * width : (i + 1) * width] for i in range(len(rows))])


def build_host(program: Sourced) -> Path:
    """The executable that maps raw input rows on standard input to raw output rows on standard output.

    Raises:
        MissingTool: LP602, there is no C compiler here.
        ToolFailed: LP603, the compiler refused the C; its words follow.
    """
    compiler = host_compiler()
    sources = {**program.sources, "main_host.c": host_main(ports_of(program))}
    flags = [*STRICT, "-O2"]
    key = json.dumps(["host", compiler.version, compiler.features, flags, dict(sorted(sources.items()))]).encode()
    found = find("host", key)
    if found is not None:
        return found
    tools = Toolchain(
        name="gcc",  # as far as a tool chain for this machine goes: it takes objects by name
        version=json.dumps([compiler.version, compiler.features]),
        compiler=compiler.command,
        linker=compiler.command,
        no_builtin=(),
    )
    objects = tools.compile(sources, flags)  # kernels are kept, and only the model is compiled anew
    with build_folder() as folder:
        for name, data in objects.items():
            (folder / f"{name}.o").write_bytes(data)
        names = [f"{name}.o" for name in objects]
        run_tool([*compiler.command, "-O2", "-o", "network", *names], folder, "linking for this machine")
        return store("host", key, (folder / "network").read_bytes(), executable=True)


def host_main(ports: Ports) -> str:
    """`main` of the host program."""
    read = [f"        if (fread({p.place('arena')}, {p.nbytes}, 1, stdin) != 1) return 0;" for p in ports.inputs]
    write = [f"        if (fwrite({p.accessor}(arena), {p.nbytes}, 1, stdout) != 1) return 3;" for p in ports.outputs]
    return Template(template("main_host.c")).substitute(
        image=ports.image_source(), read="\n".join(read), write="\n".join(write)
    )


@dataclass(frozen=True)
class HostCompiler:
    """The C compiler for this machine.

    Args:
        command: how it is called.
        version: goes into cache keys.
        features: what it says of this machine when it compiles for exactly this one; goes into cache keys, since what
            was built with more than a CPU has would end in an illegal instruction there.
    """

    command: tuple[str, ...]
    version: str
    features: tuple[str, ...]


@cache
def host_compiler() -> HostCompiler:
    """zig, else cc or gcc or clang. Raises MissingTool (LP602)."""
    command, version = _compiler()
    with build_folder() as folder:
        (folder / "none.c").write_text("", encoding="utf-8")
        run_tool([*command, *_tuned(command), "-E", "-dM", "none.c", "-o", "macros"], folder, "asking for the CPU")
        lines = (folder / "macros").read_text(encoding="utf-8", errors="replace").splitlines()
    machine = (sys.platform, platform.machine(), *sorted(line.removeprefix("#define ") for line in lines))
    return HostCompiler(command, version, machine)


def cpu_flags(compiler: HostCompiler) -> tuple[str, ...]:
    """Flags that let it use all of this CPU."""
    return _tuned(compiler.command)


def _tuned(command: Sequence[str]) -> tuple[str, ...]:
    # zig compiles for exactly this CPU by itself. Elsewhere the option has another name on Arm.
    if "ziglang" in command:
        return ()
    return ("-mcpu=native",) if platform.machine() in ("aarch64", "arm64") else ("-march=native",)


def _compiler() -> tuple[tuple[str, ...], str]:
    try:
        return (*zig_command(), "cc", "-fno-sanitize=all"), zig_version()
    except MissingExtra:
        for name in ("cc", "gcc", "clang"):
            program = shutil.which(name)
            if program is not None:
                done = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
                return (program,), f"{program} {done.stdout.splitlines()[:1]}"
    raise MissingTool("there is no C compiler for this machine", fix='pip install "lilliput[mcu]"')
