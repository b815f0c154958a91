"""Published names become ours; what does not belong is refused; other classes and channels are fitted."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
import torch
from torch import Tensor

from lilliput.core.errors import BadSetting, WrongWeights
from lilliput.models import create_model
from lilliput.models.convert import load_checkpoint, load_state

SMALL = {"height": 32, "width": 32, "classes": 10}


def published(classes: int = 10, channels: int = 3, squeeze: bool = True) -> dict[str, Tensor]:
    """A state dict of `tinynet_e` with the names and shapes of the published one, and new values."""
    generator = torch.Generator().manual_seed(0)
    state: dict[str, Tensor] = {}

    def conv(name: str, out: int, into: int, kernel: int, bias: bool = False) -> None:
        scale = (into * kernel * kernel) ** -0.5
        state[f"{name}.weight"] = torch.randn(out, into, kernel, kernel, generator=generator) * scale
        if bias:
            state[f"{name}.bias"] = torch.randn(out, generator=generator)

    def norm(name: str, wide: int) -> None:
        for key in ("weight", "bias", "running_mean"):
            state[f"{name}.{key}"] = torch.randn(wide, generator=generator) / 10 + (key == "weight")
        state[f"{name}.running_var"] = torch.rand(wide, generator=generator) + 0.5
        state[f"{name}.num_batches_tracked"] = torch.tensor(7)

    conv("conv_stem", 32, channels, 3)
    norm("bn1", 32)
    stages = [(1, 3, 1, 8), (1, 3, 6, 16), (1, 5, 6, 24), (2, 3, 6, 40), (2, 5, 6, 56), (2, 5, 6, 96), (1, 3, 6, 160)]
    before = 32
    for stage, (repeats, kernel, expansion, after) in enumerate(stages):
        for place in range(repeats):
            name, inner = f"blocks.{stage}.{place}", before * expansion
            if expansion > 1:
                conv(f"{name}.conv_pw", inner, before, 1)
            norm(f"{name}.bn1", inner)
            conv(f"{name}.conv_dw", inner, 1, kernel)
            conv(f"{name}.se.conv_reduce", before // 4, inner, 1, bias=True)
            conv(f"{name}.se.conv_expand", inner, before // 4, 1, bias=True)
            conv(f"{name}.conv_pw" if expansion == 1 else f"{name}.conv_pwl", after, inner, 1)
            norm(f"{name}.bn2", after if expansion == 1 else inner)
            if expansion > 1:
                norm(f"{name}.bn3", after)
            before = after
    conv("conv_head", 1280, before, 1)
    norm("bn2", 1280)
    state["classifier.weight"] = torch.randn(classes, 1280, generator=generator) / 36
    state["classifier.bias"] = torch.randn(classes, generator=generator)
    return state


def test_each_weight_finds_its_place() -> None:
    state, x = published(), torch.randn(2, 3, 32, 32)
    model = create_model("tinynet_e", **SMALL)
    before = {key: value.clone() for key, value in model.state_dict().items()}
    loaded = load_state(model, state)
    assert loaded.fresh == loaded.changed == ()
    own = loaded.model.state_dict()
    assert len(own) == len(state)
    assert [key for key in own if torch.equal(own[key], before[key])] == []
    assert torch.equal(own["blocks.4.1.gate.widen.bias"], state["blocks.4.1.se.conv_expand.bias"])
    assert torch.equal(own["blocks.0.0.project.0.weight"], state["blocks.0.0.conv_pw.weight"])
    assert torch.equal(own["blocks.1.0.expand.0.weight"], state["blocks.1.0.conv_pw.weight"])
    assert torch.isfinite(loaded.model(x)).all()


def test_a_file_gives_the_network(tmp_path: Path) -> None:
    torch.save({"state_dict": published()}, tmp_path / "net.pth")
    loaded = load_checkpoint("tinynet_e", tmp_path / "net.pth", **SMALL)
    assert torch.equal(loaded.model.state_dict()["stem.0.weight"], published()["conv_stem.weight"])
    assert not loaded.model.training


def test_other_classes_start_anew_with_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        loaded = load_state(create_model("tinynet_e", **{**SMALL, "classes": 3}), published())
    assert loaded.fresh == ("classifier.weight", "classifier.bias")
    assert "has other classes than the network" in caplog.text
    assert loaded.model(torch.zeros(1, 3, 32, 32)).shape == (1, 3)


def test_no_classes_leave_the_classifier_out() -> None:
    model = create_model("tinynet_e", height=32, width=32, classes=0)
    assert load_state(model, published()).model(torch.zeros(1, 3, 32, 32)).shape == (1, 1280)


def test_grey_pictures_get_the_sum_of_the_kernels() -> None:
    grey = load_state(create_model("tinynet_e", channels=1, **SMALL), published())
    colour = load_state(create_model("tinynet_e", **SMALL), published())
    assert grey.changed == ("stem.0.weight",)
    x = torch.randn(2, 1, 32, 32)
    torch.testing.assert_close(grey.model(x), colour.model(x.expand(-1, 3, -1, -1)))


def test_more_channels_get_the_kernels_again() -> None:
    six = load_state(create_model("tinynet_e", channels=6, **SMALL), published())
    colour = load_state(create_model("tinynet_e", **SMALL), published())
    x = torch.randn(2, 3, 32, 32)
    torch.testing.assert_close(six.model(x.repeat(1, 2, 1, 1)), colour.model(x))


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda s: s.pop("bn1.weight"), "stem.1.weight is missing"),
        (lambda s: s.update(extra=torch.zeros(1)), "extra is not of this network"),
        (lambda s: s.update({"conv_head.weight": torch.zeros(1280, 150, 1, 1)}), r"is \(1280, 150, 1, 1\), not"),
        (lambda s: s.update({"bn1.bias": torch.zeros(32, dtype=torch.int64)}), "holds torch.int64, not floats"),
    ],
)
def test_what_does_not_belong_is_refused_and_nothing_loaded(change, text: str) -> None:  # type: ignore[no-untyped-def]
    state = published()
    change(state)
    model = create_model("tinynet_e", **SMALL)
    before = {key: value.clone() for key, value in model.state_dict().items()}
    with pytest.raises(WrongWeights, match=text):
        load_state(model, state)
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())


def test_another_variant_is_refused() -> None:
    with pytest.raises(WrongWeights, match="the checkpoint is not a checkpoint of tinynet_d"):
        load_state(create_model("tinynet_d", **SMALL), published())


def test_a_network_without_converter_says_so() -> None:
    with pytest.raises(BadSetting, match="no converter reads checkpoints of ds_cnn"):
        load_state(create_model("ds_cnn"), {})
