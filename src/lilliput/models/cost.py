"""What a network costs before it is compiled: multiply-accumulates and parameters.

MACs are counted as the field counts them: each output of a convolution or matrix product times the taps that
make it, padding included; biases, normalisation, activations and pooling are not counted.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode, flop_registry


@dataclass(frozen=True)
class ParameterCount:
    """Numbers, not bytes."""

    trainable: int
    total: int  # with the running means and variances of normalisations


def count_macs(model: nn.Module, input_shape: Sequence[int]) -> int:
    """Multiply-accumulates of one inference.

    Args:
        model: any module; it is left as it was.
        input_shape: shape of one input without the batch axis.
    """
    counter = _Products()
    with counter:
        _run_shapes(model, input_shape)
    return counter.flops // 2  # one multiply and one add is one MAC


def macs_by_layer(model: nn.Module, input_shape: Sequence[int]) -> dict[str, int]:
    """Module name → multiply-accumulates, for the modules that hold no others, in order of definition."""
    counts = _macs_by_module(model, input_shape)
    leaves = [name for name, module in model.named_modules() if not list(module.children())]
    found = {name: sum(counts.get(f"{type(model).__name__}.{name}", [])) for name in leaves}
    return {name: macs for name, macs in found.items() if macs}


def count_params(model: nn.Module) -> ParameterCount:
    """Trainable and total numbers that the network holds; integer counters of normalisations are left out."""
    trainable = sum(p.numel() for p in model.parameters() if p.requires_grad)
    frozen = sum(p.numel() for p in model.parameters() if not p.requires_grad)
    statistics = sum(b.numel() for b in model.buffers() if b.is_floating_point())
    return ParameterCount(trainable, trainable + frozen + statistics)


def shape_input(model: nn.Module, input_shape: Sequence[int], batch: int = 1) -> Tensor:
    """Inputs of that shape on the meta device: numbers of words where the network's config has a vocabulary."""
    dtype = torch.int64 if getattr(getattr(model, "config", None), "vocabulary", 0) else torch.float32
    return torch.empty(batch, *input_shape, dtype=dtype, device="meta")


def _macs_by_module(model: nn.Module, input_shape: Sequence[int]) -> dict[str, list[int]]:
    counter = FlopCounterMode(display=False)
    with counter:
        _run_shapes(model, input_shape)
    counts = counter.get_flop_counts()
    # One multiply and one add is one MAC.
    return {module: [flops // 2 for flops in by_op.values()] for module, by_op in counts.items()} or {"Global": []}


def _run_shapes(model: nn.Module, input_shape: Sequence[int]) -> None:
    """One inference on the meta device, where only shapes are worked out: it costs neither time nor memory."""
    if math.prod(input_shape) < 1:
        raise ValueError(f"`input_shape` must have positive axes, got {tuple(input_shape)}")
    is_hollow = all(tensor.is_meta for tensor in (*model.parameters(), *model.buffers()))
    shadow = model if is_hollow and not model.training else copy.deepcopy(model).to("meta").eval()
    with torch.no_grad():
        shadow(shape_input(model, input_shape))


class _Products(TorchDispatchMode):
    """Adds up PyTorch's own counts, without asking which module they are of."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.flops = 0

    def __torch_dispatch__(
        self, func: Any, types: Sequence[type], args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        made = func(*args, **(kwargs or {}))
        count = flop_registry.get(func._overloadpacket)
        if count is not None:
            self.flops += count(*args, **(kwargs or {}), out_val=made)
        return made
