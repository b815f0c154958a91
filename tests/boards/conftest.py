"""One cache for the board tests, kept between test runs, so that kernels and the host's C library stubs are built once.

Entries are found by all that goes into them, so an old one cannot hide a change.
"""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def _shared_home(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = request.config.cache
    assert cache is not None
    home: Path = cache.mkdir("lilliput")
    monkeypatch.setenv("LILLIPUT_HOME", str(home))
