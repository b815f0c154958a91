"""One layer that reads when inputs fire."""

from __future__ import annotations

from dataclasses import replace

import torch

from lilliput.spiking.networks.spike_times import (
    ReSuMeSettings,
    TempotronSettings,
    learn_resume,
    learn_tempotrons,
)
from tests.spiking.networks.digits import CLASSES, accuracy, digits

TEMPOTRON = TempotronSettings(epochs=6, each=3)
RESUME = ReSuMeSettings(epochs=6)


def test_tempotrons_learn_digits_by_latency() -> None:
    x, y = digits("train")
    net = learn_tempotrons(x, y, CLASSES, TEMPOTRON, 0)
    assert accuracy(net) > 0.8
    assert accuracy(learn_tempotrons(x, y, CLASSES, replace(TEMPOTRON, epochs=0), 0)) < 0.3
    # The first few spikes, those of the brightest pixels, say less.
    assert 0.3 < accuracy(net, 4) < accuracy(net) - 0.1


def test_the_potential_step_by_step_is_the_sum_of_kernels() -> None:
    net = learn_tempotrons(*digits("train", 64), CLASSES, replace(TEMPOTRON, epochs=1), 0)
    x = digits("test")[0][:20]
    spikes = net.encode(x)
    assert bool((spikes.sum(0) <= 1).all())
    # The potential after the last step counts too; a spike raises it a step later, at first.
    kernel = net.rule.kernel(torch.arange(net.steps + 1, dtype=torch.float32))
    current = torch.nn.functional.pad(net.inputs(spikes), (0, 0, 0, 0, 0, 1))
    v = torch.stack([
        torch.einsum("t,tbo->bo", kernel[: t + 1].flip(0), current[: t + 1]) for t in range(net.steps + 1)
    ])  # fmt: skip
    highest = torch.maximum(v.max(0).values, torch.zeros(()))
    assert torch.allclose(net.answer(x, net.steps), highest.reshape(20, CLASSES, -1).mean(2), atol=1e-4)


def test_resume_learns_digits_by_latency_and_who_fires() -> None:
    x, y = digits("train")
    net = learn_resume(x, y, CLASSES, RESUME, 0)
    assert accuracy(net) > 0.6
    assert accuracy(learn_resume(x, y, CLASSES, replace(RESUME, epochs=0), 0)) < 0.3
    shown, truth = digits("test")
    counts = net.answer(shown, net.steps)
    right = counts.gather(1, truth.unsqueeze(1)).mean()
    assert float(right) > 3 * float(counts.mean())
