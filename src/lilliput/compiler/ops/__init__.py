"""The operators, one file each. `lilliput list ops` prints them."""

from __future__ import annotations

from lilliput.compiler.op import Op
from lilliput.core.registry import Registry

ops: Registry[Op] = Registry("op", "lilliput.compiler.ops")


def register_op(cls: type[Op]) -> type[Op]:
    """Enter an operator under its `name`."""
    ops.add(cls.name, cls())
    return cls
