"""`lilliput serve`: the page of papers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lilliput.cli.options import Papers, StorePath


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command(name="serve", epilog="Example: lilliput serve --port 8400")(serve)


Host = Annotated[str, typer.Option("--host", help="Where to listen; others than this machine need --token.")]
Port = Annotated[int, typer.Option("--port", min=0, max=65535, help="The port; 0 takes a free one.")]
Token = Annotated[str, typer.Option("--token", help="What visitors from elsewhere must know.")]
Address = Annotated[str, typer.Option("--address", metavar="URL", help="How the page is reached, for links in mails.")]
Jobs = Annotated[int, typer.Option("--jobs", min=1, help="Runs at once.")]
Smtp = Annotated[
    str, typer.Option("--smtp", metavar="URL", help="Mail server: smtps://user@host, smtp+starttls://… or smtp://….")
]
Sender = Annotated[str, typer.Option("--from", metavar="ADDRESS", help="The address that mails are from.")]
Folder = Annotated[Path | None, typer.Option("--folder", metavar="DIR", help="Where the page keeps its files.")]

Models = Annotated[
    list[Path] | None, typer.Option("--models", metavar="DIR", help="A compiled folder, or a folder of such, to show.")
]


def serve(
    host: Host = "127.0.0.1",
    port: Port = 8400,
    token: Token = "",
    address: Address = "",
    jobs: Jobs = 1,
    smtp: Smtp = "",
    sender: Sender = "",
    folder: Folder = None,
    papers: Papers = None,
    store: StorePath = None,
    models: Models = None,
) -> None:
    """Serve the page: papers, claims beside what came out here, runs, comparisons."""
    from lilliput.core.errors import MissingExtra

    try:
        from lilliput.web.serve import run_server
    except ModuleNotFoundError as error:
        raise MissingExtra(f"the page needs {error.name}", fix='pip install "lilliput[web]"') from error
    from lilliput.core.store import default_path
    from lilliput.web.mail.settings import MailSettings
    from lilliput.web.settings import ServeSettings

    chosen = store or default_path()
    run_server(
        ServeSettings(
            folder=folder or chosen.parent / "page", store=chosen, papers=papers, host=host, port=port, token=token,
            address=address, jobs=jobs, mail=MailSettings.of(smtp, sender),
            models=tuple(models or ()),
        )
    )  # fmt: skip
