"""Fixtures for all tests, and the count of skipped ones."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data beside the checkout, or in `LILLIPUT_SHARED`; where there is none the test is skipped."""
    given = os.environ.get("LILLIPUT_SHARED")
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(given) if given else beside
    folder = folder / "data" if (folder / "data").is_dir() else folder
    if not folder.is_dir():
        pytest.skip(f"no shared data at {folder}: set LILLIPUT_SHARED")
    return folder


@pytest.fixture(autouse=True)
def _own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test writes into the user's own result store."""
    monkeypatch.setenv("LILLIPUT_HOME", str(tmp_path_factory.getbasetemp() / "home"))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """With `LILLIPUT_MAX_SKIPS` a run with more skipped tests than that fails: a missing tool must not go unseen."""
    allowed = os.environ.get("LILLIPUT_MAX_SKIPS")
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if allowed is None or reporter is None or hasattr(session.config, "workerinput"):
        return
    skipped = len(reporter.stats.get("skipped", []))
    if skipped > int(allowed):
        reporter.write_line(f"{skipped} tests were skipped, {allowed} are allowed", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
