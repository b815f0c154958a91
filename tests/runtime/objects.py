"""Object files of the runtime's kernels, compiled once for all tests that link them.

Most programs that tests compile share most of their kernels, and the sanitizers make compiling slow. An object is kept
under the hash of everything that it was made of: the compiler, its flags, the source and all headers that it includes.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

_KEPT = Path(__file__).parents[2] / ".pytest_cache" / "objects"
_INCLUDE = re.compile(r'^\s*#\s*include\s+["<]([^">]+)[">]', re.MULTILINE)


def object_of(compiler: Sequence[str], name: str, sources: Mapping[str, str], folder: Path) -> Path:
    """The object file of `name`; it is made where there is none yet.

    Args:
        compiler: the command, with all flags.
        name: of a source.
        sources: texts by name, all headers that it includes among them.
        folder: holds them.

    Raises:
        CalledProcessError: it does not compile.
    """
    read = b"\0".join(text.encode() for pair in _with_headers(name, sources) for text in pair)
    path = _KEPT / hashlib.sha256("\0".join(compiler).encode() + b"\0" + read).hexdigest()[:32]
    if path.is_file():
        return path
    _KEPT.mkdir(parents=True, exist_ok=True)
    handle, made = tempfile.mkstemp(dir=_KEPT)
    os.close(handle)
    try:
        subprocess.run([*compiler, "-c", name, "-o", made], cwd=folder, check=True)
        os.replace(made, path)  # whole or not at all: several workers may make the same one
    finally:
        Path(made).unlink(missing_ok=True)
    return path


def _with_headers(name: str, sources: Mapping[str, str]) -> list[tuple[str, str]]:
    """The source and all headers that it reaches, by name."""
    found: dict[str, str] = {}
    ahead = [name]
    while ahead:
        this = ahead.pop()
        if this in sources and this not in found:
            found[this] = sources[this]
            ahead += _INCLUDE.findall(sources[this])
    return sorted(found.items())
