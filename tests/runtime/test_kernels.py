"""The C of every operator without weights against its integer reference, under sanitizers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.runtime.cases import CASES, side_by_side
from tests.runtime.harness import MVE, PORTABLE, assert_c_equals_reference


@pytest.mark.parametrize("op", sorted(CASES))
def test_c_equals_the_reference(tmp_path: Path, op: str) -> None:
    made = assert_c_equals_reference(side_by_side(CASES[op]), tmp_path, rows=24, targets=(PORTABLE, MVE))
    assert len(np.unique(made)) >= 3
