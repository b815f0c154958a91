import json

import pytest

from lilliput.cli.main import EXIT_CODES, run
from lilliput.core.errors import error_codes


@pytest.mark.parametrize("asked", ["LP401", "lp401", "401", "DoesNotFit", "doesnotfit"])
def test_a_code_is_explained_however_it_is_typed(capsys, asked):
    assert run(["explain", asked]) == 0
    out = capsys.readouterr().out
    assert out.startswith("LP401 DoesNotFit (exit code 1)\n\nThe network needs more flash or SRAM")


def test_all_codes_and_exit_codes_are_listed(capsys):
    assert run(["explain", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [page["code"] for page in found["codes"]] == list(error_codes())
    assert {entry["exit_code"] for entry in found["exit_codes"]} == set(EXIT_CODES)
    assert run(["explain", "-q"]) == 0
    assert capsys.readouterr().out.split() == list(error_codes())


@pytest.mark.parametrize("number", EXIT_CODES)
def test_each_exit_code_has_a_page(capsys, number):
    assert run(["explain", str(number)]) == 0
    assert EXIT_CODES[number] in capsys.readouterr().out


def test_the_exit_code_page_lists_its_errors(capsys):
    run(["explain", "3"])
    out = capsys.readouterr().out
    assert "LP200" in out
    assert "LP401" not in out


@pytest.mark.parametrize(("asked", "near"), [("LP402", "LP401"), ("DoesntFit", "LP401"), ("zzzzz", "lists all codes")])
def test_an_unknown_code_suggests(capsys, asked, near):
    assert run(["explain", asked]) == 2
    err = capsys.readouterr().err
    assert f"no error code is called {asked!r}" in err
    assert near in err
