"""The shape of the house: the direction of imports, and the size of its rooms."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def test_imports_go_one_way() -> None:
    pytest.importorskip("importlinter")
    done = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command as run; run()", "--no-cache"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_file_holds_a_second_idea() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for folder in ("src", "tests", "bench")
        for suffix in ("*.py", "*.c", "*.h")
        for path in (ROOT / folder).rglob(suffix)
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > 500
    }
    assert long == {}


def test_there_are_no_drawers() -> None:
    drawers = {"utils.py", "helpers.py", "misc.py", "common.py", "util.py"}
    assert [str(path) for path in (ROOT / "src").rglob("*.py") if path.name in drawers] == []


def test_every_error_code_has_its_page_in_the_one_tree() -> None:
    """A code in another file would be unknown to `lilliput explain` until that file happens to be imported."""
    tree = ROOT / "src" / "lilliput" / "core" / "errors.py"
    elsewhere = [
        str(path.relative_to(ROOT))
        for path in (ROOT / "src").rglob("*.py")
        if path != tree and 'code = "LP' in path.read_text(encoding="utf-8")
    ]
    assert elsewhere == []
