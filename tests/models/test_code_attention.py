"""Attention of each label: published counts, padding without effect, order that matters, and the published defect."""

from __future__ import annotations

import pytest
import torch

from lilliput.core.errors import BadSetting
from lilliput.models import create_model
from lilliput.models.code_attention import CodeAttentionClassifier
from lilliput.models.cost import count_params
from lilliput.models.shapes import shapes_only
from lilliput.tasks.words import PADDING


def network(**changes: object) -> CodeAttentionClassifier:
    torch.manual_seed(0)
    model = create_model("code_attention", **{"classes": 7, "vocabulary": 60, "max_len": 24, **changes})  # type: ignore[arg-type]
    assert isinstance(model, CodeAttentionClassifier)
    return model.eval()


def texts(count: int = 5, length: int = 12) -> torch.Tensor:
    return torch.randint(2, 60, (count, length), generator=torch.Generator().manual_seed(1))


def test_published_counts() -> None:
    with shapes_only():
        ours, mean = create_model("transicd"), create_model("transicd_mean")
    parts = {name: count_params(module).trainable for name, module in ours.named_children()}
    assert (count_params(ours).trainable, count_params(mean).trainable) == (448_868, 402_994)
    assert (parts["encoder"], parts["attention"], parts["heads"]) == (396_544, 45_874, 6_450)


@pytest.mark.parametrize("encoder", ["transformer", "gru", "none"])
@pytest.mark.parametrize("pooling", ["code", "mean"])
def test_padding_takes_no_weight_and_changes_nothing(encoder: str, pooling: str) -> None:
    model, words = network(encoder=encoder, pooling=pooling), texts()
    padded = torch.cat([words, torch.full((5, 9), PADDING)], 1)
    (logits, weights), (same, wide) = model.attend(words), model.attend(padded)
    torch.testing.assert_close(logits, same, rtol=0, atol=1e-5)
    torch.testing.assert_close(weights.sum(2), torch.ones(5, 7))
    assert not wide[:, :, 12:].any()
    assert weights.shape == (5, 7, 12)
    if pooling == "mean":
        torch.testing.assert_close(weights, torch.full_like(weights, 1 / 12))
    else:
        assert weights.std(2).min() > 0


def test_order_matters_and_rows_of_a_batch_do_not() -> None:
    words = texts()
    turned = words.flip(1)
    model = network()
    assert (model(words) - model(turned)).abs().max() > 1e-4
    torch.testing.assert_close(model(words)[[3, 1]], model(words[[3, 1]]), rtol=0, atol=1e-5)
    # The published network adds positions along the batch: it cannot see order, and a row's place matters.
    legacy = network(positions="legacy")
    torch.testing.assert_close(legacy(words), legacy(turned), rtol=0, atol=1e-5)
    assert (legacy(words)[3] - legacy(words[3:])[0]).abs().max() > 1e-4
    blind = network(positions="none")
    torch.testing.assert_close(blind(words), blind(turned), rtol=0, atol=1e-5)


def test_a_layer_is_the_original_transformers() -> None:
    from torch import nn

    from lilliput.models.code_attention import PostNormLayer

    torch.manual_seed(0)
    ours = PostNormLayer(16, 4, 32, dropout=0.0, attention_dropout=0.0).eval()
    theirs = nn.TransformerEncoderLayer(16, 4, 32, 0.0, batch_first=True).eval()
    pairs = {
        "self_attn.in_proj_weight": ours.qkv.weight, "self_attn.in_proj_bias": ours.qkv.bias,
        "self_attn.out_proj.weight": ours.project.weight, "self_attn.out_proj.bias": ours.project.bias,
        "linear1.weight": ours.widen.weight, "linear1.bias": ours.widen.bias,
        "linear2.weight": ours.narrow.weight, "linear2.bias": ours.narrow.bias,
        "norm1.weight": ours.first.weight, "norm1.bias": ours.first.bias,
        "norm2.weight": ours.second.weight, "norm2.bias": ours.second.bias,
    }  # fmt: skip
    theirs.load_state_dict(pairs)
    x, present = torch.randn(3, 6, 16), torch.ones(3, 6, dtype=torch.bool)
    present[1, 4:] = False
    with torch.no_grad():
        wanted = theirs(x, src_key_padding_mask=~present)
        made = ours(x, present)
    torch.testing.assert_close(made[present], wanted[present], rtol=1e-5, atol=1e-5)


def test_texts_without_words_and_of_unknown_words_have_finite_logits() -> None:
    for encoder in ("transformer", "gru", "none"):
        model = network(encoder=encoder)
        assert torch.isfinite(model(torch.full((2, 5), PADDING))).all()
        assert torch.isfinite(model(torch.zeros(2, 5, dtype=torch.int64))).all()


def test_vectors_from_elsewhere_are_taken_and_may_stay() -> None:
    model = network(freeze=True)
    model.use_vectors(torch.ones(60, 32))
    assert not model.embedding.weight.requires_grad
    assert model.embedding.weight[5].eq(1).all()
    with pytest.raises(ValueError, match=r"`vectors` are \(3, 32\), not \(60, 32\)"):
        model.use_vectors(torch.ones(3, 32))


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="texts of 30 words; the network takes 24"):
        network()(texts(1, 30))
    with pytest.raises(BadSetting, match="`encoder` must be one of transformer, gru, none, got 'lstm'"):
        create_model("code_attention", encoder="lstm")
    with pytest.raises(BadSetting, match="heads"):
        create_model("code_attention", dim=30, heads=4)
