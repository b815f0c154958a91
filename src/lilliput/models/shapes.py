"""Networks without weights: shapes only, to count and to compare, made in a fraction of the time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

_DRAWN = {Tensor.normal_, Tensor.uniform_, Tensor.erfinv_, Tensor.clamp_}


@contextmanager
def shapes_only() -> Iterator[None]:
    """Inside, new networks have parameters without memory or values, and nothing is drawn for them."""
    with torch.device("meta"), _Undrawn():
        yield


class _Undrawn(TorchFunctionMode):
    """What draws first weights gives back what it got: without values there is nothing to draw."""

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        return args[0] if func in _DRAWN else func(*args, **(kwargs or {}))
