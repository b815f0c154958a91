"""Translation of `einsum` of two operands: a product of matrices between transposes. See `torch_export`."""

from __future__ import annotations

import math
from collections.abc import Sequence

from lilliput.compiler.builder import GraphBuilder
from lilliput.compiler.frontends._aten import Call, _demand, _on, _reshape, _transpose


@_on("einsum.default")
def _einsum(b: GraphBuilder, call: Call) -> str:
    """Labels are of the batch (in both operands and the result), summed (in both only), or of one operand."""
    equation, operands = str(call.args["equation"]).replace(" ", ""), list(call.args["tensors"])
    left, right, out = _labels(equation, len(operands))
    batch = [label for label in out if label in left and label in right]
    summed = [label for label in left if label in right and label not in out]
    rows, columns = ([label for label in side if label in out and label not in batch] for side in (left, right))
    known = {*batch, *summed, *rows, *columns}
    _demand(bool(summed) and {*left, *right} == known, f"einsum {equation!r} is no product of two matrices")
    sizes = {
        label: length
        for labels, name in zip((left, right), operands, strict=True)
        for label, length in zip(labels, b.shape(name), strict=True)
    }

    def matrix(name: str, labels: Sequence[str], first: Sequence[str], second: Sequence[str]) -> str:
        turned = _transposed(b, call, name, labels, [*batch, *first, *second])
        ends = [math.prod(sizes[label] for label in part) for part in (first, second)]
        return _reshape(b, turned, (*(sizes[label] for label in batch), *ends), call)

    a, c = matrix(operands[0], left, rows, summed), matrix(operands[1], right, summed, columns)
    y = b.node("batch_matmul", call.label, [a, c], source=call.source)
    made = [*batch, *rows, *columns]
    return _transposed(b, call, _reshape(b, y, [sizes[label] for label in made], call), made, list(out))


def _labels(equation: str, count: int) -> tuple[str, str, str]:
    sides, arrow, out = equation.partition("->")
    parts = sides.split(",")
    plain = all(part.isalpha() and len(set(part)) == len(part) for part in (*parts, out))
    _demand(
        bool(arrow) and plain and len(parts) == count == 2,
        f"einsum {equation!r}",
        "write it with two operands, every label once in each, and the result's labels behind ->",
    )
    return parts[0], parts[1], out


def _transposed(b: GraphBuilder, call: Call, x: str, labels: Sequence[str], wanted: Sequence[str]) -> str:
    perm = [list(labels).index(label) for label in wanted]
    return x if perm == sorted(perm) else _transpose(b, x, perm, call)
