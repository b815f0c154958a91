"""`lilliput explain`: the page of an error code or of an exit code."""

from __future__ import annotations

import difflib
import inspect
from typing import Annotated, Any

import typer

from lilliput.cli.options import Json, Quiet
from lilliput.core.errors import LilliputError, UnknownName, error_codes


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command(name="explain", epilog="Example: lilliput explain LP401")(explain)


def explain(
    code: Annotated[str | None, typer.Argument(help="Such as LP401, or an exit code such as 5.")] = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Tell what an error code means and what to do about it; without a code, list all."""
    from lilliput.core.output import Output

    output = Output(json=json, quiet=quiet)
    if code is None:
        _show_all(output)
        return
    exit_page = _exit_page(code)
    if exit_page is not None:
        output.show(exit_page, ids=exit_page["error_codes"], human=[_exit_text(exit_page)])
        return
    page = _page(_find(code))
    text = f"{page['code']} {page['name']} (exit code {page['exit_code']})\n\n{page['page']}"
    output.show(page, ids=[page["code"]], human=[text])


def _show_all(output: Any) -> None:
    from lilliput.cli.main import EXIT_CODES
    from lilliput.core.output import Table

    pages = [_page(cls) for cls in error_codes().values()]
    codes = Table(
        ("code", "name", "exit", "meaning"), [(p["code"], p["name"], p["exit_code"], p["title"]) for p in pages]
    )
    exits = Table(("exit", "meaning"), list(EXIT_CODES.items()))
    exit_codes = [{"exit_code": number, "meaning": meaning} for number, meaning in EXIT_CODES.items()]
    output.show({"codes": pages, "exit_codes": exit_codes}, ids=[p["code"] for p in pages], human=[codes, "", exits])


def _find(code: str) -> type[LilliputError]:
    codes = error_codes()
    by_name = {cls.__name__.lower(): key for key, cls in codes.items()}
    asked = code.strip().lower()
    wanted = by_name.get(asked, asked.upper() if asked.startswith("lp") else f"LP{asked}")
    if wanted in codes:
        return codes[wanted]
    near = difflib.get_close_matches(wanted, list(codes), n=3, cutoff=0.7)
    near += [by_name[name] for name in difflib.get_close_matches(asked, list(by_name), n=2, cutoff=0.6)]
    fix = f"did you mean {', '.join(near)}?" if near else "`lilliput explain` lists all codes"
    raise UnknownName(f"no error code is called {code!r}", fix=fix)


def _page(cls: type[LilliputError]) -> dict[str, Any]:
    text = inspect.cleandoc(cls.__doc__ or "")
    title = " ".join(text.split("\n\n")[0].split()).split(". ")[0].rstrip(".")
    return {"code": cls.code, "name": cls.__name__, "exit_code": cls.exit_code, "title": title, "page": text}


def _exit_page(code: str) -> dict[str, Any] | None:
    from lilliput.cli.main import EXIT_CODES

    if not code.isdecimal() or int(code) not in EXIT_CODES:
        return None
    number = int(code)
    codes = [key for key, cls in error_codes().items() if cls.exit_code == number]
    return {"exit_code": number, "meaning": EXIT_CODES[number], "error_codes": codes}


def _exit_text(page: dict[str, Any]) -> str:
    text = f"exit code {page['exit_code']}: {page['meaning']}"
    codes = [f"  {code}  {_page(error_codes()[code])['title']}" for code in page["error_codes"]]
    return "\n".join([text, "", "The error codes that end with it:", *codes]) if codes else text
