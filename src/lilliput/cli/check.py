"""`lilliput check`: is a compiled folder still right?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lilliput.cli.options import Json, Quiet


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command(name="check", epilog="Example: lilliput check build/spoken-digits-nucleo-f446re")(check)


def check(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="What `lilliput compile` or `build` wrote.")],
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Hold a compiled folder to its manifest, its memory plan, its reference, the host and the emulated board."""
    from lilliput.boards.agree import agreement
    from lilliput.boards.compiled import read_compiled
    from lilliput.boards.ports import ports_of
    from lilliput.boards.verify import verify
    from lilliput.core.errors import NotBitExact
    from lilliput.core.files import check_folder
    from lilliput.core.output import Output

    files = check_folder(folder)
    compiled = read_compiled(folder)
    changed = sorted(name for name, text in compiled.printed.items() if compiled.program.sources.get(name, "") != text)
    rows = len(ports_of(compiled.program).rows(compiled.inputs))
    found = agreement(compiled.program.run(*compiled.inputs), compiled.outputs, rows)
    if found.row is not None:
        raise NotBitExact(
            f"{found.wrong_bytes} bytes of the stored outputs differ from the reference, first in row {found.row}",
            fix="compile the network again",
        )
    verification = verify(compiled.program, compiled.board, compiled.inputs)
    measured = {
        "sram_bytes": verification.execution.sram_bytes,
        "flash_bytes": verification.execution.image.flash_bytes if verification.execution.image else None,
    }
    moved = {
        key: (compiled.report.get(key), value) for key, value in measured.items() if compiled.report.get(key) != value
    }
    differences = [f"{key} is {new}, the report says {old}" for key, (old, new) in moved.items()]
    facts = {
        "folder": str(folder),
        "files": len(files),
        "rows": verification.rows,
        "differing_bytes": verification.differing_bytes,
        **({} if verification.largest_error is None else {"largest_error": verification.largest_error}),
        "sources_changed": changed,
        "figures_changed": {key: {"report": old, "now": new} for key, (old, new) in moved.items()},
    }
    lines = [
        f"files: {len(files)}, all as the manifest says",
        _proof(verification.largest_error, compiled.board.name, verification.rows),
        f"C sources: {'as this version prints them' if not changed else 'changed: ' + ', '.join(changed)}",
        f"figures: {'equal to the report' if not moved else '; '.join(differences)}",
    ]
    Output(json=json, quiet=quiet).show(facts, ids=[str(folder)], human=lines)
    if moved:
        raise typer.Exit(1)


def _proof(largest_error: float | None, board: str, rows: int) -> str:
    if largest_error is None:
        return f"bit-exact: yes, reference = host = {board} over {rows} stored items"
    return f"within the bound: yes, host and {board} by {largest_error:.1e} of the reference over {rows} stored items"
