"""The activation of few levels, and that a neuron gives the same."""

from __future__ import annotations

import pytest
import torch

from lilliput.layers.clip_floor_shift import ClipFloorShift
from lilliput.layers.spiking import IF


def test_it_rounds_to_levels_between_zero_and_its_ceiling() -> None:
    h = ClipFloorShift(levels=4, ceiling=2.0)
    x = torch.tensor([-1.0, 0.2, 0.25, 0.74, 0.75, 1.9, 5.0])
    torch.testing.assert_close(h(x).detach(), torch.tensor([0.0, 0.0, 0.5, 0.5, 1.0, 2.0, 2.0]))


def test_a_neuron_that_starts_half_way_gives_exactly_the_same_mean() -> None:
    h = ClipFloorShift(levels=8, ceiling=2.0)
    x = torch.linspace(-1, 3, 400, dtype=torch.float64) + 1e-6  # not at the steps themselves
    spikes = IF(threshold=2.0, reset_to="subtract")(x.expand(8, -1), (torch.ones_like(x),))[0]
    torch.testing.assert_close(2.0 * spikes.mean(0), h(x).detach(), rtol=0, atol=1e-12)


def test_gradients_pass_inside_and_the_ceiling_learns() -> None:
    h = ClipFloorShift(levels=4, ceiling=1.0)
    x = torch.tensor([-0.5, 0.3, 0.7, 2.0], requires_grad=True)
    h(x).sum().backward()  # type: ignore[no-untyped-call]
    assert x.grad is not None
    assert x.grad.tolist() == pytest.approx([0, 1, 1, 0])
    # By the ceiling: 0 and 1 where it is cut off, the rounding's error h(x) - x inside (here -0.05 and 0.05).
    assert h.ceiling.grad is not None
    assert float(h.ceiling.grad) == pytest.approx(1 + (0.25 - 0.3) + (0.75 - 0.7), abs=1e-6)


@pytest.mark.parametrize(("options", "words"), [({"levels": 0}, "`levels`.*got 0"), ({"ceiling": 0.0}, "`ceiling`")])
def test_arguments_out_of_range_are_refused(options: dict[str, float], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        ClipFloorShift(**options)  # type: ignore[arg-type]
