"""Receptive field moved behind the layers that run patch by patch."""

from __future__ import annotations

import pytest

from lilliput.models import models
from lilliput.models.cost import count_macs
from lilliput.models.mcunet import MCUNet, MCUNetConfig
from lilliput.models.redistribute import block_macs, redistribute

V2: MCUNetConfig = models["mobilenet_v2"].defaults


def _macs(config: MCUNetConfig) -> int:

    from lilliput.models.shapes import shapes_only

    with shapes_only():
        return count_macs(MCUNet(config), config.input_shape)


def test_mobilenet_v2_becomes_the_registered_network() -> None:
    assert redistribute(V2, 5) == models["mobilenet_v2_rd"].defaults


def test_the_redistributed_mobilenet_v2_costs_what_is_published() -> None:
    """301 M with an overhead of 3 % for patches, in the paper: 292 M without."""
    assert round(_macs(redistribute(V2, 5)) / 1e6 * 1.03) == 301


def test_the_stage_keeps_its_strides_and_channels_and_loses_its_repeats() -> None:
    inside = redistribute(models["mcunet_in3"].defaults, 7).block_list[:3]
    assert [tuple(block) for block in inside] == [(16, 8, 1, 1, 1), (8, 16, 3, 3, 2), (16, 24, 5, 3, 2)]


@pytest.mark.parametrize("name", ["mcunet_in0", "mcunet_in2", "mcunet_in3", "mcunet_in4", "proxyless"])
def test_what_is_freed_is_spent_behind_the_stage_and_no_more(name: str) -> None:
    config = models[name].defaults
    made = redistribute(config, 5)
    assert len(made.block_list) > len([b for b in config.block_list if not b.is_residual])
    assert 0.9 * _macs(config) < _macs(made) <= _macs(config)


def test_costs_by_block_add_up_to_the_network_without_its_ends() -> None:
    ends = 112 * 112 * 3 * 9 * 32 + 49 * 320 * 1280 + 1280 * 1000
    assert sum(block_macs(V2)) + ends == _macs(V2)


def test_a_network_without_repeats_behind_the_stage_only_gets_smaller() -> None:
    config = MCUNetConfig(blocks="16,24,6,7,2 24,24,6,3,1 24,32,6,3,2")
    assert redistribute(config, 4).blocks == "16,24,6,3,2 24,32,6,3,2"


@pytest.mark.parametrize("stage", [1, 18])
def test_a_stage_out_of_range_is_refused(stage: int) -> None:
    with pytest.raises(ValueError, match=rf"`stage` must be in \[2, 17\], got {stage}"):
        redistribute(V2, stage)


def test_an_even_kernel_is_refused() -> None:
    with pytest.raises(ValueError, match="`kernel` must be odd and above 0, got 2"):
        redistribute(V2, 3, kernel=2)
