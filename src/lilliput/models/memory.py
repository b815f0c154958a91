"""How much memory tensors take while something is computed, counted to the byte from their storages.

Counting works on any device; on the meta device it costs no memory, so that a network of any size can be asked.
"""

from __future__ import annotations

import copy
import weakref
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from lilliput.models.cost import shape_input


class LiveBytes(TorchDispatchMode, AbstractContextManager["LiveBytes"]):
    """Counts the storages that operations inside of `with` make, as long as something holds them.

    Views share the storage of what they look at. What was there before, such as parameters, is not counted.

    Attributes:
        live: bytes that are held now.
        peak: the largest `live` so far; set it to `live` to begin anew.
    """

    def __init__(self, known: Sequence[Tensor] = ()) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.live = self.peak = 0
        self._seen: dict[int, weakref.ref[torch.UntypedStorage]] = {}
        self._known = {id(tensor.untyped_storage()) for tensor in known}

    def __torch_dispatch__(
        self, func: Any, types: Sequence[type], args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        given = {id(t.untyped_storage()) for t in tree_leaves((args, kwargs)) if isinstance(t, Tensor)}
        made = func(*args, **(kwargs or {}))
        for tensor in tree_leaves(made):
            if isinstance(tensor, Tensor):
                self._see(tensor.untyped_storage(), given)
        return made

    def _see(self, storage: torch.UntypedStorage, given: set[int]) -> None:
        key = id(storage)
        if key in self._seen or key in given or key in self._known:
            return
        size = storage.nbytes()

        def gone(_: object) -> None:
            self._seen.pop(key, None)
            self.live -= size

        self._seen[key] = weakref.ref(storage, gone)
        self.live += size
        self.peak = max(self.peak, self.live)


def inference_bytes(model: nn.Module, input_shape: Sequence[int], batch: int = 1) -> int:
    """Largest sum of float32 activations that are alive at once in one inference, the input included.

    Counted on the meta device, layer by layer as PyTorch computes; the compiler's plan needs less.
    """
    shadow = copy.deepcopy(model).to("meta").eval()
    known = [*shadow.parameters(), *shadow.buffers()]
    with torch.no_grad(), LiveBytes(known) as counted:
        shadow(shape_input(model, input_shape, batch))
    return int(counted.peak)


def activation_count(model: nn.Module, input_shape: Sequence[int]) -> int:
    """Elements that the convolutions and linear layers of one inference give, as tables of networks count them."""
    shadow, total = copy.deepcopy(model).to("meta").eval(), 0

    def add(module: nn.Module, inputs: object, output: Tensor) -> None:
        nonlocal total
        total += output.numel()

    for module in shadow.modules():
        if isinstance(module, (nn.Conv1d, nn.Conv2d, nn.ConvTranspose2d, nn.Linear)):
            module.register_forward_hook(add)
    with torch.no_grad():
        shadow(shape_input(model, input_shape))
    return total
