"""`lilliput digest`: papers and results of the week, to read or to send."""

from __future__ import annotations

from typing import Annotated

import typer

from lilliput.cli.options import Json, Papers, StorePath
from lilliput.cli.serve import Address, Folder, Sender, Smtp


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command(name="digest", epilog="Example: lilliput digest --send --smtp smtps://me@example.org")(digest)


Week = Annotated[str, typer.Option("--week", metavar="WEEK", help="An ISO week: 2026-W47; by default the last one.")]
Send = Annotated[bool, typer.Option("--send", help="Send it to all subscribers who have not had it.")]


def digest(
    week: Week = "",
    send: Send = False,
    smtp: Smtp = "",
    sender: Sender = "",
    address: Address = "",
    folder: Folder = None,
    papers: Papers = None,
    store: StorePath = None,
    json: Json = False,
) -> None:
    """Print the digest of a week, or send it to the page's subscribers: to nobody twice."""
    from lilliput.core.errors import BadSetting, MissingExtra
    from lilliput.core.output import Output

    try:
        from lilliput.web.app import open_site
    except ModuleNotFoundError as error:
        raise MissingExtra(f"the page needs {error.name}", fix='pip install "lilliput[web]"') from error
    from lilliput.core.store import default_path
    from lilliput.web.mail.deliver import deliver, render
    from lilliput.web.mail.digest import digest_of, last_week
    from lilliput.web.mail.settings import MailSettings
    from lilliput.web.settings import ServeSettings

    chosen, mail = store or default_path(), MailSettings.of(smtp, sender)
    if send and mail is None:
        raise BadSetting("--send without a mail server", fix="--smtp smtps://user@host --from you@example.org")
    site = open_site(
        ServeSettings(folder=folder or chosen.parent / "page", store=chosen, papers=papers, address=address, mail=mail)
    )
    try:
        found = digest_of(site.database, week or last_week())
        facts = {
            "week": found.week, "papers": len(found.papers), "results": len(found.figures) + len(found.scores),
            "left_out": found.left_out,
        }  # fmt: skip
        output = Output(json=json)
        if not send or mail is None:
            output.show(facts, human=[render(site, found)[1].rstrip()])
            return
        done = deliver(site, mail, found, lambda to: None if json else typer.echo(f"sent to {to}", err=True))
    finally:
        site.close()
    lines = [f"{found.subject}: sent to {len(done.sent)}, {done.before} had it already"]
    lines += [f"not taken for {to}: {why}" for to, why in done.refused.items()]
    lines += [f"an earlier delivery stopped at {to}: not sent again" for to in done.unknown]
    if found.is_empty:
        lines = [f"week {found.week} brought nothing new: nothing sent"]
    output.show(
        {**facts, "sent": len(done.sent), "before": done.before, "refused": done.refused, "unknown": done.unknown},
        human=lines,
    )
    if done.refused:
        raise typer.Exit(1)
