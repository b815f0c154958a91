"""The widest network within a budget: counted, never above, and what is said when nothing fits."""

from __future__ import annotations

import logging

import pytest

from lilliput.core.budget import Budget
from lilliput.core.errors import BadSetting, DoesNotFit, UnknownName
from lilliput.models import create_model
from lilliput.models.cost import count_macs
from lilliput.search import InverseGiant, WidthOnly, scale_to_budget
from lilliput.search.scaling import activation_bytes, changes_of, weight_bytes

B0 = 385_814_752


@pytest.mark.parametrize(
    ("share", "width", "closed"),
    [(0.75, 0.893, 1.04), (0.25, 0.536, 1.43), (0.0625, 0.479, 1.68)],
)
def test_the_published_widths_come_out_of_the_budget(share: float, width: float, closed: float) -> None:
    budget = Budget(macs=int(share * B0))
    found = scale_to_budget("efficientnet_b0", budget)
    assert found.width == pytest.approx(width, abs=0.002)
    assert found.cost.macs is not None
    assert 0.93 * budget.macs <= found.cost.macs <= budget.macs  # type: ignore[operator]
    model = create_model("efficientnet_b0", **vars(found.config))
    assert count_macs(model, found.config.input_shape) == found.cost.macs
    over = scale_to_budget("efficientnet_b0", budget, solve="closed")
    assert (over.cost.macs or 0) / int(share * B0) == pytest.approx(closed, abs=0.01)


def test_a_larger_budget_never_gives_a_narrower_network() -> None:
    widths = [
        scale_to_budget("efficientnet_b0", Budget(macs=macs), formula=WidthOnly(), height=64, width=64).width
        for macs in (8_000_000, 20_000_000)
    ]
    assert widths == sorted(widths)
    assert widths[0] < widths[1]


def test_rules_differ_at_one_budget() -> None:
    tiny, giant = (
        scale_to_budget("efficientnet_b0", Budget(macs=96_000_000), formula=rule) for rule in (None, InverseGiant())
    )
    assert tiny.resolution > giant.resolution + 0.02
    assert tiny.width < giant.width


def test_memory_narrows_further() -> None:
    free = scale_to_budget("efficientnet_b0", Budget(macs=30_000_000), classes=10)
    tight = scale_to_budget("efficientnet_b0", Budget(macs=30_000_000, flash_bytes=200_000), classes=10)
    assert free.cost.flash_bytes is not None
    assert tight.cost.flash_bytes is not None
    assert tight.cost.flash_bytes <= 200_000 < free.cost.flash_bytes
    assert tight.width < free.width


def test_memory_for_activations_is_kept() -> None:
    small = {"height": 64, "width": 64, "classes": 10}
    tight = scale_to_budget("efficientnet_b0", Budget(macs=20_000_000, sram_bytes=60_000), **small)
    assert tight.cost.sram_bytes is not None
    assert tight.cost.sram_bytes <= 60_000
    assert tight.resolution < 1


def test_a_budget_below_the_smallest_network_names_its_cost() -> None:
    with pytest.raises(DoesNotFit, match=r"the narrowest form of efficientnet_b0 at this share has [\d ]+ multiply-"):
        scale_to_budget("efficientnet_b0", Budget(macs=20_000_000), formula=WidthOnly())
    with pytest.raises(DoesNotFit, match="below 32, the network's stride"):
        scale_to_budget("efficientnet_b0", Budget(macs=2_400_000), height=44, width=44)


def test_enlarging_is_asked_for() -> None:
    with pytest.raises(BadSetting, match="are more than the 385 814 752 of efficientnet_b0"):
        scale_to_budget("efficientnet_b0", Budget(macs=500_000_000))
    found = scale_to_budget("efficientnet_b0", Budget(macs=500_000_000), allow_enlarge=True)
    assert found.share > 1


def test_shares_that_the_rule_never_saw_are_told(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING), pytest.raises(DoesNotFit):
        scale_to_budget("efficientnet_b0", Budget(macs=2_000_000))
    assert "lies outside of what the rule was fitted to, 0.0631 to 0.873" in caplog.text


def test_what_cannot_be_scaled_is_refused() -> None:
    with pytest.raises(BadSetting, match="model ds_cnn cannot be scaled"):
        scale_to_budget("ds_cnn", Budget(macs=1000))
    with pytest.raises(BadSetting, match="the budget has no limit"):
        scale_to_budget("efficientnet_b0", Budget())
    with pytest.raises(BadSetting, match="the budget limits latency_ms"):
        scale_to_budget("efficientnet_b0", Budget(latency_ms=3))
    with pytest.raises(UnknownName):
        scale_to_budget("efficientnet", Budget(macs=1000))


def test_costs_in_bytes_are_those_of_the_layers() -> None:
    model = create_model("tinynet_e", squeeze=0.0)
    convs = [m for m in model.modules() if type(m).__name__ in ("Conv2d", "Linear")]
    assert weight_bytes(model) == sum(m.weight.numel() + 9 * len(m.weight) for m in convs)  # type: ignore[union-attr, arg-type]
    network = type(model)
    # The largest pair of maps at 64 pixels: 16 channels widened to 96 of 32 rows, which then shrink in their place.
    config = create_model("efficientnet_b0", height=64, width=64).config
    assert activation_bytes(network, config) == 32 * 32 * (16 + 96)


def test_changes_rebuild_it() -> None:
    found = scale_to_budget("efficientnet_b0", Budget(macs=30_000_000), classes=10)
    changes = changes_of(found, "efficientnet_b0")
    assert set(changes) == {"height", "width", "classes", "width_factor", "depth_factor"}
    assert create_model("efficientnet_b0", **changes).config == found.config
