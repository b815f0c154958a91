"""Functions of one value, element by element."""

from __future__ import annotations

import numpy as np

from lilliput.compiler.frontends.onnx.model import Operator
from lilliput.compiler.frontends.onnx.reader import Reader, on

SAME_MEANING = {
    "Relu": "relu", "Sigmoid": "sigmoid", "Tanh": "tanh", "Exp": "exp", "HardSwish": "hard_swish", "Abs": "abs",
    "Ceil": "ceil", "Floor": "floor", "Round": "round", "Sqrt": "sqrt", "Log": "log", "Sin": "sin", "Cos": "cos",
    "Sign": "sign", "Erf": "erf", "Softplus": "softplus", "Mish": "mish", "Softsign": "softsign",
}  # fmt: skip
"""ONNX's name → ours. A name of ours that is not registered is refused as one without a kernel."""


@on(*SAME_MEANING)
def _same(r: Reader, op: Operator) -> str:
    return r.node(op, SAME_MEANING[op.kind], [r.x(op)])


def scalar(r: Reader, op: Operator, value: float) -> str:
    """A constant of one element."""
    return r.build.constant(f"{op.label}.scalar", np.full((1,), value, np.float32))


def scaled(r: Reader, op: Operator, x: str, factor: float) -> str:
    """factor · x, and x itself for 1."""
    return x if factor == 1.0 else r.node(op, "mul", [x, stretched(r, x, scalar(r, op, factor))])


def shifted(r: Reader, op: Operator, x: str, offset: float) -> str:
    """x + offset, and x itself for 0."""
    return x if offset == 0.0 else r.node(op, "add", [x, stretched(r, x, scalar(r, op, offset))])


def stretched(r: Reader, x: str, constant: str) -> str:
    """A constant with leading axes of length one, as many axes as `x`."""
    value = r.build.values[constant]
    missing = len(r.shape(x)) - len(value.shape)
    if missing <= 0 or value.data is None:
        return constant
    return r.build.constant(constant, value.data.reshape((1,) * missing + value.shape), value.quant)


@on("Neg")
def _neg(r: Reader, op: Operator) -> str:
    return r.node(op, "neg", [r.x(op)])


@on("LeakyRelu")
def _leaky_relu(r: Reader, op: Operator) -> str:
    return r.node(op, "leaky_relu", [r.x(op)], alpha=op.number("alpha", default=0.01))


@on("PRelu")
def _prelu(r: Reader, op: Operator) -> str:
    """One slope from 0 up is a leaky rectifier."""
    x, slope = r.x(op), op.constant(1, "the slope")
    if slope.size == 1 and float(slope.reshape(-1)[0]) >= 0:
        return r.node(op, "leaky_relu", [x], alpha=float(slope.reshape(-1)[0]))
    return r.node(op, "prelu", [x, stretched(r, x, r.build.constant(f"{op.label}.slope", slope.astype(np.float32)))])


@on("Elu", "Celu", "Selu")
def _elu(r: Reader, op: Operator) -> str:
    x = r.x(op)
    if op.kind == "Selu":
        alpha, gamma = (
            op.number("alpha", default=1.67326319217681884765625),
            op.number("gamma", default=1.0507009873554),
        )
        return scaled(r, op, r.node(op, "elu", [x], alpha=alpha), gamma)
    alpha = op.number("alpha", default=1.0)
    op.demand(alpha > 0, f"alpha {alpha}: must be above 0")
    if op.kind == "Elu":
        return r.node(op, "elu", [x], alpha=alpha)
    return scaled(r, op, r.node(op, "elu", [scaled(r, op, x, 1 / alpha)], alpha=1.0), alpha)


@on("HardSigmoid")
def _hard_sigmoid(r: Reader, op: Operator) -> str:
    """min(max(α x + β, 0), 1) = relu6(6 α x + 6 β) / 6."""
    alpha, beta = op.number("alpha", default=0.2), op.number("beta", default=0.5)
    if abs(alpha - 1 / 6) < 1e-7 and beta == 0.5:
        return r.node(op, "hard_sigmoid", [r.x(op)])
    six = shifted(r, op, scaled(r, op, r.x(op), 6 * alpha), 6 * beta)
    return scaled(r, op, r.node(op, "relu6", [six]), 1 / 6)


@on("Gelu")
def _gelu(r: Reader, op: Operator) -> str:
    return r.node(op, "gelu", [r.x(op)], approximate=str(op.attrs.get("approximate", "none")))


@on("Gelu", domain="com.microsoft")
def _erf_gelu(r: Reader, op: Operator) -> str:
    return r.node(op, "gelu", [r.x(op)], approximate="none")


@on("Swish")
def _swish(r: Reader, op: Operator) -> str:
    op.demand(op.number("alpha", default=1.0) == 1.0, f"alpha {op.attrs.get('alpha')}: only 1 has a kernel")
    return r.node(op, "silu", [r.x(op)])


@on("ThresholdedRelu", "Shrink", "Asin", "Acos", "Atan", "Sinh", "Cosh", "Asinh", "Acosh", "Atanh", "Tan")
def _by_name(r: Reader, op: Operator) -> str:
    return r.node(op, op.kind.lower(), [r.x(op)])


@on("Reciprocal")
def _reciprocal(r: Reader, op: Operator) -> str:
    return r.node(op, "reciprocal", [r.x(op)])


@on("Clip")
def _clip(r: Reader, op: Operator) -> str:
    """relu and relu6, which layers take in; or a clip between any bounds."""
    lowest = float(np.finfo(np.float32).min)
    low, high = op.number("min", 1, -np.inf), op.number("max", 2, np.inf)
    low, high = (-np.inf if low <= lowest else low), (np.inf if high >= -lowest else high)
    x = r.x(op)
    if (low, high) == (0.0, np.inf):
        return r.node(op, "relu", [x])
    if (low, high) == (0.0, 6.0):
        return r.node(op, "relu6", [x])
    op.demand(low < high, f"clamps to [{low}, {high}]")
    most = -lowest
    low, high = max(low, lowest), min(high, most)
    return x if (low, high) == (lowest, most) else r.node(op, "clip", [x], low=low, high=high)


@on("Identity", "Dropout", moves=True)
def _identity(r: Reader, op: Operator) -> str:
    training = op.has(2) and bool(op.constant(2, "training_mode"))
    op.demand(not training, "is in training mode", "export in evaluation mode")
    return r.x(op)


@on("Cast")
def _cast(r: Reader, op: Operator) -> str:
    op.demand(int(op.attrs["to"]) == 1, "casts to another type than float32")
    return r.x(op)


@on("Softmax", "LogSoftmax")
def _softmax(r: Reader, op: Operator) -> str:
    """Over one axis, brought last; before opset 13 over all axes from `axis` on, taken as one."""
    x, shape = r.x(op), r.shape(r.x(op))
    kind = "softmax" if op.kind == "Softmax" else "log_softmax"
    axis = op.axis(len(shape), -1 if op.opset >= 13 else 1)
    op.demand(axis > 0, "works over the batch")
    if op.opset < 13 and axis < len(shape) - 1:
        flat = r.reshape(op, x, (*shape[:axis], int(np.prod(shape[axis:]))))
        return r.reshape(op, r.node(op, kind, [flat]), shape)
    perm = [i for i in range(len(shape)) if i != axis] + [axis]
    y = r.node(op, kind, [r.transpose(op, x, perm)])
    return r.transpose(op, y, [int(i) for i in np.argsort(perm)])
