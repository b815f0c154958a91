"""An average pool whose output has a finer scale than its input, rounded once.

Our pool keeps the scale of its input: a change of scale behind it rounds a second time, and where the new steps are
finer the first rounding is seen. A depthwise convolution whose weights all stand for 1 / count sums the window exactly.
Requantisation rounds its product to whole units before it shifts right; weights of 64, and not of 1, make those units
so small that only the last rounding is seen. Windows that reach over the border have other counts, so the output is put
together from regions of one count each.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from lilliput.compiler.graph import Node, Quant, Value
from lilliput.core.errors import UnsupportedAttribute

WEIGHT = 64
"""With 1 a factor of 1/3 is shifted right by one place only: the result could be 3/4 of a step off instead of 1/2."""
MOST_REGIONS = 8
"""Along each axis: the most inputs of a concat."""


@dataclass(frozen=True)
class Run:
    """Neighbouring windows along one axis that see as many elements each: from `begin` to `end` of the image."""

    begin: int
    end: int
    count: int


def runs(length: int, out: int, window: int, stride: int, before: int) -> list[Run]:
    """The windows of a pool along one axis, in runs of one count."""
    found: list[Run] = []
    starts: list[int] = []
    for position in range(out):
        start = position * stride - before
        low, high = max(start, 0), min(start + window, length)
        if found and found[-1].count == high - low and starts[-1] + stride == low:
            found[-1] = replace(found[-1], end=high)
        else:
            found.append(Run(low, high, high - low))
        starts.append(low)
    return found


def averaged_once(node: Node, values: dict[str, Value]) -> Iterator[Node]:
    """The nodes that give an average pool's output in its own scale; their values are added to `values`."""
    x, y = values[node.inputs[0]], values[node.output]
    window, stride, padding = node.attrs["window"], node.attrs["stride"], node.attrs["padding"]
    down, across = (
        runs(x.shape[i + 1], y.shape[i + 1], window[i], stride[i], padding[i][0]) for i in range(2)
    )  # fmt: skip
    if max(len(down), len(across)) > MOST_REGIONS:
        raise UnsupportedAttribute(
            f"{node.source or node.name}: its windows see {len(down)}×{len(across)} counts of elements",
            fix="quantise its output with the scale of its input",
        )
    rows = []
    for i, row in enumerate(down):
        parts = []
        for j, column in enumerate(across):
            name = f"{node.output}.{i}.{j}"
            yield from _region(node, name, row, column, values, whole=len(down) == len(across) == 1)
            parts.append(name if len(down) > 1 or len(across) > 1 else node.output)
        rows.append(parts[0])
        if len(parts) > 1:
            rows[-1] = f"{node.output}.{i}" if len(down) > 1 else node.output
            yield _joined(node, parts, rows[-1], 2, values)
    if len(rows) > 1:
        yield _joined(node, rows, node.output, 1, values)


def _region(node: Node, name: str, row: Run, column: Run, values: dict[str, Value], *, whole: bool) -> Iterator[Node]:
    x, y = values[node.inputs[0]], values[node.output]
    n, _, _, channels = x.shape
    cut, ones = f"{name}.cut", f"{name}.ones"
    size = (row.end - row.begin, column.end - column.begin)
    values[cut] = replace(x, name=cut, shape=(n, *size, channels))
    begin, end = (0, row.begin, column.begin, 0), (n, row.end, column.end, channels)
    yield Node("slice", cut, (x.name,), (cut,), {"begin": begin, "end": end, "strides": (1, 1, 1, 1)}, node.source)
    shape = (1, row.count, column.count, channels)
    values[ones] = Value(
        ones,
        shape,
        "int8",
        Quant.per_tensor(1 / (WEIGHT * row.count * column.count), 0),
        np.full(shape, WEIGHT, np.int8),
    )
    stride = node.attrs["stride"]
    out = tuple((s - c) // step + 1 for s, c, step in zip(size, shape[1:3], stride, strict=True))
    made = node.output if whole else name
    if not whole:
        values[made] = replace(y, name=made, shape=(n, *out, channels))
    attrs = {"stride": stride, "padding": ((0, 0), (0, 0)), "dilation": (1, 1)}
    yield Node("depthwise_conv2d", made, (cut, ones), (made,), attrs, node.source)


def _joined(node: Node, parts: list[str], name: str, axis: int, values: dict[str, Value]) -> Node:
    if name != node.output:
        shape = list(values[parts[0]].shape)
        shape[axis] = sum(values[part].shape[axis] for part in parts)
        values[name] = replace(values[node.output], name=name, shape=tuple(shape))
    return Node("concat", name, tuple(parts), (name,), {"axis": axis}, node.source)
