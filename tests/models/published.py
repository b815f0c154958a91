"""Reads only the constants' shapes out of the published .tflite files: enough to compare structures, no more."""

from __future__ import annotations

import math
import struct
from collections import Counter
from pathlib import Path

_CONV, _DEPTHWISE, _DENSE = 3, 4, 9  # operator codes of the format


def weight_shapes(path: Path) -> Counter[tuple[int, ...]]:
    """Shapes of the weights in PyTorch's order (out, in, height, width), and of the biases."""
    data = path.read_bytes()
    model = _Table(data, struct.unpack_from("<I", data)[0])
    codes = [max(code.number(0, "b"), code.number(3, "i")) for code in model.tables(1)]
    graph = model.tables(2)[0]
    tensors = graph.tables(0)
    shapes: Counter[tuple[int, ...]] = Counter()
    for operator in graph.tables(3):
        code = codes[operator.number(0, "I")]
        if code not in (_CONV, _DEPTHWISE, _DENSE):
            continue
        _, weight, bias = operator.integers(1)
        shape = tensors[weight].integers(0)
        if code == _CONV:
            shape = [shape[0], shape[3], shape[1], shape[2]]
        if code == _DEPTHWISE:
            shape = [shape[3], shape[0], shape[1], shape[2]]
        shapes[tuple(shape)] += 1
        shapes[tuple(tensors[bias].integers(0))] += 1
    return shapes


def numbers(shapes: Counter[tuple[int, ...]]) -> int:
    """How many numbers these shapes hold together."""
    return sum(math.prod(shape) * count for shape, count in shapes.items())


class _Table:
    def __init__(self, data: bytes, at: int) -> None:
        self.data, self.at = data, at
        self.fields = at - struct.unpack_from("<i", data, at)[0]

    def number(self, field: int, kind: str) -> int:
        place = self._place(field)
        return struct.unpack_from(f"<{kind}", self.data, place)[0] if place else 0

    def integers(self, field: int) -> list[int]:
        start = self._follow(self._place(field))
        count = struct.unpack_from("<I", self.data, start)[0]
        return list(struct.unpack_from(f"<{count}i", self.data, start + 4))

    def tables(self, field: int) -> list[_Table]:
        start = self._follow(self._place(field))
        count = struct.unpack_from("<I", self.data, start)[0]
        return [_Table(self.data, self._follow(start + 4 + 4 * i)) for i in range(count)]

    def _place(self, field: int) -> int:
        size = struct.unpack_from("<H", self.data, self.fields)[0]
        slot = 4 + 2 * field
        offset = struct.unpack_from("<H", self.data, self.fields + slot)[0] if slot < size else 0
        return self.at + offset if offset else 0

    def _follow(self, place: int) -> int:
        return place + struct.unpack_from("<I", self.data, place)[0]
