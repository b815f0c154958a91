"""Networks without weights have the shapes of those with them."""

from __future__ import annotations

import torch

from lilliput.models import create_model
from lilliput.models.cost import count_macs
from lilliput.models.shapes import shapes_only


def test_shapes_are_those_of_the_network_and_nothing_is_drawn() -> None:
    torch.manual_seed(0)
    before = torch.get_rng_state()
    with shapes_only():
        hollow = create_model("efficientnet_b0", height=32, width=32)
    assert torch.equal(torch.get_rng_state(), before)
    whole = create_model("efficientnet_b0", height=32, width=32)
    assert {p.device.type for p in hollow.parameters()} == {"meta"}
    assert [p.shape for p in hollow.parameters()] == [p.shape for p in whole.parameters()]
    assert count_macs(hollow, (3, 32, 32)) == count_macs(whole, (3, 32, 32))
    assert any(p.std() > 0 for p in whole.parameters() if p.ndim > 1)
