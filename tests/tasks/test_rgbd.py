"""Colour and distance: the bundled rooms, folders of pairs, and the published h5 layout."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lilliput.core.errors import BadSetting, BadTask, MissingFile, NotThisFormat, OutOfRange
from lilliput.tasks.rgbd import bundled_frames, nearest, nyu_view, read_nyu, read_pairs

image = pytest.importorskip("PIL.Image", reason="pillow is not installed")


def test_the_bundled_rooms_are_metres() -> None:
    frames, real = bundled_frames()
    assert frames.rgb.shape == (25, 96, 128, 3)
    assert int(real.sum()) == 1
    known = frames.depth[frames.depth > 0]
    assert 0.3 < float(known.min()) < float(known.max()) < 10
    assert 0.1 < float((frames.depth[real] == 0).mean()) < 0.3
    assert frames.rows(real).names == ("office",)


def pair(folder: Path, name: str, codes: np.ndarray, mark: str = ".") -> None:
    image.fromarray(np.full((*codes.shape, 3), 90, np.uint8)).save(folder / f"{name}{mark}color.png")
    image.fromarray(codes.astype(np.uint16)).save(folder / f"{name}{mark}depth.png")


def test_a_folder_of_pairs_is_read_and_its_holes_are_unknown(tmp_path: Path) -> None:
    codes = np.full((4, 8), 1500)
    codes[0, 0], codes[0, 4] = 0, 65535
    pair(tmp_path, "frame-1", codes)
    pair(tmp_path, "frame-2", codes, "_")
    frames = read_pairs(tmp_path, size=(4, 8), unit_mm=1)
    assert frames.depth.shape == (2, 4, 8)
    assert frames.depth[0, 0].tolist() == pytest.approx([0, 1.5, 1.5, 1.5, 0, 1.5, 1.5, 1.5])
    assert read_pairs(tmp_path, size=(2, 4), unit_mm=0.2).depth.max() == pytest.approx(0.3)
    assert frames.rgb.max() == 90


def test_what_is_wrong_with_a_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="without their unit"):
        read_pairs(tmp_path, size=(2, 2))
    with pytest.raises(MissingFile, match="holds no pairs"):
        read_pairs(tmp_path, size=(2, 2), unit_mm=1)
    pair(tmp_path, "a", np.ones((2, 2)))
    image.fromarray(np.zeros((2, 2), np.uint8)).save(tmp_path / "a.depth.png")
    with pytest.raises(NotThisFormat, match=r"one channel of 16 bits|pixels of kind 'L'"):
        read_pairs(tmp_path, size=(2, 2), unit_mm=1)
    (tmp_path / "a.depth.png").write_bytes(b"nothing")
    with pytest.raises(NotThisFormat, match="no picture of distances"):
        read_pairs(tmp_path, size=(2, 2), unit_mm=1)


def test_the_published_layout_of_nyu_is_read(tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py", reason="h5py is not installed")
    rng = np.random.default_rng(0)
    scene = tmp_path / "kitchen_0001"
    scene.mkdir()
    rgb, depth = rng.integers(0, 256, (3, 480, 640)).astype(np.uint8), rng.uniform(0, 9, (480, 640)).astype("f4")
    for name in ("00001", "00002", "00201"):
        with h5py.File(scene / f"{name}.h5", "w") as file:
            file["rgb"], file["depth"] = rgb, depth
    frames = list(read_nyu(tmp_path))
    assert [frame.names[0] for frame in frames] == [f"kitchen_0001/{n}.h5" for n in ("00001", "00002", "00201")]
    assert np.array_equal(frames[0].rgb[0], rgb.transpose(1, 2, 0))
    assert [f.names[0][-8:] for f in read_nyu(tmp_path, holdout=True)] == ["00001.h5", "00201.h5"]
    assert len(list(read_nyu(tmp_path, holdout=False))) == len(list(read_nyu(tmp_path, limit=1))) == 1
    view = nyu_view(frames[0])
    assert (view.rgb.shape, view.depth.shape) == ((1, 224, 224, 3), (1, 224, 224))
    assert set(view.depth.ravel()) <= set(depth.ravel()), "distances are sampled, never averaged"
    with h5py.File(scene / "00003.h5", "w") as file:
        file["rgb"], file["depth"] = rgb[:, :10], depth
    with pytest.raises(OutOfRange, match=r"rgb \(3, 10, 640\)"):
        list(read_nyu(tmp_path))
    (scene / "00003.h5").write_bytes(b"nothing")
    with pytest.raises(NotThisFormat, match="no frame of NYU Depth"):
        list(read_nyu(tmp_path))
    with pytest.raises(MissingFile, match="SCENE"):
        list(read_nyu(scene))
    with pytest.raises(BadTask, match="480x640"):
        nyu_view(view)


def test_sampling_takes_the_nearest_pixel() -> None:
    x = np.arange(8).reshape(1, 2, 4)
    assert nearest(x, (1, 2)).tolist() == [[[5, 7]]]
    assert np.array_equal(nearest(x, (2, 4)), x)
