"""Recordings of joints from files of the published forms, and the task of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lilliput.core.errors import BadTask, BadValue, CutShort, MissingFile, NotThisFormat, OutOfRange
from lilliput.tasks import get_task
from lilliput.tasks.skeleton_actions import bundled_clips, recordings
from lilliput.tasks.skeletons import Clip, Clips, read_clips, read_msr, read_ntu, read_ntu_folder, read_utkinect

RNG = np.random.default_rng(0)


def ntu(path: Path, frames: list[list[np.ndarray]]) -> Path:
    lines = [str(len(frames))]
    for bodies in frames:
        lines.append(str(len(bodies)))
        for body in bodies:
            lines += ["72057594037931101 0 1 1 1 1 0 -0.2 0.1 2", str(len(body))]
            lines += [" ".join(f"{v:.7f}" for v in joint) + " 1 2 3 4 0 0 0 1 2" for joint in body]
    path.write_text("\n".join(lines) + "\n")
    return path


def test_ntu_files_are_read_with_both_bodies(tmp_path: Path) -> None:
    one, two = RNG.normal(size=(2, 3, 25, 3)).astype(np.float32)
    frames = [[one[0]], [one[1], two[1]], [one[2], two[2], one[0]], []]
    clip = read_ntu(ntu(tmp_path / "S001C002P003R002A013.skeleton", frames))
    assert (clip.xyz.shape, clip.label, clip.subject) == ((4, 2, 25, 3), 12, "P003")
    np.testing.assert_allclose(clip.xyz[0, 0], one[0], atol=1e-6)
    np.testing.assert_allclose(clip.xyz[1, 1], two[1], atol=1e-6)
    assert not clip.xyz[0, 1].any()
    assert not clip.xyz[2].any(), "three bodies: zeros, as in the published code"
    ntu(tmp_path / "S001C001P001R001A001.skeleton", frames)
    ntu(tmp_path / "S001C001P001R001A002.skeleton", [])
    ntu(tmp_path / "S001C001P001R001A003.skeleton", frames)
    clips = read_ntu_folder(tmp_path, skip=["S001C001P001R001A003"])
    assert [clip.label for clip in clips.clips] == [0, 12]
    assert len(clips.class_names) == 13
    assert len(read_clips(tmp_path)) == 3


def test_damaged_ntu_files_are_named(tmp_path: Path) -> None:
    good = ntu(tmp_path / "S001C001P001R001A001.skeleton", [[RNG.normal(size=(25, 3))]]).read_text()
    path = tmp_path / "S001C001P001R001A001.skeleton"
    path.write_text("\n".join(good.split("\n")[:9]))
    with pytest.raises(CutShort, match="ends after 9 lines"):
        read_ntu(path)
    path.write_text(good.replace("\n25\n", "\n24\n", 1))
    with pytest.raises(BadValue, match="line 4: 24 joints, 25 expected"):
        read_ntu(path)
    path.write_text(good.replace("72057594037931101 0", "72057594037931101"))
    with pytest.raises(BadValue, match="line 3: 9 numbers, 10 expected"):
        read_ntu(path)
    path.write_text("many\n")
    with pytest.raises(BadValue, match=r"line 1: .*'many'.* are no numbers"):
        read_ntu(path)
    with pytest.raises(NotThisFormat, match="is not named as"):
        read_ntu(ntu(tmp_path / "other.skeleton", []))


def utkinect(folder: Path) -> np.ndarray:
    (folder / "joints").mkdir(parents=True)
    rows = np.concatenate([np.array([[10], [12], [12], [16], [20]]), RNG.normal(size=(5, 60))], 1)
    text = "\n".join(" ".join(f"{v:g}" if i == 0 else f"{v:.6f}" for i, v in enumerate(row)) for row in rows)
    for name in ("s01_e01", "s02_e01"):
        (folder / "joints" / f"joints_{name}.txt").write_text(text + "\n")
    (folder / "actionLabel.txt").write_text(
        "s01_e01\nwalk: 10 16\nsitDown: 16 20\ncarry: NaN NaN\ns02_e01\nwalk: 12 20\n"
    )
    return rows


def test_utkinect_is_cut_by_frame_numbers_and_repeats_are_dropped(tmp_path: Path) -> None:
    rows = utkinect(tmp_path / "UTKinect")
    clips = read_utkinect(tmp_path)
    assert clips.class_names == ("walk", "sitDown", "carry")
    assert [(clip.label, clip.subject, clip.frame.tolist()) for clip in clips.clips] == [
        (0, "s01", [10, 12, 16]), (1, "s01", [16, 20]), (0, "s02", [12, 16, 20]),
    ]  # fmt: skip
    np.testing.assert_allclose(clips.clips[0].xyz[1].ravel(), rows[1, 1:], atol=1e-6)
    # Frame 14 lies half way between the second and the third row, although it is the fourth of seven.
    middle = clips.clips[0].resampled(4)[2] / 1000
    np.testing.assert_allclose(middle, (rows[1, 1:] + rows[3, 1:]) / 2, atol=1e-3)
    (tmp_path / "UTKinect" / "actionLabel.txt").write_text("s01_e01\nwalk: ten 16\n")
    with pytest.raises(BadValue, match="line 2: 'walk: ten 16'"):
        read_utkinect(tmp_path)
    (tmp_path / "UTKinect" / "actionLabel.txt").write_text("s07_e01\nwalk: 1 16\n")
    with pytest.raises(MissingFile, match=r"joints_s07_e01\.txt is not there"):
        read_utkinect(tmp_path)


def test_msr_files_have_twenty_joints_a_frame(tmp_path: Path) -> None:
    joints = RNG.normal(size=(3, 20, 4))
    path = tmp_path / "a05_s02_e01_skeleton3D.txt"
    path.write_text("\n".join(" ".join(f"{v:.5f}" for v in joint) for joint in joints.reshape(-1, 4)))
    (clip,) = read_msr(tmp_path).clips
    assert (clip.label, clip.subject, clip.xyz.shape) == (4, "s02", (3, 1, 20, 3))
    np.testing.assert_allclose(clip.xyz[:, 0], joints[..., :3], atol=1e-5)
    path.write_text("\n".join(path.read_text().split("\n")[:-1]))
    with pytest.raises(CutShort, match="has 59 lines"):
        read_msr(tmp_path)


def test_clips_are_resampled_padded_and_cut_to_windows() -> None:
    xyz = np.arange(6, dtype=np.float32).reshape(6, 1, 1, 1).repeat(3, 3)
    clip = Clip(xyz, np.arange(6), 0, "a", "clip")
    assert clip.resampled(11)[:, 0].tolist() == [0, 500, 1000, 1500, 2000, 2500, 3000, 3500, 4000, 4500, 5000]
    assert clip.padded(8)[:, 2].tolist() == [0, 1000, 2000, 3000, 4000, 5000, 0, 0]
    assert clip.padded(3)[:, 0].tolist() == [0, 2500, 5000], "longer than the limit: resampled, not cut"
    assert [w.frame.tolist() for w in clip.windows(3, 2)] == [[0, 1, 2], [2, 3, 4]]
    with pytest.raises(OutOfRange, match="clip: a joint is 40 m away"):
        Clip(xyz * 8, np.arange(6), 0, "a", "clip").resampled(3)
    bad = xyz.copy()
    bad[4] = np.nan
    with pytest.raises(BadValue, match="clip: frame 4 holds what is no number"):
        Clip(bad, np.arange(6), 0, "a", "clip")
    with pytest.raises(BadValue, match="a clip needs frames"):
        Clip(xyz[:0], np.arange(0), 0, "a", "clip")
    with pytest.raises(BadTask, match="label 3 is not in"):
        Clips((Clip(xyz, np.arange(6), 3, "a", "clip"),), ("one",))
    other = Clip(xyz.repeat(2, 2), np.arange(6), 0, "a", "other")
    with pytest.raises(BadTask, match="1 joints of 1 bodies in clip and 2 joints of 1 bodies in other"):
        Clips((clip, other), ("one",))


def test_no_recording_is_in_two_splits_and_each_fold_tests_others() -> None:
    clips, seen = bundled_clips(), set[str]()
    for fold in range(5):
        splits = recordings(clips, fold)
        groups = {name: set(split.group.tolist()) for name, split in splits.items()}  # type: ignore[union-attr]
        assert not groups["train"] & groups["test"]
        assert not groups["train"] & groups["validation"]
        assert not groups["validation"] & groups["test"]
        assert set(np.unique(splits["test"].y)) == set(range(7))
        seen |= groups["test"]
    assert len(seen) == 32, "over five folds each recording is tested once or more"


def test_a_folder_of_ones_own_is_split_by_subject(tmp_path: Path) -> None:
    for subject in range(1, 7):
        for action in (1, 2):
            joints = RNG.normal(size=(30, 20, 4))
            path = tmp_path / f"a{action:02d}_s{subject:02d}_e01_skeleton3D.txt"
            path.write_text("\n".join(" ".join(f"{v:.5f}" for v in joint) for joint in joints.reshape(-1, 4)))
    task = get_task("skeleton-actions", tmp_path)
    splits = task.load()
    groups = [set(split.group.tolist()) for split in splits.values()]  # type: ignore[union-attr]
    assert sum(len(group) for group in groups) == 6
    assert splits["train"].x.shape[1:] == (32, 60)
    (tmp_path / "empty").mkdir()
    with pytest.raises(MissingFile, match="holds no recordings of joints"):
        get_task("skeleton-actions", tmp_path / "empty")
