"""Affine: its value, its fit, and its two kernels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lilliput.features import Affine
from tests.features.build_kernel import SANITIZE, build, gcc, run, zig

RNG = np.random.default_rng(0)
PICTURES = RNG.normal((60, 130, 200), (20, 5, 70), (50, 6, 5, 3)).clip(0, 255).astype(np.uint8)
MOTION = RNG.normal((-900, 20.4, 300), (2000, 3, 9000), (40, 30, 3)).clip(-32768, 32767).astype(np.int16)
EVERY_U8 = np.resize(np.arange(256, dtype=np.uint8), (1, 16, 16))
EVERY_S16 = np.arange(-32768, 32768).astype(np.int16).reshape(1, -1, 1)

FRONTS = {
    "pictures": (Affine.fit(PICTURES), PICTURES),
    "grey": (Affine.fit(PICTURES[..., 0]), PICTURES[..., 0]),
    "motion": (Affine.fit(MOTION), MOTION),
    "identity": (Affine.identity_u8((16, 16)), EVERY_U8),
    "every int16": (Affine((65536, 1), "int16", (-32768.0,), (8000.0,), 0.03125, -128), EVERY_S16),
    "steep int16": (Affine((65536, 1), "int16", (12.7,), (0.01,), 0.03125, 3), EVERY_S16),
    "flat int16": (Affine((65536, 1), "int16", (0.3,), (1e9,), 1.0, 3), EVERY_S16),
}


@pytest.mark.parametrize(("front", "raw"), FRONTS.values(), ids=FRONTS.keys())
def test_value_is_the_rounded_real_one(front: Affine, raw: np.ndarray) -> None:
    real = (raw.astype(np.float64) - front.mean) / front.std / front.scale + front.zero_point
    made = front.integer(raw).reshape(raw.shape if raw.ndim > 3 else -1)
    expected = np.clip(np.round(real), -128, 127).reshape(made.shape)
    assert np.abs(made - expected).max() <= 1
    assert (made == expected).mean() > 0.99


@pytest.mark.parametrize(("front", "raw"), FRONTS.values(), ids=FRONTS.keys())
def test_sanitized_c_equals_the_definition(front: Affine, raw: np.ndarray, tmp_path: Path) -> None:
    limits = np.iinfo(raw.dtype)
    ends = np.stack([np.full(raw.shape[1:], v, raw.dtype) for v in (limits.min, limits.max)])
    raw = np.concatenate([raw, ends])
    made = run(front, build(front, gcc(), tmp_path, SANITIZE), raw)
    np.testing.assert_array_equal(made, front.integer(raw))


@pytest.mark.parametrize("name", ["pictures", "motion"])
def test_zig_takes_the_kernel_with_all_warnings(name: str, tmp_path: Path) -> None:
    front, raw = FRONTS[name]
    np.testing.assert_array_equal(run(front, build(front, zig(), tmp_path, ["-O2"]), raw), front.integer(raw))


def test_fit_centres_each_channel_and_uses_the_range() -> None:
    front = Affine.fit(MOTION)
    real = front.dequantise(front.integer(MOTION))
    assert front.output_shape == (30, 1, 3)
    np.testing.assert_allclose(real.mean(axis=(0, 1, 2)), 0, atol=0.03)
    np.testing.assert_allclose(real.std(axis=(0, 1, 2)), 1, atol=0.05)
    q = front.integer(MOTION)
    assert q.min() == -128
    assert q.max() > 110


def test_fit_of_pictures_clips_nothing() -> None:
    front = Affine.fit(PICTURES[..., 0])
    q = front.integer(EVERY_U8.reshape(-1)[: 30 * 8].reshape(-1, 6, 5)).ravel()
    assert (np.diff(q.astype(int)) >= 0).all()
    assert len(np.unique(q)) == 240


def test_a_channel_that_never_changes_has_spread_one() -> None:
    assert Affine.fit(np.full((3, 4, 4), 7, np.uint8)).std == (1.0,)


def test_identity_is_x_minus_128_and_means_x_over_255() -> None:
    front = Affine.identity_u8((16, 16))
    np.testing.assert_array_equal(front.integer(EVERY_U8)[..., 0], EVERY_U8.astype(int) - 128)
    np.testing.assert_allclose(front.dequantise(front.integer(EVERY_U8))[..., 0], EVERY_U8 / 255, atol=1e-6)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"raw_dtype": "float32"}, "`input_dtype` must be one of int16, uint8, got 'float32'"),
        ({"raw_shape": (4,)}, "`raw_shape` must be"),
        ({"raw_shape": (0, 4)}, "`raw_shape` must be"),
        ({"mean": (1.0, 2.0)}, "`mean` must have 1 values, one a channel, got 2"),
        ({"std": (0.0,)}, "`std` must be in"),
        ({"std": (float("nan"),)}, "`std` must be in"),
        ({"std": (1e-9,)}, "`std` · `scale` is too small for uint8"),
        ({"scale": 0.1}, "`scale` must be above 0 and exact in float32, got 0.1"),
        ({"scale": float("inf")}, "`scale` must be above 0"),
        ({"zero_point": 200}, r"`zero_point` must be in \[-128, 127\], got 200"),
    ],
)
def test_refuses_what_it_cannot_do(change: dict[str, object], message: str) -> None:
    good: dict[str, object] = {
        "raw_shape": (4, 4),
        "raw_dtype": "uint8",
        "mean": (3.0,),
        "std": (2.0,),
        "scale": 0.5,
        "zero_point": 0,
    }
    with pytest.raises(ValueError, match=message):
        Affine(**{**good, **change})  # type: ignore[arg-type]
