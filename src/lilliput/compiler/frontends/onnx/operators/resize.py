"""Resize and Upsample: where our resize has the very same weights, that one; nearest of other kinds by slices."""

from __future__ import annotations

import numpy as np

from lilliput.compiler.frontends.onnx.model import Operator
from lilliput.compiler.frontends.onnx.operators.moving import picked
from lilliput.compiler.frontends.onnx.reader import TO_FIRST, TO_LAST, Activation, Reader, on
from lilliput.compiler.graph import Array, Node
from lilliput.compiler.ops import ops
from lilliput.core.errors import BrokenGraph

MAX_SIDE = 1 << 10


@on("Resize", "Upsample", moves=True)
def _resize(r: Reader, op: Operator) -> str | Activation:
    made = _resized(r, op)
    # Between pixels lie values that were not there before: they are new ones, and not moved.
    return made if str(op.attrs.get("mode", "nearest")) == "nearest" else Activation(made)


def _resized(r: Reader, op: Operator) -> str:
    x, mode = r.x(op), str(op.attrs.get("mode", "nearest"))
    shape = r.shape(x)
    op.demand(len(shape) in (3, 4), f"{list(shape)} is no image")
    op.demand(mode in ("nearest", "linear"), f"mode {mode!r}: only nearest and linear have kernels")
    op.demand(not op.attrs.get("antialias", 0) and not op.attrs.get("exclude_outside", 0), "antialias")
    sizes, scales = _wanted(op, shape)
    op.demand(sizes[:2] == shape[:2], f"resizes batch or channels, {list(shape)} to {list(sizes)}")
    op.demand(max(*sizes, *shape) <= MAX_SIDE, f"{list(shape)} to {list(sizes)}: sides up to {MAX_SIDE}")
    if mode == "linear":
        _demand_real(op, r.source(op, 0))
    ours = _same_weights(op, mode, shape, sizes, scales)
    if ours is not None:
        image = r.reshape(op, x, (*shape[:2], 1, shape[2])) if len(shape) == 3 else x
        size = (1, *sizes[2:])[-2:]
        y = r.node(op, "resize", [r.transpose(op, image, TO_LAST)], size=size, mode=_OUR_MODE[mode], **ours)
        y = r.transpose(op, y, TO_FIRST)
        return r.reshape(op, y, sizes)
    op.demand(mode == "nearest", f"coordinate_transformation_mode {_transform(op)!r} has no kernel for these sizes")
    for axis in range(2, len(shape)):
        if sizes[axis] != shape[axis]:
            x = picked(r, op, x, axis, _nearest(op, shape[axis], sizes[axis], scales[axis]).tolist())
    return x


_OUR_MODE = {"nearest": "nearest", "linear": "bilinear"}


def _demand_real(op: Operator, source: Activation) -> None:
    op.demand(not source.integers, "interpolates integers")


def _wanted(op: Operator, shape: tuple[int, ...]) -> tuple[tuple[int, ...], tuple[float, ...]]:
    """Sizes and scales of all axes; opset 10 and Upsample have no region of interest in front of the scales."""
    at = 1 if op.kind == "Upsample" or op.opset < 11 else 2
    given = op.ints("axes")
    axes = tuple(range(len(shape))) if given is None else op.axes(given, len(shape))
    scales = [1.0] * len(shape)
    sizes = list(shape)
    stated = op.attrs.get("scales")
    if stated is None and op.has(at) and op.constant(at, "scales").size:
        stated = tuple(float(s) for s in op.constant(at, "scales").reshape(-1))
    if stated is not None:
        if len(stated) != len(axes) or not all(0 < s < 1 << 12 for s in stated):
            raise BrokenGraph(f"{op.path}: scales {list(stated)} for {len(axes)} axes")
        for axis, scale in zip(axes, stated, strict=True):
            scales[axis], sizes[axis] = float(scale), int(np.floor(shape[axis] * scale))
    else:
        op.demand(op.attrs.get("keep_aspect_ratio_policy", "stretch") == "stretch", "keeps the aspect ratio")
        wanted = op.ints("sizes", 3) or ()
        if len(wanted) != len(axes) or min(wanted, default=0) < 1:
            raise BrokenGraph(f"{op.path}: sizes {list(wanted)} for {len(axes)} axes")
        for axis, size in zip(axes, wanted, strict=True):
            scales[axis], sizes[axis] = size / shape[axis], size
    if min(sizes) < 1:
        raise BrokenGraph(f"{op.path}: {list(shape)} to {sizes}")
    return tuple(sizes), tuple(scales)


def _transform(op: Operator) -> str:
    before = op.kind == "Upsample" or op.opset < 11
    return str(op.attrs.get("coordinate_transformation_mode", "asymmetric" if before else "half_pixel"))


def _positions(op: Operator, length: int, size: int, scale: float) -> Array:
    """Where each output pixel looks, in input pixels: the published formulas."""
    i, kind = np.arange(size, dtype=np.float64), _transform(op)
    op.demand(kind in _KNOWN_POSITIONS, f"coordinate_transformation_mode {kind!r} has no kernel")
    if kind == "align_corners":
        return i * ((length - 1) / (size - 1)) if size > 1 else i * 0.0
    if kind == "asymmetric":
        return i / scale
    if kind == "pytorch_half_pixel" and size == 1:
        return i * 0.0
    if kind in ("half_pixel", "pytorch_half_pixel"):
        return (i + 0.5) / scale - 0.5
    centre = length / 2 * (1 - size / (length * scale))  # half_pixel_symmetric
    return centre + (i + 0.5) / scale - 0.5


_KNOWN_POSITIONS = ("align_corners", "asymmetric", "pytorch_half_pixel", "half_pixel", "half_pixel_symmetric")


def _nearest(op: Operator, length: int, size: int, scale: float) -> Array:
    at = _positions(op, length, size, scale)
    kind = str(op.attrs.get("nearest_mode", "round_prefer_floor"))
    if op.kind == "Upsample" or op.opset < 11:
        kind = "floor"
    rounded = {
        "round_prefer_floor": np.ceil(at - 0.5), "round_prefer_ceil": np.floor(at + 0.5),
        "floor": np.floor(at), "ceil": np.ceil(at),
    }  # fmt: skip
    op.demand(kind in rounded, f"nearest_mode {kind!r}")
    return np.clip(rounded[kind], 0, length - 1).astype(np.int64)


def _weights(op: Operator, mode: str, length: int, size: int, scale: float) -> Array:
    """(size, length): what each output pixel takes of each input pixel."""
    matrix, rows = np.zeros((size, length)), np.arange(size)
    if mode == "nearest":
        matrix[rows, _nearest(op, length, size, scale)] = 1.0
        return matrix
    at = np.clip(_positions(op, length, size, scale), 0, length - 1)
    low = np.floor(at).astype(np.int64)
    np.add.at(matrix, (rows, low), 1 - (at - low))
    np.add.at(matrix, (rows, np.minimum(low + 1, length - 1)), at - low)
    return matrix


def _same_weights(
    op: Operator, mode: str, shape: tuple[int, ...], sizes: tuple[int, ...], scales: tuple[float, ...]
) -> dict[str, bool] | None:
    """The flags with which our resize does the same along each axis, None when it never does."""
    for align, half in ((False, True), (False, False), (True, False)):
        flags = {"align_corners": align, "half_pixel_centers": half}
        same = (
            np.allclose(_our_weights(mode, length, size, flags), _weights(op, mode, length, size, scale), atol=1e-6)
            for length, size, scale in zip(shape[2:], sizes[2:], scales[2:], strict=True)
        )
        if all(same):
            return flags
    return None


def _our_weights(mode: str, length: int, size: int, flags: dict[str, bool]) -> Array:
    """What our operator makes of each unit vector: its weights, one column an input pixel."""
    import torch

    node = Node("resize", "r", ("x",), ("y",), {"size": (size, 1), "mode": _OUR_MODE[mode], **flags})
    made: Array = ops["resize"].float(node, torch.eye(length)[:, :, None, None]).reshape(length, size).T.numpy()
    return made
