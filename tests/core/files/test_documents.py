import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lilliput.core.errors import (
    BadName,
    BadValue,
    CutShort,
    FileError,
    ImpossibleSize,
    MissingFile,
    NewerFormat,
    NotThisFormat,
    TooDeep,
)
from lilliput.core.files import parse_json, read_bytes, read_json, sha256_of, to_json, write_json

real = st.floats(allow_nan=False, allow_infinity=False)
plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | real | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)  # fmt: skip


@given(plain)
def test_what_is_written_is_read_back(value):
    try:
        text = to_json(value)
    except ValueError:
        return  # half of a surrogate pair
    assert parse_json(text.encode()) == value


def test_keys_are_sorted_and_a_newline_ends_it():
    assert to_json({"b": 1, "a": {"d": 1, "c": "é"}}) == '{\n  "a": {\n    "c": "é",\n    "d": 1\n  },\n  "b": 1\n}\n'


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "\ud800"])
def test_what_cannot_be_read_back_is_not_written(value):
    with pytest.raises(ValueError, match=r"JSON|surrogates"):
        to_json({"a": value})


def test_a_document_carries_its_header(tmp_path):
    path = tmp_path / "x.json"
    write_json(path, "report", {"macs": 3})
    assert json.loads(path.read_text()) == {"format": "lilliput/report", "version": 1, "macs": 3}
    assert read_json(path, "report")["macs"] == 3
    with pytest.raises(ValueError, match="the header says"):
        write_json(path, "report", {"version": 2})


BAD = {
    "empty": (b"", CutShort),
    "spaces only": (b"  \n", CutShort),
    "cut in an object": (b'{"format": "lilliput/x", "version": 1', CutShort),
    "cut in a string": (b'{"format": "lill', CutShort),
    "cut after a key": (b'{"a":', CutShort),
    "another format": (b'{"format": "other/x", "version": 1}', NotThisFormat),
    "another kind": (b'{"format": "lilliput/y", "version": 1}', NotThisFormat),
    "no header": (b"{}", NotThisFormat),
    "a list": (b"[]", NotThisFormat),
    "a number": (b"3", NotThisFormat),
    "not JSON": (b"PK\x03\x04", NotThisFormat),
    "a pickle": (b"\x80\x04\x95\x10\x00", NotThisFormat),
    "something after the end": (b'{"format": "lilliput/x", "version": 1} x', NotThisFormat),
    "trailing comma": (b'{"a": 1,}', NotThisFormat),
    "not UTF-8": (b'{"a": "\xff"}', NotThisFormat),
    "byte order mark": (b"\xef\xbb\xbf{}", NotThisFormat),
    "version as text": (b'{"format": "lilliput/x", "version": "1"}', NotThisFormat),
    "version true": (b'{"format": "lilliput/x", "version": true}', NotThisFormat),
    "version 0": (b'{"format": "lilliput/x", "version": 0}', NotThisFormat),
    "future version": (b'{"format": "lilliput/x", "version": 2}', NewerFormat),
    "a key twice": (b'{"a": 1, "a": 2}', BadName),
    "half a surrogate pair": (rb'{"a": "\ud800"}', BadName),
    "half a surrogate pair in a key": (rb'{"\uDC00": 1}', BadName),
    "NaN": (b'{"a": NaN}', BadValue),
    "infinity": (b'{"a": -Infinity}', BadValue),
    "a number too large": (b'{"a": 1e999}', BadValue),
    "a number of 5000 digits": (b'{"a": ' + b"9" * 5000 + b"}", BadValue),
    "deep": (b"[" * 200_000, TooDeep),
    "deep objects": (b'{"a":' * 200_000, TooDeep),
    "depth limit + 1": (b"[" * 65 + b"]" * 65, TooDeep),
}


@pytest.mark.parametrize("name", BAD)
def test_each_kind_of_damage_has_its_code(tmp_path, name):
    content, error = BAD[name]
    path = tmp_path / "bad.json"
    path.write_bytes(content)
    with pytest.raises(error) as caught:
        read_json(path, "x")
    assert type(caught.value) is error
    assert str(path) in str(caught.value)


def test_the_depth_limit_itself_is_read():
    assert parse_json(b"[" * 64 + b"]" * 64)


def test_brackets_and_quotes_in_strings_do_not_count_as_depth():
    text = json.dumps(["[" * 100, '\\"[[' * 50, "\\"]).encode()
    assert parse_json(text) == json.loads(text)


def test_a_long_string_without_an_end_is_refused_in_linear_time():
    with pytest.raises(CutShort):
        parse_json(b'"' + rb"\"" * 4_000_000)


def test_size_is_limited_before_parsing(tmp_path):
    path = tmp_path / "big.json"
    path.write_bytes(b" " * 2000)
    with pytest.raises(ImpossibleSize, match="2 000 B, the limit is 1000 B"):
        read_json(path, "x", size_limit=1000)


@given(st.binary(max_size=200))
def test_any_bytes_give_a_value_or_one_of_our_errors(data):
    try:
        parse_json(data)
    except FileError:
        return


@given(st.integers(0, 60), st.integers(0, 255))
def test_a_changed_byte_gives_a_value_or_one_of_our_errors(place, byte):
    good = bytearray(b'{"format": "lilliput/x", "version": 1, "a": [1.5, "t", null]}')
    good[place % len(good)] = byte
    try:
        parse_json(bytes(good))
    except FileError:
        return


def test_what_is_no_file_is_missing(tmp_path):
    with pytest.raises(MissingFile, match="there is no file"):
        read_bytes(tmp_path / "none")
    with pytest.raises(MissingFile, match="is a folder"):
        read_bytes(tmp_path)
    with pytest.raises(MissingFile, match="null"):
        read_bytes(tmp_path / "a\0b")
    with pytest.raises(MissingFile):
        sha256_of(tmp_path)


def test_a_pipe_without_a_writer_does_not_hang(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(MissingFile, match="not a regular file"):
        read_bytes(tmp_path / "pipe")


def test_a_device_is_not_read():
    with pytest.raises(MissingFile, match="not a regular file"):
        read_bytes(Path("/dev/zero"))
