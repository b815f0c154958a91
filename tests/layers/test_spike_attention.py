"""The four ways to attend by additions: exact numbers, both orders, and how their cost grows."""

from __future__ import annotations

import itertools

import pytest
import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from lilliput.layers.spike_attention import KINDS, Meeting, by_pairs, by_tokens
from lilliput.layers.spike_blocks import SpikeAttention, neurons


def qkv(channels: int = 12, side: int = 5, rows: int = 3) -> list[Tensor]:
    generator = torch.Generator().manual_seed(0)
    return [(torch.rand(rows, channels, side, side, generator=generator) < 0.3).float() for _ in range(3)]


def test_both_orders_give_the_same_whole_numbers() -> None:
    q, k, v = qkv()
    found = by_tokens(q, k, v, 3)
    assert torch.equal(found, by_pairs(q, k, v, 3))
    assert torch.equal(found, found.round())
    assert found.max() > 4
    lying = [x.contiguous(memory_format=torch.channels_last) for x in (q, k, v)]
    assert torch.equal(by_tokens(lying[0], lying[1], lying[2], 3), found)


def test_tokens_meet_within_their_heads_alone() -> None:
    q, k, v = qkv()
    wanted = torch.zeros_like(q)
    for row, head in itertools.product(range(3), range(3)):
        part = slice(4 * head, 4 * head + 4)
        a, b, c = (x[row, part].flatten(1).T for x in (q, k, v))  # (N, D)
        wanted[row, part] = (a @ (b.T @ c)).T.reshape(4, 5, 5)
    assert torch.equal(by_tokens(q, k, v, 3), wanted)


def test_each_kind_is_its_formula() -> None:
    q, k, v = qkv()
    assert torch.equal(Meeting("sdsa1", 3, 1.0)(q, k, v)[:, :, 0, 0], (k * v).flatten(2).sum(2))
    assert torch.equal(Meeting("sdsa2", 3, 1.0)(q, k, None)[:, :, 0, 0], k.flatten(2).sum(2))
    assert torch.equal(Meeting("sdsa3", 3, 0.125)(q, k, v), by_pairs(q, k, v, 3)), "the scale is the threshold's"
    torch.testing.assert_close(Meeting("sdsa4", 3, 0.125)(q, k, v), 0.125 * by_pairs(q, k, v, 3))


@pytest.mark.parametrize("kind", KINDS)
def test_attention_gives_what_its_neuron_and_gate_say(kind: str) -> None:
    torch.manual_seed(0)
    attention = SpikeAttention(12, 3, kind, 0.5, 0.5, neurons("lif")).eval()
    seen: list[Tensor] = []
    attention.project.register_forward_pre_hook(lambda _, args: seen.append(args[0]))
    for norm in attention.modules():
        if isinstance(norm, torch.nn.BatchNorm2d):
            norm.weight.data.fill_(4)
    attention.train()(qkv()[0], 1)
    assert seen[0].unique().tolist() == [0, 1]
    assert ("v.first.weight" in attention.state_dict()) == (kind != "sdsa2")
    assert ("meeting.scale" in attention.state_dict()) == (kind == "sdsa4")


def _products(kind: str, channels: int, side: int, heads: int) -> int:
    """Operations of the meeting: multiply-accumulates of its products, or the numbers that it sums over tokens."""
    q, k, v = qkv(channels, side, rows=1)
    counter = FlopCounterMode(display=False)
    with counter:
        Meeting(kind, heads, 1.0)(q, k, v)
    products = counter.get_total_flops() // 2
    return products or k.numel()


@pytest.mark.parametrize("kind", KINDS)
def test_cost_grows_as_the_table_says(kind: str) -> None:
    base = _products(kind, 16, 4, 4)
    assert _products(kind, 16, 8, 4) == 4 * base, "in a line with the tokens"
    by_channels = _products(kind, 32, 4, 4) // base
    by_heads = base / _products(kind, 16, 4, 8)
    if kind in ("sdsa3", "sdsa4"):
        assert base == 2 * 16 * 16 * 16 // 4, "2 · N · D² / heads"
        assert (by_channels, by_heads) == (4, 2)
    else:
        assert base == 16 * 16
        assert (by_channels, by_heads) == (2, 1)


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="`attention` 'softmax' is none of sdsa1, sdsa2, sdsa3, sdsa4"):
        Meeting("softmax", 1, 1.0)
    with pytest.raises(ValueError, match="`heads` 5 must divide the channels of each attention stage, got 12"):
        SpikeAttention(12, 5, "sdsa3", 1.0, 0.5, neurons("lif"))
