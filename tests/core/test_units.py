import contextlib
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lilliput.core.errors import BadUnit
from lilliput.core.units import (
    exact_bytes,
    format_bytes,
    format_count,
    format_ms,
    format_uj,
    parse_bytes,
    parse_count,
    parse_ms,
    parse_uj,
)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        (512, 512), ("512", 512), ("512B", 512), ("64kB", 64_000), ("64 kB", 64_000), ("256KiB", 262_144),
        ("256kib", 262_144), ("1.5MiB", 1_572_864), ("1MB", 1_000_000), ("0KiB", 0), (".5KiB", 512), ("1e3", 1000),
        (2048.0, 2048),
    ],
)  # fmt: skip
def test_sizes_are_read(text, size):
    assert parse_bytes(text) == size


@pytest.mark.parametrize(
    "text",
    [
        "", "KiB", "-1", "-1KiB", -1, "nan", math.nan, math.inf, "inf", "256K iB", "256 KiB and", "1.3B", 0.5, True,
        None, "１２", "9" * 19, "1e99", "1" * 100, "5 ms", "0x10",
    ],
)  # fmt: skip
def test_what_is_no_size_is_refused_with_its_code(text):
    with pytest.raises(BadUnit) as caught:
        parse_bytes(text)
    assert str(caught.value).startswith("LP102: ")
    assert "256KiB" in caught.value.fix


def test_an_unknown_unit_names_the_units_there_are():
    with pytest.raises(BadUnit, match="not a size"):
        parse_bytes("3KB2")
    with pytest.raises(BadUnit) as caught:
        parse_bytes("3parsecs")
    assert "kib" in caught.value.why


def test_a_negative_size_says_that_it_is_negative():
    with pytest.raises(BadUnit, match="'-4KiB' is negative: a size is at least 0"):
        parse_bytes("-4KiB")


def test_counts_times_and_energies_are_read():
    assert parse_count("3.5M") == 3_500_000
    assert parse_count("200k") == 200_000
    assert parse_ms("20ms") == 20
    assert parse_ms("1.5s") == 1500
    assert parse_ms("300us") == parse_ms("300µs") == parse_ms("300μs") == 0.3
    assert parse_uj("5uJ") == 5
    assert parse_uj("2mJ") == 2000
    assert parse_ms(7) == 7


def test_printing_chooses_the_unit():
    sizes = (0, 512, 1024, 131_072, 1_572_864)
    assert [format_bytes(n) for n in sizes] == [
        "0 B",
        "512 B",
        "1 KiB",
        "128 KiB",
        "1.5 MiB",
    ]
    assert format_bytes(1024**2 - 1) == "1 MiB"
    assert exact_bytes(131_072) == "131 072 B"
    assert [format_count(n) for n in (7, 23_180, 2_660_000)] == ["7", "23.2 k", "2.66 M"]
    assert [format_ms(t) for t in (0.3, 12.5, 1500, 125_000, 7_260_000)] == [
        "300 us", "12.5 ms", "1.5 s", "2 min 5 s", "2 h 1 min",
    ]  # fmt: skip
    assert [format_uj(e) for e in (0.04, 5, 2500)] == ["40 nJ", "5 uJ", "2.5 mJ"]


@given(st.integers(0, 2**62))
def test_every_whole_number_of_bytes_comes_back(size):
    assert parse_bytes(str(size)) == size
    assert parse_bytes(exact_bytes(size).replace(" ", "")) == size


@given(st.text(max_size=30))
def test_any_text_gives_a_size_or_our_error(text):
    with contextlib.suppress(BadUnit):
        assert 0 <= parse_bytes(text) < 2**63


@given(st.integers(1, 2**50))
def test_a_printed_size_is_near_the_true_one(size):
    assert parse_ratio(format_bytes(size), size) < 0.006


def parse_ratio(text: str, size: int) -> float:
    number, unit = text.split()
    scale = {"B": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}[unit]
    return abs(float(number) * scale - size) / size
