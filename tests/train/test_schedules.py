from __future__ import annotations

import math

import pytest

from lilliput.train.schedules import learning_rate
from lilliput.train.settings import TrainSettings


def test_cosine_rises_over_the_warm_up_then_falls_to_zero() -> None:
    settings = TrainSettings(epochs=3, lr=1.0, schedule="cosine", warmup_epochs=1)
    rates = [learning_rate(settings, step, 4) for step in range(13)]
    assert rates[:4] == [0.25, 0.5, 0.75, 1.0]
    assert rates[4] == 1.0
    assert rates[8] == pytest.approx(0.5)
    assert rates[12] == pytest.approx(0.0)
    assert sorted(rates[4:], reverse=True) == rates[4:]


def test_steps_multiply_the_rate() -> None:
    settings = TrainSettings(epochs=9, lr=1.0, schedule="step", warmup_epochs=0, step_epochs=3, step_factor=0.1)
    assert [learning_rate(settings, epoch * 2, 2) for epoch in (0, 2, 3, 6)] == pytest.approx([1, 1, 0.1, 0.01])


def test_constant_stays() -> None:
    settings = TrainSettings(epochs=2, lr=0.5, schedule="constant", warmup_epochs=0)
    assert {learning_rate(settings, step, 5) for step in range(10)} == {0.5}


def _by_epoch(settings: TrainSettings, epochs: list[int]) -> list[float]:
    """At the first and at the last step of each epoch, which are the same."""
    rates = [learning_rate(settings, epoch * 7, 7) for epoch in epochs]
    assert rates == [learning_rate(settings, epoch * 7 + 6, 7) for epoch in epochs]
    return rates


def test_the_published_full_training_of_compact_transformers() -> None:
    settings = TrainSettings(
        epochs=310, lr=5.5e-4, lr_every="epoch", cosine_from="start", min_lr=1e-5, warmup_epochs=10, warmup_lr=1e-5,
        cooldown_epochs=10,
    )  # fmt: skip
    table = {
        0: 1e-5,
        1: 6.4e-5,
        5: 2.8e-4,
        9: 4.96e-4,
        10: 1e-5 + 2.7e-4 * (1 + math.cos(math.pi / 30)),  # of the 300 epochs, not of those behind the warm-up
        100: 1e-5 + 2.7e-4 * 1.5,
        150: 2.8e-4,
        200: 1e-5 + 2.7e-4 * 0.5,
        300: 1e-5,
        309: 1e-5,
    }
    assert _by_epoch(settings, list(table)) == pytest.approx(list(table.values()))


def test_the_published_bare_training_of_compact_transformers() -> None:
    settings = TrainSettings(epochs=200, lr=5e-4, lr_every="epoch", warmup="inverse", warmup_epochs=5)
    table = {
        0: 1e-4,
        1: 1.25e-4,
        2: 5e-4 / 3,
        3: 2.5e-4,
        4: 5e-4,
        5: 5e-4,
        70: 2.5e-4 * 1.5,
        102: 2.5e-4 * (1 + math.cos(math.pi * 97 / 195)),
        135: 2.5e-4 * 0.5,
        199: 2.5e-4 * (1 + math.cos(math.pi * 194 / 195)),
    }
    assert _by_epoch(settings, list(table)) == pytest.approx(list(table.values()))


def test_step_by_step_the_warm_up_starts_above_its_lowest() -> None:
    settings = TrainSettings(epochs=3, lr=1.0, warmup_lr=0.2, min_lr=0.1, warmup_epochs=1, cooldown_epochs=1)
    rates = [learning_rate(settings, step, 4) for step in range(12)]
    assert rates[:4] == pytest.approx([0.4, 0.6, 0.8, 1.0])
    assert rates[4:8] == pytest.approx([1.0, 0.1 + 0.45 * (1 + 0.5**0.5), 0.55, 0.1 + 0.45 * (1 - 0.5**0.5)])
    assert rates[8:] == pytest.approx([0.1] * 4)


def test_an_inverse_warm_up_step_by_step_ends_at_the_rate() -> None:
    settings = TrainSettings(epochs=9, lr=1.0, warmup="inverse", warmup_epochs=2)
    assert [learning_rate(settings, step, 2) for step in range(4)] == pytest.approx([0.5, 2 / 3, 1.0, 1.0])
