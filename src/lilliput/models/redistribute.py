"""Move receptive field from the layers that run patch by patch to those behind them, so that patches overlap less.

In front, where each patch computes the margins of its neighbours again: the first block's depthwise kernel becomes 1×1,
larger kernels are cut to 3×3, and the blocks that only repeat a shape are left out. Behind: blocks that repeat a shape
are repeated once more, the cheapest first, as long as the multiply-accumulates that were freed allow.

Source: MCUNetV2 (arXiv:2110.15352), section 3.2. The paper shows the pattern; the rule for what is added is ours, and
makes of MobileNetV2 a network of the published cost.
"""

from __future__ import annotations

from dataclasses import replace

from lilliput.models.blocks import Block, print_blocks
from lilliput.models.mcunet import MCUNetConfig


def redistribute(config: MCUNetConfig, stage: int, *, kernel: int = 3) -> MCUNetConfig:
    """The network with less receptive field in its first `stage` blocks and more behind them.

    Args:
        config: a network of the MCUNet family.
        stage: how many leading blocks run patch by patch, the stem counted as the first; from 2 to all but one.
        kernel: the largest kernel that stays in the stage; odd.

    Raises:
        ValueError: `stage` or `kernel` is out of range.
    """
    others = config.block_list[1:]
    if not 2 <= stage <= len(others) + 1:
        raise ValueError(f"`stage` must be in [2, {len(others) + 1}], got {stage}")
    if kernel < 1 or kernel % 2 == 0:
        raise ValueError(f"`kernel` must be odd and above 0, got {kernel}")
    inside, behind = others[: stage - 2], others[stage - 2 :]
    kept = [block._replace(kernel=min(block.kernel, kernel)) for block in inside if not block.is_residual]
    slim = replace(config, first_kernel=1, blocks=print_blocks([*kept, *behind]))
    costs = block_macs(slim)[1 + len(kept) :]
    freed = sum(block_macs(config)) - sum(block_macs(slim))
    copies = _copies([cost if block.is_residual else 0 for block, cost in zip(behind, costs, strict=True)], freed)
    grown = [block for block, count in zip(behind, copies, strict=True) for _ in range(1 + count)]
    return replace(slim, blocks=print_blocks([*kept, *grown]))


def _copies(costs: list[int], freed: int) -> list[int]:
    """How often each block is repeated: the cheapest first, each once before any twice; a cost of 0 is never."""
    copies, order = [0] * len(costs), sorted((cost, i) for i, cost in enumerate(costs) if cost)
    while order and order[0][0] <= freed:
        for cost, index in order:
            if cost <= freed:
                copies[index] += 1
                freed -= cost
    return copies


def block_macs(config: MCUNetConfig) -> tuple[int, ...]:
    """Multiply-accumulates of each block of `block_list`; stem, head and classifier are not among them."""
    height, width = _halved(config.height, 2), _halved(config.width, 2)
    found = []
    for block in config.block_list:
        below = _halved(height, block.stride), _halved(width, block.stride)
        found.append(_macs(block, height * width, below[0] * below[1]))
        height, width = below
    return tuple(found)


def _macs(block: Block, pixels_in: int, pixels_out: int) -> int:
    inner = block.channels_in * block.expansion
    expand = pixels_in * block.channels_in * inner if block.expansion > 1 else 0
    return expand + pixels_out * inner * (block.kernel**2 + block.channels_out)


def _halved(size: int, stride: int) -> int:
    return -(-size // stride)
