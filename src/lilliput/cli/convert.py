"""`lilliput convert`: a published checkpoint becomes a network of ours."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lilliput.cli.options import Json, Out, Quiet, Set


def register(app: typer.Typer) -> None:
    """Add the verb."""
    example = "lilliput convert tinynet_e.pth tinynet_e --out nets/tinynet_e"
    app.command(name="convert", epilog=f"Example: {example}")(convert)


def convert(
    checkpoint: Annotated[Path, typer.Argument(help="A file of torch.save or .safetensors.")],
    model: Annotated[str, typer.Argument(help="The network that it is of; `lilliput list models`.")],
    settings: Set = None,
    out: Out = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Read a published checkpoint, safely, and write the network as a folder of ours.

    With other classes (--set classes=10) the classifier starts anew; with other channels the first kernels are fitted.
    """
    from lilliput.core.output import Output, Table
    from lilliput.core.settings import parse_override
    from lilliput.models.convert import load_checkpoint
    from lilliput.models.package import save_model

    changes = {".".join(path): value for path, value in map(parse_override, settings or [])}
    loaded = load_checkpoint(model, checkpoint, **changes)
    folder = out or Path(model)
    save_model(loaded.model, folder)
    said = {"model": model, "out": str(folder), "fresh": list(loaded.fresh), "changed": list(loaded.changed)}
    rows = [("network", model), ("folder", str(folder)), ("started anew", ", ".join(loaded.fresh) or "nothing"),
            ("fitted", ", ".join(loaded.changed) or "nothing")]  # fmt: skip
    Output(json=json, quiet=quiet).show(said, ids=[str(folder)], human=[Table(("", ""), rows)])
