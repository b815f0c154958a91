"""AutoAugment's policy and RandAugment: what they are made of, that chance comes from the generator, and bad names."""

from __future__ import annotations

import numpy as np
import pytest

from lilliput.core.errors import BadSetting
from lilliput.train import pictures, policies
from lilliput.train.policies import CIFAR10, autoaugment, is_rand_augment, rand_augment

X = np.random.default_rng(0).integers(0, 256, (16, 16, 3)).astype(np.uint8)


def _rng(seed: int) -> np.random.Generator:
    return np.random.default_rng((0, 0, seed))


def _called(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, tuple[float, ...]]]:
    """Every change of a picture that is made from here on, with its amounts."""
    calls: list[tuple[str, tuple[float, ...]]] = []
    for name in {move.name for pair in CIFAR10 for move in pair} | set(policies._RAND):
        monkeypatch.setattr(pictures, name, lambda x, *amounts, name=name: calls.append((name, amounts)) or x)
    return calls


def test_there_are_25_sub_policies_of_two_changes() -> None:
    assert len(CIFAR10) == 25
    for pair in CIFAR10:
        for move in pair:
            assert 0 <= move.probability <= 1
            assert 0 <= move.level <= 9
            assert callable(getattr(pictures, move.name))


def test_every_sub_policy_is_chosen_equally_often(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = _called(monkeypatch)
    rng = _rng(0)
    for _ in range(4000):
        autoaugment(X, rng)
    expected = {move.name: 0.0 for pair in CIFAR10 for move in pair}
    for pair in CIFAR10:
        for move in pair:
            expected[move.name] += 4000 / 25 * move.probability
    counts = {name: sum(called == name for called, _ in calls) for name in expected}
    for name, count in expected.items():
        assert abs(counts[name] - count) < 5 * (count + 1) ** 0.5, name


def test_magnitudes_of_the_policy_are_the_published_ranges(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = _called(monkeypatch)
    for name, share, largest in (
        ("rotate", 1.0, 30.0), ("shear_y", 1.0, 0.3), ("translate_x", 1.0, 150 / 331), ("posterize", 1.0, 4),
        ("posterize", 0.0, 8), ("solarize", 0.0, 256), ("solarize", 1.0, 0),
    ):  # fmt: skip
        policies._policy_change(X, name, share, _rng(1))
        assert calls[-1][0] == name
        assert abs(calls[-1][1][0]) == pytest.approx(largest)
    factors = set()
    for seed in range(20):
        policies._policy_change(X, "color", 1.0, _rng(seed))
        factors.add(round(calls[-1][1][0], 6))
    assert factors == {0.1, 1.9}


def test_rand_augment_at_its_largest_magnitude(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = _called(monkeypatch)
    seen: dict[str, set[float]] = {}
    change, rng = rand_augment("rand-m10-p1-n16-inc1"), _rng(0)
    for _ in range(40):
        change(X, rng)
    for name, amounts in calls:
        seen.setdefault(name, set()).update(round(amount, 6) for amount in amounts)
    assert set(seen) == set(policies._RAND)
    assert seen["rotate"] == {-30.0, 30.0}
    assert seen["shear_x"] == {-0.3, 0.3}
    assert seen["translate_y"] == {-0.45, 0.45}
    assert seen["brightness"] == {0.1, 1.9}
    assert seen["posterize"] == {0.0}
    assert seen["solarize"] == {0.0}
    assert seen["solarize_add"] == {110.0}


def test_the_changes_of_rand_augment_grow_with_its_magnitude(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = _called(monkeypatch)
    for name, unchanged in (("rotate", 0), ("color", 1), ("solarize", 256), ("posterize", 4), ("solarize_add", 0)):
        amounts = []
        for share in (0.0, 0.5, 1.0):
            policies._rand_change(X, name, share, _rng(3))
            amounts.append(abs(calls[-1][1][0] - unchanged))
        assert amounts == sorted(amounts), name
        assert amounts[0] == 0, name
        assert amounts[2] > amounts[1] > 0, name


def test_two_changes_each_made_half_of_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = _called(monkeypatch)
    change, rng = rand_augment("rand-m9-mstd0.5-inc1"), _rng(0)
    for _ in range(1000):
        change(X, rng)
    assert 900 < len(calls) < 1100
    levels = [abs(amounts[0]) / 3 for name, amounts in calls if name == "rotate"]
    assert np.mean(levels) == pytest.approx(9, abs=0.2)
    assert 0.2 < np.std(levels) < 0.8
    assert max(levels) <= 10


@pytest.mark.parametrize("x", [X, X[..., 0], X[..., :1]], ids=["colour", "grey", "one channel"])
@pytest.mark.parametrize("change", [autoaugment, rand_augment("rand-m9-mstd0.5-inc1")], ids=["policy", "rand"])
def test_pictures_keep_shape_and_type_and_chance_is_the_generators(change, x) -> None:  # type: ignore[no-untyped-def]
    results = [change(x, _rng(seed)) for seed in range(30)]
    again = [change(x, _rng(seed)) for seed in range(30)]
    assert all(y.shape == x.shape and y.dtype == np.uint8 for y in results)
    assert all(np.array_equal(a, b) for a, b in zip(results, again, strict=True))
    assert sum(not np.array_equal(y, x) for y in results) > 15


@pytest.mark.parametrize(
    ("spec", "text"),
    [
        ("rand-m11", r"'m11'\n  why: m must be in \[0, 10\]"),
        ("rand-mstd", "'mstd' is no part of it\n  fix: rand-m9-mstd0.5-inc1"),
        ("rand-m9-inc0", r"'inc0'\n  why: inc must be in \[1, 1\]"),
        ("rand-n2.5", "'n2.5' is no part of it"),
        ("rand-m9 ", "'m9 ' is no part of it"),
    ],
)
def test_a_bad_name_says_which_part(spec: str, text: str) -> None:
    assert is_rand_augment(spec)
    with pytest.raises(BadSetting, match=text):
        rand_augment(spec)
