from __future__ import annotations

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
