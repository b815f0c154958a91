"""Mean and spread of each channel taken away, in integers: for images and for windows of an inertial sensor.

Axes: B batch, C channels, last. For channel c, with offset the mean rounded to a whole count:

    q = clamp((((x - offset) · mult + round) >> shift) + zero_point, -128, 127)
    mult / 2^shift = 1 / (std · scale)          round = 2^(shift - 1) - (mean - offset) · mult

`mult` has 14 bits for int16 and 22 for uint8, so that all is done in 32 bits.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from lilliput.features.preprocess import Array, Preprocess, RawType, check_fields, check_raw_type, to_float32

_MULT_BITS = {"int16": 14, "uint8": 22}
_TAIL = 0.0005  # of the values of an int16 channel that may be clipped, on either side


@dataclass(frozen=True)
class Affine(Preprocess):
    """(x - mean) / std of each channel, as int8 with steps of `scale`.

    Args:
        raw_shape: of one item: (H, W), (H, W, C), or (T, C), which becomes (T, 1, C).
        raw_dtype: "uint8" or "int16".
        mean: counts, one a channel; (H, W) has one channel.
        std: counts, one a channel, above 0.
        scale: real value of one step of the output.
        zero_point: the output for `mean`.

    Raises:
        ValueError: a value out of its range, or one that 32 bits cannot do; the message gives it.

    Cost: one multiplication an element.
    """

    raw_shape: tuple[int, ...]
    raw_dtype: RawType
    mean: tuple[float, ...]
    std: tuple[float, ...]
    scale: float
    zero_point: int

    kind: ClassVar[str] = "affine"

    def __post_init__(self) -> None:
        check_raw_type(self.raw_dtype)
        check_fields(self, {"raw_shape": tuple, "mean": tuple, "std": tuple, "scale": float, "zero_point": int})
        sizes_fit = all(type(n) is int and 1 <= n <= 65536 for n in self.raw_shape)
        if not sizes_fit or len(self.raw_shape) not in (2, 3) or math.prod(self.raw_shape) > 1 << 24:
            raise ValueError(f"`raw_shape` must be (H, W), (H, W, C) or (T, C), got {self.raw_shape}")
        limits = np.iinfo(self.raw_dtype)
        for name, low, high in (("mean", limits.min, limits.max), ("std", math.ulp(0), 1e9)):
            values = getattr(self, name)
            if len(values) != self.output_shape[2]:
                raise ValueError(f"`{name}` must have {self.output_shape[2]} values, one a channel, got {len(values)}")
            if not all(isinstance(v, (int, float)) and low <= v <= high for v in values):
                raise ValueError(f"`{name}` must be in [{low}, {high}], got {values}")
        if not (0 < self.scale < math.inf) or to_float32(self.scale) != self.scale:
            raise ValueError(f"`scale` must be above 0 and exact in float32, got {self.scale}")
        if not -128 <= self.zero_point <= 127:
            raise ValueError(f"`zero_point` must be in [-128, 127], got {self.zero_point}")
        if max(self._tables["mult"]) >> _MULT_BITS[self.raw_dtype]:
            raise ValueError(f"`std` · `scale` is too small for {self.raw_dtype}: {min(self.std)} · {self.scale}")

    @classmethod
    def fit(cls, raw: Array) -> Affine:
        """The one for such items: mean and spread of each channel of `raw`, and steps that hold what occurs.

        uint8 keeps its whole range; of int16, one value in a thousand may be clipped. A channel that never
        changes gets the spread 1.

        Raises:
            ValueError: not int16 or uint8, or no items.
        """
        check_raw_type(raw.dtype.name)
        if raw.size == 0:
            raise ValueError(f"`raw` has no items: {raw.shape}")
        axes = tuple(range(raw.ndim - 1)) if raw.ndim == 4 or raw.dtype == np.int16 else None
        mean = np.atleast_1d(raw.mean(axis=axes, dtype=np.float64))
        std = np.atleast_1d(raw.std(axis=axes, dtype=np.float64))
        std = np.where(std == 0, 1.0, std)
        if raw.dtype == np.uint8:
            low, high = (0 - mean) / std, (255 - mean) / std
        else:
            low, high = (np.quantile(raw, tail, axis=axes) for tail in (_TAIL, 1 - _TAIL))
            low, high = np.minimum((low - mean) / std, -1), np.maximum((high - mean) / std, 1)
        scale = to_float32((high.max() - low.min()) / 255)
        zero_point = int(np.clip(-128 - round(float(low.min()) / scale), -128, 127))
        shape, kind = tuple(raw.shape[1:]), raw.dtype.name
        return cls(shape, kind, tuple(mean.tolist()), tuple(std.tolist()), scale, zero_point)  # type: ignore[arg-type]

    @classmethod
    def identity_u8(cls, shape: tuple[int, ...]) -> Affine:
        """q = x - 128: the real value is x / 255."""
        channels = shape[2] if len(shape) == 3 else 1
        return cls(shape, "uint8", (0.0,) * channels, (255.0,) * channels, to_float32(1 / 255), -128)

    @property
    def input_shape(self) -> tuple[int, ...]:
        return self.raw_shape

    @property
    def input_dtype(self) -> RawType:
        return self.raw_dtype

    @property
    def output_shape(self) -> tuple[int, int, int]:
        if len(self.raw_shape) == 3:
            return (self.raw_shape[0], self.raw_shape[1], self.raw_shape[2])
        if self.raw_dtype == "int16":
            return (self.raw_shape[0], 1, self.raw_shape[1])
        return (self.raw_shape[0], self.raw_shape[1], 1)

    @property
    def output_scale(self) -> float:
        return self.scale

    @property
    def output_zero_point(self) -> int:
        return self.zero_point

    @property
    def kernel(self) -> str:
        return "lp_affine_u8" if self.raw_dtype == "uint8" else "lp_affine_s16"

    def integer(self, raw: Array) -> NDArray[np.int8]:
        x = self._checked(raw).reshape(-1, self.output_shape[2]).astype(np.int32)
        table = self._tables
        t = ((x - table["offset"]) * table["mult"] + table["round"]) >> table["shift"]
        q = np.clip(t + np.int32(self.zero_point), -128, 127)
        items: NDArray[np.int8] = q.astype(np.int8).reshape(len(raw), *self.output_shape)
        return items

    def constants(self) -> dict[str, Array]:
        return dict(self._tables)

    def parameters(self) -> dict[str, int]:
        channels = self.output_shape[2]
        return {
            "count": math.prod(self.raw_shape) // channels,
            "channels": channels,
            "zero_point": self.zero_point,
        }

    @cached_property
    def _tables(self) -> dict[str, Array]:
        rows = [
            _row(mean, std * self.scale, _MULT_BITS[self.raw_dtype])
            for mean, std in zip(self.mean, self.std, strict=True)
        ]
        types = {"offset": np.int32, "mult": np.int32, "round": np.int32, "shift": np.int8}
        return {
            name: np.array(column, kind)
            for (name, kind), column in zip(types.items(), zip(*rows, strict=True), strict=True)
        }


def _row(mean: float, step: float, bits: int) -> tuple[int, int, int, int]:
    """offset, mult, round and shift of one channel; `step` in counts. mult is too large where `bits` cannot hold it."""
    offset = round(mean)
    shift = min(max(bits - math.frexp(1 / step)[1], 0), 30)
    mult = round(2.0**shift / step)
    if mult == 1 << bits and shift > 0:
        mult, shift = mult >> 1, shift - 1
    return offset, min(mult, 2**31 - 1), ((1 << shift) >> 1) - round((mean - offset) * mult), shift
