"""Lists of blocks as text."""

from __future__ import annotations

import pytest

from lilliput.core.errors import BadSetting
from lilliput.models import create_model
from lilliput.models.blocks import Block, blocks_of_stages, in_eights, parse_blocks, print_blocks


def test_a_list_comes_back_as_it_was_written() -> None:
    text = "16,24,6,3,2 24,24,4,7,1"
    assert parse_blocks(text, 16) == (Block(16, 24, 6, 3, 2), Block(24, 24, 4, 7, 1))
    assert print_blocks(parse_blocks(text, 16)) == text
    assert parse_blocks("", 16) == ()


def test_only_a_block_that_keeps_its_shape_is_residual() -> None:
    flags = [block.is_residual for block in parse_blocks("8,8,3,3,1 8,8,3,3,2 8,16,3,3,1", 8)]
    assert flags == [True, False, False]


@pytest.mark.parametrize(
    "entry", ["16,24,6,3", "16,24,6,4,2", "16,24,0,3,2", "16,24,6,3,x", "16,24,6,3,²", "16,24,6,3,1e9"]
)
def test_an_entry_that_is_no_block_is_refused(entry: str) -> None:
    with pytest.raises(ValueError, match="must hold in,out,expansion,kernel,stride with odd kernels, got"):
        parse_blocks(entry, 16)


def test_channels_that_do_not_meet_are_refused_where_the_network_is_made() -> None:
    with pytest.raises(BadSetting, match="'24,32,6,3,2' takes 24 channels, it gets 16"):
        create_model("mobilenet_v2", blocks="24,32,6,3,2")


def test_an_even_first_kernel_is_refused() -> None:
    with pytest.raises(BadSetting, match="`first_kernel` must be odd, got 2"):
        create_model("mobilenet_v2", first_kernel=2)


def test_stages_give_their_stride_to_their_first_block() -> None:
    assert blocks_of_stages(8, "24:2:6,3 3,5;16:1:6,7", 0.5) == "8,16,6,3,2 16,16,3,5,1 16,8,6,7,1"


@pytest.mark.parametrize(
    ("asked", "given"), [(3.2, 8), (8, 8), (11.2, 16), (12, 16), (33.6, 32), (44.8, 48), (11.9, 16)]
)
def test_channels_are_rounded_to_eights_and_never_below_nine_tenths(asked: float, given: int) -> None:
    assert in_eights(asked) == given
