"""Files: read with limits and checks, written whole or not at all.

atomic     write_bytes, write_text, write_folder, check_folder     one rename, nothing half-written
reading    read_bytes, sha256_of                                   bounded, regular files only
documents  read_json, write_json, parse_json, to_json              our JSON, with its format header
tensors    read_tensors, write_tensors                             safetensors, checked and deterministic
"""

from __future__ import annotations

from lilliput.core.files.atomic import MANIFEST, check_folder, write_bytes, write_errors, write_folder, write_text
from lilliput.core.files.documents import parse_json, read_json, to_json, write_json
from lilliput.core.files.reading import read_bytes, sha256_of

__all__ = [
    "MANIFEST",
    "check_folder",
    "parse_json",
    "read_bytes",
    "read_json",
    "read_tensors",
    "sha256_of",
    "tensors_to_bytes",
    "to_json",
    "write_bytes",
    "write_errors",
    "write_folder",
    "write_json",
    "write_tensors",
    "write_text",
]

_TENSORS = ("read_tensors", "tensors_to_bytes", "write_tensors")


def __getattr__(name: str) -> object:
    # numpy costs a tenth of a second; the verbs that move no tensors start without it.
    if name in _TENSORS:
        from lilliput.core.files import tensors

        return getattr(tensors, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
