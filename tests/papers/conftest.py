"""What tests of several recipes share."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lilliput.tasks import get_task


@pytest.fixture(scope="session")
def few_pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """1 500 of the bundled pictures: 1 200 to learn from, 100 to choose by, 200 of the data set's own test part."""
    splits = get_task("fashion").load()
    x, y = (np.concatenate([getattr(splits["train"], k)[:1300], getattr(splits["test"], k)[:200]]) for k in "xy")
    path = tmp_path_factory.mktemp("fashion") / "pictures.npz"
    np.savez(path, x=x, y=y, split=np.repeat([0, 1, 2], [1200, 100, 200]))
    return path
