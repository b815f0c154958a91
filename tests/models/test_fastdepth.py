"""FastDepth: the published counts to the unit, and what its settings refuse."""

from __future__ import annotations

import pytest
import torch

from lilliput.core.errors import BadSetting
from lilliput.models import create_model
from lilliput.models.cost import count_macs, count_params
from lilliput.models.fastdepth import FastDepth
from lilliput.models.shapes import shapes_only

COUNTS = [  # the published code's, at 224×224
    ("fastdepth", {}, 3_960_930, 736_658_944),
    ("fastdepth_pruned", {}, 1_360_786, 366_393_384),
    ("fastdepth_concat", {}, 4_016_034, 848_852_480),
    ("fastdepth_plain", {}, 3_960_930, 736_658_944),
    ("fastdepth_plain", {"upsampling": "nnconv5"}, 20_668_194, 3_780_585_984),
    ("fastdepth_plain", {"upsampling": "blconv5"}, 20_668_194, 3_780_585_984),
    ("fastdepth_plain", {"upsampling": "deconv5"}, 20_668_194, 3_780_585_984),
    ("fastdepth_plain", {"upsampling": "blconv5dw"}, 3_960_930, 736_658_944),
    ("fastdepth_plain", {"upsampling": "nnconv3"}, 9_494_306, 1_725_377_024),
    ("fastdepth_plain", {"upsampling": "deconv3"}, 9_494_306, 1_725_377_024),
    ("fastdepth_plain", {"upsampling": "nnconv3dw"}, 3_929_186, 711_771_648),
    ("fastdepth_plain", {"upsampling": "deconv5dw"}, 3_960_930, 1_122_010_624),
    ("fastdepth_plain", {"upsampling": "deconv3dw"}, 3_929_186, 1_097_123_328),
    ("fastdepth_plain", {"upsampling": "upconv"}, 20_668_194, 13_414_377_984),
    ("fastdepth_plain", {"upsampling": "upproj"}, 41_274_018, 28_571_544_064),
    ("fastdepth_plain", {"upsampling": "shuffle5"}, 4_955_256, 994_212_352),
    ("fastdepth_plain", {"upsampling": "shuffle5dw"}, 3_286_740, 589_793_792),
]


@pytest.mark.parametrize(("name", "changes", "params", "macs"), COUNTS)
def test_parameters_and_macs_are_the_published_ones(name: str, changes: dict[str, str], params: int, macs: int) -> None:
    with shapes_only():
        model = create_model(name, **changes)
    assert (count_params(model).trainable, count_macs(model, (3, 224, 224))) == (params, macs)


def test_half_of_the_pruned_channels_in_eights() -> None:
    assert count_params(create_model("fastdepth_pruned", multiplier=0.5)).trainable == 349_282


@pytest.mark.parametrize(
    "upsampling", ["nnconv7dw", "blconv5", "deconv9dw", "deconv3", "shuffle3dw", "upconv", "upproj"]
)
def test_every_decoder_gives_a_map_as_large_as_the_picture(upsampling: str) -> None:
    changes = {} if upsampling.startswith("shuffle") else {"multiplier": 0.03125}
    model = create_model("fastdepth_plain", upsampling=upsampling, height=32, width=64, **changes).eval()
    assert model(torch.rand(2, 3, 32, 64)).shape == (2, 1, 32, 64)


def test_unpooling_puts_values_at_the_top_left() -> None:
    from lilliput.models.fastdepth import _Unpool

    made = _Unpool()(torch.tensor([[[[1.0, 2.0]]]]))
    assert made.tolist() == [[[[1, 0, 2, 0], [0, 0, 0, 0]]]]


def test_the_published_start_makes_depthwise_kernels_small() -> None:
    def spread(init: str) -> float:
        torch.manual_seed(0)
        model = create_model("fastdepth", init=init)
        assert isinstance(model, FastDepth)
        return float(model.decoder[0][0].weight.detach().std())  # type: ignore[index, union-attr]

    assert spread("official") == pytest.approx((2 / (25 * 1024)) ** 0.5, rel=0.05)
    assert spread("fan") == pytest.approx((2 / 25) ** 0.5, rel=0.05)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"height": 100}, "must be a multiple of 32, got 100; near are 96 and 128"),
        ({"upsampling": "nnconv4"}, "'nnconv4' is none of"),
        ({"skip": "sum"}, "'sum' is none of add, concat, none"),
        ({"upsampling": "deconv5"}, "skips join behind an enlarging"),
        ({"upsampling": "shuffle5", "skip": "none", "multiplier": 0.5}, "five shuffles need 1024 channels"),
        ({"decoder": "512 256 128 64"}, "must be 5 numbers of channels"),
        ({"decoder": "512 200 128 64 32"}, "stage 2 has 200 channels, layer 5 256: they cannot be added"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_said(changes: dict[str, object], message: str) -> None:
    with pytest.raises(BadSetting, match=message):
        create_model("fastdepth", **changes)
