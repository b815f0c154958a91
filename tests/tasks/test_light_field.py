"""Light fields from plenoptic pictures, folders of views and NPZ files, and the task of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lilliput.core.errors import BadName, BadSetting, BadTask, MissingFile, NotThisFormat, OutOfRange
from lilliput.tasks import get_task
from lilliput.tasks.light_field import LightFields, read_eslf, read_fields, read_views, write_fields
from lilliput.tasks.parallax import depth_order

image = pytest.importorskip("PIL.Image", reason="pillow is not installed")

RNG = np.random.default_rng(0)
VIEWS = RNG.integers(0, 256, (3, 3, 8, 12, 3), dtype=np.uint8)


def save(path: Path, pixels: np.ndarray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    image.fromarray(pixels).save(path)
    return path


def lenses(side: int, height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Views (side, side, H, W, 3), and the picture in which each lens' views stand together."""
    views = RNG.integers(0, 256, (side, side, height, width, 3), dtype=np.uint8)
    return views, views.transpose(2, 0, 3, 1, 4).reshape(height * side, width * side, 3)


def test_a_plenoptic_picture_is_taken_apart_by_lenses(tmp_path: Path) -> None:
    views, packed = lenses(14, 5, 7)
    path = save(tmp_path / "a.png", packed)
    fields = read_eslf(path, take=7)
    np.testing.assert_array_equal(fields.views[0], views[3:10, 3:10])
    np.testing.assert_array_equal(fields.middle(3).views[0], views[5:8, 5:8])
    assert not fields.synthetic
    np.testing.assert_array_equal(read_eslf(path, lenslet=7, take=1).views.shape, (1, 1, 1, 10, 14, 3))
    with pytest.raises(BadSetting, match="LP101: 8x8 views of 14x14"):
        read_eslf(path, take=8)
    with pytest.raises(OutOfRange, match="has 98×70 pixels\n  why: both must be multiples of 9"):
        read_eslf(path, lenslet=9)


def test_pictures_larger_than_a_photo_is_kept_are_not_shrunk(tmp_path: Path) -> None:
    views, packed = lenses(14, 22, 22)
    np.testing.assert_array_equal(read_eslf(save(tmp_path / "a.png", packed), take=1).views[0, 0, 0], views[6, 6])


def test_a_folder_of_views_is_columns_then_rows(tmp_path: Path) -> None:
    for v in range(3):
        for u in range(3):
            save(tmp_path / f"view_{u}_{v}.png", VIEWS[v, u])
    (tmp_path / "notes.txt").write_text("left out")
    np.testing.assert_array_equal(read_views(tmp_path).views[0], VIEWS)
    save(tmp_path / "view_1_2.png", VIEWS[0, 0, :, :8])
    with pytest.raises(OutOfRange, match=r"LP203: .*view_0_0.png has 12×8 pixels, .*view_1_2.png 8×8"):
        read_views(tmp_path)
    (tmp_path / "view_1_2.png").unlink()
    with pytest.raises(OutOfRange, match="8 views in 3 rows and 3 columns\n  why: a whole grid"):
        read_views(tmp_path)
    with pytest.raises(MissingFile, match="holds no views"):
        read_views(tmp_path / "none")


def test_what_is_written_is_read_and_stays_synthetic(tmp_path: Path) -> None:
    path, y = tmp_path / "fields.npz", np.array([0, 1])
    for synthetic in (False, True):
        write_fields(path, LightFields(np.stack([VIEWS, VIEWS]), ("a", "b"), synthetic), y, ("near", "far"))
        fields, read, labels = read_fields(path)
        np.testing.assert_array_equal(fields.views[1], VIEWS)
        assert (fields.synthetic, read.tolist(), labels) == (synthetic, [0, 1], ("near", "far"))  # type: ignore[union-attr]


def test_files_of_other_arrays_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "fields.npz"
    np.savez(path, views=VIEWS[None, ..., 0])
    assert read_fields(path)[0].views.shape == (1, 3, 3, 8, 12, 1)
    np.savez(path, views=VIEWS[None, :2])
    with pytest.raises(OutOfRange, match=r"views are \(1, 2, 3, 8, 12, 3\) of uint8"):
        read_fields(path)
    np.savez(path, views=VIEWS[None], y=np.array([2]), labels=np.array(["a", "b"]))
    with pytest.raises(OutOfRange, match="1 classes of 1 scenes, with 2 names"):
        read_fields(path)
    np.savez(path, pictures=VIEWS)
    with pytest.raises(BadName, match="has no array 'views'"):
        read_fields(path)
    path.write_bytes(b"nothing")
    with pytest.raises(NotThisFormat, match="LP200"):
        read_fields(path)


def test_a_field_has_a_middle_and_grey_channels() -> None:
    fields = LightFields(VIEWS[None], ("a",))
    np.testing.assert_array_equal(fields.centre[0], VIEWS[1, 1])
    channels = fields.channels()
    assert channels.shape == (1, 8, 12, 9)
    np.testing.assert_allclose(channels[0, ..., 5], VIEWS[1, 2] @ [0.299, 0.587, 0.114], atol=0.51)
    with pytest.raises(ValueError, match="has no middle"):
        LightFields(VIEWS[None, :2], ("a",))
    with pytest.raises(BadSetting, match="5x5 views of 3x3\n  fix: an odd side of at most 3"):
        fields.middle(5)


def test_folders_of_scenes_become_a_task_for_the_network(tmp_path: Path) -> None:
    from lilliput.models import create_model_for

    for name in ("bikes", "flowers"):
        for i in range(5):
            save(tmp_path / name / f"{i}.png", lenses(14, 9, 11)[1])
    task = get_task("light-fields", tmp_path)
    splits = task.load()
    assert task.labels == ("bikes", "flowers")
    assert sum(len(split) for split in splits.values()) == 10
    assert splits["train"].x.shape[1:] == (8, 8, 25)
    assert len(set(task.preprocess.mean)) == 1, "views must stay comparable"  # type: ignore[attr-defined]
    model = create_model_for("vcnet_micro", task.preprocess.output_shape[::-1], 2, **task.model_changes)
    assert model.config.views == 5  # type: ignore[union-attr]
    save(tmp_path / "bikes" / "9.png", lenses(14, 13, 13)[1])
    with pytest.raises(OutOfRange, match="all must have one size"):
        get_task("light-fields", tmp_path)


def test_a_file_of_scenes_becomes_a_task_that_says_what_it_is(tmp_path: Path) -> None:
    pictures = RNG.integers(0, 256, (20, 32, 32, 1), dtype=np.uint8)
    fields, y = depth_order(pictures)
    write_fields(tmp_path / "made.npz", fields, y, ("around", "middle"))
    task = get_task("light-fields", tmp_path / "made.npz")
    assert task.notes[0].startswith("synthetic")
    assert task.load()["train"].x.shape[1:] == (32, 32, 9)
    write_fields(tmp_path / "bare.npz", fields)
    with pytest.raises(BadTask, match="has no classes"):
        get_task("light-fields", tmp_path / "bare.npz")
    (tmp_path / "one").mkdir()
    with pytest.raises(BadTask, match="has 1 class folders"):
        get_task("light-fields", tmp_path)
