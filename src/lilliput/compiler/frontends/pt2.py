"""Read the file that `torch.export.save` writes, from a stranger.

The published loader unpickles what the archive tells it to, evaluates symbolic expressions and guards given as text,
and loads compiled code where there is any. So the archive is not handed to it. A new one is made in memory from the
members that hold plain numbers and the graph in JSON, all of them checked; pickles, expressions and native code are
refused, and the stored sample inputs, which are a pickle and are not needed, are left out.
"""

from __future__ import annotations

import io
import json
import logging
import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lilliput.core.errors import (
    BadName,
    CutShort,
    DynamicShape,
    ImpossibleSize,
    NotThisFormat,
    UnsupportedAttribute,
)
from lilliput.core.files import parse_json, read_bytes

if TYPE_CHECKING:
    from torch.export import ExportedProgram

MAX_FILE_BYTES = 512 << 20
MAX_MEMBERS = 20_000

_PLAIN = re.compile(
    r"models/[^/]+\.json|data/(weights|constants)/(weight_\d+|tensor_\d+|constant_\d+)|"
    r"data/(weights|constants)/[^/]+_config\.json"
)
_LEFT_OUT = re.compile(
    r"data/sample_inputs/[^/]+\.pt|archive_format|archive_version|byteorder|\.data/.*|\.format_version"
)
_EXPRESSIONS = ("as_expr", "expr_str")


def load_pt2(path: Path) -> ExportedProgram:
    """The exported program in a `.pt2` file.

    Raises:
        MissingFile: LP221. ImpossibleSize: LP204, larger than any network for a microcontroller.
        NotThisFormat: LP200, CutShort: LP202, BadName: LP205, the archive is damaged or is something else.
        UnsupportedAttribute: LP302, it holds pickled objects or compiled code, which are never loaded.
        DynamicShape: LP311, it holds symbolic sizes.
    """
    members = _members(read_bytes(path, limit=MAX_FILE_BYTES), str(path))
    models = [name for name in members if name.startswith("models/")]
    if len(models) != 1:
        raise NotThisFormat(f"{path} holds {len(models)} exported programs, one is needed")
    model = models[0].removeprefix("models/").removesuffix(".json")
    graph = _checked_graph(members[models[0]], str(path))
    for name, content in members.items():
        if name.endswith("_config.json"):
            _check_config(content, f"{path}: {name}")
    members[models[0]] = json.dumps(graph).encode()
    return _load(members, model, str(path))


def _members(data: bytes, name: str) -> dict[str, bytes]:
    """The members that are wanted, without the archive's own folder name."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
        infos = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError) as error:
        raise NotThisFormat(
            f"{name} is not an exported program: {error}", fix="write it with torch.export.save"
        ) from None
    if len(infos) > MAX_MEMBERS or sum(info.file_size for info in infos) > MAX_FILE_BYTES:
        raise ImpossibleSize(f"{name} unpacks to {len(infos)} members of {sum(i.file_size for i in infos)} bytes")
    found: dict[str, bytes] = {}
    for info in infos:
        _, _, inner = info.filename.partition("/")
        if _LEFT_OUT.fullmatch(inner):
            continue
        if not _PLAIN.fullmatch(inner):
            raise UnsupportedAttribute(
                f"{name} holds {info.filename!r}",
                why="only plain tensors and the graph are read: nothing that can run code",
            )
        if inner in found:
            raise BadName(f"{name} holds {inner!r} twice")
        try:
            found[inner] = archive.read(info)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError) as error:
            raise CutShort(f"{name}: {inner!r} cannot be unpacked: {error}") from None
    return found


def _checked_graph(content: bytes, name: str) -> dict[str, Any]:
    graph = parse_json(content, name=f"the graph of {name}", depth_limit=200)
    if not isinstance(graph, dict):
        raise NotThisFormat(f"the graph of {name} is not an object")
    if graph.get("range_constraints") or any(key in _EXPRESSIONS for key in _keys(graph)):
        raise DynamicShape(
            f"{name} holds sizes that are not fixed",
            why="memory is planned when the network is compiled",
            fix="export with a batch of one and without dynamic_shapes: `torch.export.export(model, (x[:1],))`",
        )
    return {**graph, "guards_code": []}


def _check_config(content: bytes, name: str) -> None:
    """Every payload is a plain tensor."""
    config = parse_json(content, name=name, depth_limit=32)
    entries = config.get("config") if isinstance(config, dict) else None
    if not isinstance(entries, dict):
        raise NotThisFormat(f"{name} lists no tensors")
    for key, entry in entries.items():
        if not isinstance(entry, dict) or not isinstance(entry.get("path_name"), str):
            raise NotThisFormat(f"{name}: {key!r} names no file")
        if entry.get("use_pickle") is not False:
            raise UnsupportedAttribute(
                f"{name}: {key!r} is a pickled object", why="a pickle can run code; none is loaded"
            )
        if any(expression in _keys(entry) for expression in _EXPRESSIONS):
            raise DynamicShape(f"{name}: {key!r} has a size that is not fixed")


def _keys(value: Any) -> Iterator[str]:
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            yield from item
            waiting += item.values()
        elif isinstance(item, list):
            waiting += item


def _load(members: dict[str, bytes], model: str, name: str) -> ExportedProgram:
    import torch
    from torch._export.serde.serialize import serialize_torch_artifact
    from torch.export.pt2_archive._package import PT2ArchiveWriter

    import lilliput.layers.exported  # noqa: F401 enters the operators of spiking neurons

    rebuilt = io.BytesIO()
    with PT2ArchiveWriter(rebuilt) as writer:
        for member, content in members.items():
            writer.write_bytes(member, content)
        writer.write_bytes(f"data/sample_inputs/{model}.pt", serialize_torch_artifact(((), {})))
    rebuilt.seek(0)
    log = logging.getLogger("torch.export")
    silent, log.disabled = log.disabled, True  # it prints a traceback before it raises
    try:
        return torch.export.load(rebuilt)
    except Exception as error:  # the loader raises many types of its own
        text = str(error).strip().splitlines()
        raise NotThisFormat(
            f"{name} cannot be read as an exported program: {text[0] if text else type(error).__name__}",
            fix="write it with torch.export.save, with the version of torch that is installed here",
        ) from error
    finally:
        log.disabled = silent
