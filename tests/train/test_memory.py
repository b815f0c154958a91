"""One step's memory, for networks whose answer is known."""

from __future__ import annotations

import pytest

from lilliput.core.errors import BadSetting
from lilliput.train.memory import measure_step


def test_a_column_more_takes_its_four_maps() -> None:
    few, many = (measure_step("revcol_nano", columns=n, batch=2) for n in (2, 6))
    maps = 2 * 4 * (16 * 16 * 16 + 32 * 8 * 8 + 64 * 4 * 4 + 128 * 2 * 2)
    assert (many.kept_bytes - few.kept_bytes) / 4 == pytest.approx(maps, rel=0.02)
    assert many.peak_bytes >= many.kept_bytes
    assert many.seconds > 0
    assert many.config["columns"] == 6


def test_plain_training_keeps_more() -> None:
    plain, ours = (measure_step("revcol_nano", columns=4, batch=2, memory=way) for way in ("plain", "anchored"))
    assert plain.kept_bytes > 5 * ours.kept_bytes


def test_any_network_can_be_asked() -> None:
    assert measure_step("resnet8", batch=2).kept_bytes > 0
    with pytest.raises(BadSetting):
        measure_step("resnet8", columns=2)
