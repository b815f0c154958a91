"""What all front ends share: JSON, the real value, the printed C."""

from __future__ import annotations

import json

import numpy as np
import pytest

from lilliput.core.errors import BadName, BadValue
from lilliput.features import Affine, LogMel, Preprocess
from tests.features.c_definition import c_definition

FRONTS: list[Preprocess] = [
    LogMel(8000, 2000, 256, 160, 256, 20, 100, 3900),
    Affine.identity_u8((8, 8, 3)),
    Affine.fit(np.random.default_rng(0).integers(-900, 5000, (9, 30, 3)).astype(np.int16)),
]


def raw_for(front: Preprocess) -> np.ndarray:
    limits = np.iinfo(front.input_dtype)
    return np.random.default_rng(1).integers(limits.min, limits.max, (4, *front.input_shape)).astype(front.input_dtype)


@pytest.mark.parametrize("front", FRONTS)
def test_json_gives_the_same_front_end_back(front: Preprocess) -> None:
    again = Preprocess.from_json(json.loads(json.dumps(front.to_json())))
    assert again == front
    np.testing.assert_array_equal(again.integer(raw_for(front)), front.integer(raw_for(front)))


@pytest.mark.parametrize("front", FRONTS)
def test_scale_and_zero_point_say_what_the_integers_mean(front: Preprocess) -> None:
    assert float(np.float32(front.output_scale)) == front.output_scale
    q = np.array([front.output_zero_point, front.output_zero_point + 1], np.int8)
    assert front.dequantise(q).tolist() == [0.0, front.output_scale]
    assert front.integer(raw_for(front)).shape == (4, *front.output_shape)


@pytest.mark.parametrize("front", FRONTS)
def test_printed_c_defines_every_member_of_the_kernels_struct(front: Preprocess) -> None:
    from importlib.resources import files

    header = files("lilliput.runtime").joinpath(f"{front.kernel}.h").read_text()
    members = header.split("typedef struct {")[1].split("}")[0]
    text = c_definition(front, "front")
    for line in members.strip().splitlines():
        member = line.split(";")[0].split()[-1].lstrip("*")
        assert f"    .{member} = " in text


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"kind": "mfcc"}, BadName, "LP205: no preprocessing is called 'mfcc'"),
        ({"kind": None}, BadName, "LP205: a preprocessing must be an object with the key `kind`"),
        ({"extra": 1}, BadName, r"LP205: preprocessing 'affine': missing \[\], not known \[\"'extra'\"\]"),
        ({"scale": "a"}, BadValue, "LP207: preprocessing 'affine': `scale` must be of type float, got 'a'"),
        ({"std": [0, 1, 1]}, BadValue, "LP207: preprocessing 'affine': `std` must be in"),
        ({"mean": [[], {}, None]}, BadValue, "LP207"),
        ({"raw_dtype": ["uint8"]}, BadValue, "LP207"),
        ({"scale": 1e400}, BadValue, "LP207"),
        ({"zero_point": True}, BadValue, "LP207"),
    ],
)
def test_bad_json_is_refused_with_its_code(change: dict[str, object], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        Preprocess.from_json({**FRONTS[1].to_json(), **change})


def test_json_that_is_no_object_is_refused() -> None:
    with pytest.raises(BadName, match="LP205"):
        Preprocess.from_json([1, 2])
    with pytest.raises(BadName, match=r"missing \['mean'\]"):
        Preprocess.from_json({k: v for k, v in FRONTS[1].to_json().items() if k != "mean"})
