"""The tables and the parameters of a front end as C, to compile a kernel by itself in a test."""

from __future__ import annotations

import math

import numpy as np

from lilliput.features.preprocess import Array, Preprocess

_TYPES = {"int8": "int8_t", "int16": "int16_t", "uint16": "uint16_t", "int32": "int32_t"}
_LINE = 116


def c_definition(front: Preprocess, name: str) -> str:
    """Static tables `name_*` and one `static const <kernel>_t name`, to stand below `#include "<kernel>.h"`.

    Raises:
        ValueError: a parameter that is not a whole number of 64 bits.
    """
    tables = front.constants()
    lines = [_table(f"{name}_{member}", array) for member, array in tables.items()]
    members = [f"    .{member} = {name}_{member}," for member in tables]
    members += [f"    .{member} = {_number(value)}," for member, value in front.parameters().items()]
    lines.append(f"static const {front.kernel}_t {name} = {{\n" + "\n".join(members) + "\n};\n")
    return "\n".join(lines)


def _table(name: str, array: Array) -> str:
    flat = [_number(int(value)) for value in np.ravel(array)]
    rows, row = [], ""
    for value in flat:
        if len(row) + len(value) + 2 > _LINE:
            rows.append(row.rstrip())
            row = ""
        row += f"{value}, "
    rows.append(row.rstrip())
    body = "\n".join(f"    {text}" for text in rows)
    return f"static const {_TYPES[array.dtype.name]} {name}[{math.prod(array.shape)}] = {{\n{body}\n}};\n"


def _number(value: int) -> str:
    if not -(2**63) < value < 2**64:
        raise ValueError(f"{value} has no 64-bit literal")
    if value > 0x7FFFFFFF:
        return f"{value}u" if value <= 0xFFFFFFFF else f"{value}ull"
    return "(-2147483647 - 1)" if value == -(2**31) else str(value)
