from __future__ import annotations

import math

import pytest
import torch

from lilliput.layers.surrogate import DENSITIES, Counting, Surrogate


@pytest.mark.parametrize("kind", sorted(DENSITIES))
@pytest.mark.parametrize("slope", [0.5, 4.0])
def test_every_derivative_has_area_one(kind: str, slope: float) -> None:
    u = torch.linspace(-30 / slope, 30 / slope, 600_001, dtype=torch.float64)
    inside = float(torch.trapezoid(Surrogate(kind, slope).derivative(u, torch.tensor(0.0)), u))
    tail = {"atan": 2 * (0.5 - math.atan(math.pi * 15) / math.pi), "fast_sigmoid": 1 / 31}
    assert inside + tail.get(kind, 0.0) == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize(
    ("surrogate", "u", "value"),
    [
        (Surrogate("sigmoid", 4.0), 0.0, 1.0),
        (Surrogate("sigmoid", 4.0), 0.5, 4 * 0.8807970779778823 * 0.11920292202211755),
        (Surrogate("atan", 2.0), 0.3, 1 / (1 + (math.pi * 0.3) ** 2)),
        (Surrogate("triangle", 1.0, 0.3), 0.25, 0.3 * 0.75),
        (Surrogate("rectangle", 0.5), 0.99, 0.5),
        (Surrogate("fast_sigmoid", 25.0, 2 / 25), 0.1, 1 / 3.5**2),
        (Surrogate("gaussian", 1.0), 1.0, 0.24197072451914337),
    ],
)
def test_derivatives_are_the_published_ones(surrogate: Surrogate, u: float, value: float) -> None:
    threshold = torch.tensor(1.0, dtype=torch.float64)
    assert float(surrogate.derivative(threshold + u, threshold)) == pytest.approx(value, rel=1e-12)


def test_exactly_at_the_threshold_there_is_a_spike() -> None:
    threshold = torch.tensor(0.3)
    below = torch.nextafter(threshold, torch.tensor(0.0))
    assert Surrogate().spikes(torch.stack([below, threshold]), threshold).tolist() == [0.0, 1.0]


def test_counts_are_rounded_halves_up_and_stay_in_range() -> None:
    potential = torch.tensor([-3.0, 0.49, 0.5, 1.5, 2.5, 9.0])
    assert Counting(4).spikes(potential, torch.tensor(1.0)).tolist() == [0, 0, 1, 2, 3, 4]
    assert Counting(4).derivative(potential * 2, torch.tensor(2.0)).tolist() == [0, 0.5, 0.5, 0.5, 0.5, 0]


def test_what_is_out_of_range_is_refused() -> None:
    with pytest.raises(ValueError, match=r"no surrogate is called 'step'; there are atan, fast_sigmoid"):
        Surrogate("step")
    with pytest.raises(ValueError, match=r"`slope` of a surrogate must be above 0, got -1"):
        Surrogate(slope=-1)
    with pytest.raises(ValueError, match=r"`scale` of a surrogate must be above 0, got nan"):
        Surrogate(scale=math.nan)
    with pytest.raises(ValueError, match="`levels` must be at least 1, got 0"):
        Counting(0)
