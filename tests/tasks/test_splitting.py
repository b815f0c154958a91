"""Items keep their place by name."""

from __future__ import annotations

import numpy as np
import pytest

from lilliput.tasks.splitting import split_groups, split_items


def test_shares_are_65_15_20() -> None:
    y = np.repeat([0, 1], 3000)
    split = split_items([f"item {i}" for i in range(6000)], y)
    np.testing.assert_allclose(np.bincount(split) / 6000, [0.65, 0.15, 0.2], atol=0.02)


def test_adding_items_moves_no_other() -> None:
    names = [f"yes/{i}.wav" for i in range(400)]
    before = split_items(names[:300], np.zeros(300, np.int64))
    after = split_items(names[::-1], np.zeros(400, np.int64))[::-1]
    np.testing.assert_array_equal(before, after[:300])


@pytest.mark.parametrize("count", [3, 4, 5, 9])
def test_even_a_small_class_is_in_every_part(count: int) -> None:
    for start in range(200):
        names = [f"{start}-{i}" for i in range(count)]
        assert set(split_items(names, np.zeros(count, np.int64))) == {0, 1, 2}


def test_no_group_is_in_two_parts() -> None:
    groups = [f"person {i % 11}" for i in range(500)]
    split = split_groups(groups)
    assert set(split) == {0, 1, 2}
    assert all(len({s for s, g in zip(split, groups, strict=True) if g == name}) == 1 for name in set(groups))


def test_two_groups_are_too_few() -> None:
    with pytest.raises(ValueError, match=r"three groups are needed for three parts, got \['a', 'b'\]"):
        split_groups(["a", "b", "a"])
