"""What the front ends share on recurrent layers: one cell a direction, and the states that they end with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from lilliput.compiler.ops.slice import slice_attrs

Add = Callable[..., str]
"""Adds a node: operator, inputs, attributes; gives its output."""


def directed(add: Add, kind: str, x: str, constants: Sequence[str], reverse: bool, attrs: dict[str, Any]) -> str:
    """All hidden states (1, T, n) of a cell over x (1, T, C_in), in order; `reverse` begins at the last row."""
    if not reverse:
        return add(kind, [x, *constants], **attrs)
    turned = add("reverse", [x], axes=(1,))
    return add("reverse", [add(kind, [turned, *constants], **attrs)], axes=(1,))


def last(add: Add, y: str, shape: tuple[int, ...], reverse: bool) -> str:
    """The hidden state (1, 1, n) that a direction ends with."""
    at = 0 if reverse else shape[1] - 1
    return add("slice", [y], **slice_attrs(shape, (0, at, 0), (1, at + 1, shape[2])))
