"""Compact transformers for text: published counts, padding that counts in nothing, texts too long and empty."""

from __future__ import annotations

import logging

import pytest
import torch
from torch import Tensor

from lilliput.core.errors import BadSetting
from lilliput.models import create_model, create_model_for
from lilliput.models.cost import count_macs, count_params, macs_by_layer
from lilliput.models.shapes import shapes_only
from lilliput.models.text_cct import TextTransformer
from lilliput.tasks.words import PADDING

COUNTS = [  # kernel -> parameters beside the vectors of words, 4 classes
    ("text_cct_2", 1, 237_701), ("text_cct_2", 2, 276_101), ("text_cct_2", 4, 352_901),
    ("text_cct_4", 1, 436_101), ("text_cct_4", 2, 474_501), ("text_cct_4", 4, 551_301),
    ("text_cct_6", 1, 3_236_613), ("text_cct_6", 2, 3_313_413), ("text_cct_6", 4, 3_467_013),
]  # fmt: skip
VARIANTS: list[tuple[str, dict[str, object]]] = [
    ("text_vit_2", {}), ("text_cvt_2", {}), ("text_cvt_2", {"pos": "none"}), ("text_vit_2", {"pos": "learnable"}),
    *(("text_cct_2", {"kernel": k, "pos": pos}) for k in (1, 2, 4) for pos in ("sine", "none")),
]  # fmt: skip


def _model(name: str, **changes: object) -> TextTransformer:
    torch.manual_seed(0)
    model = create_model(name, **{"vocabulary": 50, "words": 12, **changes}).eval()  # type: ignore[arg-type]
    assert isinstance(model, TextTransformer)
    for p in model.parameters():  # published spreads are so small that a mistake would hardly show
        p.data.normal_(0, 0.3)
    return model


def _text(*numbers: int) -> Tensor:
    return torch.tensor([numbers])


@pytest.mark.parametrize(("name", "kernel", "params"), COUNTS)
def test_parameters_are_the_published_ones(name: str, kernel: int, params: int) -> None:
    with shapes_only():
        model = create_model(name, kernel=kernel)
    assert count_params(model).trainable - model.embedding.weight.numel() == params  # type: ignore[union-attr, operator]


def test_the_cvt_of_six_layers_is_half_as_wide_as_the_others() -> None:
    with shapes_only():
        widths = {name: create_model(name).config.dim for name in ("text_vit_6", "text_cvt_6", "text_cct_6")}  # type: ignore[union-attr]
    assert widths == {"text_vit_6": 256, "text_cvt_6": 128, "text_cct_6": 256}


@pytest.mark.parametrize(("name", "changes"), VARIANTS)
class TestPadding:
    def test_how_much_of_it_there_is_changes_nothing(self, name: str, changes: dict[str, object]) -> None:
        model, words = _model(name, max_len=16, **changes), _text(5, 7, 11, 13, 17)
        alone = model(words)
        for length in (6, 9, 16):
            padded = torch.nn.functional.pad(words, (0, length - 5), value=PADDING)
            assert (model(padded) - alone).abs().max() < 1e-6

    def test_nor_does_room_that_is_not_used(self, name: str, changes: dict[str, object]) -> None:
        if changes.get("pos") == "learnable":
            changes = {}  # learnt tables of two lengths hold different rows
        short, long = _model(name, max_len=12, **changes), _model(name, max_len=32, **changes)
        long.load_state_dict(short.state_dict())
        words = _text(5, 7, 11, 13, 17)
        assert (short(words) - long(words)).abs().max() < 1e-5

    def test_nor_does_its_vector(self, name: str, changes: dict[str, object]) -> None:
        model, words = _model(name, **changes), _text(5, 7, 11)
        before = model(words)
        model.embedding.weight.data[PADDING] += 100
        assert torch.equal(model(words), before)

    def test_words_count(self, name: str, changes: dict[str, object]) -> None:
        model = _model(name, **changes)
        logits = torch.cat([model(_text(*words)) for words in ((5, 7, 11), (5, 7, 12), (5, 7))])
        assert torch.pdist(logits).min() > 1e-4


@pytest.mark.parametrize(("name", "changes"), VARIANTS)
def test_a_text_without_words_is_one_padding_token(name: str, changes: dict[str, object]) -> None:
    model = _model(name, **changes)
    empty = model(torch.zeros(1, 0, dtype=torch.int64))
    assert torch.isfinite(empty).all()
    assert torch.equal(model(torch.full((1, 9), PADDING)), empty)
    both = model(torch.stack([torch.full((3,), PADDING), torch.tensor([5, 7, 11])]))
    torch.testing.assert_close(both[:1], empty)


def test_the_one_padding_token_has_the_first_position() -> None:
    model, empty = _model("text_cvt_2", pos="learnable", max_len=8), torch.full((1, 3), PADDING)
    before = model(empty)
    model.encoder.positions.data[:, 1] += 1  # type: ignore[union-attr]
    assert torch.equal(model(empty), before)
    model.encoder.positions.data[:, 0] += torch.arange(128.0)  # type: ignore[union-attr]
    assert (model(empty) - before).abs().max() > 1e-2


def test_a_long_text_is_cut_with_one_warning(caplog: pytest.LogCaptureFixture) -> None:
    model, words = _model("text_cct_2", max_len=8), torch.arange(2, 22)[None]
    with caplog.at_level(logging.WARNING):
        first, second = model(words), model(words)
    assert [record.message for record in caplog.records] == ["texts of 20 words are cut to 8"]
    assert torch.equal(first, second)
    assert torch.equal(first, model(words[:, :8]))


def test_the_published_pooling_over_padding_can_be_repeated() -> None:
    ours, theirs = (_model("text_cct_2", official=official) for official in (False, True))
    full = torch.arange(2, 66)[None] % 48 + 2
    assert torch.equal(ours(full), theirs(full))
    assert (ours(full[:, :9]) - theirs(full[:, :9])).abs().max() > 1e-3


def test_the_first_token_has_the_first_row_of_the_sines() -> None:
    """A row of zeros stands before them for padding: row i + 1 of that table is row i of this one."""
    model, words = _model("text_cvt_2", max_len=8), _text(5, 7, 11, 13)
    seen: list[Tensor] = []
    model.encoder.blocks[0].register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    model(words)
    model.encoder.positions = None
    model(words)
    added = seen[0] - seen[1]
    torch.testing.assert_close(added[0, 0], torch.tensor([0.0, 1.0] * 64))
    assert not added[0, 1].any(), "only padding"


def test_vectors_of_words_come_from_elsewhere() -> None:
    model, vectors = _model("text_cct_2"), torch.randn(50, 12)
    model.use_vectors(vectors, freeze=True)
    assert torch.equal(model.embedding.weight, vectors)
    trainable = count_params(model).trainable
    model.use_vectors(vectors)
    assert count_params(model).trainable - trainable == 600
    with pytest.raises(ValueError, match=r"`vectors` are \(50, 3\); the network takes \(50, 12\)"):
        model.use_vectors(torch.zeros(50, 3))


def test_frozen_vectors_do_not_learn() -> None:
    model = create_model("text_cct_2", freeze=True, vocabulary=50)
    assert not model.embedding.weight.requires_grad  # type: ignore[union-attr]


def test_the_products_of_attention_are_counted() -> None:
    with shapes_only():
        model = create_model("text_cvt_2")
    tokens, dim, layers, patch = 16, 128, 2, 4
    products = layers * 2 * tokens**2 * dim + tokens * dim  # of attention, and the pooling's mean
    masked = tokens * patch  # the mask goes through a convolution as well
    assert count_macs(model, (64,)) == sum(macs_by_layer(model, (64,)).values()) + products + masked


@pytest.mark.parametrize(
    ("name", "changes", "text"),
    [
        ("text_cvt_2", {"max_len": 30}, "`max_len` 30 is no multiple of the patch, 4: 28 or 32 would do"),
        ("text_cct_2", {"vocabulary": 1}, r"`vocabulary` must be in \[2, "),
        ("text_cct_2", {"pos": "rope"}, "`pos` 'rope' is none of"),
    ],
)
def test_sizes_that_cannot_be_are_refused(name: str, changes: dict[str, object], text: str) -> None:
    with pytest.raises(BadSetting, match=text):
        create_model(name, **changes)


def test_pictures_are_refused() -> None:
    with pytest.raises(BadSetting, match=r"text_cct_2 cannot take input of shape .*: it takes numbers of words"):
        create_model_for("text_cct_2", (1, 28, 28), 10)
