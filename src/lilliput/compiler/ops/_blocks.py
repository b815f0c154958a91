"""Constants for the kernels by blocks (`runtime/lp_block_s8_dsp.h`), and which block suits a layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from lilliput.compiler.fixed_point import coded_shift
from lilliput.compiler.graph import Array
from lilliput.compiler.op import Field
from lilliput.compiler.ops._dsp import LARGEST, fits_packed, folded_bias, pack, packed_bias, wrapped
from lilliput.compiler.ops._weights import Channels

MAX_RIGHT = 15
"""The largest shift to the right whose rounding constant, with any zero point, leaves the sum in 32 bits."""


class Block(NamedTuple):
    """Patches and channels whose accumulators stay in registers; instructions of a step (a word of each channel), and
    of a block of channels beside its steps, `away` of them only when halves are rounded away from zero."""

    patches: int
    channels: int
    step: int
    rest: int
    away: int

    @property
    def name(self) -> str:
        """As in the names of the runtime's files."""
        return f"{self.patches}x{self.channels}"

    def instructions(self, positions: int, channels: int, words: int, *, away: bool) -> int:
        """An estimate for a layer, without the unpacking, which is the same for all."""
        each = self.step * words + 2 * -(-words // 4) + self.rest + (self.away if away else 0)
        return -(-positions // self.patches) * (PER_BLOCK + channels // self.channels * each)


BLOCKS = (Block(4, 1, 12, 31, 8), Block(3, 2, 17, 49, 12))
PER_BLOCK = 70
"""Instructions from one run of a block to the next; as the rest, counted by `tests/runtime/test_blocks.py`."""


def rounds_away(channels: Channels) -> bool:
    """True when the way halves are rounded below the zero point can be seen: two roundings, and no clamp at it."""
    return channels.rounding == "double" and channels.y_zero > channels.y_range[0]


def fits_cut(channels: Channels) -> Array:
    """Of each channel whether its accumulator, times 256, can be cut once: it fits, and so does the shift; (C_out,)."""
    least = 1 if channels.rounding == "double" else -6
    right = -channels.shift.astype(np.int64)
    reach = np.abs(np.stack(channels.accumulators())).max(axis=0)
    fits: Array = (right >= least) & (right <= MAX_RIGHT) & (reach < LARGEST)
    return fits


def fits_blocks(channels: Channels) -> bool:
    """True when the kernels by blocks may be used: `fits_cut` for all channels, and the weights can be packed."""
    return bool(fits_cut(channels).all()) and fits_packed(channels)


def codes(channels: Channels) -> Array:
    """6 - shift, uint8."""
    return (6 - channels.shift.astype(np.int64)).astype(np.uint8)


def half(channels: Channels) -> int:
    """What rounds the first time, in the units of the sum."""
    return 64 if channels.rounding == "double" else 0


def blocks_for(channels: Channels, positions: int, groups: int = 1) -> list[Block]:
    """The blocks that a layer can be cut into, the one with the fewest instructions first."""
    per_group, words = len(channels.rows) // groups, -(-channels.rows.shape[1] // 4)
    fitting = [block for block in BLOCKS if per_group % block.channels == 0]
    away = rounds_away(channels)
    return sorted(fitting, key=lambda block: block.instructions(positions, per_group, words, away=away))


def block_fields(channels: Channels, block: Block, groups: int = 1) -> tuple[Field, ...]:
    """The members `block` and `op` of the structs of the kernels by blocks."""
    c_out = len(channels.rows)
    numbers = {"words": -(-channels.rows.shape[1] // 4), "channels": c_out // groups, "y_step": c_out}
    return (
        Field("block", "object", f"lp_block_{block.name}_{_rule(channels)}_s8_dsp"),
        Field("op.w", "uint32_t", _stream(channels, block.channels)),
        Field("op.code", "uint8_t", codes(channels)),
        *(Field(f"op.{name}", "int32_t", value) for name, value in numbers.items()),
        Field("op.y_offset", "int32_t", channels.y_zero),
        Field("op.half", "int32_t", half(channels)),
        *(
            Field(f"op.{name}", "int32_t", value)
            for name, value in zip(("y_min", "y_max"), channels.y_range, strict=True)
        ),
    )


def taps_fields(channels: Channels, stride: int) -> tuple[Field, ...]:
    """The first members of the struct of the depthwise 3×3 kernel: its core, and for each channel three words with the
    bytes w1 w0 w2 w1 of a row of taps, the bias and the mult; channels that do not fit it go the slow way."""
    rows = channels.rows.reshape(-1, 3, 3)[:, :, [1, 0, 2, 1]]
    taps = np.ascontiguousarray(rows).astype(np.int8).view(np.uint8).astype(np.uint32)
    words = (taps << np.array([0, 8, 16, 24], np.uint32)).sum(axis=2, dtype=np.uint32)
    fits = fits_cut(channels)
    bias = wrapped(np.where(fits, 256, 1) * folded_bias(channels)).view(np.uint32)
    slow = 128 + coded_shift(channels.shift, channels.rounding).astype(np.int64)
    stream = np.concatenate([words, bias[:, None], channels.mult.astype(np.uint32)[:, None]], axis=1)
    return (
        Field("core", "object", f"lp_taps_s{stride}_{_rule(channels)}_s8_dsp"),
        Field("w", "uint32_t", stream),
        Field("code", "uint8_t", np.where(fits, codes(channels), slow)),
    )


def fours_fields(channels: Channels, kind: str) -> tuple[Field, ...]:
    """The first members of the structs of the fully connected kernels; `kind` is their core's, `wide` or `narrow`."""
    spare = -len(channels.rows) % 4
    stream = np.pad(_rows(channels), ((0, spare), (0, 0)))
    together = np.ascontiguousarray(stream.reshape(-1, 4, stream.shape[1]).transpose(0, 2, 1))
    rule = "away" if channels.rounding == "double" else "floor"
    return (
        Field("core", "object", f"lp_fours_{kind}_{rule}_s8_dsp"),
        Field("w", "uint32_t", together),
        Field("code", "uint8_t", np.pad(codes(channels), (0, spare))),
    )


def _rule(channels: Channels) -> str:
    return "away" if rounds_away(channels) else "floor"


def scratch_bytes(block: Block, words: int) -> int:
    """Of the unpacked patches of one block."""
    return 8 * block.patches * words


def _stream(channels: Channels, together: int) -> Array:
    """`_rows` of every `together` channels side by side."""
    rows = _rows(channels)
    return np.ascontiguousarray(rows.reshape(-1, together, rows.shape[1]).transpose(0, 2, 1))


def _rows(channels: Channels) -> Array:
    """Bias, packed weights and mult of each channel, uint32."""
    columns: Sequence[Array] = (
        packed_bias(channels).view(np.uint32)[:, None], pack(channels.rows), channels.mult.astype(np.uint32)[:, None]
    )  # fmt: skip
    return np.concatenate(columns, axis=1)
