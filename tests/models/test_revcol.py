"""RevCol: the published counts to the unit, memory to the byte, heads on the way."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from torch import nn

from lilliput.core.errors import BadSetting
from lilliput.models import create_model
from lilliput.models.cost import count_macs, count_params
from lilliput.models.memory import LiveBytes
from lilliput.models.revcol import RevCol, RevColConfig
from lilliput.models.shapes import shapes_only

COUNTS = [  # the authors' code, 224×224: parameters, multiply-accumulates, parameters with supervision
    ("revcol_t", 30_456_168, 4_517_355_520, 33_063_984),
    ("revcol_s", 60_568_424, 9_043_832_832, 63_176_240),
    ("revcol_b", 138_616_408, 16_585_449_984, 141_694_960),
    ("revcol_l", 273_095_400, 39_306_092_544, 280_372_272),
    ("revcol_xl", 833_807_400, 120_206_026_752, 851_958_576),
    ("revcol_h", 2_157_600_160, None, 2_199_107_704),
]
MAPS = 8 * (16 * 16 * 16 + 32 * 8 * 8 + 64 * 4 * 4 + 128 * 2 * 2) * 4
"""Bytes of the four maps behind a column of `revcol_micro`, for eight pictures of 64×64."""


@pytest.mark.parametrize(("name", "params", "macs", "supervised"), COUNTS)
def test_counts_are_the_published_ones(name: str, params: int, macs: int | None, supervised: int) -> None:
    with shapes_only():
        model, trained = create_model(name), create_model(name, supervision=True)
    assert (count_params(model).trainable, count_params(trained).trainable) == (params, supervised)
    if macs is not None:
        assert count_macs(model, (3, 224, 224)) == macs


def test_the_base_network_at_384() -> None:
    with shapes_only():
        model = create_model("revcol_b", height=384, width=384)
    assert count_macs(model, (3, 384, 384)) == 48_739_797_504


def test_columns_and_decoders_have_the_published_sizes() -> None:
    model = create_model("revcol_micro", supervision=True)
    assert isinstance(model, RevCol)
    assert [count_params(column).trainable for column in model.columns] == [256_240, *[267_328] * 3]
    with shapes_only():
        tiny, base = create_model("revcol_t", supervision=True), create_model("revcol_b", supervision=True)
    assert count_params(tiny.decoders).trainable == 1_065_744  # type: ignore[arg-type]
    assert count_params(base.decoders).trainable == 1_344_096  # type: ignore[arg-type]


def _held(columns: int, **changes: object) -> tuple[int, int]:
    """Bytes that a forward pass leaves for the backward pass, and the most that the latter needs."""
    torch.manual_seed(0)
    model = create_model("revcol_micro", columns=columns, **changes).train()  # type: ignore[arg-type]
    x = torch.randn(8, 3, 64, 64)
    with LiveBytes([*model.parameters(), x]) as counted:
        loss = model(x).sum()
        held, counted.peak = counted.live, counted.live
        loss.backward()
        peak = counted.peak - sum(p.numel() * 4 for p in model.parameters())
    return held, peak


@pytest.mark.parametrize(("every", "share"), [(1, 1.0), (2, 0.5), (4, 0.25)])
def test_a_column_takes_its_four_maps_or_a_share_of_them(every: int, share: float) -> None:
    small, large = (_held(columns, anchor_every=every)[0] for columns in (8, 16))
    assert (large - small) / 8 == pytest.approx(share * MAPS, rel=0.02)


def test_without_anchors_between_memory_does_not_grow() -> None:
    assert _held(16, anchor_every=16)[0] == pytest.approx(_held(4, anchor_every=16)[0], rel=0.01)


def test_plain_training_takes_ten_times_as_much_and_more() -> None:
    plain, ours = ((_held(16, memory=memory)[0] - _held(8, memory=memory)[0]) / 8 for memory in ("plain", "anchored"))
    assert plain > 10 * ours
    assert _held(16, memory="anchored")[1] < _held(16, memory="plain")[1] / 3


def test_supervision_keeps_the_states_that_heads_read() -> None:
    model = create_model("revcol_micro", columns=8, supervision=True, anchor_every=8).train()
    out = model(torch.randn(2, 3, 64, 64), supervised=True)
    assert [tuple(y.shape) for y in out.logits] == [(2, 10)] * 4
    assert [tuple(y.shape) for y in out.pictures] == [(2, 3, 64, 64)] * 3
    sum(y.sum() for y in (*out.logits, *out.pictures)).backward()  # type: ignore[union-attr]
    idle = model.idle_parameters
    still = [n for n, p in model.named_parameters() if p.grad is None or not p.grad.any()]
    assert [n for n in still if n not in idle] == []  # type: ignore[operator]


def test_leaving_early_costs_less_and_gives_the_same_as_the_head() -> None:
    torch.manual_seed(0)
    model = create_model("revcol_micro", columns=8, supervision=True).eval()
    assert isinstance(model, RevCol)
    x = torch.randn(2, 3, 64, 64)
    heads = model(x, supervised=True).logits
    costs = []
    for exit in (1, 2, 3, 4):
        early = model.until(exit)
        torch.testing.assert_close(early(x), heads[exit - 1])
        costs.append(count_macs(early, (3, 64, 64)))
    steps = [b - a for a, b in pairwise(costs)]
    assert all(step > 0.9 * costs[0] for step in steps)
    assert costs[-1] == count_macs(model, (3, 64, 64))


def test_an_early_network_is_exported_without_the_rest() -> None:
    model = create_model("revcol_nano", columns=8, supervision=True).eval()
    assert isinstance(model, RevCol)
    x = torch.randn(1, 3, 32, 32)
    program = torch.export.export(model.until(1), (x,))
    torch.testing.assert_close(program.module()(x), model.until(1)(x))


def test_settings_that_cannot_be_are_refused() -> None:
    with pytest.raises(BadSetting, match="needs a multiple of 4 columns, got 6: 4 or 8 would do"):
        create_model("revcol_micro", columns=6, supervision=True)
    with pytest.raises(BadSetting, match="`height` must be a multiple of 32, got 72; near are 64 and 96"):
        create_model("revcol_micro", height=72)
    with pytest.raises(BadSetting, match="`memory` 'none' is none of plain, anchored, checkpoint"):
        create_model("revcol_micro", memory="none")
    with pytest.raises(BadSetting, match="`widths` must be 4 numbers"):
        create_model("revcol_micro", widths="8 16 32")
    model = create_model("revcol_nano")
    assert isinstance(model, RevCol)
    with pytest.raises(ValueError, match="no heads on the way"):
        model.until(1)
    with pytest.raises(ValueError, match="no heads on the way"):
        model(torch.zeros(1, 3, 32, 32), supervised=True)


def test_the_list_of_channels_is_left_as_it_is() -> None:
    config = RevColConfig(widths="8 12 16 20")
    RevCol(config)
    assert config.level_widths == (8, 12, 16, 20)


def test_blocks_start_as_almost_nothing() -> None:
    model = create_model("revcol_nano")
    scales = [p for name, p in model.named_parameters() if name.endswith(".scale")]
    assert all(torch.equal(p, torch.full_like(p, 1e-6)) for p in scales)
    gains = [p for name, p in model.named_parameters() if ".gains." in name]
    assert all(torch.equal(p, torch.full_like(p, 0.5)) for p in gains)
    linear = next(m for m in model.modules() if isinstance(m, nn.Linear))
    assert 0.01 < linear.weight.std() < 0.03


def test_the_first_level_can_see_the_last_one() -> None:
    torch.manual_seed(0)
    changes = {"far": True, "columns": 4, "widths": "8 12 16 20"}
    x = torch.randn(2, 3, 32, 32, dtype=torch.float64)
    grads = []
    for memory in ("plain", "anchored"):
        torch.manual_seed(0)
        model = create_model("revcol_nano", memory=memory, anchor_every=2, **changes).double().train()  # type: ignore[arg-type]
        with torch.no_grad():
            for name, p in model.named_parameters():
                if name.endswith(".scale"):
                    p.fill_(1.0)
        model(x).square().sum().backward()
        grads.append({name: p.grad for name, p in model.named_parameters()})
    assert grads[0]["columns.2.parts.0.up.1.linear.weight"].any()  # type: ignore[union-attr]
    for name, wanted in grads[0].items():
        torch.testing.assert_close(grads[1][name], wanted, atol=1e-9, rtol=1e-9)
