"""The compound loss, against a computation by hand; and the objective's picture."""

from __future__ import annotations

from typing import NamedTuple

import pytest
import torch
from torch import Tensor, nn

from lilliput.train.compound import compound, compound_loss


class Out(NamedTuple):
    logits: list[Tensor]
    pictures: list[Tensor]


def test_it_is_the_sum_by_hand() -> None:
    generator = torch.Generator().manual_seed(0)
    logits = [torch.randn(3, 5, generator=generator) for _ in range(4)]
    pictures = [torch.randn(3, 2, 4, 4, generator=generator) for _ in range(3)]
    picture, target = torch.rand(3, 2, 4, 4, generator=generator), torch.tensor([0, 3, 4])
    aim = picture.clamp(0.01, 0.99)

    def classes(z: Tensor) -> Tensor:
        return -torch.log_softmax(z, 1)[torch.arange(3), target].mean()

    def drawn(z: Tensor) -> Tensor:
        p = torch.sigmoid(z)
        return -(aim * p.log() + (1 - aim) * (1 - p).log()).mean()

    wanted = classes(logits[3])
    for i, (head, decoder) in enumerate(((1 / 4, 1.0), (2 / 4, 2 / 3), (3 / 4, 1 / 3))):
        wanted = wanted + head * 0.7 * classes(logits[i]) + decoder * 3.0 * drawn(pictures[i])
    torch.testing.assert_close(compound_loss(Out(logits, pictures), picture, target), wanted)


def test_a_picture_that_is_still_normalised_is_refused() -> None:
    out = Out([torch.zeros(1, 2)] * 4, [torch.zeros(1, 1, 2, 2)] * 3)
    with pytest.raises(ValueError, match=r"`picture` lies in \[-1, 2\]"):
        compound_loss(out, torch.tensor([[[[-1.0, 2.0], [0.0, 0.0]]]]), torch.tensor([0]))


def test_the_objective_undoes_the_normalisation() -> None:
    seen = []

    class Net(nn.Module):
        def forward(self, x: Tensor, supervised: bool = False) -> Out:
            assert supervised
            seen.append(x)
            return Out([torch.zeros(2, 3)] * 4, [10 * x] * 3)

    x = torch.tensor([[[[-1.0, 1.0]]], [[[1.0, -1.0]]]])
    sharp = compound(-1.0, 1.0)(Net(), x, torch.tensor([0, 1]))
    blurred = compound(-4.0, 4.0)(Net(), x, torch.tensor([0, 1]))
    assert sharp < blurred
    assert torch.equal(seen[0], x)
