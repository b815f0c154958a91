from __future__ import annotations

import math
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from lilliput.train.losses import cross_entropy, distill, distilled, distilled_heads, objective_of, reconstruction
from lilliput.train.settings import TrainSettings

LOGITS = torch.tensor([[math.log(3.0), 0.0]])  # probabilities 3/4 and 1/4


def test_cross_entropy_is_minus_the_log_of_the_right_class() -> None:
    assert cross_entropy(LOGITS, torch.tensor([1])).item() == pytest.approx(math.log(4))


def test_smoothing_gives_every_class_a_share() -> None:
    smooth = cross_entropy(LOGITS, torch.tensor([0]), smoothing=0.2).item()
    assert smooth == pytest.approx(0.9 * math.log(4 / 3) + 0.1 * math.log(4))


def test_soft_targets_give_the_mean_of_both_losses() -> None:
    both = cross_entropy(LOGITS, torch.tensor([[0.3, 0.7]])).item()
    assert both == pytest.approx(0.3 * math.log(4 / 3) + 0.7 * math.log(4))


def test_distillation_is_the_scaled_divergence_from_the_teacher() -> None:
    even = torch.zeros(1, 2)
    expected = 0.5 * math.log(0.5 / 0.75) + 0.5 * math.log(0.5 / 0.25)
    assert distill(LOGITS, even, temperature=1).item() == pytest.approx(expected)
    assert distill(2 * LOGITS, even, temperature=2).item() == pytest.approx(4 * expected)
    assert distill(even, even, temperature=3).item() == pytest.approx(0)


def test_no_gradient_reaches_the_teacher() -> None:
    student, teacher = nn.Linear(3, 2), nn.Linear(3, 2)
    distilled(teacher, alpha=0.5)(student, torch.randn(4, 3), torch.tensor([0, 1, 0, 1])).backward()
    assert student.weight.grad is not None
    assert teacher.weight.grad is None


def test_alpha_weighs_teacher_against_labels() -> None:
    student, teacher = nn.Linear(3, 2), nn.Linear(3, 2)
    x, y = torch.randn(4, 3), torch.tensor([0, 1, 0, 1])
    soft, hard, both = (distilled(teacher, temperature=2, alpha=a)(student, x, y).item() for a in (1, 0, 0.25))
    assert hard == pytest.approx(cross_entropy(student(x), y).item())
    assert both == pytest.approx(0.25 * soft + 0.75 * hard)


def test_bad_shares_are_refused() -> None:
    with pytest.raises(ValueError, match=r"`alpha` must be in \[0, 1\], got 2"):
        distilled(nn.Identity(), alpha=2)
    with pytest.raises(ValueError, match="`temperature` must be above 0, got 0"):
        distill(LOGITS, LOGITS, temperature=0)


def test_the_autoencoder_objective_ignores_classes() -> None:
    x = torch.tensor([[[1.0, 2.0]]])
    assert reconstruction(torch.zeros(1, 2), x).item() == 2.5
    objective = objective_of(TrainSettings(loss="mse"))
    assert objective(nn.Flatten(), x, torch.tensor([7])).item() == 0


class _Two(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(3, 2), nn.Linear(3, 2)

    def forward(self, x: torch.Tensor, heads: bool = False) -> SimpleNamespace:
        assert heads
        return SimpleNamespace(classes=self.first(x), teacher=self.second(x))


def test_one_head_hears_the_labels_and_the_other_the_teacher() -> None:
    torch.manual_seed(0)
    student, teacher = _Two(), nn.Linear(3, 2)
    x, y = torch.randn(4, 3), torch.tensor([0, 1, 0, 1])
    told = teacher(x).argmax(1)
    labels = cross_entropy(student.first(x), y, smoothing=0.1).item()
    hard = distilled_heads(teacher, alpha=0.25)(student, x, y)
    assert hard.item() == pytest.approx(0.75 * labels + 0.25 * cross_entropy(student.second(x), told).item())
    soft = distilled_heads(teacher, kind="soft", temperature=2, alpha=0.25)(student, x, y)
    aim = 0.25 * distill(student.second(x), teacher(x), temperature=2).item()
    assert soft.item() == pytest.approx(0.75 * labels + aim)
    distilled_heads(teacher, alpha=1.0)(student, x, y).backward()
    assert student.first.weight.grad is not None
    assert not student.first.weight.grad.any(), "the labels' head learns nothing of the teacher"
    assert student.second.weight.grad is not None
    assert student.second.weight.grad.any()
    assert teacher.weight.grad is None


def test_another_kind_of_teaching_is_refused() -> None:
    with pytest.raises(ValueError, match="`kind` must be hard or soft, got 'loud'"):
        distilled_heads(nn.Identity(), kind="loud")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"`alpha` must be in \[0, 1\], got 2"):
        distilled_heads(nn.Identity(), alpha=2)
