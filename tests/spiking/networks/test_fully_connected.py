"""Networks taught by local errors: they learn, one picture at a time as well, and keep no graph."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from lilliput.spiking.networks.fully_connected import (
    BPSTDPSettings,
    RandomFeedbackSettings,
    learn_bp_stdp,
    learn_random_feedback,
)
from lilliput.spiking.rules.random_feedback import Feedback
from tests.spiking.networks.digits import CLASSES, accuracy, digits

BP_STDP = BPSTDPSettings(hidden=64, epochs=3)
RANDOM = RandomFeedbackSettings(hidden=64, epochs=4)


def test_bp_stdp_learns_digits() -> None:
    x, y = digits("train")
    net = learn_bp_stdp(x, y, CLASSES, BP_STDP, 0)
    assert accuracy(net) > 0.85
    assert accuracy(net, 4) < accuracy(net)
    assert accuracy(learn_bp_stdp(x, y, CLASSES, replace(BP_STDP, epochs=0), 0)) < 0.3
    assert not any(weight.requires_grad for weight in net.weights)


@pytest.mark.parametrize("feedback", ["random", "symmetric"])
def test_random_feedback_learns_digits(feedback: Feedback) -> None:
    x, y = digits("train")
    settings = replace(RANDOM, feedback=feedback)
    net = learn_random_feedback(x, y, CLASSES, settings, 0)
    assert accuracy(net) > 0.7
    first = learn_random_feedback(x, y, CLASSES, replace(settings, epochs=0), 0)
    assert accuracy(first) < 0.3
    assert not torch.equal(first.weights[0], net.weights[0])


def test_the_hidden_layer_matters() -> None:
    x, y = digits("train")
    net = learn_bp_stdp(x, y, CLASSES, BP_STDP, 0)
    net.weights[0].copy_(net.weights[0][torch.randperm(64, generator=torch.Generator().manual_seed(0))])
    assert accuracy(net) < 0.5


def test_one_picture_at_a_time_is_enough() -> None:
    x, y = digits("train", 500)
    net = learn_bp_stdp(x, y, CLASSES, replace(BP_STDP, epochs=1, batch=1, rate=0.005), 0)
    assert accuracy(net) > 0.7
