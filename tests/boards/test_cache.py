"""The cache gives back what was stored under an equal key, and nothing else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lilliput.boards import cache
from lilliput.core.errors import NoRoom


@pytest.fixture(autouse=True)
def _fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LILLIPUT_HOME", str(tmp_path))


def test_a_stored_payload_is_found_by_its_key() -> None:
    path = cache.store("objects", b"key", b"payload", executable=True)
    assert cache.find("objects", b"key") == path
    assert path.read_bytes() == b"payload"
    assert path.stat().st_mode & 0o111
    assert cache.find("objects", b"other") is None
    assert cache.find("host", b"key") is None


def test_an_equal_hash_with_another_key_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "_address", lambda key: "same")
    cache.store("objects", b"first", b"1")
    assert cache.find("objects", b"second") is None
    path = cache.store("objects", b"second", b"2")
    assert path.read_bytes() == b"2"
    assert cache.find("objects", b"first") is None


def test_a_damaged_entry_is_made_again() -> None:
    path = cache.store("objects", b"key", b"payload")
    (path.parent / "key").write_bytes(b"garbage")
    assert cache.find("objects", b"key") is None
    assert cache.store("objects", b"key", b"payload").read_bytes() == b"payload"
    assert cache.find("objects", b"key") == path


def test_storing_twice_keeps_one_and_leaves_no_rest() -> None:
    cache.store("objects", b"key", b"payload")
    path = cache.store("objects", b"key", b"payload")
    assert [entry.name for entry in path.parent.parent.iterdir()] == [path.parent.name]


def test_the_oldest_entries_go_when_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "MAX_ENTRIES", 10)
    paths = [cache.store("objects", bytes([i]), b"x") for i in range(30)]
    assert len(list(paths[0].parent.parent.iterdir())) <= 10
    assert paths[-1].is_file()


def test_folders_of_builds_that_were_killed_go_after_a_day() -> None:
    old, young = cache.scratch_folder(), cache.scratch_folder()
    os.utime(old, (0, 0))
    cache.scratch_folder()
    assert not old.exists()
    assert young.exists()


def test_a_folder_that_cannot_be_written_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("LILLIPUT_HOME", str(tmp_path / "file"))
    with pytest.raises(NoRoom, match="set LILLIPUT_HOME to another folder"):
        cache.store("objects", b"key", b"payload")
    with pytest.raises(NoRoom, match="set LILLIPUT_HOME"):
        cache.scratch_folder()
