"""Inception V3: the names of torchvision's checkpoints, which are also those of the ported weights of the FID."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn

from lilliput.models.convert.converter import register_converter
from lilliput.models.inception import Inception


@register_converter(Inception)
def inception_state(state: Mapping[str, Tensor], model: nn.Module) -> dict[str, Tensor]:
    """Names stay; the second classifier half way is left out."""
    return {key: value for key, value in state.items() if not key.startswith("AuxLogits.")}
