"""FastDepth's published names, with skips and without."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from lilliput.core.errors import WrongWeights
from lilliput.models import create_model
from lilliput.models.convert import load_state

ENCODER = (32, 64, 128, 128, 256, 256, 512, 512, 512, 512, 512, 512, 1024, 1024)
DECODER = (512, 256, 128, 64, 32)
SIZE = {"height": 32, "width": 32}


def published(encoder: str, decoder: str, *, separable: bool = True) -> dict[str, Tensor]:
    """A state dict with the names and shapes of the published networks without concatenation."""
    generator, state = torch.Generator().manual_seed(0), dict[str, Tensor]()

    def layer(conv: str, norm: str, shape: tuple[int, ...]) -> None:
        state[f"{conv}.weight"] = torch.randn(shape, generator=generator) * (2 / torch.tensor(shape[1:]).prod()) ** 0.5
        for key, low in (("weight", 0.5), ("bias", -0.1), ("running_mean", -0.1), ("running_var", 0.5)):
            state[f"{norm}.{key}"] = torch.rand(shape[0], generator=generator) + low
        state[f"{norm}.num_batches_tracked"] = torch.tensor(1)

    layer(f"{encoder}0.0", f"{encoder}0.1", (32, 3, 3, 3))
    for n in range(1, 14):
        layer(f"{encoder}{n}.0", f"{encoder}{n}.1", (ENCODER[n - 1], 1, 3, 3))
        layer(f"{encoder}{n}.3", f"{encoder}{n}.4", (ENCODER[n], ENCODER[n - 1], 1, 1))
    before = ENCODER[-1]
    for n, wide in enumerate(DECODER, 1):
        if separable:
            layer(f"{decoder}{n}.0.0", f"{decoder}{n}.0.1", (before, 1, 5, 5))
            layer(f"{decoder}{n}.1.0", f"{decoder}{n}.1.1", (wide, before, 1, 1))
        else:
            layer(f"{decoder}{n}.0", f"{decoder}{n}.1", (wide, before, 5, 5))
        before = wide
    layer(f"{decoder}6.0", f"{decoder}6.1", (1, before, 1, 1))
    return state


@pytest.mark.parametrize(
    ("name", "changes", "state"),
    [
        ("fastdepth", {}, published("conv", "decode_conv")),
        ("fastdepth_plain", {}, published("mobilenet.", "decoder.conv")),
        ("fastdepth_plain", {"upsampling": "blconv5"}, published("mobilenet.", "decoder.conv", separable=False)),
    ],
)
def test_each_weight_finds_its_place(name: str, changes: dict[str, str], state: dict[str, Tensor]) -> None:
    model = create_model(name, **SIZE, **changes)  # type: ignore[arg-type]
    loaded = load_state(model, state)
    own = loaded.model.state_dict()
    assert len(own) == len(state)
    # In both the layers come in the order in which they compute.
    assert [value.shape for value in own.values()] == [value.shape for value in state.values()]
    assert all(torch.equal(a, b) for a, b in zip(own.values(), state.values(), strict=True) if a.is_floating_point())
    assert loaded.model(torch.rand(1, 3, 32, 32)).shape == (1, 1, 32, 32)


def test_a_network_of_other_layers_is_refused() -> None:
    with pytest.raises(WrongWeights, match=r"decoder\.0\.0"):
        load_state(create_model("fastdepth_concat", upsampling="nnconv5", **SIZE), published("conv", "decode_conv"))
    with pytest.raises(WrongWeights, match="networks with the decoder deconv5 have no converter"):
        load_state(create_model("fastdepth_plain", upsampling="deconv5", **SIZE), published("conv", "decode_conv"))
