"""What a quantisation is asked to be. Every field can be set from the command line: `--set quantise.rows=512`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args, get_origin, get_type_hints

from lilliput.core.errors import BadSetting


@dataclass(frozen=True)
class QuantiseSettings:
    """Settings of one quantisation; docs/quantisation.md says how to choose.

    Raises:
        BadSetting: LP101, a value out of its range.
    """

    activations: Literal["int8", "int16"] = "int8"  # int16: twice the memory, steps 256 times finer; weights stay int8
    calibration: Literal["minmax", "percentile", "mse"] = "mse"  # how the range of an activation is chosen
    percentile: float = 99.999  # of calibration percentile: what lies inside, in per cent at each end
    rows: int = 256  # calibration items that are looked at, spread evenly over those given; 0: all

    per_channel: bool = True  # weights: one scale per output channel, or one for the whole layer
    weight_bits: int = 8  # of convolutions and fully connected layers; at 4 and below two lie in a byte of flash
    weight_bytes: int = 0  # weights may take no more: the layers that bear it best get 4 bits; 0: no limit
    equalise: Literal["auto"] | bool = "auto"  # even out channels first; auto: where it makes a clear difference
    bias_correction: bool = True  # put each channel's mean back where it was in float

    qat_threshold_points: float = 1.0  # fine-tune when accuracy falls by more than so many points
    qat_epochs: int = 5
    qat_lr: float = 1e-4
    qat_ranges: Literal["fixed", "ema", "learned"] = "learned"  # activation scales while fine-tuning

    def __post_init__(self) -> None:
        for name, low, high in (
            ("percentile", 50, 100),
            ("rows", 0, 2**31),
            ("weight_bits", 2, 8),
            ("weight_bytes", 0, 2**31),
            ("qat_threshold_points", 0, 100),
            ("qat_epochs", 1, 10_000),
            ("qat_lr", 1e-12, 10),
        ):
            value = getattr(self, name)
            if not low <= value <= high:  # false for NaN too
                raise BadSetting(f"quantise.{name} = {value}", why=f"it must be in [{low:g}, {high:g}]")
        for name, names in _CHOICES.items():
            if getattr(self, name) not in names:
                raise BadSetting(f"quantise.{name} = {getattr(self, name)!r}", fix=f"one of {', '.join(names)}")
        if self.activations == "int16" and (self.weight_bits <= 4 or self.weight_bytes):
            raise BadSetting(
                "quantise.activations = 'int16' with weights of 4 bits",
                why="the kernels on int16 take weights of a byte",
                fix="leave quantise.weight_bits at 8 and quantise.weight_bytes at 0",
            )
        if self.equalise != "auto" and not isinstance(self.equalise, bool):
            raise BadSetting(f"quantise.equalise = {self.equalise!r}", fix='one of "auto", true, false')


_CHOICES: dict[str, tuple[str, ...]] = {
    name: get_args(hint) for name, hint in get_type_hints(QuantiseSettings).items() if get_origin(hint) is Literal
}
