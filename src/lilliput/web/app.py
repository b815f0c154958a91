"""The server, put together."""

from __future__ import annotations

import contextlib
import importlib
import pkgutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, Response
from fastapi.staticfiles import StaticFiles
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from starlette.exceptions import HTTPException

import lilliput
from lilliput.core.errors import LilliputError, UnknownName
from lilliput.core.registry import Registry
from lilliput.core.store import Store
from lilliput.core.units import format_bytes, format_ms, grouped
from lilliput.papers import Paper, catalogue
from lilliput.web import pages
from lilliput.web.database import PageDatabase
from lilliput.web.security import BodyLimit, Guard
from lilliput.web.settings import ServeSettings
from lilliput.web.sync import Sync, figure

_STATUS = {1: 409, 2: 400, 3: 422, 4: 422, 5: 503, 6: 503}

_ANSWERS: dict[int | str, dict[str, Any]] = {
    "3XX": {"description": "The change is made; the page to go on with."},
    "4XX": {"description": "What was wrong with the request, as a page, or as JSON where that was asked for."},
    "503": {"description": "Another server or a full queue is in the way."},
}


@dataclass(eq=False)
class Site:
    """What the addresses of one server work with.

    Args:
        settings: of the server.
        database: the page's own.
        store: the result store.
        papers: the catalogue.
        sync: keeps the tables up to date.
        guard: checks requests and signs forms.
        templates: Jinja's, escaping everything.
    """

    settings: ServeSettings
    database: PageDatabase
    store: Store
    papers: Registry[Paper]
    sync: Sync
    guard: Guard
    templates: Environment

    def render(self, request: Request, template: str, *, status: int = 200, **context: Any) -> HTMLResponse:
        """A page for people."""
        text = self.templates.get_template(template).render(
            **context, path=request.url.path, token=self.guard.token(request), version=lilliput.__version__
        )
        return HTMLResponse(text, status_code=status)

    def close(self) -> None:
        """Close what is open."""
        self.sync.close()
        self.database.close()
        self.store.close()

    def paper(self, name: str) -> Paper:
        """A paper by its name.

        Raises:
            UnknownName: LP100, there is none.
        """
        if name not in self.papers:
            raise UnknownName(f"no paper is called {name[:80]!r}", fix="the search on the first page finds them")
        return self.papers[name]


def site_of(request: Request) -> Site:
    """The site that a request is for."""
    found: Site = request.app.state.site
    return found


def open_site(settings: ServeSettings) -> Site:
    """What the page knows, with its tables up to date.

    Raises:
        LilliputError: the page's database, the result store or a paper's file cannot be read.
    """
    database, papers = PageDatabase(settings.folder), catalogue(settings.papers)
    site = Site(
        settings=settings,
        database=database,
        store=Store(settings.store),
        papers=papers,
        sync=Sync(database, settings.store),
        guard=Guard(settings, database.secret()),
        templates=_templates(),
    )
    site.sync.papers(papers[name] for name in papers)
    site.sync.runs()
    return site


def create_app(settings: ServeSettings) -> FastAPI:
    """The application, with its tables up to date.

    Raises:
        LilliputError: the page's database, the result store or a paper's file cannot be read.
    """
    site = open_site(settings)

    @contextlib.asynccontextmanager
    async def life(app: FastAPI) -> AsyncIterator[None]:
        async with contextlib.AsyncExitStack() as stack:
            for module in page_modules():
                if hasattr(module, "life"):
                    await stack.enter_async_context(module.life(site))
            yield
        site.close()

    app = FastAPI(
        title="Lilliput", version=lilliput.__version__, docs_url=None, redoc_url=None, lifespan=life, responses=_ANSWERS
    )
    app.state.site = site
    app.middleware("http")(site.guard)
    app.add_middleware(BodyLimit, limit=settings.upload_bytes)
    app.mount("/static", StaticFiles(directory=Path(__file__).parent / "static"), name="static")
    for module in page_modules():
        app.include_router(module.router)
    app.add_exception_handler(LilliputError, _told)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _unreadable)
    return app


def page_modules() -> list[Any]:
    """The modules in `pages/`, each with a `router`, and a `life` where something runs beside the answers."""
    names = sorted(found.name for found in pkgutil.iter_modules(pages.__path__) if not found.name.startswith("_"))
    return [importlib.import_module(f"lilliput.web.pages.{name}") for name in names]


def _templates() -> Environment:
    environment = Environment(
        loader=PackageLoader("lilliput.web", "templates"),
        autoescape=select_autoescape(disabled_extensions=("txt",), default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "figure": figure, "bytes": lambda n: "–" if n is None else format_bytes(int(n)), "ms": format_ms,
        "grouped": lambda n: "–" if n is None else grouped(int(n)),
    }  # fmt: skip
    return environment


def wants_json(request: Request) -> bool:
    """Whether a program asks, and not a person."""
    is_told = request.url.path.endswith(".json") or request.query_params.get("format") == "json"
    return is_told or request.headers.get("accept", "").startswith("application/json")


def _answer(request: Request, status: int, what: str, why: str = "", fix: str = "", code: str = "") -> Response:
    if wants_json(request):
        return JSONResponse({"code": code, "what": what, "why": why, "fix": fix}, status_code=status)
    return site_of(request).render(request, "error.html", status=status, what=what, why=why, fix=fix, code=code)


async def _told(request: Request, error: Exception) -> Response:
    assert isinstance(error, LilliputError)
    status = 404 if isinstance(error, UnknownName) else _STATUS.get(error.exit_code, 500)
    return _answer(request, status, error.what, error.why, error.fix, error.code)


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    what = "There is no such page." if error.status_code == 404 else str(error.detail)
    answer = _answer(request, error.status_code, what)
    for name, value in (error.headers or {}).items():
        answer.headers[name] = value
    return answer


async def _unreadable(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"])
    return _answer(request, 422, f"{place}: {first['msg']}")
