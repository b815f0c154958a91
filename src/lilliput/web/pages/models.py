"""Compiled networks: where their cost goes, their firmware to take home, and an emulated board that answers."""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import Response
from starlette.datastructures import UploadFile

from lilliput.core.errors import BadSetting, Busy, UnknownName
from lilliput.core.files import read_bytes
from lilliput.web.app import Site, site_of
from lilliput.web.formats import View, viewed
from lilliput.web.forms import FIELD, checked_form, text_of
from lilliput.web.models import Model, answer, firmware_zip, known_models

router = APIRouter()
_AT_ONCE = 2
_waiting = 0
_COLUMNS = (
    "key",
    "name",
    "task",
    "board",
    "params",
    "macs",
    "instructions",
    "milliseconds",
    "flash",
    "sram",
    "accuracy",
)
_LAYERS = ("index", "name", "kernel", "macs", "instructions", "params", "live_bytes")
_DRAWING = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox"}
_SCHEMA = {
    "type": "object",
    "properties": {
        FIELD: {"type": "string"},
        "file": {"type": "string", "format": "binary"},
        "item": {"type": "string"},
    },
    "required": [FIELD],
}


@viewed(router, "/models")
def show_models(request: Request) -> View:
    """All compiled networks that are known here."""
    site = site_of(request)
    rows = [_row(model) for model in known_models(site.settings, site.store).values()]
    return View(template="models.html", name="models", document={"models": rows}, rows=rows, columns=_COLUMNS,
                context={"models": rows})  # fmt: skip


@router.get("/models/{key}/firmware.zip")
def download(request: Request, key: str) -> Response:
    """The firmware folder."""
    model = _model(site_of(request), key)
    names = {"Content-Disposition": f'attachment; filename="{model.key}.zip"'}
    return Response(firmware_zip(model), media_type="application/zip", headers=names)


@router.get("/models/{key}/memory.svg")
def draw_memory(request: Request, key: str) -> Response:
    """The memory plan over time."""
    model = _model(site_of(request), key)
    return Response(read_bytes(model.folder / "memory.svg", limit=8 << 20), 200, _DRAWING, "image/svg+xml")


@viewed(router, "/models/{key}")
def show_model(request: Request, key: str) -> View:
    """One network: cost by layer, memory, accuracy, licence."""
    model = _model(site_of(request), key)
    rows = [{name: layer.get(name) for name in _LAYERS} for layer in model.report["layers"]]
    return View(
        template="model.html", name="model", document={**_row(model), "layers": rows}, rows=rows, columns=_LAYERS,
        context=_shown(model, None),
    )  # fmt: skip


@router.post(
    "/models/{key}/try", openapi_extra={"requestBody": {"content": {"multipart/form-data": {"schema": _SCHEMA}}}}
)
async def try_it(request: Request, key: str) -> Response:
    """Let the emulated board answer for an uploaded file, of which nothing is kept, or for a test item of the task."""
    global _waiting
    form, site = await checked_form(request), site_of(request)
    try:
        sent = form.get("file")
        wanted = text_of(form, "item", 9)
        if not isinstance(sent, UploadFile) and not wanted:
            raise HTTPException(400, "No file was sent.")
        raw = await sent.read() if isinstance(sent, UploadFile) else b""
    finally:
        await form.close()
    model = await asyncio.to_thread(_model, site, key)
    item = int(wanted) if wanted.isdigit() and not raw else None
    if item is not None and item >= model.items:
        raise BadSetting(f"there is no test item {item}", why=f"{model.items} can be asked for by number")
    if item is None and not model.takes:
        raise BadSetting("this network cannot be tried on the page", why="its task takes neither sound nor digits")
    if item is None and not raw:
        raise BadSetting("the file is empty", fix="choose a file first")
    if _waiting >= _AT_ONCE:
        raise Busy("the emulated boards are all in use", fix="try again in some seconds")
    _waiting += 1
    try:
        found = await asyncio.to_thread(answer, model, raw, item=item)
    finally:
        _waiting -= 1
    return site.render(request, "model.html", **_shown(model, found))


def _model(site: Site, key: str) -> Model:
    found = known_models(site.settings, site.store).get(key)
    if found is None:
        raise UnknownName(f"no compiled network is called {key[:80]!r}", fix="/models lists them")
    return found


def _row(model: Model) -> dict[str, Any]:
    report = model.report
    measured = report.get("accuracy") or [{}]
    return {
        "key": model.key, "name": report["model"]["name"], "task": model.task.get("name", ""),
        "board": report["board"]["name"], "params": report.get("params"), "macs": report["macs"],
        "instructions": report["instructions"], "milliseconds": report.get("milliseconds_estimate"),
        "flash": report.get("flash_bytes"), "sram": report.get("sram_bytes"), "accuracy": measured[-1].get("value"),
    }  # fmt: skip


def _shown(model: Model, found: dict[str, Any] | None) -> dict[str, Any]:
    total = max(model.report["macs"], 1)
    chain = [
        {"name": layer["name"], "kind": layer["op"], "shape": tuple(layer["output_shape"][1:]),
         "params": layer["params"], "macs": layer["macs"], "share": layer["macs"] / total}
        for layer in model.report["layers"]
    ]  # fmt: skip
    return {
        "model": model, "row": _row(model), "report": model.report, "layers": chain, "answer": found,
        "has_drawing": (model.folder / "memory.svg").is_file(),
    }  # fmt: skip
