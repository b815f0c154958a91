"""A small real task, the smallest network for it, and one finished build that several tests look at."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

SMALL = ("wrist-activity", "--board", "nucleo-f446re", "--json")
"""Real data that comes with the package."""
QUICK = (
    *("--set", "train.epochs=2", "--set", "config.width=8", "--set", "config.blocks=1"),
    *("--set", "prove_rows=24", "--set", "quantise.rows=64", "--threads", "1"),
)


def run_lilliput(
    arguments: Sequence[str], folder: Path, *, check: bool = True, extra: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """One command in a process of its own, in `folder`."""
    done = subprocess.run(
        [sys.executable, "-m", "lilliput.cli", *arguments],
        cwd=folder,
        env=environment(folder, extra),
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    if check:
        assert done.returncode == 0, done.stdout + done.stderr
    return done


def environment(folder: Path, extra: dict[str, str] | None = None) -> dict[str, str]:
    """A result store of the test's own."""
    return {**os.environ, "LILLIPUT_HOME": str(folder / "home"), "OMP_NUM_THREADS": "1", **(extra or {})}


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished build."""
    pytest.importorskip("ziglang", reason="the cross compiler is not installed")
    pytest.importorskip("unicorn", reason="the emulator is not installed")
    folder = tmp_path_factory.mktemp("built")
    run_lilliput(["build", *SMALL, *QUICK], folder)
    return folder / "build" / "wrist-activity-nucleo-f446re"
