"""The student of SPOTS-10: its published size."""

from __future__ import annotations

import torch

from lilliput.models import create_model
from lilliput.models.cost import count_params


def test_parameters_are_the_published_ones() -> None:
    assert count_params(create_model("spots_student")).trainable == 66_570
    assert create_model("spots_student").eval()(torch.rand(2, 3, 32, 32)).shape == (2, 10)
