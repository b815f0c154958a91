"""Sizes, counts, times and energies: read from what people type, printed so that people can read them.

    parse_bytes("256KiB") -> 262144          format_bytes(131072) -> "128 KiB"     exact_bytes(131072) -> "131 072 B"
    parse_count("3.5M")   -> 3500000         format_count(23180)  -> "23.2 k"
    parse_ms("20ms")      -> 20.0            format_ms(0.3)       -> "300 us"
    parse_uj("5uJ")       -> 5.0             format_uj(2500.0)    -> "2.5 mJ"

Zero is a size like any other here; whether a budget may be zero is for the budget to say.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction

from lilliput.core.errors import BadUnit

KIB, MEGA, GIGA, PERCENT = 1024, 1000**2, 1000**3, 100
"""What a figure in KiB, in millions, in thousands of millions or in percent is counted in."""

_BYTES: dict[str, int | Fraction] = {
    "": 1,
    "b": 1,
    **{f"{prefix}b": 1000**power for power, prefix in enumerate("kmgt", start=1)},
    **{f"{prefix}ib": 1024**power for power, prefix in enumerate("kmgt", start=1)},
}
_COUNTS: dict[str, int | Fraction] = {"": 1, "k": 1000, "m": 1000**2, "g": 1000**3, "b": 1000**3}
_MS: dict[str, int | Fraction] = {
    "ns": Fraction(1, 10**6),
    "us": Fraction(1, 1000),
    "µs": Fraction(1, 1000),
    "ms": 1,
    "s": 1000,
    "min": 60_000,
}
_UJ: dict[str, int | Fraction] = {"nj": Fraction(1, 1000), "uj": 1, "µj": 1, "mj": 1000, "j": 10**6}

# At most 19 digits on each side: far above any real figure, and `Fraction` stays cheap on hostile text.
_NUMBER = re.compile(r"(\d{1,19}(?:\.\d{0,19})?|\.\d{1,19})(?:[eE]([+-]?\d{1,2}))? *((?:[A-Za-z]|µ|μ)*)", re.ASCII)

_LIMIT = 2**63  # what SQLite and C can still hold


def parse_bytes(value: str | float) -> int:
    """Bytes of a size: `512`, `"512B"`, `"64kB"` (1000), `"256KiB"` (1024), `"1.5MiB"`.

    Raises:
        BadUnit: LP102, not a size, negative, NaN, or no whole number of bytes.
    """
    return _whole(value, _BYTES, "size", "a size such as 512, 64kB, 256KiB or 1.5MiB")


def parse_count(value: str | float) -> int:
    """A count: `1200`, `"200k"`, `"3.5M"`, `"1G"`.

    Raises:
        BadUnit: LP102, not a count, negative, NaN, or no whole number.
    """
    return _whole(value, _COUNTS, "count", "a count such as 1200, 200k or 3.5M")


def parse_ms(value: str | float) -> float:
    """Milliseconds of a time with its unit: `"20ms"`, `"1.5s"`, `"300us"`. A plain number is milliseconds.

    Raises:
        BadUnit: LP102, not a time, negative, or NaN.
    """
    return float(_read(value, {"": 1, **_MS}, "time", "a time such as 20ms, 1.5s or 300us"))


def parse_uj(value: str | float) -> float:
    """Microjoules of an energy with its unit: `"5uJ"`, `"2mJ"`. A plain number is microjoules.

    Raises:
        BadUnit: LP102, not an energy, negative, or NaN.
    """
    return float(_read(value, {"": 1, **_UJ}, "energy", "an energy such as 5uJ or 2mJ"))


def format_bytes(size: int) -> str:
    """The size in the largest binary unit that leaves at least 1: `"128 KiB"`, `"1.5 MiB"`, `"512 B"`."""
    return _scaled(size, 1024, ("B", "KiB", "MiB", "GiB", "TiB"))


def exact_bytes(size: int) -> str:
    """Each byte, digits in groups of three: `"131 072 B"`."""
    return f"{grouped(size)} B"


def grouped(number: int) -> str:
    """Digits in groups of three: `"1 234 567"`."""
    return f"{number:,}".replace(",", " ")


def format_count(number: int) -> str:
    """A count in thousands: `"23.2 k"`, `"2.66 M"`, `"512"`."""
    return _scaled(number, 1000, ("", "k", "M", "G", "T"))


def format_ms(ms: float) -> str:
    """A time in the unit that suits it: `"300 us"`, `"12.5 ms"`, `"1.5 s"`, `"2 min 5 s"`."""
    if ms < 1:
        return f"{_digits(ms * 1000)} us"
    if ms < 1000:
        return f"{_digits(ms)} ms"
    if ms < 60_000:
        return f"{_digits(ms / 1000)} s"
    minutes, seconds = divmod(round(ms / 1000), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {seconds} s"


def format_uj(uj: float) -> str:
    """An energy in the unit that suits it: `"40 nJ"`, `"5 uJ"`, `"2.5 mJ"`."""
    return _scaled(uj * 1000, 1000, ("nJ", "uJ", "mJ", "J", "kJ"))


def _read(value: str | float, scales: Mapping[str, int | Fraction], noun: str, like: str) -> Fraction:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise BadUnit(f"{value!r} is not a {noun}", fix=f"write {like}")
    text = str(value).strip()
    if len(text) > 60:
        raise BadUnit(f"{text[:40] + '…'!r} is not a {noun}", fix=f"write {like}")
    if text.startswith("-"):
        raise BadUnit(f"{text!r} is negative: a {noun} is at least 0", fix=f"write {like}")
    match = _NUMBER.fullmatch(text)
    if match is None:
        raise BadUnit(f"{text!r} is not a {noun}", fix=f"write {like}")
    number, exponent, unit = match.groups()
    unit = unit.replace("μ", "µ")
    scale = scales.get(unit.lower())
    if scale is None:
        known = ", ".join(name for name in scales if name)
        raise BadUnit(f"{text!r} has an unknown unit {unit!r}", why=f"units of {noun} are {known}", fix=f"write {like}")
    result = Fraction(number) * Fraction(10) ** int(exponent or 0) * scale
    if result >= _LIMIT:
        raise BadUnit(f"{text!r} is too large for a {noun}", fix=f"write {like}")
    return result


def _whole(value: str | float, scales: Mapping[str, int | Fraction], noun: str, like: str) -> int:
    result = _read(value, scales, noun, like)
    if result.denominator != 1:
        raise BadUnit(f"{value!r} is not a whole number: it is {float(result):g}", fix=f"write {like}")
    return result.numerator


def _scaled(number: float, base: int, names: tuple[str, ...]) -> str:
    power = 0
    while power + 1 < len(names) and abs(number) / base**power >= base:
        power += 1
    # 1023.99 KiB must not print as "1024 KiB".
    if power + 1 < len(names) and float(_digits(number / base**power)) >= base:
        power += 1
    return f"{_digits(number / base**power)} {names[power]}".rstrip()


def _digits(number: float) -> str:
    """Three figures that count, but all of those before the point."""
    decimals = 0 if abs(number) >= 100 else 1 if abs(number) >= 10 else 2
    text = f"{number:.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
