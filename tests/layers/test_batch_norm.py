"""Running statistics that are right from the first batch on."""

from __future__ import annotations

import torch
from torch import nn

from lilliput.layers.batch_norm import DebiasedBatchNorm2d


def test_after_one_batch_the_statistics_are_that_batch() -> None:
    x = 3 + 2 * torch.randn(64, 4, 5, 5, generator=torch.Generator().manual_seed(0))
    ours, usual = DebiasedBatchNorm2d(4), nn.BatchNorm2d(4)
    assert torch.equal(ours(x), usual(x))
    assert ours.running_mean is not None
    torch.testing.assert_close(ours.running_mean, x.mean((0, 2, 3)))
    torch.testing.assert_close(ours.eval()(x), ours.train()(x), atol=1e-3, rtol=1e-3)
    assert (usual.eval()(x) - x).abs().mean() < (usual.eval()(x) - ours.eval()(x)).abs().mean()


def test_batches_count_alike_until_the_momentum_takes_over() -> None:
    norm = DebiasedBatchNorm2d(1, momentum=0.25)
    found = []
    for value in (1.0, 2.0, 6.0, 3.0, 8.0):
        norm(torch.full((4, 1, 1, 1), value))
        assert norm.running_mean is not None
        found.append(norm.running_mean.item())
    assert found == [1.0, 1.5, 3.0, 3.0, 4.25]


def test_evaluation_changes_nothing() -> None:
    norm = DebiasedBatchNorm2d(2).eval()
    before = {name: value.clone() for name, value in norm.state_dict().items()}
    norm(torch.randn(4, 2, 3, 3))
    assert all(torch.equal(value, before[name]) for name, value in norm.state_dict().items())
