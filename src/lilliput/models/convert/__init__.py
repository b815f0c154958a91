"""Published checkpoints, read safely and put into our networks.

    model = load_checkpoint("tinynet_e", Path("tinynet_e.pth"), classes=10)

One file a family says how the published names map to ours; the rest is common: unwrapping, other classes, other input
channels, checking of each name and shape.
"""

from __future__ import annotations

from lilliput.models.convert import cct, efficientnet, fastdepth, inception, meta_spikeformer, revcol  # noqa: F401  (each enters its converter)
from lilliput.models.convert.checkpoint import read_checkpoint
from lilliput.models.convert.converter import Loaded, converters, load_checkpoint, load_state, register_converter

__all__ = ["Loaded", "converters", "load_checkpoint", "load_state", "read_checkpoint", "register_converter"]
