import json
import pickle
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from lilliput.core.errors import (
    BadName,
    BadValue,
    CutShort,
    FileError,
    ImpossibleSize,
    MissingFile,
    NotThisFormat,
    OutOfRange,
    TooDeep,
    WrongWeights,
)
from lilliput.core.files import read_tensors, tensors_to_bytes, write_tensors

TYPES = [
    "float64",
    "float32",
    "float16",
    "int64",
    "int32",
    "int16",
    "int8",
    "uint64",
    "uint32",
    "uint16",
    "uint8",
    "bool",
]


def raw(header: object, data: bytes = b"") -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data


def entry(dtype="F32", shape=(2,), offsets=(0, 8)):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": list(offsets)}


@given(
    st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=8).filter(
            lambda s: s != "__metadata__"
        ),
        st.sampled_from(TYPES).flatmap(
            lambda t: arrays.arrays(t, arrays.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3))
        ),
        max_size=4,
    )
)
def test_what_is_written_is_read_back_by_us_and_by_the_published_reader(tensors):
    data = tensors_to_bytes(tensors, metadata={"b": "2", "a": "1"})
    ours, theirs = read_tensors(data, finite=False), safetensors.numpy.load(data)
    assert list(ours) == sorted(tensors)
    for name, tensor in tensors.items():
        for found in (ours[name], theirs[name]):
            assert found.dtype == tensor.dtype
            np.testing.assert_array_equal(found, tensor)


def test_what_the_published_writer_writes_is_read():
    tensors = {"b": np.arange(6, dtype=np.int8).reshape(2, 3), "a": np.float32([1.5])}
    found = read_tensors(safetensors.numpy.save(tensors, metadata={"x": "y"}))
    np.testing.assert_array_equal(found["b"], tensors["b"])
    assert found["a"].flags.writeable


def test_the_same_tensors_give_the_same_bytes_in_any_order():
    a, b = np.ones((2, 3), np.float32), np.zeros(5, np.int8)
    first = tensors_to_bytes({"a": a, "b": b}, metadata={"x": "1", "y": "2"})
    assert first == tensors_to_bytes({"b": b, "a": np.asfortranarray(a)}, metadata={"y": "2", "x": "1"})


def test_a_type_that_the_format_does_not_have_is_a_programmers_error():
    with pytest.raises(ValueError, match="no type complex64, of 'a'"):
        tensors_to_bytes({"a": np.zeros(1, np.complex64)})


def test_weights_must_be_exactly_those_of_the_network(tmp_path):
    path = tmp_path / "w.safetensors"
    write_tensors(path, {"a": np.zeros((2, 3), np.float32), "extra": np.zeros(1, np.int8), "c": np.zeros(2, np.int8)})
    right = {"a": ((2, 3), "float32"), "extra": ((1,), "int8"), "c": ((2,), "int8")}
    assert set(read_tensors(path, expect=right)) == set(right)
    with pytest.raises(WrongWeights) as caught:
        read_tensors(path, expect={"a": ((3, 2), "float32"), "c": ((2,), "uint8"), "gone": ((1,), "int8")})
    assert caught.value.why == (
        "missing: gone; unexpected: extra; wrong: a is float32 [2, 3], needed float32 [3, 2], "
        "c is int8 [2], needed uint8 [2]"
    )


def test_a_long_list_of_differences_is_cut_with_a_count():
    with pytest.raises(WrongWeights) as caught:
        read_tensors(tensors_to_bytes({}), expect={f"t{i}": ((1,), "int8") for i in range(8)})
    assert caught.value.why == "missing: t0, t1, t2, t3, t4 and 3 more"


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_value_that_is_not_finite_is_named_with_its_place(value):
    tensor = np.zeros((2, 3), np.float16)
    tensor[1, 2] = value
    data = tensors_to_bytes({"w": tensor})
    with pytest.raises(BadValue, match=rf"'w' holds {value} at \[1, 2\]"):
        read_tensors(data)
    assert read_tensors(data, finite=False)["w"].shape == (2, 3)


BAD = {
    "empty": (b"", CutShort),
    "seven bytes": (b"\0" * 7, CutShort),
    "header past the end": (raw({})[:-1], CutShort),
    "header of 2^64-1": (b"\xff" * 8 + b"{}", NotThisFormat),
    "a pickle": (pickle.dumps({"a": 1}), NotThisFormat),
    "a zip": (b"PK\x03\x04" + b"\0" * 60, NotThisFormat),
    "header not JSON": (raw(b"hello"), NotThisFormat),
    "header begins with a space": (raw(b" {}"), NotThisFormat),
    "header a list": (raw(b"[]"), NotThisFormat),
    "header cut": (raw(b'{"a": '), CutShort),
    "header not UTF-8": (raw(b'{"\xff": 1}'), NotThisFormat),
    "name twice": (raw(b'{"a":{"dtype":"I8","shape":[0],"data_offsets":[0,0]},'
                       b'"a":{"dtype":"I8","shape":[0],"data_offsets":[0,0]}}'), BadName),
    "name empty": (raw({"": entry()}, b"\0" * 8), BadName),
    "name of 10 000 characters": (raw({"x" * 10_000: entry()}, b"\0" * 8), BadName),
    "name with NUL": (raw({"a\0b": entry()}, b"\0" * 8), BadName),
    "metadata not text": (raw({"__metadata__": {"a": 1}}), NotThisFormat),
    "entry not an object": (raw({"a": 1}), NotThisFormat),
    "entry with more": (raw({"a": {**entry(), "url": "x"}}, b"\0" * 8), NotThisFormat),
    "entry with less": (raw({"a": {"dtype": "I8"}}), NotThisFormat),
    "type unknown": (raw({"a": entry("F8_E4M3", (8,))}, b"\0" * 8), NotThisFormat),
    "type a list": (raw({"a": entry(["F32"])}, b"\0" * 8), NotThisFormat),
    "rank 9": (raw({"a": entry("I8", (1,) * 9, (0, 1))}, b"\0"), ImpossibleSize),
    "axis -1": (raw({"a": entry(shape=(-1,))}, b"\0" * 8), OutOfRange),
    "axis true": (raw({"a": entry("I8", (True,), (0, 1))}, b"\0"), OutOfRange),
    "axis 2^62": (raw({"a": entry(shape=(2**62,))}, b"\0" * 8), ImpossibleSize),
    "axes that overflow 64 bits to the right size": (raw({"a": entry("I8", (2**32, 2**32), (0, 0))}), ImpossibleSize),
    "offsets turned round": (raw({"a": entry(offsets=(8, 0))}, b"\0" * 8), OutOfRange),
    "one offset": (raw({"a": entry(offsets=(0,))}, b"\0" * 8), OutOfRange),
    "offset a fraction": (raw({"a": entry(offsets=(0, 8.0))}, b"\0" * 8), OutOfRange),
    "data past the end": (raw({"a": entry()}, b"\0" * 7), CutShort),
    "more data than tensors": (raw({"a": entry()}, b"\0" * 9), CutShort),
    "overlap": (raw({"a": entry(), "b": entry(offsets=(4, 12))}, b"\0" * 12), OutOfRange),
    "hole": (raw({"a": entry(), "b": entry(offsets=(12, 20))}, b"\0" * 20), OutOfRange),
    "truth value 2": (raw({"a": entry("BOOL", (1,), (0, 1))}, b"\2"), BadValue),
    "deep header": (raw(b'{"a":' + b"[" * 100_000), TooDeep),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_each_kind_of_damage_has_its_code(name):
    data, error = BAD[name]
    with pytest.raises(error) as caught:
        read_tensors(data)
    assert type(caught.value) is error


GOOD = tensors_to_bytes({"weight": np.ones((2, 3), np.float32), "bias": np.zeros(3, np.int32)}, metadata={"a": "b"})


@pytest.mark.parametrize("end", range(len(GOOD)))
def test_a_file_cut_anywhere_is_refused(end):
    with pytest.raises(FileError):
        read_tensors(GOOD[:end])


def test_a_changed_byte_is_refused_or_gives_tensors():
    for place in range(len(GOOD)):
        for value in (0, 0x22, 0x2D, 0x39, 0x7B, 0xFF):
            changed = bytearray(GOOD)
            changed[place] = value
            try:
                found = read_tensors(bytes(changed))
            except FileError:
                continue
            assert sum(tensor.nbytes for tensor in found.values()) == 36


@given(st.binary(max_size=200))
def test_any_bytes_give_tensors_or_one_of_our_errors(data):
    try:
        read_tensors(data)
    except FileError:
        return


class _Marker:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (Path.touch, (self.path,))


def test_a_file_whose_unpickling_would_act_does_nothing(tmp_path):
    marker = tmp_path / "marker"
    path = tmp_path / "model.safetensors"
    path.write_bytes(pickle.dumps(_Marker(marker)))
    with pytest.raises(FileError):
        read_tensors(path)
    assert not marker.exists()


def test_a_missing_file_and_a_large_one_are_refused(tmp_path):
    with pytest.raises(MissingFile):
        read_tensors(tmp_path / "none")
    (tmp_path / "w").write_bytes(GOOD)
    with pytest.raises(ImpossibleSize, match="the limit is 100 B"):
        read_tensors(tmp_path / "w", limit=100)
