"""Front ends in integers: what trainer and device both do to raw samples before the network."""

from lilliput.features.affine import Affine
from lilliput.features.c_definition import c_definition, constants_bytes
from lilliput.features.log_mel import LogMel
from lilliput.features.preprocess import Preprocess

__all__ = ["Affine", "LogMel", "Preprocess", "c_definition", "constants_bytes"]
