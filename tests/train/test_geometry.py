"""Shapes whose size, agreement and bends are known."""

from __future__ import annotations

import math

import pytest
import torch

from lilliput.models import create_model
from lilliput.models.vcnet import VCNet
from lilliput.train.geometry import (
    alignment,
    curvature,
    geometry,
    intrinsic_dimension,
    moved,
    participation_ratio,
    probe_matrix,
)


def normal(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def test_a_line_fills_one_direction_and_a_ball_all() -> None:
    line = normal(200, 1) * normal(1, 30)
    assert participation_ratio(line) == pytest.approx(1.0)
    assert participation_ratio(normal(20000, 8)) == pytest.approx(8.0, rel=0.01)
    spread = normal(20000, 2) * torch.tensor([3.0, 1.0])
    assert participation_ratio(spread) == pytest.approx(100 / 82, rel=0.02)  # (9 + 1)² / (81 + 1)


def test_directions_are_the_same_by_items_as_by_numbers() -> None:
    wide = normal(20, 30)
    centred = wide.double() - wide.double().mean(0)
    values = torch.linalg.svdvals(centred).square()
    assert participation_ratio(wide) == pytest.approx(float(values.sum() ** 2 / values.square().sum()))
    assert participation_ratio(wide.reshape(20, 2, 3, 5)) == pytest.approx(participation_ratio(wide))
    assert participation_ratio(torch.ones(5, 3)) == 0.0


@pytest.mark.parametrize("dimension", [1, 2, 5])
def test_a_bent_sheet_has_its_own_dimension(dimension: int) -> None:
    flat = torch.rand(2000, dimension, generator=torch.Generator().manual_seed(0))
    bent = torch.cat([torch.sin(2 * flat), torch.cos(2 * flat), flat.square()], 1)
    assert intrinsic_dimension(bent) == pytest.approx(dimension, rel=0.12)
    assert intrinsic_dimension(torch.cat([bent, bent[:100]])) == pytest.approx(intrinsic_dimension(bent))


def test_alignment_does_not_see_directions_and_units() -> None:
    x = normal(100, 12)
    turn = torch.linalg.qr(normal(12, 12, seed=1)).Q
    assert alignment(x, 7 * x @ turn + 3) == pytest.approx(1.0, abs=1e-5)
    assert alignment(x, x.reshape(100, 3, 2, 2)) == pytest.approx(1.0)
    stretched = x * torch.tensor([10.0, *[1.0] * 11])
    assert 0.2 < alignment(x, stretched) < 0.6


def test_areas_with_nothing_in_common_are_not_aligned_even_with_few_items() -> None:
    x, y = normal(40, 500), normal(40, 500, seed=1)
    assert abs(alignment(x, y)) < 0.1
    gram, other = ((z - z.mean(0)) @ (z - z.mean(0)).T for z in (x, y))
    assert (gram * other).sum() / gram.norm() / other.norm() > 0.8, "which the plain estimate would call alike"


def test_angles_between_steps_are_those_of_the_path() -> None:
    corner = [torch.tensor([[0.0, 0.0]]), torch.tensor([[1.0, 0.0]]), torch.tensor([[1.0, 2.0]])]
    assert curvature(corner).tolist() == [[pytest.approx(90.0)]]
    straight = [torch.full((3, 4), float(t)) for t in range(4)]
    assert curvature(straight).shape == (2, 3)
    assert curvature(straight).abs().max() < 1e-6
    back = [torch.zeros(1, 4), torch.ones(1, 4), torch.zeros(1, 4)]
    assert float(curvature(back)) == pytest.approx(180.0)
    assert math.isnan(float(curvature([torch.zeros(1, 4)] * 3)))


def test_pictures_move_where_their_class_says() -> None:
    x = torch.rand(60, 2, 8, 8)
    pictures, pose = moved(x, by=2)
    assert sorted(set(pose.tolist())) == list(range(9))
    for picture, before, n in zip(pictures, x, pose.tolist(), strict=True):
        down, across = 2 * (n // 3 - 1), 2 * (n % 3 - 1)
        assert torch.equal(picture[:, 2:6, 2:6], before[:, 2 + down : 6 + down, 2 + across : 6 + across])
    assert torch.equal(moved(x, by=2)[0], pictures)


def test_probes_tell_what_is_in_a_code_and_nothing_else() -> None:
    kind, place = torch.arange(600) % 3, (torch.arange(600) // 3) % 4
    codes = {"what": torch.eye(3)[kind] + 0.1 * normal(600, 3), "where": torch.eye(4)[place] + 0.1 * normal(600, 4)}
    told = probe_matrix(codes, {"class": kind, "place": place})
    assert told["class", "what"] == told["place", "where"] == 1.0
    assert told["class", "where"] < 0.45
    assert told["place", "what"] < 0.4


def test_a_network_is_described_in_all_its_areas() -> None:
    torch.manual_seed(0)
    net = create_model("vcnet_micro", height=16, width=16)
    assert isinstance(net, VCNet)
    x, y = torch.rand(160, 1, 16, 16), torch.arange(160) % 4
    found = geometry(net, x, y, steps=3, by=2)
    assert list(found.participation) == list(found.dimension) == ["V1", "V1m", "V2", "V2m", "V4", "MT", "IT"]
    assert all(1 <= value < 160 for value in found.participation.values())
    assert len(found.alignment) == 21
    assert all(0 < angle < 180 for angle in found.curvature.values())
    assert all(share > 0 for share in found.travelled.values())
    assert set(found.probes) == {(t, c) for t in ("class", "place") for c in ("what", "where")}
    still = geometry(net, x, y, steps=0, by=2)
    assert still.curvature == {}
    assert set(still.travelled.values()) == {0.0}


def test_too_few_items_are_refused() -> None:
    with pytest.raises(ValueError, match=r"at least 2 items of numbers are needed, \(N, …\), got \(1, 3\)"):
        participation_ratio(torch.zeros(1, 3))
    with pytest.raises(ValueError, match="three different items at least, got 1"):
        intrinsic_dimension(torch.zeros(9, 3))
    with pytest.raises(ValueError, match="the same items, got 5 and 6"):
        alignment(torch.zeros(5, 3), torch.zeros(6, 3))
    with pytest.raises(ValueError, match="three states at least, got 2"):
        curvature([torch.zeros(5, 3)] * 2)
    with pytest.raises(ValueError, match="leave items on both sides, got 0 of 8"):
        probe_matrix({"a": torch.zeros(8, 2)}, {"b": torch.zeros(8, dtype=torch.int64)}, held=0)
