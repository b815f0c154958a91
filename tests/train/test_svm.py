from __future__ import annotations

import pytest
import torch

from lilliput.train.svm import fit_svm


def blobs(seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    g = torch.Generator().manual_seed(seed)
    centres = 1.5 * torch.randn(4, 6, generator=g)
    y = torch.randint(4, (200,), generator=g)
    return centres[y] + torch.randn(200, 6, generator=g), y


def objective(x: torch.Tensor, y: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor, c: float) -> float:
    side = 2 * torch.nn.functional.one_hot(y, len(weight)).double() - 1
    slack = (1 - side * (x.double() @ weight.double().T + bias.double())).clamp_min(0)
    return float(0.5 * weight.double().square().sum() + c * slack.square().sum())


@pytest.mark.parametrize("c", [0.01, 1.0, 2.4])
def test_no_near_plane_is_better(c: float) -> None:
    x, y = blobs()
    weight, bias = fit_svm(x, y, 4, c)
    best = objective(x, y, weight, bias, c)
    g = torch.Generator().manual_seed(1)
    for _ in range(20):
        moved = (t + 0.02 * torch.randn(t.shape, generator=g) for t in (weight, bias))
        assert objective(x, y, *moved, c) > best


def test_it_answers_as_the_library_does() -> None:
    svm = pytest.importorskip("sklearn.svm")
    x, y = blobs()
    weight, bias = fit_svm(x, y, 4, 1.0)
    theirs = svm.LinearSVC(C=1.0, intercept_scaling=100, max_iter=100_000, tol=1e-8).fit(x.numpy(), y.numpy())
    assert torch.allclose(weight.double(), torch.from_numpy(theirs.coef_), atol=5e-3)
    assert torch.allclose(bias.double(), torch.from_numpy(theirs.intercept_), atol=1e-2)


def test_it_separates_what_can_be_separated() -> None:
    x, y = torch.tensor([[0.0, 0], [0, 1], [3, 0], [3, 1]]), torch.tensor([0, 0, 1, 1])
    weight, bias = fit_svm(x, y, 2, 100.0)
    assert torch.equal((x @ weight.T + bias).argmax(1), y)


def test_what_is_out_of_range_is_refused() -> None:
    with pytest.raises(ValueError, match="`c` must be above 0 and there must be items, got 0 and 200"):
        fit_svm(*blobs(), 4, 0)
