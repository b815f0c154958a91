"""Lists of inverted bottlenecks as text: what the networks of the MCUNet family are made from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Block(NamedTuple):
    """An inverted bottleneck: 1×1 to `channels_in · expansion`, depthwise `kernel`² of `stride`, 1×1 to `channels_out`.

    An expansion of 1 leaves the first layer out. A block of stride 1 that keeps its channels adds its input.
    """

    channels_in: int
    channels_out: int
    expansion: int
    kernel: int
    stride: int

    @property
    def is_residual(self) -> bool:
        """True when the block's input is added to what it computes."""
        return self.stride == 1 and self.channels_in == self.channels_out


def parse_blocks(text: str, channels: int) -> tuple[Block, ...]:
    """The blocks of a list "in,out,expansion,kernel,stride …", the first of which takes `channels`.

    Raises:
        ValueError: an entry is not five numbers of 1 or more, has an even kernel, or does not take what comes.
    """
    found = []
    for entry in text.split():
        numbers = [int(part) if part.isascii() and part.isdigit() and len(part) < 7 else 0 for part in entry.split(",")]
        if len(numbers) != 5 or min(numbers) < 1 or numbers[3] % 2 == 0:
            raise ValueError(f"`blocks` must hold in,out,expansion,kernel,stride with odd kernels, got {entry!r}")
        block = Block(*numbers)
        if block.channels_in != channels:
            raise ValueError(f"`blocks`: {entry!r} takes {block.channels_in} channels, it gets {channels}")
        found.append(block)
        channels = block.channels_out
    return tuple(found)


def print_blocks(blocks: Sequence[Block]) -> str:
    """The list that `parse_blocks` reads."""
    return " ".join(",".join(map(str, block)) for block in blocks)


def blocks_of_stages(first: int, stages: str, width: float) -> str:
    """The list of a network that is given stage by stage.

    Args:
        first: channels that the first block takes.
        stages: "out:stride:expansion,kernel expansion,kernel …;…", the stride being that of a stage's first block.
        width: factor on the channels.
    """
    channels, blocks = first, []
    for stage in stages.split(";"):
        out, stride, layers = stage.split(":")
        wider = in_eights(int(out) * width)
        for index, layer in enumerate(layers.split()):
            expansion, kernel = (int(n) for n in layer.split(","))
            blocks.append(Block(channels, wider, expansion, kernel, int(stride) if index == 0 else 1))
            channels = wider
    return print_blocks(blocks)


def in_eights(channels: float) -> int:
    """The nearest multiple of 8, 8 or more, not below 90 % of what is asked: the rule of the published networks."""
    rounded = max(8, int(channels + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * channels else rounded
