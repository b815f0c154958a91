"""FastDepth: the names of the published networks with skips, and of those with one decoder behind an encoder."""

from __future__ import annotations

import re
from collections.abc import Mapping

from torch import Tensor, nn

from lilliput.models.convert.converter import register_converter, rename
from lilliput.models.fastdepth import FastDepth, FastDepthConfig

_LAYERS = (0, 1, 3, 4)
"""Places of convolutions and normalisations in a layer; between them lie activations."""


@register_converter(FastDepth)
def fastdepth_state(state: Mapping[str, Tensor], model: nn.Module) -> dict[str, Tensor]:
    """Layers of the encoder by number, stages of the decoder by number.

    With skips the layers are the network's own (`conv0`, `decode_conv1`); without, they are those of an encoder and a
    decoder inside of it (`mobilenet.0`, `decoder.conv1`).

    Raises:
        ValueError: a decoder whose published form is laid out otherwise.
    """
    config: FastDepthConfig = model.config  # type: ignore[assignment]
    if not config.upsampling.startswith(("nnconv", "blconv")):
        raise ValueError(f"networks with the decoder {config.upsampling} have no converter")
    separable = config.upsampling.endswith("dw")
    names = {}
    for layer in range(14):
        for place in _LAYERS if layer else _LAYERS[:2]:
            names[f"conv{layer}.{place}"] = f"encoder.{layer}.{place}"
    for stage in range(5):
        for theirs, ours in zip(("0.0", "0.1", "1.0", "1.1"), _LAYERS, strict=True):
            if separable:
                names[f"decode_conv{stage + 1}.{theirs}"] = f"decoder.{stage}.{ours}"
        if not separable:
            names |= {f"decode_conv{stage + 1}.{place}": f"decoder.{stage}.{place}" for place in (0, 1)}
    names |= {f"decode_conv6.{place}": f"head.{place}" for place in (0, 1)}
    plain = {_one_name(key): value for key, value in state.items()}
    return rename(plain, names)


def _one_name(key: str) -> str:
    key = re.sub(r"^mobilenet\.(\d+)\.", r"conv\1.", key)
    return re.sub(r"^decoder\.conv", "decode_conv", key)
