"""The compiled networks that a page knows: bundled ones, and folders that its operator names."""

from __future__ import annotations

import functools
import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from io import BytesIO
from pathlib import Path
from typing import Any

from lilliput.boards.compiled import REPORT, read_report
from lilliput.core.errors import BadSetting, FileError, LilliputError, ToolFailed
from lilliput.core.files import read_json, write_folder
from lilliput.core.store import Store
from lilliput.web.settings import ServeSettings

BUNDLED = ("spoken-digits", "digits", "wrist-activity")
"""Tasks whose data come with the package."""
TRY_SECONDS = 60.0
TRY_BYTES = 2 << 30
_FOLDERS = 200
_EPOCH = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Model:
    """One compiled folder.

    Args:
        key: its name in addresses: task, board and the start of the network's digest.
        folder: where it lies.
        report: what was measured.
        task: the card of its task; empty where it was compiled from a file.
    """

    key: str
    folder: Path
    report: Mapping[str, Any]
    task: Mapping[str, Any]

    @property
    def items(self) -> int:
        """Test items of the task that can be asked for by number; 0 where its data do not come along."""
        measured = self.report.get("accuracy") or [{}]
        return int(measured[-1].get("n") or 0) if self.task.get("name") in BUNDLED else 0

    @property
    def takes(self) -> str:
        """What can be tried: `"sound"`, `"digit"`, or nothing."""
        if self.task.get("preprocess", {}).get("kind") == "log_mel":
            return "sound"
        return "digit" if self.task.get("name") == "digits" else ""


def known_models(settings: ServeSettings, store: Store) -> dict[str, Model]:
    """All by key, in the order of the keys; folders that cannot be read are left out."""
    found: dict[str, Model] = {}
    for folder in (*_folders(settings), *_of_runs(store)):
        try:
            model = _read(folder, _stamp(folder))
        except FileError:
            continue
        found.setdefault(model.key, model)
    return dict(sorted(found.items()))


def firmware_zip(model: Model) -> bytes:
    """The firmware folder as a zip: the same bytes for the same files, no links followed."""
    root, made = model.folder / "firmware", BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(root.rglob("*")):
            if path.is_file() and path.resolve().is_relative_to(root.resolve()):
                info = zipfile.ZipInfo(f"{model.key}/{path.relative_to(root).as_posix()}", _EPOCH)
                info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
                archive.writestr(info, path.read_bytes())
    return made.getvalue()


def answer(
    model: Model, upload: bytes, *, item: int | None = None, seconds: float = TRY_SECONDS, memory: int = TRY_BYTES
) -> dict[str, Any]:
    """What the emulated board answers: scores by label, best first, instructions and estimated milliseconds.

    Args:
        model: with `takes`.
        upload: a WAV or PNG file.
        item: a test item of the task by number, instead of an upload.
        seconds: the process that does it is stopped after them.
        memory: its most bytes of data.

    Raises:
        BadSetting: LP101, the file is not one that can be read. ToolFailed: LP602, the process was stopped or crashed.
    """
    with tempfile.TemporaryDirectory(prefix="lilliput-try-") as place:
        work = Path(place)
        (work / "upload").write_bytes(upload)
        which = "" if item is None else str(item)
        command = [sys.executable, "-m", "lilliput.web.answer", str(model.folder.resolve()), str(work), str(memory),
                   which]  # fmt: skip
        try:
            ended = subprocess.run(command, capture_output=True, timeout=seconds, check=False)
        except subprocess.TimeoutExpired:
            raise ToolFailed("the emulated board was stopped", why=f"it took more than {seconds:g} s") from None
        try:
            told: dict[str, Any] = dict(read_json(work / "answer.json", "answer"))
        except FileError:
            why = f"its process ended with {ended.returncode}"
            raise ToolFailed("the emulated board gave no answer", why=why) from None
    if "what" in told:
        if ended.returncode in (2, 3):
            raise BadSetting(told["what"], why=told["why"], fix=told["fix"])
        raise ToolFailed(told["what"], why=told["why"], fix=told["fix"])
    ranked = sorted(zip(model.task["labels"], told["scores"], strict=True), key=lambda pair: -pair[1])
    return {**{key: value for key, value in told.items() if key not in ("format", "version")}, "ranked": ranked}


def _folders(settings: ServeSettings) -> Iterator[Path]:
    for packed in sorted(files("lilliput.web").joinpath("bundled").iterdir(), key=lambda p: p.name):
        if packed.name.endswith(".zip"):
            yield _unpacked(Path(str(packed)), settings.folder / "models" / packed.name.removesuffix(".zip"))
    for named in settings.models:
        yield named
        yield from sorted(path.parent for path in named.glob(f"*/{REPORT}"))[:_FOLDERS]


def _of_runs(store: Store) -> Iterator[Path]:
    """Folders that the newest finished runs registered, while they still lie where they were written."""
    for run in store.runs(state="done", limit=_FOLDERS):
        for artifact in store.artifacts(run.id):
            if artifact.path == REPORT or artifact.path.endswith(f"/{REPORT}"):
                try:
                    yield store.artifact_file(run.id, artifact.path).parent
                except LilliputError:
                    continue


def _unpacked(archive: Path, folder: Path) -> Path:
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with write_folder(folder) as fresh, zipfile.ZipFile(archive) as opened:
            opened.extractall(fresh)
    return folder


def _stamp(folder: Path) -> int:
    """When a folder's report was written, so that one that is built anew is read anew."""
    try:
        return (folder / REPORT).stat().st_mtime_ns
    except OSError:
        return 0


@functools.lru_cache(maxsize=512)
def _read(folder: Path, stamp: int) -> Model:
    report = read_report(folder)
    card = folder / "model" / "task.json"
    task = read_json(card, "task") if card.is_file() else {}
    told = f"{report['model']['name']}-{report['board']['name']}-{str(report['model'].get('sha256', ''))[:8]}"
    return Model(re.sub(r"[^a-z0-9.-]+", "-", told.lower()), folder, report, task)
