"""Competition: causal, one map a place, apart from each other."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from lilliput.spiking.rules.simplified import MapSpikes, convergence, fire_first, no_spikes, winners

STEPS = 6


def potentials(seed: int = 0) -> Tensor:
    drawn = torch.rand(STEPS, 3, 5, 7, 7, generator=torch.Generator().manual_seed(seed))
    return drawn.cumsum(0)  # of neurons that nothing lowers


def compete(u: Tensor, threshold: float) -> MapSpikes:
    fired = no_spikes(u[0], len(u))
    for step, now in enumerate(u):
        fired = fire_first(now, threshold, step, fired)
    return fired


def test_one_map_fires_at_a_place_the_earliest_then_the_highest() -> None:
    u = torch.zeros(4, 1, 4, 1, 2)
    u[1:, 0, 1, 0, 0], u[1:, 0, 2, 0, 0], u[2:, 0, 3, 0, 0] = 1.5, 1.6, 9.0
    fired = compete(u, 1.0)
    assert fired.time.flatten().tolist() == [1, 4]
    assert (int(fired.channel[0, 0, 0]), float(fired.potential[0, 0, 0])) == (2, pytest.approx(1.6))


def test_a_neuron_fires_at_exactly_the_threshold() -> None:
    assert int(compete(torch.tensor([0.5, 1.0, 3.0]).reshape(3, 1, 1, 1, 1), 1.0).time) == 1


def test_what_comes_later_changes_no_earlier_spike() -> None:
    """A winner by the largest potential of the whole stimulus would fail here."""
    u = potentials()
    for cut in (3, 4):
        other = u.clone()
        other[cut:] = u[cut - 1] + 20 * potentials(1)[cut:]
        a, b = (compete(x, 2.4) for x in (u, other))
        early = a.time < cut
        assert early.any()
        assert not early.all()
        assert torch.equal(early, b.time < cut)
        assert all(torch.equal(one[early], two[early]) for one, two in zip(a, b, strict=True))
        first, second = (winners(x, STEPS, 3, 1) for x in (a, b))
        for row in range(3):
            was = [tuple(int(v[n]) for v in first) for n in range(len(first.time)) if first.picture[n] == row]
            now = [tuple(int(v[n]) for v in second) for n in range(len(second.time)) if second.picture[n] == row]
            settled = [w for w in was if w[-1] < cut]
            assert now[: len(settled)] == settled


def test_winners_are_of_other_maps_and_apart_and_the_earliest_first() -> None:
    fired = compete(potentials(2), 2.0)
    found = winners(fired, STEPS, 4, 2)
    for row in range(3):
        mine = [(int(c), int(y), int(x), int(t)) for p, c, y, x, t in zip(*found, strict=True) if p == row]
        assert len({c for c, *_ in mine}) == len(mine) >= 2
        assert [t for *_, t in mine] == sorted(t for *_, t in mine)
        assert mine[0][3] == int(fired.time[row].min())
        for n, (_, y, x, _) in enumerate(mine):
            assert all(max(abs(y - b), abs(x - a)) > 2 for _, b, a, _ in mine[:n])


def test_silent_pictures_have_no_winners() -> None:
    found = winners(compete(torch.zeros(STEPS, 2, 3, 4, 4), 1.0), STEPS, 2, 1)
    assert [len(part) for part in found] == [0] * 5


def test_convergence_is_0_for_weights_that_chose() -> None:
    assert convergence(torch.tensor([0.0, 1.0, 1.0])) == 0
    assert convergence(torch.tensor([0.5])) == 0.25


def test_what_is_out_of_range_is_refused() -> None:
    fired = compete(potentials(), 2.0)
    with pytest.raises(ValueError, match="`count` must be at least 1 and `radius` at least 0, got 0 and 1"):
        winners(fired, STEPS, 0, 1)
