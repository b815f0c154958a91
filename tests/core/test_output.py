import io
import json
import os

import pytest

from lilliput.core.output import Output, Table, plain_table

TABLE = Table(("layer", "bytes", "share"), [("stem", 131072, 0.5), ("[red]x", None, 0.25)], marked=frozenset({0}))


def shown(**options):
    out = io.StringIO()
    Output(stream=out, **options).show({"b": 1, "a": [1]}, ids=["x", "y"], human=[TABLE, "2 layers"])
    return out.getvalue()


def test_people_get_aligned_columns_where_there_is_no_terminal():
    assert shown() == ("layer     bytes  share\nstem    131 072    0.5  *\n[red]x        -   0.25\n2 layers\n")


def test_programs_get_one_object_with_sorted_keys():
    assert json.loads(shown(json=True)) == {"a": [1], "b": 1}
    assert shown(json=True).index('"a"') < shown(json=True).index('"b"')
    assert shown(json=True, quiet=True) == shown(json=True)


def test_quiet_prints_ids_only():
    assert shown(quiet=True) == "x\ny\n"


def test_json_never_holds_nan():
    with pytest.raises(ValueError, match="not JSON compliant"):
        Output(json=True, stream=io.StringIO()).show({"a": float("nan")})


def test_a_row_of_the_wrong_length_is_refused():
    with pytest.raises(ValueError, match="2 cells under 1 columns"):
        Table(("a",), [(1, 2)])


def test_a_cell_cannot_break_the_table():
    assert plain_table(Table(("a",), [("x\ny\x1b[0m",)])) == "a\nx y\\x1b[0m\n"


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_terminal_gets_a_drawn_table_without_markup_and_without_colour_under_no_color(monkeypatch):
    monkeypatch.setenv("TERM", "xterm-256color")
    out = Terminal()
    Output(stream=out).show({}, human=[TABLE])
    assert "[red]x" in out.getvalue()
    assert "─" in out.getvalue()
    monkeypatch.setenv("NO_COLOR", "1")
    plain = Terminal()
    Output(stream=plain).show({}, human=[TABLE])
    assert "\x1b[3" not in plain.getvalue()


def test_a_stream_of_another_encoding_shows_what_it_can():
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    Output(stream=stream).show({}, human=["x → y"])
    assert raw.getvalue() == b"x ? y" + os.linesep.encode()
