"""The command `lilliput`: finds the verbs, runs one, and turns every error into a sentence and an exit code.

The contract of a verb: one module in this package, named as you like without a leading `_`, with

    def register(app: typer.Typer) -> None:
        app.command(name="verb", epilog="Example: lilliput verb …")(verb)

Nothing else is edited. Three rules keep `lilliput --help` under half a second and the output one language:
at the top of the module only typer, `cli.options`, the standard library and `core.errors` are imported, and everything
heavy inside the command's function; what is printed goes through `core.output.Output` (progress through
`core.events.watch(sys.stderr, quiet=…)`); errors are raised as `LilliputError`, and "the answer is no" without an error
is `raise typer.Exit(1)`.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import pkgutil
import select
import shlex
import signal
import sys
import traceback
from collections.abc import Sequence
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

import lilliput
from lilliput import cli
from lilliput.core.errors import BadCommand, Bug, Interrupted, LilliputError

EXIT_CODES = {
    0: "done",
    1: "the answer is no: it does not fit, does not match, or a claim is not met",
    2: "wrong request: change the command or the settings",
    3: "bad file: damaged, or not what it claims to be",
    4: "unsupported: the compiler cannot lower this exactly",
    5: "missing tool, package or room on this machine",
    6: "interrupted, state kept: the same command goes on",
    70: "a bug of ours, with the place to report it",
}

_NOT_VERBS = ("main", "options")

# The classes have other homes in other versions of typer; through this one that it exports, all are found.
_Refused: type[Exception] = next(base for base in typer.BadParameter.__mro__ if base.__name__ == "ClickException")


class _Escaped(Exception):
    """Carries an error past typer, which would swallow it or give it an exit code of its own."""

    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self.error = error


class _Verbs(TyperGroup):
    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except (KeyboardInterrupt, EOFError, OSError) as error:
            raise _Escaped(error) from error


def main() -> NoReturn:
    """Entry point of the console script."""
    # A batch system ends a job with SIGTERM; it deserves the same clean end as Ctrl-C.
    signal.signal(signal.SIGTERM, _interrupt)
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run one command line; the exit code."""
    options = arguments[: arguments.index("--")] if "--" in arguments else arguments
    try:
        command = typer.main.get_command(make_app())
        code = command.main(args=list(arguments), prog_name="lilliput", standalone_mode=False)
        sys.stdout.flush()
    except BaseException as error:
        cause = error.error if isinstance(error, _Escaped) else error
        if isinstance(cause, SystemExit):
            return cause.code if isinstance(cause.code, int) else 0
        return _report(cause, arguments, as_json="--json" in options)
    return code if isinstance(code, int) else 0


def make_app() -> typer.Typer:
    """The application with all verbs."""
    app = typer.Typer(
        name="lilliput",
        cls=_Verbs,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
        epilog="Example: lilliput build spoken-digits --board nucleo-f446re",
    )
    app.callback()(_top)
    for module in sorted(info.name for info in pkgutil.iter_modules(cli.__path__)):
        if not module.startswith("_") and module not in _NOT_VERBS:
            importlib.import_module(f"{cli.__name__}.{module}").register(app)
    return app


def _show_version(value: bool) -> None:
    if value:
        sys.stdout.write(f"lilliput {lilliput.__version__}\n")
        raise typer.Exit(0)


_Version = Annotated[
    bool, typer.Option("--version", help="Print the version and end.", is_eager=True, callback=_show_version)
]


def _top(version: _Version = False) -> None:
    """Small neural networks, from paper to microcontroller."""


def _report(error: BaseException, arguments: Sequence[str], *, as_json: bool) -> int:
    if os.environ.get("LILLIPUT_DEBUG") == "1" and not isinstance(error, _Refused):
        traceback.print_exception(error)
    if isinstance(error, BrokenPipeError) and _is_reader_gone():
        return Interrupted.exit_code
    known = _as_ours(error, arguments)
    try:
        if as_json:
            fields = {"code": known.code, "what": known.what, "why": known.why, "fix": known.fix}
            sys.stdout.write(json.dumps({"error": fields}, indent=2, sort_keys=True) + "\n")
            sys.stdout.flush()
        else:
            from lilliput.core.text import printable

            sys.stderr.write(printable(str(known)) + "\n")
    except BrokenPipeError:
        _is_reader_gone()
    return known.exit_code


def _as_ours(error: BaseException, arguments: Sequence[str]) -> LilliputError:
    if isinstance(error, LilliputError):
        return error
    if isinstance(error, (KeyboardInterrupt, typer.Abort)):
        return Interrupted(
            "interrupted before the end",
            why="what was finished is kept, and nothing half-written is left",
            fix="the same command goes on from there",
        )
    if isinstance(error, _Refused):
        return _bad_command(error, arguments)
    place = traceback.extract_tb(error.__traceback__)[-1:]
    at = f" at {os.path.basename(place[0].filename)}:{place[0].lineno}" if place else ""
    debug = (
        "" if os.environ.get("LILLIPUT_DEBUG") == "1" else "`LILLIPUT_DEBUG=1` before the command shows the whole way"
    )
    return Bug(
        f"this is a bug of Lilliput: {type(error).__name__}: {' '.join(str(error).split()) or 'no message'}{at}",
        why=debug,
        fix=f"report it, with the command and `lilliput doctor --json`, at {_where_to_report()}",
    )


def _bad_command(error: Any, arguments: Sequence[str]) -> BadCommand:
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "lilliput"
    return BadCommand(
        " ".join(error.format_message().split()),
        why=f"read from: {shlex.join(['lilliput', *arguments])}",
        fix=f"`{path} --help` shows how, with an example",
    )


def _where_to_report() -> str:
    import importlib.metadata

    with contextlib.suppress(importlib.metadata.PackageNotFoundError):
        for line in importlib.metadata.metadata("lilliput").get_all("Project-URL") or []:
            label, _, address = line.partition(",")
            if label.strip().lower() in ("issues", "repository", "source"):
                return str(address).strip()
    return "the place that you got Lilliput from"


def _is_reader_gone() -> bool:
    """Whether nobody reads our output any more (`lilliput … | head`); then what is left goes nowhere, in silence."""
    poll = select.poll()
    poll.register(1, 0)
    if not any(event & (select.POLLERR | select.POLLHUP) for _, event in poll.poll(0)):
        return False  # some other pipe, such as one to a compiler
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return True


def _interrupt(signum: int, frame: object) -> NoReturn:
    raise KeyboardInterrupt
