"""Reading attributes: each one checked, with the node named where it is wrong."""

from __future__ import annotations

from collections.abc import Sequence

from lilliput.compiler.graph import Node, Value
from lilliput.compiler.op import expect


def whole_numbers(node: Node, key: str, count: int, low: int) -> tuple[int, ...]:
    """Attribute `key`: `count` whole numbers, none below `low`. Raises BrokenGraph."""
    given = node.attrs.get(key)
    fits = isinstance(given, Sequence) and len(given) == count
    expect(fits and all(type(n) is int and n >= low for n in given or ()), node,
           f"{key} must be {count} whole numbers from {low} up, got {given!r}")  # fmt: skip
    return tuple(int(n) for n in given or ())


def number_pairs(node: Node, key: str, count: int) -> tuple[tuple[int, int], ...]:
    """Attribute `key`: `count` pairs (before, after), none below 0. Raises BrokenGraph."""
    given = node.attrs.get(key)
    fits = isinstance(given, Sequence) and len(given) == count
    fits = fits and all(isinstance(p, Sequence) and len(p) == 2 for p in given or ())
    expect(fits and all(type(n) is int and n >= 0 for p in given or () for n in p), node,
           f"{key} must be {count} pairs (before, after) from 0 up, got {given!r}")  # fmt: skip
    return tuple((int(p[0]), int(p[1])) for p in given or ())


def expect_rank(node: Node, x: Value, low: int, high: int) -> None:
    """Raise BrokenGraph unless `x` has `low` to `high` axes."""
    wanted = str(low) if low == high else f"{low} to {high}"
    expect(low <= len(x.shape) <= high, node, f"x must have {wanted} axes, got {x.shape}")


def expect_same_quant(node: Node, x: Value, y: Value) -> None:
    """Raise BrokenGraph unless two quantised values have one scale and zero point; float values pass."""
    if x.quant is not None and y.quant is not None:
        expect(x.quant == y.quant, node, f"moves values unchanged, but {x.name!r} has {_text(x)} and "
               f"{y.name!r} has {_text(y)}")  # fmt: skip


def _text(value: Value) -> str:
    return f"scale {value.scale:g}, zero point {value.zero_point}"
