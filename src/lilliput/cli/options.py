"""Options that several verbs share, each defined once.

def train(task: str, settings: Set = None, seed: Seed = 0, json: Json = False, quiet: Quiet = False) -> None: ...
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

Json: TypeAlias = Annotated[bool, typer.Option("--json", help="Print one JSON object, for programs.")]
Quiet: TypeAlias = Annotated[bool, typer.Option("--quiet", "-q", help="Print ids only, and no progress.")]
Set: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Change a setting: train.epochs=10. May be given again."),
]
Config: TypeAlias = Annotated[
    Path | None, typer.Option("--config", metavar="FILE", help="Settings from a TOML file; --set wins over it.")
]
Seed: TypeAlias = Annotated[
    int, typer.Option("--seed", min=0, max=2**32 - 1, help="The same seed gives the same result.")
]
Threads: TypeAlias = Annotated[
    int, typer.Option("--threads", min=1, help="Threads for computing; the same number gives the same bits.")
]
Device: TypeAlias = Annotated[str, typer.Option("--device", help="Where to compute: cpu, cuda, cuda:1.")]
Out: TypeAlias = Annotated[
    Path | None, typer.Option("--out", "-o", metavar="PATH", help="Where to write; replaced only if it is ours.")
]
DryRun: TypeAlias = Annotated[bool, typer.Option("--dry-run", help="Print the plan and do nothing.")]
Board: TypeAlias = Annotated[
    str | None, typer.Option("--board", metavar="NAME", help="The microcontroller; `lilliput list boards`.")
]
StorePath: TypeAlias = Annotated[
    Path | None, typer.Option("--store", metavar="FILE", help="The result store, if not the usual one.")
]
Papers: TypeAlias = Annotated[
    Path | None, typer.Option("--papers", metavar="DIR", help="Papers of your own, a TOML file each.")
]


def use_threads(threads: int) -> None:
    """Compute with that many threads from now on; call it before torch is imported where that can be.

    One is the default: small networks gain little from more, lose much on a machine that is shared, and give the same
    bits on machines with different numbers of cores.
    """
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = str(threads)
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.set_num_threads(threads)
