"""The recipe of VCNet: figures for every change of pictures, by step, and networks of the same size."""

from __future__ import annotations

from pathlib import Path

import pytest

from lilliput.papers import Context
from lilliput.papers.vcnet import METHODS, Settings, run


@pytest.mark.parametrize("method", METHODS)
def test_small_runs(method: str, tmp_path: Path) -> None:
    settings = Settings(side=16, epochs=1, batch_size=128, tested=64)
    result = run(Context(paper="vcnet", scale="smoke", method=method, seed=0, settings=settings, folder=tmp_path))
    rows = {(row.name, row.split): row.value for row in result.rows}
    assert {"test", "noise 0.1", "noise 0.2", "occlusion 0.4", "fgsm 2/255", "pgd 2/255"} <= {
        split for name, split in rows if name == "accuracy"
    }
    assert rows["accuracy", "pgd 2/255"] <= rows["accuracy", "test"] + 0.1
    if method == "feedback":
        assert rows["prediction error of V1", "after 1 steps"] < rows["prediction error of V1", "after 0 steps"]
        assert ("accuracy", "after 4 steps") in rows
    if method == "student":
        assert result.measured == {"baseline.params": 66_570}
