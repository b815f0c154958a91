"""All methods of the comparison alike: they learn and answer, are repeatable, and are what they are said to be."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from lilliput.spiking.comparison import run_at
from lilliput.spiking.methods import METHODS, Effort, Pictures
from lilliput.spiking.networks.answering import Answering, in_batches
from tests.spiking.networks.digits import CLASSES, digits

TINY = Effort(hidden=16, epochs=1, recurrent=1, machine=8, competing=8, shown_ms=20, rounds=1, sampling=1, taught=32,
              converted_steps=6)  # fmt: skip
READ_WITH_LABELS = {"sdnn", "lsm", "diehl-cook"}
"""Methods whose control still learns what its answers mean."""


def learnt(name: str, y: torch.Tensor, effort: Effort = TINY) -> Answering:
    return METHODS[name].learn(Pictures(digits("train", 60)[0], y, CLASSES), effort, 0)


@pytest.mark.parametrize("name", METHODS)
def test_a_method_is_what_it_is_said_to_be(name: str) -> None:
    y = digits("train", 60)[1]
    net = learnt(name, y)
    shown = digits("test", 12)[0]
    assert torch.equal(in_batches(net, shown, net.steps), in_batches(net, shown, net.steps))
    assert in_batches(net, shown, 1).shape == (12, CLASSES)
    again = learnt(name, y)
    assert all(torch.equal(a, b) for a, b in zip(net.synapses().values(), again.synapses().values(), strict=True))
    # Only spikes behind the first layer, and the input's numbers in it: so it is seen, and so it is said.
    if name != "svm":
        assert METHODS[name].hardware.binary == (not run_at(net, shown, net.steps, counted=12).operations.hidden_floats)


@pytest.mark.parametrize("name", METHODS)
def test_the_control_has_seen_no_label_and_the_method_has_moved(name: str) -> None:
    y = digits("train", 60)[1]
    control = learnt(name, y, replace(TINY, untrained=True)).synapses()
    other = learnt(name, y.roll(1), replace(TINY, untrained=True)).synapses()
    taught = learnt(name, y).synapses()
    fixed = {weight for weight in control if "read" in weight} if name in READ_WITH_LABELS else set()
    assert all(torch.equal(control[weight], other[weight]) for weight in control if weight not in fixed)
    assert any(not torch.equal(control[weight], taught[weight]) for weight in control if weight not in fixed)


def test_pictures_must_be_pictures() -> None:
    x, y = digits("train", 10)
    with pytest.raises(ValueError, match=r"pictures \(N, Y, X\) with N classes are needed, got \(10, 8, 8\), 9"):
        Pictures(x, y[:9], CLASSES)
    with pytest.raises(ValueError, match=r"pictures must be in \[0, 1\], got 0 to 16"):
        Pictures(16 * x, y, CLASSES)
    assert Pictures(x, y, CLASSES).inputs == 64
