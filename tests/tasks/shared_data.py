"""Where the data sets beside the checkout are; tests that need them are skipped where they are not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


def shared(name: str) -> Path:
    """Path of one of the shared data files."""
    beside = Path(__file__).resolve().parents[3] / "shared"
    path = Path(os.environ.get("LILLIPUT_SHARED", beside)) / "data" / name
    if not path.exists():
        pytest.skip(f"{name} is not beside the checkout")
    return path
