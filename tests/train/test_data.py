from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from lilliput.core.errors import BadSetting
from lilliput.train.data import Features, Resized, Tensors


@dataclass
class _Split:
    x: NDArray[Any]
    y: NDArray[Any]


class _Halves:
    """A front end of two bands: sums of the halves of each frame of ten samples."""

    def __init__(self) -> None:
        self.calls = 0

    def integer(self, raw: NDArray[Any]) -> NDArray[np.int8]:
        self.calls += 1
        sums = raw.reshape(len(raw), -1, 2, 5).mean(3)
        return np.clip(np.rint(sums / 100), -128, 127).astype(np.int8)[..., None]

    def dequantise(self, q: NDArray[np.int8]) -> NDArray[np.float32]:
        return q.astype(np.float32) / 2


def _split(items: int = 600) -> _Split:
    rng = np.random.default_rng(0)
    return _Split(rng.integers(-9000, 9000, (items, 80)).astype(np.int16), rng.integers(0, 3, items))


def test_items_come_as_channels_first_in_the_order_asked_for() -> None:
    split, front = _split(), _Halves()
    x, y = Features(split, front).batch(np.array([599, 2]), epoch=0)
    expected = front.dequantise(front.integer(split.x[[599, 2]])).transpose(0, 3, 1, 2)
    assert x.shape == (2, 1, 8, 2)
    assert np.array_equal(x.numpy(), expected)
    assert y.tolist() == split.y[[599, 2]].tolist()
    assert (x.dtype, y.dtype) == (torch.float32, torch.int64)


def test_without_changes_the_front_end_runs_once() -> None:
    front = _Halves()
    source = Features(_split(), front)
    first, _ = source.batch(np.arange(5), epoch=0)
    calls = front.calls
    second, _ = source.batch(np.arange(5), epoch=7)
    assert front.calls == calls
    assert torch.equal(first, second)


@pytest.mark.parametrize("names", [["speed"], ["noise", "specaugment"], ["specaugment"]])
def test_an_item_depends_on_seed_epoch_and_number_only(names: list[str]) -> None:
    split = _split()
    x, _ = Features(split, _Halves(), augment=names, seed=3).batch(np.array([4, 9, 1]), epoch=2)
    alone, _ = Features(split, _Halves(), augment=names, seed=3).batch(np.array([9]), epoch=2)
    later, _ = Features(split, _Halves(), augment=names, seed=3).batch(np.arange(50), epoch=3)
    other, _ = Features(split, _Halves(), augment=names, seed=4).batch(np.arange(50), epoch=2)
    same, _ = Features(split, _Halves(), augment=names, seed=3).batch(np.arange(50), epoch=2)
    assert torch.equal(alone[0], x[1])
    assert not torch.equal(later, same)
    assert not torch.equal(other, same)


def test_a_flat_network_gets_flat_items() -> None:
    x, _ = Features(_split(), _Halves(), shape=(16,)).batch(np.arange(3), epoch=0)
    assert x.shape == (3, 16)


def test_unknown_changes_are_refused_before_training() -> None:
    with pytest.raises(BadSetting, match=r"train\.augment has 'flip'"):
        Features(_split(), _Halves(), augment=["flip"])


def test_tensors_must_have_as_many_targets() -> None:
    with pytest.raises(ValueError, match=r"`x` \(3, 2\) and `y` \(2,\)"):
        Tensors(torch.zeros(3, 2), torch.zeros(2))


def test_items_at_another_resolution_are_smoothed_first() -> None:
    stripes = torch.zeros(2, 1, 32, 32)
    stripes[..., ::2] = 1.0
    source = Tensors(stripes, torch.tensor([0, 1]))
    small, y = Resized(source, (8, 12)).batch(np.arange(2), 0)
    assert small.shape == (2, 1, 8, 12)
    assert (small[..., 2:-2] - 0.5).abs().max() < 0.1, "stripes finer than the new pixels are grey"
    assert y.tolist() == [0, 1]
    same, _ = Resized(source, (32, 32)).batch(np.arange(2), 0)
    assert torch.equal(same, stripes)
