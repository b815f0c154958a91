"""What the pools share: their window, and the members of their kernels' structs."""

from __future__ import annotations

from collections.abc import Sequence

from lilliput.compiler.graph import Node, Value
from lilliput.compiler.op import Field, Signature, activation_range, expect
from lilliput.compiler.ops._attrs import number_pairs, whole_numbers
from lilliput.compiler.ops._window import Window


def pool_window(node: Node, x: Value) -> Window:
    """The window that attributes `window`, `stride` and `padding` move over `x`. Raises BrokenGraph."""
    expect(len(x.shape) == 4, node, f"x must be (N, H, W, C), got {x.shape}")
    size, stride = whole_numbers(node, "window", 2, 1), whole_numbers(node, "stride", 2, 1)
    padding = number_pairs(node, "padding", 2)
    image, out = (x.shape[1], x.shape[2]), []
    for length, k, s, pads in zip(image, size, stride, padding, strict=True):
        # Else a window could lie wholly outside the image and have nothing to look at.
        expect(max(pads) < k, node, f"padding {padding} must be smaller than the window {size}")
        out.append((length + sum(pads) - k) // s + 1)
    expect(min(out) >= 1, node, f"a window of {size} does not fit into {x.shape} with {padding}")
    (top, bottom), (left, right) = padding
    return Window(
        image, (out[0], out[1]), (size[0], size[1]), (stride[0], stride[1]), (1, 1), (top, left), (bottom, right)
    )


def pooled(node: Node, inputs: Sequence[Value]) -> Signature:
    """Shape and type of a pool's output. Raises BrokenGraph."""
    x = inputs[0]
    return (x.shape[0], *pool_window(node, x).out, x.shape[3]), x.dtype


def pool_fields(node: Node, x: Value, y: Value, activation: str) -> tuple[Field, ...]:
    """The members of `lp_avg_pool_s8_t`, `lp_max_pool_s8_t` and their int16 twins."""
    low, high = activation_range(activation, y)
    return (*pool_sizes(node, x, y), Field("y_min", "int32_t", low), Field("y_max", "int32_t", high))


def pool_sizes(node: Node, x: Value, y: Value) -> tuple[Field, ...]:
    """Their first members, `h_in` to `pad_left`, which the float pools share."""
    window = pool_window(node, x)
    numbers = {
        "h_in": x.shape[1], "w_in": x.shape[2], "c": x.shape[3], "h_out": y.shape[1], "w_out": y.shape[2],
        "k_h": window.kernel[0], "k_w": window.kernel[1], "stride_h": window.stride[0], "stride_w": window.stride[1],
        "pad_top": window.before[0], "pad_left": window.before[1],
    }  # fmt: skip
    return tuple(Field(name, "int32_t", value) for name, value in numbers.items())
