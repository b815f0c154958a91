"""Changed pictures: within black and white, no further than asked, and attacks that find the worst of a line."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from lilliput.train.robustness import EIGHT_BIT, KINDS, Change, change_pictures, robustness


class Line(nn.Module):
    """Two classes by the sign of a weighted sum, of which the worst change of each pixel is known."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor([1.0, -2.0, 0.5, 3.0]).reshape(1, 1, 2, 2))

    def forward(self, x: Tensor) -> Tensor:
        score = (x * self.weight).sum((1, 2, 3))
        return torch.stack([-score, score], 1)


def changed(change: Change, x: Tensor, y: Tensor, low: float = -1.0, high: float = 1.0) -> Tensor:
    return change_pictures(Line(), x, y, change, low=low, high=high, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("kind", KINDS)
def test_pictures_stay_within_black_and_white(kind: str) -> None:
    x, y = 2 * torch.rand(6, 1, 2, 2) - 1, torch.tensor([0, 1] * 3)
    made = changed(Change(kind, 0.5), x, y)
    assert made.shape == x.shape
    assert made.min() >= -1
    assert made.max() <= 1
    assert torch.equal(made, x) == (kind == "clean")


@pytest.mark.parametrize("kind", ["fgsm", "pgd"])
def test_attacks_find_the_worst_of_a_line(kind: str) -> None:
    x, y = 0.5 * (2 * torch.rand(8, 1, 2, 2) - 1), torch.tensor([0, 1] * 4)
    size = 8 * EIGHT_BIT
    made = changed(Change(kind, size), x, y)
    away = torch.where(y == 1, -1.0, 1.0)[:, None, None, None] * Line().weight.sign()
    torch.testing.assert_close(made, x + 2 * size * away, atol=1e-5, rtol=0)


def test_sizes_are_shares_of_the_way_to_white() -> None:
    x, y = torch.full((1, 1, 2, 2), 5.0), torch.tensor([0])
    made = changed(Change("brightness", 0.1), x, y, low=0.0, high=20.0)
    torch.testing.assert_close(made, torch.full((1, 1, 2, 2), 7.0))
    made = changed(Change("contrast", 0.5), x, y, low=0.0, high=20.0)
    torch.testing.assert_close(made, torch.full((1, 1, 2, 2), 7.5))


def test_a_square_is_hidden() -> None:
    x = torch.ones(3, 1, 8, 8)
    made = change_pictures(
        Line(),
        x,
        torch.zeros(3),
        Change("occlusion", 0.5),
        low=-1.0,
        high=1.0,
        generator=torch.Generator().manual_seed(1),
    )
    assert [(picture == 0).sum().item() for picture in made] == [16] * 3


def test_a_table_by_change_and_no_gradient_is_left_behind() -> None:
    torch.manual_seed(0)
    model, x = Line(), 2 * torch.rand(300, 1, 2, 2) - 1
    y = (model(x).argmax(1)).detach()
    changes = [Change("clean"), Change("noise", 0.2), Change("fgsm", 0.05), Change("pgd", 0.05)]
    found = robustness(model, x, y, changes, low=-1.0, high=1.0)
    assert list(found) == ["clean", "noise 0.2", "fgsm 12.8/255", "pgd 12.8/255"]
    assert found["clean"] == 1.0
    assert found["fgsm 12.8/255"] == found["pgd 12.8/255"] < found["noise 0.2"] < 1.0
    assert model.weight.grad is None
    assert robustness(model, x, y, changes, low=-1.0, high=1.0) == found


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="`kind` 'rain' is none of clean"):
        Change("rain")
    with pytest.raises(ValueError, match=r"`size` must be in \[0, 1\]"):
        Change("noise", 2.0)
    with pytest.raises(ValueError, match="white must be above"):
        robustness(Line(), torch.zeros(1, 1, 2, 2), torch.zeros(1), [], low=1.0, high=1.0)
