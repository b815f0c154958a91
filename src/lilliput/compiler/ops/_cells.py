"""What the recurrent cells share: their products with rows of weights, and their states.

A cell reads x (1, T, C_in), weights of the input w (G · n, C_in), weights of the hidden state r (G · n, n) and biases,
G parts of n rows each, and gives all hidden states (1, T, n). Its states follow as inputs: where they are states of the
graph they are kept from run to run, where they are constants each run begins with them, without them it begins with 0.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from lilliput.compiler.fixed_point import coded_shift
from lilliput.compiler.graph import Array, Node, Quant, Value
from lilliput.compiler.op import Field, Kernel, Op, Signature, Target, expect
from lilliput.compiler.ops._dsp import fits_dsp, folded_bias, in_fours, pack, packed_bias
from lilliput.compiler.ops._float import abreast
from lilliput.compiler.ops._weights import Channels, channels_of, finish

if TYPE_CHECKING:
    from torch import Tensor


class Cell(Op):
    """A recurrent cell: `forward` gives all hidden states and the last values of its states."""

    biases: ClassVar[int] = 1

    @abstractmethod
    def forward(self, node: Node, *x: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        """The hidden states (N, T, n), and the states after the last row, (N, n) each."""

    def float(self, node: Node, *x: Tensor) -> Tensor:
        return self.forward(node, *x)[0]

    def evaluate(self, node: Node, inputs: Sequence[Value], output: Value, *x: Array) -> Array:
        if inputs[0].dtype != "float32":
            return self.integer(node, inputs, output, *x)
        import torch

        with torch.no_grad():
            made, last = self.forward(node, *(torch.from_numpy(np.array(array)) for array in x))
        states = inputs[3 + self.biases :]
        if is_kept(states):
            for kept, value in zip(x[3 + self.biases :], last, strict=True):
                kept[:] = value.numpy()
        numbers: Array = made.numpy()
        return numbers


def cell_signature(node: Node, inputs: Sequence[Value], parts: int, biases: int) -> Signature:
    """(N, T, n) and the type of x. Raises BrokenGraph when weights, biases and states do not fit."""
    x, w, r = inputs[:3]
    expect(len(x.shape) == 3 and x.shape[1] > 0, node, f"x must be (N, T, C_in), got {x.shape}")
    expect(len(r.shape) == 2 and r.shape[0] == parts * r.shape[1], node, f"r must be ({parts} n, n), got {r.shape}")
    n = r.shape[1]
    expect(w.shape == (parts * n, x.shape[2]), node, f"w {w.shape} does not fit x {x.shape} and r {r.shape}")
    for b in inputs[3 : 3 + biases]:
        expect(b.shape == (parts * n,), node, f"b must be ({parts * n},), got {b.shape}")
    expect(all(v.is_constant for v in inputs[1 : 3 + biases]), node, "weights and biases must be constants")
    states = inputs[3 + biases :]
    expect(all(v.shape == (1, n) for v in states), node, f"states must be (1, {n})")
    expect(len({v.is_state for v in states}) <= 1, node, "either all states are kept or none is")
    expect(all(v.is_state or v.is_constant for v in states), node, "a state must be kept, or begin with a constant")
    return (x.shape[0], x.shape[1], n), x.dtype


def is_kept(states: Sequence[Value]) -> bool:
    """Whether the states are kept from run to run."""
    return any(value.is_state for value in states)


def dense_value(node: Node, x: Value, w: Value, b: Value | None, y: Quant) -> tuple[tuple[Value, ...], Value]:
    """Inputs and int16 output of the product x · wᵀ + b by itself."""
    n = w.shape[0]
    out = Value(f"{node.name} product", (1, n), "int16", y)
    return (x, w, *((b,) if b is not None else ())), out


def dense_channels(node: Node, x: Value, w: Value, b: Value | None, y: Quant) -> Channels:
    """Constants of the product, proved: LP312 where its accumulator could overflow."""
    if w.data is None:
        raise ValueError(f"weights {w.name!r} are not constants")
    inputs, output = dense_value(node, x, w, b, y)
    return channels_of(node, inputs, output, w.data)


def dense_integer(node: Node, x: Value, w: Value, b: Value | None, y: Quant, codes: Array) -> Array:
    """The product of rows (N, C_in), int16 (N, C_out)."""
    if w.data is None:
        raise ValueError(f"weights {w.name!r} are not constants")
    inputs, output = dense_value(node, x, w, b, y)
    # float64 holds every sum exactly (below 2^53) and uses the fast matrix product.
    acc = ((codes.astype(np.float64) - x.zero_point) @ w.data.T.astype(np.float64)).astype(np.int64)
    if b is not None and b.data is not None:
        acc = acc + b.data.astype(np.int64)
    return finish(node, inputs, output, acc)


def dense_fields(prefix: str, channels: Channels, dsp: bool, limits: tuple[int, int] | None = None) -> list[Field]:
    """The members of a `lp_dense_s8_s16_t`, inside a struct that calls it `prefix`."""
    c_out, c_in = channels.rows.shape
    low, high = limits or channels.y_range
    if dsp:
        w = Field("w", "uint32_t", in_fours(pack(channels.rows)))
    else:
        w = Field("w", "uint8_t", in_fours(channels.rows.astype(np.int16) + 128))
    fields = [
        w,
        Field("bias", "int32_t", packed_bias(channels) if dsp else folded_bias(channels)),
        Field("mult", "int32_t", channels.mult),
        Field("shift", "int8_t", coded_shift(channels.shift, channels.rounding)),
        Field("c_in", "int32_t", c_in),
        Field("c_out", "int32_t", c_out),
        Field("y_offset", "int32_t", channels.y_zero),
        Field("y_min", "int32_t", low),
        Field("y_max", "int32_t", high),
    ]
    return [Field(f"{prefix}.{field.name}", field.ctype, field.value) for field in fields]


def dense_function(channels: Sequence[Channels], target: Target) -> tuple[bool, Field]:
    """Whether all products can use the DSP instructions, and the member that names their kernel."""
    dsp = target.dsp and all(fits_dsp(one) for one in channels)
    return dsp, Field("dense", "object", "lp_dense_s8_s16_dsp" if dsp else "lp_dense_s8_s16")


def rows_fields(prefix: str, w: Array, b: Array) -> list[Field]:
    """The members of a `lp_rows_f32_t` for one row, inside a struct that calls it `prefix`."""
    sizes = {"rows": 1, "c_in": w.shape[1], "c_out": w.shape[0]}
    return [
        Field(f"{prefix}.w", "float", abreast(w)),
        Field(f"{prefix}.bias", "float", b),
        *(Field(f"{prefix}.{name}", "int32_t", value) for name, value in sizes.items()),
        Field(f"{prefix}.y_min", "float", -np.inf),
        Field(f"{prefix}.y_max", "float", np.inf),
    ]


def constants_of(op: Op, node: Node, values: Sequence[Value]) -> list[Array]:
    """Float32 constants. Raises UnsupportedOp where one is of another type, or none."""
    found = [value.data for value in values if value.data is not None and value.dtype == "float32"]
    if len(found) != len(values):
        raise op.unsupported(node, "has no kernel for float32 activations with weights of another type")
    return found


def float_cell(node: Node, fields: Sequence[Field], x: Value, n: int, width: int, states: Sequence[Value]) -> Kernel:
    """The call of `lp_<operator>_f32`, on states that are kept or that begin anew.

    Args:
        node: the cell.
        fields: the members of its struct, but for `steps` and `n`.
        x: its input.
        n: hidden units.
        width: floats of scratch for each unit.
        states: its states.
    """
    count = 2 if node.op == "lstm" else 1
    members = [*fields, Field("steps", "int32_t", x.shape[1]), Field("n", "int32_t", n)]
    if is_kept(states):
        names = tuple(value.name for value in states)
        return Kernel(
            f"lp_{node.op}_f32", tuple(members), (x.name, *names, node.output), scratch_bytes=4 * width * n,
            also=("lp_rows_f32",),
        )  # fmt: skip
    given = [value.data for value in states if value.data is not None]
    first = np.concatenate([array.reshape(-1) for array in given]) if given else np.zeros(count * n, np.float32)
    inner = [Field(f"cell.{field.name}", field.ctype, field.value) for field in members]
    return Kernel(
        f"lp_{node.op}_first_f32", (*inner, Field("first", "float", first)), (x.name, node.output),
        scratch_bytes=4 * (width + count) * n, also=("lp_rows_f32", f"lp_{node.op}_f32"),
    )  # fmt: skip
