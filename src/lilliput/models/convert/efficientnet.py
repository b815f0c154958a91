"""TinyNet and EfficientNet: the names that the release of TinyNet and timm share."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn

from lilliput.models.convert.converter import register_converter, rename
from lilliput.models.efficientnet import EfficientNet, EfficientNetConfig

_ENDS = {
    "conv_stem": "stem.0", "bn1": "stem.1", "conv_head": "head.0", "bn2": "head.1", "classifier": "classifier",
}  # fmt: skip
_PLAIN = {"conv_dw": "depthwise.0", "bn1": "depthwise.1", "conv_pw": "project.0", "bn2": "project.1"}
_WIDENED = {
    "conv_pw": "expand.0", "bn1": "expand.1", "conv_dw": "depthwise.0", "bn2": "depthwise.1",
    "conv_pwl": "project.0", "bn3": "project.1",
}  # fmt: skip
_GATE = {"se.conv_reduce": "gate.reduce", "se.conv_expand": "gate.widen"}


@register_converter(EfficientNet)
def efficientnet_state(state: Mapping[str, Tensor], model: nn.Module) -> dict[str, Tensor]:
    """Stem, blocks by stage and place, head: in a block the convolutions have other names where nothing is widened."""
    names = dict(_ENDS)
    config: EfficientNetConfig = model.config  # type: ignore[assignment]
    for stage, blocks in enumerate(config.block_lists):
        for place, block in enumerate(blocks):
            layers = {**(_PLAIN if block.expansion == 1 else _WIDENED), **_GATE}
            names |= {
                f"blocks.{stage}.{place}.{theirs}": f"blocks.{stage}.{place}.{ours}" for theirs, ours in layers.items()
            }
    return rename(state, names)
