"""Reading attributes: each one checked, with the node named where it is wrong."""

from __future__ import annotations

from collections.abc import Sequence

from lilliput.compiler.graph import Node, Value
from lilliput.compiler.op import broken, expect


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


def axes_of(node: Node, rank: int, key: str = "axes") -> tuple[int, ...]:
    """Attribute `key`: one or more axes of `rank`, ascending. Raises BrokenGraph."""
    given = node.attrs.get(key)
    if not isinstance(given, Sequence) or not given or any(type(axis) is not int for axis in given):
        raise broken(node, f"{key} must be one or more whole numbers, got {given!r}")
    axes = tuple(given)
    expect(list(axes) == sorted(set(axes)), node, f"{key} must ascend, got {axes}")
    expect(axes[0] >= 0 and axes[-1] < rank, node, f"{key} must be from 0 to {rank - 1}, got {axes}")
    return axes


def axis_of(node: Node, rank: int) -> int:
    """Attribute `axis`: one axis of `rank`. Raises BrokenGraph."""
    axis = node.attrs.get("axis")
    if type(axis) is not int or not 0 <= axis < rank:
        raise broken(node, f"axis must be from 0 to {rank - 1}, got {axis!r}")
    return axis


def shape_of(node: Node, most: int) -> tuple[int, ...]:
    """Attribute `shape`: at most `most` lengths from 1 up. Raises BrokenGraph."""
    given = node.attrs.get("shape")
    shape = whole_numbers(node, "shape", len(given) if isinstance(given, Sequence) else 1, 1)
    expect(len(shape) <= most, node, f"shape must have at most {most} axes, got {shape}")
    return shape
