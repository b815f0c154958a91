from __future__ import annotations

import numpy as np
import pytest

from lilliput.core.errors import BadSetting
from lilliput.train import augment
from lilliput.train.augment import FEATURES, IMAGES, SIGNALS, apply, changes_of

SOUND = (1000 * np.sin(np.arange(800) / 5)).astype(np.int16)
IMAGE = np.arange(16 * 16 * 3, dtype=np.uint8).reshape(16, 16, 3)
JOINTS = np.random.default_rng(0).integers(-900, 900, (16, 12)).astype(np.int16)
ITEMS = {
    **dict.fromkeys(SIGNALS, SOUND),
    "turn": JOINTS,
    **dict.fromkeys(IMAGES, IMAGE),
    **dict.fromkeys(FEATURES, np.ones((49, 20, 1), "f4")),
}


def _rng(seed: int) -> np.random.Generator:
    return np.random.default_rng((0, 0, seed))


@pytest.mark.parametrize("name", [*SIGNALS, *IMAGES, *FEATURES])
class TestEveryChange:
    def test_shape_and_type_stay(self, name: str) -> None:
        x = ITEMS[name]
        y = ({**SIGNALS, **IMAGES, **FEATURES})[name](x, _rng(1))
        assert (y.shape, y.dtype) == (x.shape, x.dtype)

    def test_chance_comes_from_the_generator_alone(self, name: str) -> None:
        x = np.random.default_rng(5).standard_normal((49, 20, 1)).astype("f4") if name == "specaugment" else ITEMS[name]
        change = ({**SIGNALS, **IMAGES, **FEATURES})[name]
        results = [change(x, _rng(seed)) for seed in range(16)]
        again = [change(x, _rng(seed)) for seed in range(16)]
        assert all(np.array_equal(a, b) for a, b in zip(results, again, strict=True))
        assert any(not np.array_equal(results[0], other) for other in results[1:])

    def test_the_item_itself_is_left_alone(self, name: str) -> None:
        before = ITEMS[name].copy()
        ({**SIGNALS, **IMAGES, **FEATURES})[name](ITEMS[name], _rng(2))
        assert np.array_equal(ITEMS[name], before)


def test_a_turned_body_keeps_its_height_and_its_form() -> None:
    bodies = JOINTS.reshape(16, 4, 3).astype(float)
    turned = augment.turn(JOINTS, _rng(3)).reshape(16, 4, 3).astype(float)
    sizes = np.linalg.norm(turned[:, 1:] - turned[:, :1], axis=2) / np.linalg.norm(
        bodies[:, 1:] - bodies[:, :1], axis=2
    )
    assert sizes.std() < 0.02
    assert abs(sizes.mean() - 1) <= augment.SIZE
    np.testing.assert_allclose(turned[..., 1], bodies[..., 1] * sizes.mean(), atol=3)
    assert np.abs(turned[..., 0] - bodies[..., 0]).max() > 20


def test_what_is_no_body_cannot_be_turned() -> None:
    with pytest.raises(BadSetting, match=r"train.augment has 'turn'\n  why: it turns joints of three coordinates each"):
        changes_of(["turn"], SOUND)


def test_a_shift_moves_and_fills_with_silence() -> None:
    x = np.arange(1, 101, dtype=np.int16)
    for seed in range(20):
        y = augment.shift(x, _rng(seed))
        heard = y[y != 0]
        assert len(heard) >= 90
        assert np.array_equal(np.diff(heard), np.ones(len(heard) - 1))


def test_gain_clips_at_the_converters_limits() -> None:
    loud = np.array([30000, -30000], np.int16)
    results = np.stack([augment.gain(loud, _rng(seed)) for seed in range(20)])
    assert results.max() == 32767
    assert results.min() == -32768
    assert abs(results[:, 0]).min() >= 30000 / 10**0.6 - 1


def test_noise_keeps_its_distance_to_the_level() -> None:
    level = np.sqrt(np.mean(SOUND.astype(float) ** 2))
    for seed in range(20):
        added = augment.noise(SOUND, _rng(seed)).astype(float) - SOUND
        below = 20 * np.log10(level / np.sqrt(np.mean(added**2)))
        assert 9 < below < 41
    silence = np.zeros(100, np.int16)
    assert not augment.noise(silence, _rng(0)).any()


def test_speed_changes_tempo_and_pitch_together() -> None:
    tone = np.sin(2 * np.pi * 50 * np.arange(1000) / 1000).astype(np.float32)
    heard = [np.abs(np.fft.rfft(augment.speed(tone, _rng(seed)))).argmax() for seed in range(30)]
    assert 42 <= min(heard) < 47
    assert 53 < max(heard) <= 58


def test_speed_treats_each_axis_of_a_sensor_alike() -> None:
    three = np.stack([SOUND[:90]] * 3, axis=1)
    y = augment.speed(three, _rng(3))
    assert np.array_equal(y[:, 0], y[:, 2])
    assert not np.array_equal(y, three)


def test_flip_mirrors_left_and_right() -> None:
    results = [augment.flip(IMAGE, _rng(seed)) for seed in range(10)]
    mirrored = [np.array_equal(y, IMAGE[:, ::-1]) for y in results]
    assert 0 < sum(mirrored) < 10
    assert all(m or np.array_equal(y, IMAGE) for m, y in zip(mirrored, results, strict=True))


def test_crop_shows_a_moved_window() -> None:
    y = augment.crop(IMAGE, _rng(4))
    found = any(np.array_equal(y[4:12, 4:12], IMAGE[4 + dy : 12 + dy, 4 + dx : 12 + dx])
                for dy in range(-2, 3) for dx in range(-2, 3))  # fmt: skip
    assert found


def test_masks_cover_whole_frames_and_bands_with_the_mean() -> None:
    x = np.random.default_rng(0).standard_normal((49, 20, 1)).astype(np.float32)
    changed = np.stack([augment.specaugment(x, _rng(seed)) for seed in range(20)]) != x
    assert 0.02 < changed.mean() < 0.5
    one = augment.specaugment(x, _rng(0))
    assert np.allclose(one[one != x], x.mean())
    frames, bands = (one != x)[..., 0].all(1), (one != x)[..., 0].all(0)
    assert np.array_equal((one != x)[..., 0], frames[:, None] | bands[None, :])


def test_names_are_sorted_into_raw_and_feature_changes() -> None:
    raw, features = changes_of(["specaugment", "noise", "speed"], SOUND)
    assert raw == [augment.speed, augment.noise]
    assert features == [augment.specaugment]
    assert len(apply(raw, SOUND, _rng(0))) == len(SOUND)


def test_a_change_for_other_items_is_refused() -> None:
    with pytest.raises(
        BadSetting,
        match=r"'speed'\n  why: speed is for signals\n  fix: .* flip, crop, .*rand-m9-mstd0.5-inc1, specaugment",
    ):
        changes_of(["speed"], IMAGE)


def test_an_unknown_change_lists_the_names() -> None:
    with pytest.raises(BadSetting, match=r"'echo'\n  fix: the names for signals are speed, shift, gain, noise"):
        changes_of(["echo"], SOUND)


def test_a_resized_crop_shows_a_part_at_the_size_of_the_whole() -> None:
    x = np.tile(np.linspace(0, 250, 64).astype(np.uint8), (64, 1))
    spans = []
    for seed in range(60):
        y = augment.resized_crop(x, _rng(seed)).astype(int)
        assert (np.diff(y, axis=1) >= 0).all()
        spans.append((y[:, -1].mean() - y[:, 0].mean()) / 250)
    assert 0.75 < min(spans) < 0.85
    assert 0.97 < max(spans) <= 1.0
    small = [np.ptp(augment.small_crop(x, _rng(seed)).astype(int)) / 250 for seed in range(60)]
    assert min(small) < 0.45


def test_a_box_is_erased_every_fourth_time() -> None:
    x = np.full((32, 32, 3), 9.0, np.float32)
    changed = [augment.erase(x, _rng(seed)) != x for seed in range(400)]
    boxes = [c for c in changed if c.any()]
    assert len(boxes) / 400 == pytest.approx(0.25, abs=0.06)
    for box in boxes:
        rows, columns = box[..., 0].any(1), box[..., 0].any(0)
        assert np.array_equal(box, np.broadcast_to((rows[:, None] & columns)[..., None], box.shape))
        assert 0.015 < box.mean() < 0.36
    noise = np.concatenate([augment.erase(x, _rng(s))[c] for s, c in zip(range(400), changed, strict=True) if c.any()])
    assert (noise.mean(), noise.std()) == (pytest.approx(0, abs=0.03), pytest.approx(1, abs=0.03))


def test_rand_augment_is_named_with_its_numbers() -> None:
    raw, features = changes_of(["erase", "rand-m9-mstd0.5-inc1", "flip"], IMAGE)
    assert [raw[0], len(raw), features] == [augment.flip, 2, [augment.erase]]
    with pytest.raises(BadSetting, match="'m99'"):
        changes_of(["rand-m99"], IMAGE)
    with pytest.raises(BadSetting, match="why: rand-m9 is for images"):
        changes_of(["rand-m9"], SOUND)
