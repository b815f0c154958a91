"""The integer network imitated in float: `run_float` with constants of the integer graph, and activations that are
rounded to their steps. Bias correction and fine-tuning build on it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import torch
from torch import Tensor

from lilliput.compiler.fixed_point import to_multipliers
from lilliput.compiler.graph import Array, DType, Graph, Quant
from lilliput.compiler.interpret import run_float
from lilliput.compiler.op import activation_of, apply_activation
from lilliput.compress.quantise.layers import layers_of

Before = Callable[[str, Tensor], Tensor]


def round_straight_through(x: Tensor) -> Tensor:
    """The nearest integer, halves away from zero, with the gradient of `x`."""
    return x + (torch.trunc(x + torch.copysign(torch.full_like(x, 0.5), x)) - x).detach()


def fake_quantise(x: Tensor, scale: Tensor | float, zero_point: int, dtype: DType = "int8") -> Tensor:
    """The real values that `dtype` gives for `x`: scale · (clamp(round(x / scale) + zero point) - zero point).

    The gradient passes where `x` is inside the range; for `scale` it is the one of learned step sizes.

    Source: Learned Step Size Quantization (arXiv:1902.08153).
    """
    limits = np.iinfo(dtype)
    steps = torch.clamp(x / scale, float(limits.min - zero_point), float(limits.max - zero_point))
    return round_straight_through(steps) * scale


def without_activations(graph: Graph) -> tuple[Graph, Callable[[str, Tensor], Tensor]]:
    """The graph whose layers give what they hold before their fused activation, and the function that applies it."""
    fused = {node.output: activation_of(node) for node in layers_of(graph)}
    layers = set(layers_of(graph))
    bare = graph.replace(nodes=[n.with_attrs(activation="none") if n in layers else n for n in graph.nodes])
    return bare, lambda name, x: apply_activation(fused.get(name, "none"), x)


def substeps_of(graph: Graph, quants: Mapping[str, Quant], weight_scales: Mapping[str, Array]) -> dict[str, Tensor]:
    """Layer output → for each channel, into how many parts a step is cut before the kernel's second rounding.

    Requantisation rounds twice (see `fixed_point`): to 2^-r of a step, then to whole steps, r = -shift of the factor
    s_x · s_w / s_y. A value a little below a half so goes up; where many values are equal, as on the background of an
    image, that moves the mean of a channel by whole steps. Layers on int16 round once.

    Args:
        graph: legal float graph.
        quants: of each activation.
        weight_scales: layer name → its s_w, one or one per channel.
    """
    found = {}
    for node in layers_of(graph):
        ratio = quants[node.inputs[0]].scale[0] / quants[node.output].scale[0]
        _, shift = to_multipliers(weight_scales[node.name].astype(np.float64) * ratio)
        found[node.output] = torch.from_numpy(2.0 ** np.maximum(-shift.astype(np.float64), 0)).to(torch.float32)
    return found


def run_simulated(
    graph: Graph,
    inputs: Mapping[str, Tensor],
    quants: Mapping[str, Quant],
    constants: Mapping[str, Tensor],
    substeps: Mapping[str, Tensor],
    before: Before | None = None,
    dtype: DType = "int8",
) -> dict[str, Tensor]:
    """The outputs of the integer network in float, up to single steps of rounding.

    Args:
        graph: legal float graph.
        inputs: name → float32 (N, …), channels last.
        quants: of each activation.
        constants: what the integer constants stand for.
        substeps: as `substeps_of` gives them.
        before: sees each activation before its fused activation and its rounding, and may change it.
        dtype: of the activations.
    """
    bare, activate = without_activations(graph)

    def hook(name: str, x: Tensor) -> Tensor:
        if name not in quants:  # a truth value, or the number of a place
            return x
        scale, zero_point = quants[name].scale[0], quants[name].zero_point[0]
        x = x if before is None else before(name, x)
        if name in substeps:
            x = torch.floor(x / scale * substeps[name] + 0.5) / substeps[name] * scale
        return fake_quantise(activate(name, x), scale, zero_point, dtype)

    return run_float(bare, inputs, constants=constants, hook=hook)
