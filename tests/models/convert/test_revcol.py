"""RevCol's published names: each weight finds its place, with heads and without."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from lilliput.core.errors import WrongWeights
from lilliput.models import create_model
from lilliput.models.convert import load_state

WIDTHS, LAYERS = (16, 32, 64, 128), (1, 1, 2, 1)
SUPERVISED = {"columns": 4, "supervision": True}


def published(*, supervised: bool = True, columns: int = 4, classes: int = 10) -> dict[str, Tensor]:
    """A state dict with the published names and shapes."""
    generator, state = torch.Generator().manual_seed(0), dict[str, Tensor]()

    def put(name: str, *shape: int) -> None:
        state[name] = torch.rand(shape, generator=generator) / 10 + 0.05

    def both(name: str, *shape: int) -> None:
        put(f"{name}.weight", *shape)
        put(f"{name}.bias", shape[0])

    def block(name: str, wide: int, expansion: int) -> None:
        put(f"{name}.gamma", wide)
        both(f"{name}.dwconv", wide, 1, 3, 3)
        both(f"{name}.norm", wide)
        both(f"{name}.pwconv1", expansion * wide, wide)
        both(f"{name}.pwconv2", wide, expansion * wide)

    both("stem.0", 16, 3, 4, 4)
    both("stem.1", 16)
    for column in range(columns):
        for level, wide in enumerate(WIDTHS):
            put(f"subnet{column}.alpha{level}", 1, wide, 1, 1)
        for level, wide in enumerate(WIDTHS):
            name = f"subnet{column}.level{level}"
            if level:
                both(f"{name}.fusion.down.0", wide, WIDTHS[level - 1], 2, 2)
                both(f"{name}.fusion.down.1", wide)
            if column and level < 3:
                both(f"{name}.fusion.up.channel_reschedule.0", wide, WIDTHS[level + 1])
                both(f"{name}.fusion.up.channel_reschedule.1", wide)
            for n in range(LAYERS[level]):
                block(f"{name}.blocks.{n}", wide, 4)
    for head in [f"cls_blocks.{n}" for n in range(4)] if supervised else ["cls"]:
        both(f"{head}.classifier.0", 128)
        both(f"{head}.classifier.1", classes, 128)
    for n in range(3 if supervised else 0):
        for stage, (before, after) in enumerate(((128, 64), (64, 32), (32, 16))):
            both(f"decoder_blocks.{n}.proj_layers.{stage}.0", after, before, 1, 1)
            both(f"decoder_blocks.{n}.proj_layers.{stage}.1", after)
            block(f"decoder_blocks.{n}.normal_layers.{stage}.0", after, 1)
        both(f"decoder_blocks.{n}.projback.0", 48, 16, 1, 1)
    return state


def test_each_weight_finds_its_place() -> None:
    state = published()
    model = create_model("revcol_micro", **SUPERVISED)  # type: ignore[arg-type]
    own = load_state(model, state).model.state_dict()
    assert len(own) == len(state)
    for ours, theirs in (
        ("columns.2.gains.1", "subnet2.alpha1"),
        ("columns.1.parts.0.up.0.linear.weight", "subnet1.level0.fusion.up.channel_reschedule.0.weight"),
        ("columns.3.parts.2.blocks.1.narrow.bias", "subnet3.level2.blocks.1.pwconv2.bias"),
        ("early_heads.1.linear.weight", "cls_blocks.1.classifier.1.weight"),
        ("classifier.weight", "cls_blocks.3.classifier.1.weight"),
        ("decoders.2.9.widen.weight", "decoder_blocks.2.normal_layers.1.0.pwconv1.weight"),
        ("decoders.0.15.bias", "decoder_blocks.0.projback.0.bias"),
    ):
        assert torch.equal(own[ours], state[theirs]), ours


def test_without_supervision_the_last_head_is_taken() -> None:
    x = torch.randn(2, 3, 64, 64)
    whole = load_state(create_model("revcol_micro", **SUPERVISED), published()).model  # type: ignore[arg-type]
    plain = load_state(create_model("revcol_micro"), published()).model
    torch.testing.assert_close(plain(x), whole(x))
    load_state(create_model("revcol_micro"), published(supervised=False))


def test_other_columns_and_the_largest_kind_are_refused() -> None:
    with pytest.raises(WrongWeights, match=r"columns\.4\..* is missing"):
        load_state(create_model("revcol_micro", columns=8), published())
    with pytest.raises(WrongWeights, match="whose first level sees the last one have no converter"):
        load_state(create_model("revcol_micro", far=True), published())
