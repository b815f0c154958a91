"""Every view three ways: a page for people, JSON for programs, CSV for spreadsheets.

A handler returns a `View`; its address alone gives the page, the address with `.json` or `.csv` behind it, or with
`?format=json`, gives the others.
"""

from __future__ import annotations

import csv
import functools
import inspect
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias, TypeVar
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from lilliput.core.errors import BadSetting
from lilliput.web.app import site_of

Format: TypeAlias = Literal["html", "json", "csv"]


@dataclass(frozen=True, kw_only=True)
class View:
    """What a handler found, ready to be shown in any format.

    Args:
        template: of the page for people.
        context: what the template needs.
        name: of the format, `lilliput/NAME`, and of the file that a browser saves.
        document: the JSON document.
        rows: the CSV table, one mapping a row, all with the same keys; a template need not know them.
        columns: of the table, needed where there may be no row.
    """

    template: str
    context: Mapping[str, Any] = field(default_factory=dict)
    name: str
    document: Mapping[str, Any]
    rows: Sequence[Mapping[str, Any]]
    columns: Sequence[str] = ()


Handler = TypeVar("Handler", bound=Callable[..., View])


def viewed(router: APIRouter, path: str, stem: str = "") -> Callable[[Handler], Handler]:
    """Decorator: answer at `path`, `path.json` and `path.csv` with the view that the function returns.

    Args:
        router: to enter the addresses in.
        path: of the page.
        stem: in place of `path` before a suffix, where the path ends with a slash.
    """
    stem = stem or path

    def enter(handler: Handler) -> Handler:
        # With suffix first: `/runs/{run}` would take `/runs/ab.json` for a run of that name.
        for suffix, told in ((".json", "json"), (".csv", "csv"), ("", "")):
            answer = _answering(handler, told)
            address = f"{stem}{suffix}" if suffix else path
            router.add_api_route(
                address, answer, methods=["GET"], response_model=None, name=f"{handler.__name__}{suffix}",
                summary=inspect.getdoc(handler), include_in_schema=True,
            )  # fmt: skip
        return handler

    return enter


def _answering(handler: Callable[..., View], told: str) -> Callable[..., Response]:
    @functools.wraps(handler)
    def answer(request: Request, **given: Any) -> Response:
        wanted = told or request.query_params.get("format", "html")
        if wanted not in ("html", "json", "csv"):
            raise BadSetting(f"format = {wanted[:40]!r}", fix="html, json or csv")
        view = handler(request=request, **given)
        if wanted == "json":
            return JSONResponse({"format": f"lilliput/{view.name}", "version": 1, **view.document})
        if wanted == "csv":
            return Response(
                csv_of(view.rows, view.columns), media_type="text/csv; charset=utf-8",
                headers={"Content-Disposition": f'attachment; filename="{view.name}.csv"'},
            )  # fmt: skip
        return site_of(request).render(request, view.template, **view.context, formats=_formats(request))

    # The types as types, not as text: the framework reads them where the handler's own names are not known.
    answer.__signature__ = inspect.signature(handler, eval_str=True)  # type: ignore[attr-defined]
    return answer


def _formats(request: Request) -> dict[str, str]:
    """CSV and JSON → their address for the same view."""
    stem = "/papers" if request.url.path == "/" else request.url.path
    query = urlencode([(key, value) for key, value in request.query_params.multi_items() if key != "format"])
    return {name: f"{stem}.{name.lower()}{'?' if query else ''}{query}" for name in ("CSV", "JSON")}


def csv_of(rows: Sequence[Mapping[str, Any]], columns: Sequence[str] = ()) -> str:
    """Rows as CSV (RFC 4180). Text that a spreadsheet would take for a formula gets an apostrophe
    in front; lists are joined by spaces."""
    text = io.StringIO()
    names = list(columns or (rows[0] if rows else ()))
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([_cell(name) for name in names])
    writer.writerows([_cell(row.get(name)) for name in names] for row in rows)
    return text.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        value = " ".join(map(str, value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, str):
        return value
    # A spreadsheet looks past spaces and control characters in front, and some past quotes.
    is_formula = value.lstrip(" \t\r\n\0'\"")[:1] in tuple("=+-@|") or value[:1] in ("\t", "\r", "\n")
    return f"'{value}" if is_formula else value
