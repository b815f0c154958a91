"""Published names of the compact transformers become ours; positions of another grid are resized."""

from __future__ import annotations

import logging

import pytest
import torch
from torch import Tensor

from lilliput.core.errors import WrongWeights
from lilliput.layers.attention import sine_table
from lilliput.models import create_model, example_input
from lilliput.models.convert import load_state

Shapes = dict[str, tuple[int, ...]]
SMALL = {"layers": 3, "dim": 24, "heads": 2, "mlp": 2.0}


def _encoder(layers: int, dim: int, hidden: int, tokens: int, classes: int, *, class_token: bool) -> Shapes:
    shapes: Shapes = {"classifier.positional_emb": (1, tokens + class_token, dim)}
    if class_token:
        shapes["classifier.class_emb"] = (1, 1, dim)
    else:
        shapes |= {"classifier.attention_pool.weight": (1, dim), "classifier.attention_pool.bias": (1,)}
    for layer in range(layers):
        block = f"classifier.blocks.{layer}"
        for norm in ("pre_norm", "norm1"):
            shapes |= {f"{block}.{norm}.weight": (dim,), f"{block}.{norm}.bias": (dim,)}
        shapes[f"{block}.self_attn.qkv.weight"] = (3 * dim, dim)
        for name, out, into in (("self_attn.proj", dim, dim), ("linear1", hidden, dim), ("linear2", dim, hidden)):
            shapes |= {f"{block}.{name}.weight": (out, into), f"{block}.{name}.bias": (out,)}
    shapes |= {"classifier.norm.weight": (dim,), "classifier.norm.bias": (dim,)}
    return shapes | {"classifier.fc.weight": (classes, dim), "classifier.fc.bias": (classes,)}


def _tokeniser(family: str, dim: int, convs: int) -> Shapes:
    if family != "cct":
        return {"tokenizer.conv_layers.0.0.weight": (dim, 3, 4, 4), "tokenizer.conv_layers.0.0.bias": (dim,)}
    wide = [3, *[64] * (convs - 1), dim]
    return {f"tokenizer.conv_layers.{i}.0.weight": (wide[i + 1], wide[i], 3, 3) for i in range(convs)}


def published(family: str, *, tokens: int = 64, classes: int = 10, convs: int = 2) -> dict[str, Tensor]:
    """Names and shapes of the authors' networks of those sizes, with new values."""
    shapes = _encoder(3, 24, 48, tokens, classes, class_token=family == "vit_lite")
    return _filled(shapes | _tokeniser(family, 24, convs))


def _filled(shapes: Shapes) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(0)
    return {name: torch.randn(shape, generator=generator) / 4 for name, shape in shapes.items()}


@pytest.mark.parametrize("family", ["cct", "cvt", "vit_lite"])
def test_each_weight_finds_its_place(family: str) -> None:
    state = published(family)
    model = create_model(family, **SMALL)
    before = {key: value.clone() for key, value in model.state_dict().items()}
    loaded = load_state(model, state)
    own = loaded.model.state_dict()
    assert loaded.fresh == loaded.changed == ()
    assert len(own) == len(state)
    assert [key for key in own if torch.equal(own[key], before[key])] == []
    assert torch.equal(own["encoder.blocks.2.stream_norm.bias"], state["classifier.blocks.2.norm1.bias"])
    assert torch.equal(own["encoder.blocks.1.attention_norm.bias"], state["classifier.blocks.1.pre_norm.bias"])
    assert torch.equal(own["encoder.blocks.0.narrow.weight"], state["classifier.blocks.0.linear2.weight"])
    assert torch.isfinite(loaded.model(example_input(model, 2))).all()


def test_more_convolutions_are_numbered() -> None:
    state = published("cct", convs=3, tokens=16)
    own = load_state(create_model("cct", convs=3, **SMALL), state).model.state_dict()
    assert torch.equal(own["tokeniser.6.weight"], state["tokenizer.conv_layers.2.0.weight"])


@pytest.mark.parametrize("family", ["cct", "cvt", "vit_lite"])
def test_positions_of_the_same_grid_are_taken_bit_for_bit(family: str) -> None:
    state = published(family)
    own = load_state(create_model(family, **SMALL), state).model.state_dict()
    assert torch.equal(own["encoder.positions"], state["classifier.positional_emb"])


@pytest.mark.parametrize(("height", "width"), [(64, 64), (32, 48), (48, 32), (16, 20)])
@pytest.mark.parametrize("family", ["cct", "vit_lite"])
def test_positions_are_resized_to_another_grid(family: str, height: int, width: int) -> None:
    extra = int(family == "vit_lite")
    state = published(family)
    state["classifier.positional_emb"] = torch.full((1, 64 + extra, 24), 0.5)
    state["classifier.positional_emb"][:, :extra] = 7.0
    model = create_model(family, height=height, width=width, **SMALL)
    loaded = load_state(model, state)
    table = loaded.model.state_dict()["encoder.positions"]
    assert loaded.changed == ("encoder.positions",)
    assert table.shape == (1, height * width // 16 + extra, 24)
    assert (table[:, extra:] - 0.5).abs().max() < 1e-6, "a constant stays constant"
    assert (table[:, :extra] == 7.0).all(), "the class token's row stays"
    assert torch.isfinite(loaded.model(example_input(model, 2))).all()


def test_rows_and_columns_are_not_exchanged() -> None:
    state = published("cvt")
    table = torch.zeros(8, 8, 24)
    table[2, 6, 5] = 1.0
    state["classifier.positional_emb"] = table.reshape(1, 64, 24)
    own = load_state(create_model("cvt", height=64, width=32, **SMALL), state).model.state_dict()
    grown = own["encoder.positions"].reshape(16, 8, 24)
    assert sorted({(int(r), int(c)) for r, c, _ in grown.nonzero()}) == [(3, 6), (4, 6), (5, 6), (6, 6)]


def test_other_classes_start_anew_with_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        loaded = load_state(create_model("cct", classes=3, **SMALL), published("cct"))
    assert loaded.fresh == ("classifier.weight", "classifier.bias")
    assert "has other classes than the network" in caplog.text


def test_grey_pictures_get_the_sum_of_the_kernels() -> None:
    state = published("cct")
    loaded = load_state(create_model("cct", channels=1, **SMALL), state)
    assert loaded.changed == ("tokeniser.0.weight",)
    first = loaded.model.state_dict()["tokeniser.0.weight"]
    torch.testing.assert_close(first, state["tokenizer.conv_layers.0.0.weight"].sum(1, keepdim=True))


def test_fixed_positions_are_worked_out_and_not_taken(caplog: pytest.LogCaptureFixture) -> None:
    state = published("cct")
    state["classifier.positional_emb"] = sine_table(64, 24)
    with caplog.at_level(logging.WARNING):
        model = load_state(create_model("cct", pos="sine", height=64, **SMALL), state).model
    assert caplog.text == ""
    assert torch.equal(model.encoder.positions, sine_table(128, 24))  # type: ignore[union-attr]


def test_learnt_positions_under_the_name_of_sines_are_told_of(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        load_state(create_model("cct", pos="sine", **SMALL), published("cct"))
    assert "is no table of sines and is not used" in caplog.text
    own = load_state(create_model("cct", pos="sine", official=True, **SMALL), published("cct")).model.state_dict()
    assert torch.equal(own["encoder.positions"], published("cct")["classifier.positional_emb"])


@pytest.mark.parametrize(
    ("changes", "tokens", "text"),
    [
        ({"pos": "none"}, 64, "the network has no positions"),
        ({}, 63, r"is \(1, 63, 24\), not 0 and a square grid"),
        ({"layers": 2}, 64, r"classifier\.blocks\.2\..* is not of this network"),
        ({"layers": 4}, 64, r"encoder\.blocks\.3\..* is missing"),
        ({"dim": 48}, 64, r"is \(\d+, 24\), not"),
    ],
)
def test_other_networks_are_refused(changes: dict[str, object], tokens: int, text: str) -> None:
    with pytest.raises(WrongWeights, match=text):
        load_state(create_model("cct", **{**SMALL, **changes}), published("cct", tokens=tokens))


def test_a_table_of_another_rank_is_refused() -> None:
    state = published("cct") | {"classifier.positional_emb": torch.zeros(64, 24)}
    with pytest.raises(WrongWeights, match=r"classifier\.positional_emb is \(64, 24\), not a table of positions"):
        load_state(create_model("cct", **SMALL), state)


def _text(family: str, *, pos: str = "learnable") -> dict[str, Tensor]:
    class_token = family == "vit"
    rows = (17 if family == "cct" else 8) + 1  # a row for padding comes first
    shapes = _encoder(3, 24, 48, rows, 4, class_token=class_token)
    shapes |= {"embedder.embeddings.weight": (50, 12), "tokenizer.conv_layers.0.weight": (24, 1, 4, 12)}
    state = _filled(shapes)
    if pos == "sine":
        table = sine_table(rows - 1 + class_token, 24)
        state["classifier.positional_emb"] = torch.cat([torch.zeros(1, 1, 24), table], 1)
    return state


@pytest.mark.parametrize("family", ["cct", "cvt", "vit"])
@pytest.mark.parametrize("pos", ["learnable", "sine"])
def test_each_weight_for_text_finds_its_place(family: str, pos: str, caplog: pytest.LogCaptureFixture) -> None:
    state = _text(family, pos=pos)
    model = create_model(f"text_{family}_2", max_len=32, vocabulary=50, words=12, pos=pos, **SMALL)
    before = {key: value.clone() for key, value in model.state_dict().items()}
    loaded = load_state(model, state)
    own = loaded.model.state_dict()
    assert caplog.text == ""
    assert [key for key in own if torch.equal(own[key], before[key])] == []
    assert torch.equal(own["embedding.weight"], state["embedder.embeddings.weight"])
    if pos == "learnable":
        assert torch.equal(own["encoder.positions"], state["classifier.positional_emb"][:, 1:])
