"""Columns run backwards: the same gradients as autograd, and how far the chain may go."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import pytest
import torch
from torch import Tensor, nn

from lilliput.layers.reversible import Column, check_reversible, columns_back, growth, run_columns
from lilliput.models import create_model
from lilliput.models.revcol import RevCol

ANCHORS = [("checkpoint", 1), ("anchored", 1), ("anchored", 2), ("anchored", 4), ("anchored", 0)]


def network(columns: int, dtype: torch.dtype, **changes: object) -> RevCol:
    """A small network whose blocks count as much as its shortcuts."""
    torch.manual_seed(0)
    model = create_model(
        "revcol_nano",
        columns=columns,
        widths="8 12 16 20",
        layers="1 1 1 1",
        **changes,  # type: ignore[arg-type]
    )
    assert isinstance(model, RevCol)
    with torch.no_grad():
        for name, p in model.named_parameters():
            if name.endswith(".scale"):
                p.fill_(1.0)
    return model.to(dtype).train()


def gradients(model: RevCol, x: Tensor) -> dict[str, Tensor]:
    torch.manual_seed(1)
    x = x.clone().requires_grad_()
    model(x).square().sum().backward()  # type: ignore[union-attr]
    assert x.grad is not None
    return {"x": x.grad, **{name: p.grad for name, p in model.named_parameters() if p.grad is not None}}


@pytest.mark.parametrize(("memory", "every"), ANCHORS)
@pytest.mark.parametrize(("dtype", "bound"), [(torch.float32, 1e-4), (torch.float64, 1e-10)])
def test_gradients_are_autograd_s(memory: str, every: int, dtype: torch.dtype, bound: float) -> None:
    x = torch.randn(2, 3, 32, 32, dtype=dtype)
    plain = gradients(network(16, dtype, drop_path=0.3, memory="plain"), x)
    ours = gradients(network(16, dtype, drop_path=0.3, memory=memory, anchor_every=every), x)
    assert plain.keys() == ours.keys()
    if memory == "anchored":
        assert any(not torch.equal(a, b) for a, b in zip(plain.values(), ours.values(), strict=True))
    limit = 1e-3 if every == 0 else bound  # it goes as far back as that allows
    for name, wanted in plain.items():
        assert (ours[name] - wanted).abs().max() <= limit * wanted.abs().max(), name


def test_gains_of_the_first_column_have_gradients_that_are_zero() -> None:
    for memory in ("plain", "anchored"):
        model = network(4, torch.float32, memory=memory)
        found = gradients(model, torch.randn(2, 3, 32, 32))
        assert all(not found[name].any() for name in model.idle_parameters)
        assert all(found[name].any() for name in found if name not in model.idle_parameters)


def test_chance_falls_the_same_the_second_time_and_goes_on_as_if_there_were_none() -> None:
    model = network(4, torch.float32, drop_path=0.5, memory="anchored")
    torch.manual_seed(5)
    y = model(torch.randn(2, 3, 32, 32)).sum()  # type: ignore[union-attr]
    before = torch.get_rng_state()
    y.backward()
    assert torch.equal(torch.get_rng_state(), before)


def test_a_second_backward_is_refused_or_right() -> None:
    model, x = network(4, torch.float32, memory="anchored"), torch.randn(2, 3, 32, 32)
    loss = model(x).square().sum()  # type: ignore[union-attr]
    loss.backward(retain_graph=True)
    once = {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}
    loss.backward()
    for name, p in model.named_parameters():
        torch.testing.assert_close(p.grad, 2 * once[name])
    with pytest.raises(RuntimeError, match="second time"):
        loss.backward()


def test_gradients_add_up_over_batches() -> None:
    x = torch.randn(4, 3, 32, 32)
    whole, parts = (network(4, torch.float64, memory="anchored", anchor_every=2) for _ in range(2))
    whole(x.double()).sum().backward()  # type: ignore[union-attr]
    for half in x.double().chunk(2):
        parts(half).sum().backward()  # type: ignore[union-attr]
    for a, b in zip(whole.parameters(), parts.parameters(), strict=True):
        torch.testing.assert_close(a.grad, b.grad)


def _errors(dtype: torch.dtype, gain: float) -> dict[int, float]:
    """Columns run backwards -> relative error of what comes out."""
    model = network(16, dtype)
    with torch.no_grad():
        for name, p in model.named_parameters():
            if ".gains." in name:
                p.fill_(gain)
            elif name.endswith(".scale"):
                p.fill_(1e-6)  # as at the start of a training
    with torch.no_grad():
        x = model.stem(torch.randn(4, 3, 32, 32, dtype=dtype))
        states = {0: (), **run_columns(list(model.columns), x, stops=range(1, 17))}  # type: ignore[arg-type]
    found, state = {}, states[16]
    for back in range(1, 16):
        state = model.columns[16 - back].invert(x, state)  # type: ignore[operator]
        found[back] = max(
            float((a - b).abs().max() / b.abs().max()) for a, b in zip(state, states[16 - back], strict=True)
        )
    return found


def test_one_column_is_run_backwards_to_rounding() -> None:
    assert _errors(torch.float32, 0.5)[1] < 5e-6
    assert _errors(torch.float64, 0.5)[1] < 1e-13


@pytest.mark.parametrize(
    ("dtype", "gain", "back", "published"),
    [
        (torch.float32, 0.5, 3, 8.9e-6), (torch.float32, 0.5, 7, 3.2e-3), (torch.float32, 1.0, 7, 3.0e-7),
        (torch.float32, 0.1, 3, 2.1), (torch.float64, 0.5, 7, 5.0e-12), (torch.float64, 0.5, 15, 1.5e-6),
    ],
)  # fmt: skip
def test_errors_grow_as_measured_with_the_authors_code(
    dtype: torch.dtype, gain: float, back: int, published: float
) -> None:
    # Theirs is another network and other pictures, so that only the size of the error is the same.
    assert published / 12 < _errors(dtype, gain)[back] < published * 12


def test_how_far_back_follows_from_the_gains() -> None:
    model = network(16, torch.float32)
    columns: Sequence[Column] = list(model.columns)  # type: ignore[assignment]
    assert growth(columns[3]) == pytest.approx(4.0)
    single = columns_back(columns, torch.float32)
    assert 4 <= single <= 7
    assert columns_back(columns, torch.float64) > 2 * single
    with torch.no_grad():
        columns[3].gains[2][0, 0] = 0.01
    assert columns_back(columns, torch.float32) < single
    assert columns_back(columns, torch.bfloat16) == 1


def test_sixteen_bits_are_run_back_over_one_column_only() -> None:
    x = torch.randn(2, 3, 32, 32)
    with torch.autocast("cpu", torch.bfloat16):
        network(4, torch.float32, memory="anchored")(x).sum().backward()  # type: ignore[union-attr]
        network(4, torch.float32, memory="anchored", anchor_every=0)(x).sum().backward()  # type: ignore[union-attr]
        with pytest.raises(ValueError, match=r"bfloat16 cannot be run backwards over 2 columns"):
            network(4, torch.float32, memory="anchored", anchor_every=2)(x)


def test_mixed_precision_gives_gradients_near_the_exact_ones() -> None:
    x = torch.randn(2, 3, 32, 32)
    exact = gradients(network(4, torch.float32, memory="plain"), x)
    model = network(4, torch.float32, memory="anchored")
    with torch.autocast("cpu", torch.bfloat16):
        rough = gradients(model, x)
    for name in ("stem.0.weight", "columns.2.parts.1.blocks.0.widen.weight"):
        similarity = torch.cosine_similarity(exact[name].flatten(), rough[name].flatten(), dim=0)
        assert similarity > 0.98


def test_the_guard_tells_when_the_chain_went_astray(caplog: pytest.LogCaptureFixture) -> None:
    model = network(9, torch.float32, memory="anchored", anchor_every=4)
    with torch.no_grad():
        for name, p in model.named_parameters():
            if ".gains." in name:
                p.fill_(0.02)
    with caplog.at_level(logging.WARNING):
        model(torch.randn(2, 3, 32, 32)).sum().backward()  # type: ignore[union-attr]
    assert "is off by" in caplog.text
    assert "use more anchors" in caplog.text


def test_gains_stay_away_from_zero_and_keep_their_sign() -> None:
    model = network(4, torch.float32)
    with torch.no_grad():
        model.columns[1].gains[0].fill_(-1e-9)  # type: ignore[index, union-attr, operator]
        model.columns[1].gains[1].fill_(1e-9)  # type: ignore[index, union-attr, operator]
    model(torch.randn(2, 3, 32, 32))
    assert model.columns[1].gains[0].unique().tolist() == pytest.approx([-1e-3])  # type: ignore[index, union-attr]
    assert model.columns[1].gains[1].unique().tolist() == pytest.approx([1e-3])  # type: ignore[index, union-attr]


def test_a_gain_of_zero_in_a_checkpoint_is_moved_and_told(caplog: pytest.LogCaptureFixture) -> None:
    model = network(4, torch.float32)
    state = {name: torch.zeros_like(v) if ".gains." in name else v for name, v in model.state_dict().items()}
    with caplog.at_level(logging.WARNING):
        model.load_state_dict(state)
    assert "a gain that was loaded is 0; it becomes 0.001" in caplog.text
    assert model.columns[2].gains[0].unique().tolist() == pytest.approx([1e-3])  # type: ignore[index, union-attr]


def test_batch_normalisation_is_refused() -> None:
    with pytest.raises(ValueError, match=r"1 is a batch normalisation: run twice"):
        check_reversible([nn.Sequential(nn.Conv2d(1, 1, 1), nn.BatchNorm2d(1))])


def test_the_first_column_cannot_be_run_backwards() -> None:
    model = network(4, torch.float32)
    with pytest.raises(ValueError, match="given no state"):
        model.columns[0].invert(torch.zeros(1), ())  # type: ignore[operator]


def test_in_evaluation_nothing_is_kept() -> None:
    model = network(4, torch.float32, memory="anchored").eval()
    with torch.no_grad():
        assert not model(torch.randn(1, 3, 32, 32)).requires_grad  # type: ignore[union-attr]
    plain = network(4, torch.float32, memory="plain").eval()
    x = torch.randn(1, 3, 32, 32)
    assert torch.equal(model(x), plain(x))  # type: ignore[arg-type]
