"""Run the server until it is told to stop."""

from __future__ import annotations

import socket
import sys
import threading
import time
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import uvicorn

from lilliput.core.errors import BadSetting
from lilliput.core.store import Store
from lilliput.core.store.exchange import import_file
from lilliput.web.app import Site, create_app
from lilliput.web.pages.papers import NETWORKS
from lilliput.web.settings import ServeSettings
from lilliput.web.structure import layers_of, models_of, sources_of

_PAUSE = 2.0


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
    threading.Thread(target=_draw_ahead, args=(app.state.site,), daemon=True).start()
    server = uvicorn.Server(
        uvicorn.Config(app, log_level="warning", server_header=False, proxy_headers=False, timeout_graceful_shutdown=5)
    )
    server.run(sockets=[listener])


def _draw_ahead(site: Site) -> None:
    """Draw the networks of all papers once: the first takes seconds, since PyTorch is loaded for it."""
    time.sleep(_PAUSE)  # the first page comes first
    for name in site.papers:
        paper = site.papers[name]
        for model in models_of(paper, sources_of(paper))[:NETWORKS]:
            layers_of(model)


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
