"""Translations of ATen operators that compute. See `torch_export`."""

from __future__ import annotations

from typing import Any

import numpy as np

from lilliput.compiler.builder import GraphBuilder
from lilliput.compiler.frontends._aten import Call, _data, _demand, _dense, _on, _paired, _transpose

_UNARY = (
    "abs", "neg", "sqrt", "rsqrt", "log", "exp", "sin", "cos", "floor", "ceil", "round", "square", "erf", "reciprocal",
    "mish", "sign",
)  # fmt: skip
_PAIRS = {
    "maximum.default": "maximum", "minimum.default": "minimum", "max.other": "maximum", "min.other": "minimum",
    "logical_and.default": "logical_and", "logical_or.default": "logical_or",
    "bitwise_and.Tensor": "logical_and", "bitwise_or.Tensor": "logical_or", "__and__.Tensor": "logical_and",
    "__or__.Tensor": "logical_or",
}  # fmt: skip
_LEAST = float(np.finfo(np.float32).min)
"""Stands for what is infinitely small, which no constant of a graph may be."""
_RELATIONS = {
    "eq": "equal", "ne": "not_equal", "lt": "less", "le": "less_equal", "gt": "greater", "ge": "greater_equal",
}  # fmt: skip


@_on(*(f"{name}.default" for name in _UNARY))
def _unary(b: GraphBuilder, call: Call) -> str:
    return b.node(call.target.split(".")[1], call.label, [call.args["self"]], source=call.source)


@_on("softplus.default")
def _softplus(b: GraphBuilder, call: Call) -> str:
    _demand(call.args["beta"] == 1 and call.args["threshold"] == 20, "softplus with a beta or threshold of its own")
    return b.node("softplus", call.label, [call.args["self"]], source=call.source)


@_on("elu.default", "elu_.default")
def _elu(b: GraphBuilder, call: Call) -> str:
    a = call.args
    _demand(a["scale"] == 1 and a["input_scale"] == 1, "elu with a scale")
    return b.node("elu", call.label, [a["self"]], alpha=float(a["alpha"]), source=call.source)


@_on("logical_not.default", "bitwise_not.default")
def _not(b: GraphBuilder, call: Call) -> str:
    return b.node("logical_not", call.label, [_truth(b, call.args["self"])], source=call.source)


@_on("any.dim", "any.dims", "any.default")
def _any(b: GraphBuilder, call: Call) -> str:
    x, rank = _truth(b, call.args["self"]), len(b.shape(call.args["self"]))
    dims = call.args.get("dim")
    axes = sorted({int(d) % rank for d in ([dims] if isinstance(dims, int) else dims or range(rank))})
    return b.node("reduce_max", call.label, [x], axes=tuple(axes), keepdims=bool(call.args.get("keepdim")),
                  source=call.source)  # fmt: skip


def _truth(b: GraphBuilder, name: str) -> str:
    _demand(b.values[name].dtype == "bool", "bits of numbers", "truth values alone are taken")
    return name


@_on(*_PAIRS)
def _pair_of(b: GraphBuilder, call: Call) -> str:
    if call.target.startswith(("aten.bitwise", "aten.__")):
        _truth(b, call.args["self"])
    return _paired(b, call, _PAIRS[call.target.removeprefix("aten.")], call.args["self"], call.args["other"])


@_on(*(f"{name}.{kind}" for name in _RELATIONS for kind in ("Tensor", "Scalar")))
def _compare(b: GraphBuilder, call: Call) -> str:
    relation = _RELATIONS[call.target.split(".")[1]]
    a, other = call.args["self"], call.args["other"]
    if not isinstance(other, str) and b.values[a].dtype == "int32":
        _demand(float(other).is_integer(), f"whole numbers compared with {other}")
        other = b.constant(f"{call.label}.scalar", np.full((1,), other, np.int32))
    return _paired(b, call, "compare", a, other, relation=relation)


@_on("where.self", "where.ScalarOther", "where.ScalarSelf", "where.Scalar")
def _where(b: GraphBuilder, call: Call) -> str:
    a = call.args
    condition = a["condition"]
    given = b.values[condition].data
    if given is not None and given.dtype != np.bool_:
        condition = b.constant(f"{condition}.truth", given != 0)
    return _paired(b, call, "select", condition, a["self"], a["other"])


@_on("masked_fill.Scalar", "masked_fill.Tensor")
def _masked_fill(b: GraphBuilder, call: Call) -> str:
    a = call.args
    value = (
        a["value"] if isinstance(a["value"], str) else float(np.nan_to_num(a["value"], neginf=_LEAST, posinf=-_LEAST))
    )
    return _paired(b, call, "select", a["mask"], value, a["self"])


@_on("rsub.Scalar", "rsub.Tensor")
def _rsub(b: GraphBuilder, call: Call) -> str:
    _demand(call.args["alpha"] == 1, "a difference with a factor")
    return _paired(b, call, "sub", call.args["other"], call.args["self"])


@_on("pow.Tensor_Scalar")
def _power(b: GraphBuilder, call: Call) -> str:
    x, exponent = call.args["self"], float(call.args["exponent"])
    named = {2.0: "square", 0.5: "sqrt", -0.5: "rsqrt", -1.0: "reciprocal"}
    if exponent == 1.0:
        return str(x)
    if exponent in named:
        return b.node(named[exponent], call.label, [x], source=call.source)
    return b.node("power", call.label, [x], exponent=exponent, source=call.source)


@_on("clamp_min.default", "clamp_max.default")
def _one_end(b: GraphBuilder, call: Call) -> str:
    most = float(np.finfo(np.float32).max)
    low, high = float(call.args.get("min", -most)), float(call.args.get("max", most))
    if (low, high) == (0.0, most):
        return b.node("relu", call.label, [call.args["self"]], source=call.source)
    return b.node("clip", call.label, [call.args["self"]], low=low, high=high, source=call.source)


@_on("prelu.default", "_prelu_kernel.default")
def _prelu(b: GraphBuilder, call: Call) -> str:
    x, slope = call.args["self"], _data(b, call.args["weight"], "the slope")
    shape = (1, -1, *[1] * (len(b.shape(x)) - 2)) if len(b.shape(x)) > 1 else (-1,)
    return b.node("prelu", call.label, [x, b.constant(f"{call.label}.slope", slope.reshape(shape))], source=call.source)


@_on("glu.default")
def _glu(b: GraphBuilder, call: Call) -> str:
    x, shape = call.args["self"], b.shape(call.args["self"])
    axis = int(call.args["dim"]) % len(shape)
    half, parts = shape[axis] // 2, []
    for start in (0, half):
        begin, end = [0] * len(shape), list(shape)
        begin[axis], end[axis] = start, start + half
        attrs = {"begin": tuple(begin), "end": tuple(end), "strides": (1,) * len(shape)}
        parts.append(b.node("slice", f"{call.label}.half", [x], source=call.source, **attrs))
    gate = b.node("sigmoid", f"{call.label}.gate", [parts[1]], source=call.source)
    return b.node("mul", call.label, [parts[0], gate], source=call.source)


@_on("argmax.default", "argmin.default")
def _place(b: GraphBuilder, call: Call) -> str:
    a = call.args
    _demand(a["dim"] is not None, "the place in a flattened value")
    axis = int(a["dim"]) % len(b.shape(a["self"]))
    op = "arg_max" if "argmax" in call.target else "arg_min"
    keep = bool(a["keepdim"])
    return b.node(op, call.label, [a["self"]], axis=axis, keepdims=keep, dtype="int64", source=call.source)


@_on("max.dim", "min.dim")
def _extreme_and_place(b: GraphBuilder, call: Call) -> tuple[str, str]:
    x, keep = call.args["self"], bool(call.args["keepdim"])
    axis, attrs = int(call.args["dim"]) % len(b.shape(x)), {"keepdims": keep, "dtype": "int64"}
    op, place = ("reduce_max", "arg_max") if call.target == "aten.max.dim" else ("reduce_min", "arg_min")
    value = b.node(op, call.label, [x], axes=(axis,), keepdims=keep, source=call.source)
    return value, b.node(place, f"{call.label}.place", [x], axis=axis, source=call.source, **attrs)


@_on("topk.default")
def _top_k(b: GraphBuilder, call: Call) -> list[str]:
    a = call.args
    _demand(int(a["dim"]) % len(b.shape(a["self"])) == len(b.shape(a["self"])) - 1 and a["largest"], "top k along "
            "another axis than the last, or of the smallest")  # fmt: skip
    return [
        b.node("top_k", f"{call.label}.{part}", [a["self"]], k=int(a["k"]), part=part, source=call.source)
        for part in ("values", "places")
    ]


@_on("cumsum.default")
def _cumsum(b: GraphBuilder, call: Call) -> str:
    axis = int(call.args["dim"]) % len(b.shape(call.args["self"]))
    return b.node("cumsum", call.label, [call.args["self"]], axis=axis, source=call.source)


@_on("log_softmax.int", "_log_softmax.default")
def _log_softmax(b: GraphBuilder, call: Call) -> str:
    x, rank = call.args["self"], len(b.shape(call.args["self"]))
    axis = int(call.args["dim"]) % rank
    if axis == rank - 1:
        return b.node("log_softmax", call.label, [x], source=call.source)
    perm = [i for i in range(rank) if i != axis] + [axis]
    y = b.node("log_softmax", call.label, [_transpose(b, x, perm, call)], source=call.source)
    return _transpose(b, y, tuple(np.argsort(perm).tolist()), call)


@_on("layer_norm.default", "native_layer_norm.default")
def _layer_norm(b: GraphBuilder, call: Call) -> Any:
    a = call.args
    x, shape = a["input"], tuple(a["normalized_shape"])
    _demand(shape == b.shape(x)[-1:], f"layer normalisation over {len(shape)} axes, only the last has a kernel")
    gamma = a["weight"] or b.constant(f"{call.label}.gamma1", np.ones(shape, np.float32))
    beta = a["bias"] or b.constant(f"{call.label}.beta0", np.zeros(shape, np.float32))
    y = b.node("layer_norm", call.label, [x, gamma, beta], eps=float(a["eps"]), source=call.source)
    return (y, "", "") if call.target.startswith("aten.native") else y


@_on("matmul.default", "mm.default", "bmm.default")
def _matmul(b: GraphBuilder, call: Call) -> str:
    x, y = call.args["self"], call.args.get("other") or call.args["mat2"]
    weight = b.values[y].data
    if weight is not None and weight.ndim == 2 and len(b.shape(x)) >= 2:
        return _dense(b, call, x, b.constant(f"{y}.rows", np.ascontiguousarray(weight.T)), None)
    _demand(min(len(b.shape(x)), len(b.shape(y))) >= 2, "the product of a matrix and a vector")
    return b.node("batch_matmul", call.label, [x, y], source=call.source)


@_on("addmm.default")
def _addmm(b: GraphBuilder, call: Call) -> str:
    a = call.args
    _demand(a["beta"] == 1 and a["alpha"] == 1, "a product with factors")
    weight = _data(b, a["mat2"], "the weight")
    _demand(b.values[a["self"]].is_constant and b.shape(a["self"]) == weight.shape[1:], "a bias that is no row")
    return _dense(b, call, a["mat1"], b.constant(f"{a['mat2']}.rows", np.ascontiguousarray(weight.T)), a["self"])


@_on("scaled_dot_product_attention.default")
def _attention(b: GraphBuilder, call: Call) -> str:
    """softmax(q kᵀ / √d) v, over those that a mask of truth values lets through."""
    a = call.args
    mask = a["attn_mask"]
    if a["is_causal"]:
        _demand(mask is None, "causal attention with a mask besides")
        ends = b.shape(a["query"])[-2], b.shape(a["key"])[-2]
        mask = b.constant(f"{call.label}.before", np.tril(np.ones((1, 1, *ends), np.bool_)))
    if mask is not None:
        _demand(b.values[mask].dtype == "bool", "attention with a mask of numbers", "a mask of truth values is taken")
    _demand(not a["dropout_p"], "attention with dropout", "call `model.eval()` first")
    depth = b.shape(a["query"])[-1]
    factor = np.full((1,), a["scale"] if a.get("scale") is not None else depth**-0.5, np.float32)
    query = _paired(b, call, "mul", a["query"], b.constant(f"{call.label}.scale", factor))
    scores = b.node("batch_matmul", f"{call.label}.scores", [query, a["key"]], transpose_b=True, source=call.source)
    over = [scores] if mask is None else [scores, mask]
    shares = b.node("masked_softmax" if mask else "softmax", f"{call.label}.shares", over, source=call.source)
    return b.node("batch_matmul", call.label, [shares, a["value"]], source=call.source)
