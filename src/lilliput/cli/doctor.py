"""`lilliput doctor`: what is on this machine, and how to get the rest."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass

import typer

from lilliput.cli.options import Json, Quiet

_SECONDS = 20


@dataclass(frozen=True)
class Check:
    """One thing looked for: what was found ("" when nothing), whether the main job needs it, and how to get it."""

    name: str
    found: str
    needed: bool
    use: str
    install: str


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command(name="doctor", epilog="Example: lilliput doctor")(doctor)


def doctor(json: Json = False, quiet: Quiet = False) -> None:
    """Look for all that Lilliput can use on this machine; exit code 1 when something that `build` needs is missing."""
    from lilliput.core.output import Output, Table

    checks = look()
    missing = [check for check in checks if not check.found]
    is_ready = not any(check.needed for check in missing)
    rows = [(_mark(check), check.name, check.found or "not found", check.use) for check in checks]
    human: list[Table | str] = [Table(("", "what", "found", "for"), rows)]
    if missing:
        human += ["", Table(("to get", "type"), [(check.name, check.install) for check in missing])]
    human += ["", "ready for `lilliput build`" if is_ready else "something that `lilliput build` needs is missing"]
    data = {"ready": is_ready, "checks": [asdict(check) for check in checks]}
    Output(json=json, quiet=quiet).show(data, ids=[check.name for check in missing], human=human)
    if not is_ready:
        raise typer.Exit(1)


def look() -> list[Check]:
    """All checks; nothing heavy is imported, programs are asked for their version."""
    return [*_python(), *_packages(), *_programs()]


def _python() -> list[Check]:
    version = platform.python_version() if sys.version_info >= (3, 11) else ""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    asked = os.environ.get("OMP_NUM_THREADS")
    threads = f"{cores} cores" + (f", OMP_NUM_THREADS={asked}" if asked else "")
    return [
        Check("python", version, True, "everything", "install Python 3.11 or newer"),
        Check("threads", threads, True, "training", ""),
    ]


def _packages() -> list[Check]:
    mcu, data, scale = (f"pip install 'lilliput[{extra}]'" for extra in ("mcu", "data", "scale"))
    wanted = [
        ("torch", True, "models and training", "pip install torch"),
        ("numpy", True, "everything", "pip install numpy"),
        ("safetensors", True, "weights", "pip install safetensors"),
        ("unicorn", True, "emulated boards", mcu),
        ("pyelftools", True, "sizes from the linked program", mcu),
        ("scikit-learn", False, "task digits", data),
        ("pillow", False, "tasks from images", data),
        ("ray", False, "--engine ray", scale),
        ("lightning-fabric", False, "training on more than one device", scale),
    ]
    zig = _asked([sys.executable, "-m", "ziglang", "version"]) if _version("ziglang") else ""
    checks = [Check(name, _version(name), needed, use, install) for name, needed, use, install in wanted]
    return [Check("zig", zig, True, "compiling for boards and for this machine", mcu), *checks]


def _programs() -> list[Check]:
    wanted: list[tuple[str, tuple[str, ...], str, str]] = [
        ("gcc", ("gcc",), "a second opinion on the generated C", "gcc"),
        ("QEMU", ("qemu-system-arm",), "boards that Unicorn cannot run (Cortex-M55)", "qemu-system-arm"),
        ("QEMU-RISC-V", ("qemu-system-riscv32",), "the virtual RV32 board with vectors", "qemu-system-misc"),
        ("arm-gcc", ("arm-none-eabi-gcc",), "a third opinion on the generated C", "gcc-arm-none-eabi"),
        ("browser", ("chromium", "chromium-browser", "google-chrome"), "tests of the page", "chromium"),
    ]
    checks = []
    for name, commands, use, package in wanted:
        path = next((found for found in map(shutil.which, commands) if found), None)
        found = _asked([path, "--version"]) or path if path else ""
        checks.append(Check(name, found, False, use, _system_install(package)))
    return checks


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _asked(command: list[str], run: Callable[..., subprocess.CompletedProcess[str]] = subprocess.run) -> str:
    """First line of what a program says of itself, or "" when it does not run."""
    try:
        done = run(command, capture_output=True, text=True, errors="replace", timeout=_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    lines = done.stdout.strip().splitlines()
    return lines[0][:60] if done.returncode == 0 and lines else ""


def _system_install(package: str) -> str:
    if sys.platform == "darwin":
        names = {
            "qemu-system-arm": "qemu",
            "qemu-system-misc": "qemu",
            "gcc-arm-none-eabi": "--cask gcc-arm-embedded",
            "chromium": "--cask chromium",
        }
        return f"brew install {names.get(package, package)}"
    return f"sudo apt-get install {package}"


def _mark(check: Check) -> str:
    return "ok" if check.found else "MISSING" if check.needed else "-"
