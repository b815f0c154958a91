import inspect

import pytest

from lilliput.core.errors import LilliputError, error_codes
from lilliput.core.text import printable

EXIT_OF = {"1": 2, "2": 3, "3": 4, "4": 1, "5": 1, "6": 5, "7": 6, "9": 70}
EXIT_OF_ONE = {"LP106": 1}  # the request is right, and the answer is no


@pytest.mark.parametrize("code", list(error_codes()))
def test_every_code_has_a_page_and_the_exit_code_of_its_family(code):
    cls = error_codes()[code]
    assert cls.exit_code == EXIT_OF_ONE.get(code, EXIT_OF[code[2]])
    page = inspect.getdoc(cls)
    assert page
    assert page != inspect.getdoc(cls.__mro__[1])


def test_a_message_has_what_why_and_fix():
    cls = error_codes()["LP401"]
    assert str(cls("too big", why="it is", fix="--patch 3x3")) == "LP401: too big\n  why: it is\n  fix: --patch 3x3"


def test_a_code_is_given_once():
    with pytest.raises(ValueError, match="error code LP401 is taken by DoesNotFit"):
        type("Other", (LilliputError,), {"code": "LP401"})


def test_text_from_files_cannot_command_the_terminal():
    assert printable("plain ÄÖ → 日本\n\ttab") == "plain ÄÖ → 日本\n\ttab"
    assert printable("a\x1b[31m\r\x9b\u202eb\ud800") == "a\\x1b[31m\\r\\x9b\\u202eb\\ud800"
