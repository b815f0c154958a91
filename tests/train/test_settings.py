from __future__ import annotations

import math
from typing import Any

import pytest

from lilliput.core.errors import BadSetting
from lilliput.train.settings import TrainSettings


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"lr": 0.0}, r"train\.lr = 0\.0"),
        ({"lr": math.nan}, r"train\.lr = nan"),
        ({"epochs": 0}, r"train\.epochs = 0\n  why: it must be in \[1, "),
        ({"label_smoothing": 1.0}, r"train\.label_smoothing = 1\.0"),
        ({"ema_decay": -0.1}, r"train\.ema_decay = -0\.1"),
        ({"seed": -1}, r"train\.seed = -1"),
        ({"schedule": "cosin"}, r"train\.schedule = 'cosin'\n  fix: one of cosine, step, constant"),
        ({"mix_probability": 1.5}, r"train\.mix_probability = 1\.5\n  why: it must be in \[0, 1\]"),
        ({"min_lr": 0.1}, r"train\.min_lr = 0\.1\n  why: it must be in \[0, 0\.003\]"),
        ({"cooldown_epochs": 5, "epochs": 5}, r"train\.cooldown_epochs = 5\n  why: it must be in \[0, 4\]"),
        ({"warmup": "cosine"}, r"train\.warmup = 'cosine'\n  fix: one of linear, inverse"),
        ({"loss": "mse", "cutmix_alpha": 0.2}, r"train\.cutmix_alpha = 0\.2\n  why: .* no classes"),
        ({"loss": "mse", "mixup_alpha": 0.2}, r"train\.mixup_alpha = 0\.2\n  why: .* no classes"),
    ],
)
def test_values_out_of_range_are_named(change: dict[str, Any], text: str) -> None:
    with pytest.raises(BadSetting, match=text):
        TrainSettings(**change)
