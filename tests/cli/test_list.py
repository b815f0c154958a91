import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from lilliput.cli import _catalogue
from lilliput.cli.main import run
from lilliput.core.errors import MissingExtra, UnknownName
from lilliput.core.registry import Registry


@dataclass
class Board:
    """A board."""

    flash: int

    def describe(self):
        return {
            "summary": "Cortex-M4", "flash_bytes": self.flash, "sizes": (1, 2), "path": Path("a/b"),
            "mean": np.float32(0.5), "nan": float("nan"), "core": {"clock": 180},
        }  # fmt: skip


@pytest.fixture
def boards(monkeypatch):
    """Two boards and two tasks, whatever the installation has."""
    boards, tasks = Registry("board"), Registry("task")
    boards.add("nucleo-a", Board(1024))
    boards.add("disco-b", Board(2048))

    @tasks.register("digits")
    def digits():
        """Ten digits.

        And more.
        """

    def open_registry(kind):
        if kind in ("boards", "tasks"):
            return {"boards": boards, "tasks": tasks}[kind]
        raise UnknownName(f"this installation has no {kind}")

    monkeypatch.setattr(_catalogue, "open_registry", open_registry)
    return boards


def test_names_are_listed_with_what_they_are(capsys, boards):
    assert run(["list", "boards"]) == 0
    assert capsys.readouterr().out == ("name      what it is\ndisco-b   Cortex-M4\nnucleo-a  Cortex-M4\n2 boards\n")
    run(["list", "tasks"])
    assert "digits  Ten digits." in capsys.readouterr().out
    run(["list", "boards", "nucleo-*", "-q"])
    assert capsys.readouterr().out == "nucleo-a\n"


def test_descriptions_become_plain_json(capsys, boards):
    run(["list", "boards", "disco-*", "--json"])
    item = json.loads(capsys.readouterr().out)["items"][0]
    assert item == {
        "name": "disco-b", "summary": "Cortex-M4", "flash_bytes": 2048, "sizes": [1, 2], "path": "a/b", "mean": 0.5,
        "nan": "nan", "core": {"clock": 180},
    }  # fmt: skip


def test_nothing_that_matches_is_said(capsys, boards):
    run(["list", "boards", "zz*"])
    assert "no boards match 'zz*'" in capsys.readouterr().out


def test_a_name_is_looked_up_among_all_kinds(capsys, boards):
    assert run(["info", "nucleo-a"]) == 0
    out = capsys.readouterr().out
    assert "core.clock" in out
    assert "1 024" in out
    run(["info", "digits", "--json"])
    assert json.loads(capsys.readouterr().out)["items"] == [
        {"kind": "tasks", "name": "digits", "summary": "Ten digits."}
    ]


def test_an_unknown_name_is_suggested_and_closed_kinds_are_named(capsys, boards):
    assert run(["info", "nucleo-b"]) == 2
    err = capsys.readouterr().err
    assert "did you mean nucleo-a" in err
    assert "this installation has no models" in err
    assert run(["info", "x", "--kind", "models"]) == 2
    assert "this installation has no models" in capsys.readouterr().err


def test_an_unknown_kind_is_suggested(capsys):
    assert run(["list", "model"]) == 2
    assert "did you mean models?" in capsys.readouterr().err


def test_the_operators_are_really_there(capsys):
    assert run(["list", "ops", "-q"]) == 0
    assert "fully_connected" in capsys.readouterr().out.split()


def test_a_package_that_is_not_installed_is_an_extra(monkeypatch):
    def refuse(name):
        raise ModuleNotFoundError("No module named 'unicorn'", name="unicorn")

    monkeypatch.setattr(_catalogue.importlib, "import_module", refuse)
    with pytest.raises(MissingExtra, match="boards need the package 'unicorn'"):
        _catalogue.open_registry("boards")


def test_a_class_that_many_entries_share_says_nothing_about_one():
    class Entry:
        """One registered name."""

    registry = Registry("thing")
    registry.add("a", Entry())
    assert _catalogue.description(registry, "a") == {"summary": "One registered name."}
    registry.add("b", Entry())
    assert _catalogue.description(registry, "a") == {}


def test_a_dataclass_without_a_description_shows_its_fields():
    class Network:
        """Two layers.

        And more.
        """

    @dataclass
    class Entry:
        """One registered name."""

        name: str
        network: type
        sizes: frozenset[int]

    registry = Registry("thing")
    for name in "ab":
        registry.add(name, Entry(name, Network, frozenset({2, 1})))
    described = _catalogue.description(registry, "a")
    assert described == {"name": "a", "network": "Two layers.", "sizes": [1, 2]}
    assert _catalogue.summary(described) == "Two layers."
