"""Meta-SpikeFormer: the names of the authors' code.

Its two-layer perceptrons are convolutions along one axis, which become 1×1 ones. A second classifier is there where the
checkpoint was trained with distillation: a network without one takes the first alone, and one with two that is given
one starts the second anew.
"""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn

from lilliput.models.convert.converter import register_converter, rename
from lilliput.models.meta_spikeformer import MetaSpikeFormer, MetaSpikeFormerConfig

_DOWN = ("downsample1_1", "downsample1_2", "downsample2", "downsample3", "downsample4")
_SEP_CONV = {
    "Conv.pwconv1": "0.branch.widen.conv", "Conv.bn1": "0.branch.widen.norm",
    "Conv.dwconv": "0.branch.narrow.depthwise", "Conv.pwconv2": "0.branch.narrow.pointwise",
    "Conv.bn2": "0.branch.narrow.norm",
}  # fmt: skip
_CHANNEL_CONV = {
    "conv1": "1.branch.widen.conv", "bn1": "1.branch.widen.norm", "conv2": "1.branch.narrow.conv",
    "bn2": "1.branch.narrow.norm",
}  # fmt: skip
_MLP = {
    "mlp.fc1_conv": "1.branch.widen.conv", "mlp.fc1_bn": "1.branch.widen.norm", "mlp.fc2_conv": "1.branch.narrow.conv",
    "mlp.fc2_bn": "1.branch.narrow.norm",
}  # fmt: skip
_LISTS = ("ConvBlock1_1", "ConvBlock1_2", "ConvBlock2")
_REP_CONV = {
    "0.body.0": "first", "0.body.1.bn": "inner_norm", "0.body.2.0": "depthwise", "0.body.2.1": "second",
    "0.body.2.2": "outer_norm", "1": "norm",
}  # fmt: skip
_ATTENTION = {
    f"attn.{theirs}_conv.{a}": f"0.branch.{ours}.{b}"
    for theirs, ours in (("q", "q"), ("k", "k"), ("v", "v"), ("proj", "project"))
    for a, b in _REP_CONV.items()
}


@register_converter(MetaSpikeFormer)
def meta_spikeformer_state(state: Mapping[str, Tensor], model: nn.Module) -> dict[str, Tensor]:
    """Stages by name, blocks by place, one classifier or two.

    Raises:
        ValueError: a folded network, or kinds of attention and layers that no published checkpoint has.
    """
    config: MetaSpikeFormerConfig = model.config  # type: ignore[assignment]
    if config.folded or config.attention != "sdsa3":
        raise ValueError(f"published checkpoints are unfolded and of sdsa3, not folded={config.folded} and "
                         f"{config.attention}")  # fmt: skip
    names = {f"{down}.encode_{a}": f"downsamples.{stage}.synapses.{b}"
             for stage, down in enumerate(_DOWN) for a, b in (("conv", "conv"), ("bn", "norm"))}  # fmt: skip
    for stage, blocks in enumerate(config.stage_layers):
        for block in range(blocks):
            layers = {**_SEP_CONV, **_CHANNEL_CONV} if stage < len(_LISTS) else {**_ATTENTION, **_MLP}
            names |= {
                f"{_block(stage, block)}.{theirs}": f"blocks.{stage}.{2 * block + int(ours[0])}.{ours[2:]}"
                for theirs, ours in layers.items()
            }
    two = config.distillation
    names |= {"head": "classifier.main" if two else "classifier", "head_kd": "classifier.teacher"}
    kept = {key: value for key, value in state.items() if two or not key.startswith("head_kd.")}
    found = rename(kept, names)
    return {key: value.unsqueeze(-1) if value.ndim == 3 else value for key, value in found.items()}


def _block(stage: int, block: int) -> str:
    """The published name of a block: in stage 2 each is a list of its own."""
    if stage >= len(_LISTS):
        return f"block{stage}.{block}"
    return f"{_LISTS[stage]}_{block + 1}.0" if stage == len(_LISTS) - 1 else f"{_LISTS[stage]}.{block}"
