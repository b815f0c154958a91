"""Front ends in integers: what trainer and device both do to raw samples before the network."""

from lilliput.features.affine import Affine
from lilliput.features.log_mel import LogMel
from lilliput.features.preprocess import Preprocess

__all__ = ["Affine", "LogMel", "Preprocess"]
