"""The loss for rare classes, against published figures."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from lilliput.train.focal import balanced_focal, class_balanced_focal, class_weights

LOGITS = torch.tensor([[2.0, -1], [0.5, 0.3], [-1, 1.5]])
Y = torch.tensor([0, 1, 1])


def test_published_weights_and_losses() -> None:
    weights = class_weights((900, 100))
    assert weights.tolist() == pytest.approx([0.27643705, 1.72356295], abs=1e-6)
    assert balanced_focal(LOGITS, Y, weights, 1.5).item() == pytest.approx(0.4018720388, abs=1e-6)
    assert balanced_focal(LOGITS, Y, weights, 0).item() == pytest.approx(1.2143695355, abs=1e-6)


def test_the_objective_is_that_loss_of_a_network() -> None:
    loss = class_balanced_focal((900, 100))(torch.nn.Identity(), LOGITS, Y)
    assert loss.item() == pytest.approx(0.4018720388, abs=1e-6)


def test_without_focus_and_balance_it_is_the_cross_entropy_of_both_outputs() -> None:
    plain = F.binary_cross_entropy_with_logits(LOGITS, F.one_hot(Y).float(), reduction="none").sum(1).mean()
    assert class_weights((900, 100), beta=0).tolist() == [1, 1]
    torch.testing.assert_close(balanced_focal(LOGITS, Y, torch.ones(2), 0), plain)


def test_the_factor_is_the_doubt_in_the_truth() -> None:
    """(1 - p)^gamma, whichever of the two outputs is asked."""
    z, gamma = torch.tensor([[1.3, -0.4]]), 2.0
    p = torch.stack([z[0, 0].sigmoid(), 1 - z[0, 1].sigmoid()])
    wanted = ((1 - p) ** gamma * -p.log()).sum()
    torch.testing.assert_close(balanced_focal(z, torch.tensor([0]), torch.ones(2), gamma), wanted)


def test_what_is_told_with_confidence_counts_little_and_a_rare_class_much() -> None:
    sure, unsure = torch.tensor([[4.0, -4]]), torch.tensor([[0.0, 0]])
    of = {
        gamma: [balanced_focal(z, Y[:1], torch.ones(2), gamma).item() for z in (sure, unsure)] for gamma in (0.0, 1.5)
    }
    assert of[1.5][0] / of[1.5][1] < 0.01 * of[0.0][0] / of[0.0][1]
    rare, common = (balanced_focal(unsure, torch.tensor([k]), class_weights((990, 10)), 1.5).item() for k in (1, 0))
    assert rare > 50 * common


@pytest.mark.parametrize("size", [90.0, 1e4])
def test_logits_of_any_size_give_finite_losses_and_gradients(size: float) -> None:
    logits = torch.tensor([[-size, size], [size, -size]], requires_grad=True)
    loss = balanced_focal(logits, torch.tensor([0, 0]), torch.ones(2), 1.5)
    loss.backward()
    assert torch.isfinite(loss)
    assert logits.grad is not None
    assert torch.isfinite(logits.grad).all()


def test_nonsense_is_refused() -> None:
    with pytest.raises(ValueError, match=r"each class needs a training item, got \(5, 0\)"):
        class_weights((5, 0))
    with pytest.raises(ValueError, match=r"`beta` must be in \[0, 1\), got 1"):
        class_weights((5, 5), beta=1)
    with pytest.raises(ValueError, match="`gamma` must be at least 0, got -1"):
        class_balanced_focal((5, 5), gamma=-1)
