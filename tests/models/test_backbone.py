"""What each network with stages offers: maps, pooled features, other classes, other channels."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from lilliput.core.errors import BadSetting
from lilliput.models import create_model, example_input, models
from lilliput.models.backbone import Backbone, FeatureExtractor
from lilliput.models.cost import count_macs
from lilliput.models.package import load_model, save_model
from lilliput.models.shapes import shapes_only
from tests.models.names import computed_names


def _entered() -> list[str]:
    names = []
    for name in computed_names():
        with shapes_only():
            model = create_model(name)
        if isinstance(model, Backbone):
            names.append(name)
    return names


@pytest.mark.parametrize("name", _entered())
class TestEveryBackbone:
    def test_maps_are_as_its_stages_say(self, name: str) -> None:
        model, x = create_model(name).eval(), example_input(name, 2)
        assert isinstance(model, Backbone)
        maps = model.forward_intermediates(x)
        assert [y.shape[1] for y in maps] == model.feature_info.channels()
        side = x.shape[-1]
        for y, reduction in zip(maps, model.feature_info.reduction(), strict=True):
            assert y.ndim == 4
            assert abs(y.shape[-1] * reduction - side) < reduction * 1.5
        assert len(set(model.feature_info.names())) == len(maps)

    def test_no_classes_give_pooled_features(self, name: str) -> None:
        torch.manual_seed(0)
        model, x = create_model(name).eval(), example_input(name, 2)
        assert isinstance(model, Backbone)
        pooled = model.forward_head(model.forward_features(x), pre_logits=True)
        assert pooled.shape == (2, model.num_features)
        torch.testing.assert_close(model.get_classifier()(pooled), model(x))
        model.reset_classifier(0)
        assert torch.equal(model(x), pooled)
        assert create_model(name, classes=0).eval()(x).shape == (2, model.num_features)

    def test_other_classes_are_saved_with_it(self, name: str, tmp_path: Path) -> None:
        model, x = create_model(name).eval(), example_input(name, 2)
        assert isinstance(model, Backbone)
        model.reset_classifier(7)
        save_model(model, tmp_path / "net")
        again = load_model(tmp_path / "net")
        assert again(x).shape == (2, 7)
        assert torch.equal(again(x), model(x))

    @pytest.mark.parametrize("channels", [1, 4])
    def test_other_channels(self, name: str, channels: int) -> None:
        if "channels" not in vars(models[name].defaults):
            pytest.skip("it takes no pictures")
        if name.startswith("vcnet_") and channels == 4:  # it takes grey and colours alone
            with pytest.raises(BadSetting, match="`channels` must be 1 or 3"):
                create_model(name, channels=channels)
            return
        model = create_model(name, channels=channels).eval()
        assert model(example_input(model, 2)).shape[0] == 2


def test_maps_alone_cost_less_than_the_network() -> None:
    whole = create_model("tinynet_e")
    first = create_model("tinynet_e", features_only=True, out_indices=(0, 2))
    assert isinstance(first, FeatureExtractor)
    assert [y.shape[1] for y in first.eval()(example_input(first))] == first.feature_info.channels() == [8, 24]
    assert count_macs(first, (3, 106, 106)) < count_macs(whole, (3, 106, 106)) / 2


def test_maps_keep_the_order_they_are_asked_in() -> None:
    model = create_model("tinynet_e", height=64, width=64, features_only=True, out_indices=(-1, 0))
    assert [y.shape[1:] for y in model(torch.zeros(2, 3, 64, 64))] == [(160, 2, 2), (8, 32, 32)]


def test_maps_learn() -> None:
    model = create_model("tinynet_e", height=32, width=32, features_only=True)
    sum(y.sum() for y in model(torch.randn(2, 3, 32, 32))).backward()  # type: ignore[union-attr]
    unused = [name for name, p in model.named_parameters() if p.grad is None]
    assert all(name.startswith("network.head") for name in unused), "only what lies behind the last map"


@pytest.mark.parametrize(("indices", "text"), [((5,), "there is no stage 5: the network has 5"), ((), "no stage")])
def test_stages_that_are_not_there_are_refused(indices: tuple[int, ...], text: str) -> None:
    with pytest.raises(BadSetting, match=f"model tinynet_e: out_indices: {text}"):
        create_model("tinynet_e", features_only=True, out_indices=indices)


def test_a_network_without_stages_says_so() -> None:
    with pytest.raises(BadSetting, match="model fc_autoencoder has no stages"):
        create_model("fc_autoencoder", features_only=True)


def test_a_new_classifier_starts_as_the_first_did() -> None:
    model = create_model("tinynet_e", height=32, width=32)
    assert isinstance(model, Backbone)
    model.reset_classifier(100)
    linear = model.get_classifier()
    assert isinstance(linear, nn.Linear)
    assert linear.weight.abs().max() <= 0.1
    assert not linear.bias.any()
