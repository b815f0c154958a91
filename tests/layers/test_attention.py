"""Attention, its block and pooling against the formulas written out; positions against values worked out by hand."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn

from lilliput.layers.attention import (
    EncoderBlock,
    SelfAttention,
    SequencePool,
    check_heads,
    drop_path_ramp,
    initialise,
    pair_mask,
    resized_positions,
    sine_table,
)


def _drawn(module: nn.Module) -> nn.Module:
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for p in module.parameters():
            p.copy_(torch.randn(p.shape, generator=generator) * 0.3)
    return module.eval()


def _tokens(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(1))


def _attended(layer: SelfAttention, x: Tensor) -> Tensor:
    """One head after the other, each sum written out."""
    size = x.shape[-1] // layer.heads
    q, k, v = (x @ layer.qkv.weight.T).chunk(3, -1)
    heads = []
    for h in range(layer.heads):
        part = slice(h * size, (h + 1) * size)
        scores = torch.einsum("bnd,bmd->bnm", q[..., part], k[..., part]) / math.sqrt(size)
        weights = scores.exp() / scores.exp().sum(-1, keepdim=True)
        heads.append(torch.einsum("bnm,bmd->bnd", weights, v[..., part]))
    return torch.cat(heads, -1) @ layer.project.weight.T + layer.project.bias


def _normed(x: Tensor, norm: nn.LayerNorm) -> Tensor:
    centred = x - x.mean(-1, keepdim=True)
    return centred / (centred.square().mean(-1, keepdim=True) + 1e-5).sqrt() * norm.weight + norm.bias


def test_attention_is_the_formula_head_by_head() -> None:
    layer, x = _drawn(SelfAttention(12, 3)), _tokens(2, 5, 12)
    assert isinstance(layer, SelfAttention)
    torch.testing.assert_close(layer(x), _attended(layer, x))


def test_queries_keys_and_values_have_no_bias_and_the_projection_has() -> None:
    assert set(SelfAttention(8, 2).state_dict()) == {"qkv.weight", "project.weight", "project.bias"}


def test_the_block_normalises_the_stream_between_its_branches() -> None:
    block, x = _drawn(EncoderBlock(12, 3, 20)), _tokens(2, 5, 12)
    assert isinstance(block, EncoderBlock)
    a = x + _attended(block.attention, _normed(x, block.attention_norm))
    b = _normed(a, block.stream_norm)
    wide = b @ block.widen.weight.T + block.widen.bias
    gelu = wide * (1 + torch.erf(wide / math.sqrt(2))) / 2  # exact: the form with tanh is off by up to 5e-4
    textbook = a + gelu @ block.narrow.weight.T + block.narrow.bias
    torch.testing.assert_close(block(x), b + gelu @ block.narrow.weight.T + block.narrow.bias)
    assert (block(x) - textbook).abs().max() > 0.1


def test_branches_are_left_out_in_training_only() -> None:
    block, x = EncoderBlock(8, 2, 8, drop_path=0.9), _tokens(64, 3, 8)
    block.attention.project.bias.data.fill_(5.0)
    torch.manual_seed(0)
    free = block.train()(x)
    assert not torch.equal(free, block.train()(x))
    assert torch.equal(block.eval()(x), block(x))


def test_dropout_of_weights_acts_in_training_only() -> None:
    layer, x = _drawn(SelfAttention(8, 2, attention_dropout=0.5)), _tokens(2, 6, 8)
    assert torch.equal(layer(x), layer(x))
    layer.train()
    assert not torch.equal(layer(x), layer(x))


def test_pooling_with_zero_weights_is_the_mean() -> None:
    pool, x = SequencePool(7), _tokens(3, 9, 7)
    nn.init.zeros_(pool.score.weight)
    assert (pool(x) - x.mean(1)).abs().max() < 1e-6


def test_pooling_is_the_mean_by_the_weights_that_it_tells() -> None:
    pool, x = _drawn(SequencePool(7)), _tokens(3, 9, 7)
    assert isinstance(pool, SequencePool)
    weights = pool.weights(x)
    torch.testing.assert_close(weights.sum(1), torch.ones(3, 1))
    assert weights.std() > 0.01
    torch.testing.assert_close(pool(x), (weights * x).sum(1))
    scores = x @ pool.score.weight[0] + pool.score.bias
    torch.testing.assert_close(weights[..., 0], scores.softmax(1))


def test_absent_tokens_are_neither_pooled_nor_seen() -> None:
    present = torch.tensor([[True, True, False, False]])
    pool, layer = _drawn(SequencePool(8)), _drawn(SelfAttention(8, 2))
    x = _tokens(1, 4, 8)
    other = torch.where(present[..., None], x, x * 100 - 3)
    assert torch.equal(pool(x, present), pool(other, present))
    torch.testing.assert_close(pool(x, present), pool(x[:, :2]))
    mask = pair_mask(present, x.dtype)
    assert mask.shape == (1, 1, 4, 4)
    torch.testing.assert_close(layer(x, mask)[:, :2], layer(x[:, :2]))
    assert torch.equal(layer(x, mask)[:, :2], layer(other, mask)[:, :2])
    assert torch.isfinite(layer(x, mask)).all(), "the rows of absent tokens too"


def test_sines_have_known_values() -> None:
    table = sine_table(3, 4)
    assert table.shape == (1, 3, 4)
    expected = [
        [0.0, 1.0, 0.0, 1.0],
        [math.sin(1), math.cos(1), math.sin(0.01), math.cos(0.01)],
        [math.sin(2), math.cos(2), math.sin(0.02), math.cos(0.02)],
    ]
    torch.testing.assert_close(table[0], torch.tensor(expected))


def test_positions_of_the_same_grid_stay_bit_for_bit() -> None:
    table = _tokens(1, 65, 5)
    assert torch.equal(resized_positions(table, (8, 8), (8, 8), extra=1), table)


def test_constant_positions_stay_constant_and_extra_rows_stay() -> None:
    table = torch.cat([torch.full((1, 1, 3), 9.0), torch.full((1, 64, 3), 2.5)], 1)
    grown = resized_positions(table, (8, 8), (8, 12), extra=1)
    assert grown.shape == (1, 97, 3)
    assert torch.equal(grown[:, :1], table[:, :1])
    assert (grown[:, 1:] - 2.5).abs().max() < 1e-6


def test_positions_are_resized_bilinearly_with_half_pixel_centres() -> None:
    table = torch.tensor([0.0, 4.0]).reshape(1, 2, 1)  # one row of two places
    grown = resized_positions(table, (1, 2), (1, 4))
    assert grown.flatten().tolist() == [0.0, 1.0, 3.0, 4.0]


def test_a_table_of_another_grid_is_refused() -> None:
    with pytest.raises(ValueError, match="64 positions are not 1 and a grid of 8x8"):
        resized_positions(torch.zeros(1, 64, 2), (8, 8), (9, 9), extra=1)


@pytest.mark.parametrize(
    ("dim", "heads", "text"),
    [(130, 4, "`heads` 4 do not divide `dim` 130: 128 or 132 would do"), (2, 3, "`heads` 3 .* `dim` 2: 3 would do")],
)
def test_heads_that_do_not_divide_are_refused(dim: int, heads: int, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        check_heads(dim, heads)
    with pytest.raises(ValueError, match=text):
        SelfAttention(dim, heads)


def test_stochastic_depth_rises_in_a_line_from_nothing() -> None:
    assert drop_path_ramp(0.1, 1) == [0.0]
    assert drop_path_ramp(0.1, 3) == [0.0, 0.05, 0.1]


def test_weights_start_as_published() -> None:
    torch.manual_seed(0)
    linear, conv = nn.Linear(400, 300), nn.Conv2d(16, 200, 3)
    before = conv.bias.clone()  # type: ignore[union-attr]
    initialise(linear)
    initialise(conv)
    assert linear.weight.std().item() == pytest.approx(0.02, rel=0.02)
    assert not linear.bias.any()
    assert conv.weight.std().item() == pytest.approx((2 / (16 * 9)) ** 0.5, rel=0.02)
    assert torch.equal(conv.bias, before)  # type: ignore[arg-type]
