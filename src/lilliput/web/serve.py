"""Run the server until it is told to stop."""

from __future__ import annotations

import socket
import sys
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import uvicorn

from lilliput.core.errors import BadSetting
from lilliput.core.store import Store
from lilliput.core.store.exchange import import_file
from lilliput.web.app import create_app
from lilliput.web.settings import ServeSettings


def run_server(settings: ServeSettings) -> None:
    """Listen, say where, and answer until Ctrl-C.

    Raises:
        BadSetting: LP101, the port is taken or the address is none of this machine's.
    """
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
    except OSError as error:
        listener.close()
        where = f"{settings.host}:{settings.port}"
        raise BadSetting(f"cannot listen on {where}: {error.strerror}", fix="another --port; 0 takes one") from error
    settings = replace(settings, port=listener.getsockname()[1])
    first_results(settings.store)
    app = create_app(settings)
    sys.stderr.write(f"Lilliput's page: {settings.base}/  (Ctrl-C stops it)\n")
    server = uvicorn.Server(
        uvicorn.Config(app, log_level="warning", server_header=False, proxy_headers=False, timeout_graceful_shutdown=5)
    )
    server.run(sockets=[listener])


def first_results(store: Path) -> int:
    """Fill an empty result store with the project's own reference results; how many runs that were."""
    folder = _reference_results()
    with Store(store) as opened:
        if folder is None or opened.runs(limit=1):
            return 0
        return sum(import_file(opened, path).added for path in sorted(folder.glob("*.jsonl")))


def _reference_results() -> Path | None:
    """`results/` of the checkout, or of the installed package."""
    checkout = Path(__file__).resolve().parents[3] / "results"
    if checkout.is_dir():
        return checkout
    packaged = Path(str(files("lilliput"))) / "results"
    return packaged if packaged.is_dir() else None
