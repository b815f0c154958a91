"""Which files of the runtime a program needs: the kernels it calls, and what they include."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache
from importlib.resources import files

from lilliput.compiler.memory import Step

_INCLUDE = re.compile(r'^#include "([a-z0-9_]+\.h)"$', re.MULTILINE)


def runtime_sources(steps: Sequence[Step]) -> dict[str, str]:
    """File name → text, sorted by name."""
    return runtime_files(stem for step in steps for stem in step.kernel.files)


def runtime_files(stems: Iterable[str]) -> dict[str, str]:
    """The files of these stems, and what they include: file name → text, sorted by name."""
    wanted = [f"{stem}{ending}" for stem in set(stems) for ending in (".c", ".h")]
    found: dict[str, str] = {}
    while wanted:
        name = wanted.pop()
        if name not in found:
            found[name] = read_runtime(name)
            wanted += _INCLUDE.findall(found[name])
    return dict(sorted(found.items()))


@cache
def read_runtime(name: str) -> str:
    """The text of one runtime file."""
    return files("lilliput.runtime").joinpath(name).read_text(encoding="utf-8")
