"""`light-fields`: several views of each scene, from the user's folder or NPZ.

    folder/CLASS/scene.png               all views under each lens of a plenoptic camera ("eslf", 14×14 of them)
    folder/CLASS/scene/view_U_V.png      a picture for each view, U its column and V its row
    fields.npz                           views (N, V, U, H, W) or with C behind, and for a task y and labels;
                                         synthetic 1 where no camera took them

Axes: N scenes, V rows and U columns of views, H, W, C. A task has the grey views of a scene as channels, rows of views
one behind the other, as `VCNet` takes them.
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lilliput.core.errors import BadSetting, BadTask, MissingFile, OutOfRange
from lilliput.core.files import write_bytes
from lilliput.features import Affine
from lilliput.tasks.images import ENDINGS, read_images, size_of
from lilliput.tasks.npz import read_npz
from lilliput.tasks.splitting import split_items
from lilliput.tasks.task import SPLITS, Split, Task, register_task

LENSLET = 14
"""Views in each direction under a lens of the published archive's camera."""
_GRID = 5  # views in each direction that a task takes, from the middle
_LARGEST = 64  # side of a task's views; larger ones are shrunk
_VIEW = re.compile(r"(?:.*_)?([0-9]{1,3})_([0-9]{1,3})")
_GREY = (0.299, 0.587, 0.114)


@dataclass(frozen=True, eq=False)
class LightFields:
    """Scenes, each seen from a grid of places.

    Args:
        views: (N, V, U, H, W, C) uint8, V and U odd, C 1 or 3.
        names: where each came from.
        synthetic: whether they were made from one picture each, and no camera took them.

    Raises:
        ValueError: another shape or type.
    """

    views: NDArray[np.uint8]
    names: tuple[str, ...]
    synthetic: bool = False

    def __post_init__(self) -> None:
        shape = self.views.shape
        if self.views.dtype != np.uint8 or len(shape) != 6 or shape[-1] not in (1, 3) or len(self.names) != shape[0]:
            raise ValueError(f"`views` must be (N, V, U, H, W, 1 or 3) of uint8, got {shape} of {self.views.dtype}")
        if shape[1] % 2 == 0 or shape[2] % 2 == 0:
            raise ValueError(f"a grid of {shape[1]}x{shape[2]} views has no middle: both must be odd")

    def __len__(self) -> int:
        return len(self.views)

    @property
    def centre(self) -> NDArray[np.uint8]:
        """(N, H, W, C), the views in the middle."""
        return self.views[:, self.views.shape[1] // 2, self.views.shape[2] // 2]

    def middle(self, side: int) -> LightFields:
        """The `side`×`side` views around the middle.

        Raises:
            BadSetting: LP101, an even side, or more views than there are.
        """
        high, wide = self.views.shape[1:3]
        if side < 1 or side % 2 == 0 or side > min(high, wide):
            raise BadSetting(f"{side}x{side} views of {high}x{wide}", fix=f"an odd side of at most {min(high, wide)}")
        top, left = (high - side) // 2, (wide - side) // 2
        return replace(self, views=self.views[:, top : top + side, left : left + side])

    def channels(self) -> NDArray[np.uint8]:
        """(N, H, W, V·U): grey views, one behind the other, rows of views first."""
        grey = self.views[..., 0] if self.views.shape[-1] == 1 else np.rint(self.views @ np.array(_GREY))
        count, high, wide, height, width = grey.shape
        return grey.transpose(0, 3, 4, 1, 2).reshape(count, height, width, high * wide).astype(np.uint8)


def read_eslf(path: Path, *, lenslet: int = LENSLET, take: int = 7) -> LightFields:
    """One scene of the published archive: a picture in which each lens' views stand together.

    Args:
        path: the file, `lenslet` times as high and wide as a view.
        lenslet: views in each direction under a lens.
        take: views around the middle that are kept, odd: those at the rim are dark. Of an even `lenslet` the middle
            is the view before its half.

    Raises:
        BadSetting: LP101, an even or too large `take`. OutOfRange: LP203, sides that are no multiples of `lenslet`.
        FileError: LP2xx, the file cannot be read.
    """
    if take < 1 or take % 2 == 0 or take > lenslet:
        raise BadSetting(f"{take}x{take} views of {lenslet}x{lenslet}", fix=f"an odd number of at most {lenslet}")
    height, width = size_of(path)
    if height % lenslet or width % lenslet:
        raise OutOfRange(f"{path} has {width}×{height} pixels", why=f"both must be multiples of {lenslet}")
    pixels = read_images([path], size=(height, width))[0]
    first = (lenslet - take) // 2
    kept = range(first, first + take)
    views = np.stack([np.stack([pixels[v::lenslet, u::lenslet] for u in kept]) for v in kept])
    return LightFields(views[None], (path.name,))


def read_views(folder: Path) -> LightFields:
    """One scene, a picture for each view: names end in its column and its row, `view_0_3.png`.

    Raises:
        MissingFile: LP221, no such pictures. OutOfRange: LP203, a grid with holes or without a middle, or views of
            different sizes. FileError: LP2xx, a file cannot be read.
    """
    places: dict[tuple[int, int], Path] = {}
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        found = _VIEW.fullmatch(path.stem)
        if found is not None and path.suffix.lower() in ENDINGS:
            places[int(found[2]), int(found[1])] = path
    if not places:
        raise MissingFile(f"{folder} holds no views", fix="view_0_0.png, view_1_0.png and so on: column, then row")
    rows, columns = (sorted({place[axis] for place in places}) for axis in (0, 1))
    if len(places) != len(rows) * len(columns) or len(rows) % 2 == 0 or len(columns) % 2 == 0:
        raise OutOfRange(
            f"{folder} holds {len(places)} views in {len(rows)} rows and {len(columns)} columns",
            why="a whole grid with an odd number of each is needed",
        )
    paths = [places[row, column] for row in rows for column in columns]
    sizes = {size_of(path): path for path in reversed(paths)}
    if len(sizes) > 1:
        (size, path), (other, beside) = list(sizes.items())[:2]
        raise OutOfRange(f"{path} has {size[1]}×{size[0]} pixels, {beside} {other[1]}×{other[0]}")
    pixels = read_images(paths, size=next(iter(sizes)))
    return LightFields(pixels.reshape(1, len(rows), len(columns), *pixels.shape[1:]), (folder.name,))


def read_fields(path: Path) -> tuple[LightFields, NDArray[np.int64] | None, tuple[str, ...]]:
    """Scenes of an NPZ as `write_fields` makes it, their classes, and the classes' names; None and () without them.

    Raises:
        OutOfRange: LP203, other sizes or classes. FileError: LP2xx, not such a file.
    """
    known = read_npz(path, {"views": ("i", (5, 6))}, {"y": ("i", 1), "labels": ("U", 1), "synthetic": ("i", 0)})
    views = known["views"] if known["views"].ndim == 6 else known["views"][..., None]
    y, labels = known.get("y"), tuple(str(label) for label in known.get("labels", ()))
    if views.dtype != np.uint8 or views.shape[-1] not in (1, 3) or not all(n % 2 for n in views.shape[1:3]):
        raise OutOfRange(f"{path}: views are {views.shape} of {views.dtype}, (N, V, U, H, W, 1 or 3) of uint8 needed")
    if y is not None and (len(y) != len(views) or len(y) == 0 or y.min() < 0 or y.max() >= len(labels)):
        raise OutOfRange(f"{path}: {len(y)} classes of {len(views)} scenes, with {len(labels)} names")
    names = tuple(f"scene {i}" for i in range(len(views)))
    fields = LightFields(views.astype(np.uint8), names, synthetic=bool(known.get("synthetic", 0)))
    return fields, None if y is None else y.astype(np.int64), labels


def write_fields(
    path: Path, fields: LightFields, y: NDArray[np.int64] | None = None, labels: tuple[str, ...] = ()
) -> None:
    """An NPZ of scenes that says whether they are synthetic."""
    arrays: dict[str, NDArray[Any]] = {"views": fields.views, "synthetic": np.array(int(fields.synthetic), np.uint8)}
    if y is not None:
        arrays |= {"y": y, "labels": np.array(labels)}
    stream = io.BytesIO()
    np.savez_compressed(stream, **arrays)  # type: ignore[arg-type]
    write_bytes(path, stream.getvalue())


@register_task("light-fields")
def light_fields(data: Path | None) -> Task:
    """Scenes seen from a grid of places; a folder with one folder a class, or an NPZ with views, y and labels."""
    if data is None:
        raise MissingFile(
            "light-fields needs its scenes",
            why="they are not bundled",
            fix="get some from lightfields.stanford.edu, or make them (tasks/parallax.py), and name them with --data",
        )
    scenes = _file(data) if data.is_file() else _folder(data)
    part, x = split_items(list(scenes.names), scenes.y), scenes.x
    splits = {name: Split(x[part == i], scenes.y[part == i]) for i, name in enumerate(SPLITS)}
    # One mean and spread for all views: with one each, what differs between views would not be what moved.
    train = splits["train"].x
    one = Affine.fit(train.reshape(len(train), train.shape[1], -1))
    views, side = x.shape[-1], round(x.shape[-1] ** 0.5)
    return Task(
        name="light-fields",
        title=f"Light fields of {data.name}: {side}×{side} views of {x.shape[1]}×{x.shape[2]}",
        labels=scenes.labels,
        metric="accuracy",
        licence="unknown",
        source=data.name,
        citation="",
        preprocess=replace(one, raw_shape=x.shape[1:], mean=one.mean * views, std=one.std * views),
        default_model="vcnet_micro",
        model_changes={"views": side},
        loader=lambda: splits,
        notes=("synthetic: made from one picture each, no camera took these views",) if scenes.synthetic else (),
    )


class _Scenes(NamedTuple):
    """What a task is made of: x (N, H, W, views)."""

    x: NDArray[np.uint8]
    y: NDArray[np.int64]
    labels: tuple[str, ...]
    names: tuple[str, ...]
    synthetic: bool


def _file(data: Path) -> _Scenes:
    fields, y, labels = read_fields(data)
    if y is None:
        raise BadTask(f"{data} has no classes", fix="add the arrays y and labels")
    return _Scenes(_cut(_task_views(fields)), y, labels, fields.names, fields.synthetic)


def _folder(data: Path) -> _Scenes:
    classes = sorted(path for path in data.iterdir() if path.is_dir() and not path.name.startswith("."))
    if len(classes) < 2:
        raise BadTask(f"{data} has {len(classes)} class folders", why="at least two are needed")
    found: dict[str, NDArray[np.uint8]] = {}
    y = []
    for number, place in enumerate(classes):
        for path in sorted(place.iterdir()):
            if not path.name.startswith("."):
                scene = read_views(path) if path.is_dir() else read_eslf(path)
                found[f"{place.name}/{path.name}"] = _cut(_task_views(scene))
                y.append(number)
    if not found:
        raise MissingFile(f"{data} holds no scenes", fix="an eslf picture, or a folder of views, for each scene")
    shapes = {scene.shape[1:] for scene in found.values()}
    if len(shapes) > 1:
        shown = " and ".join(str(shape) for shape in sorted(shapes)[:2])
        raise OutOfRange(f"{data}: scenes become {shown}", why="all must have one size and one number of views")
    labels = tuple(path.name for path in classes)
    return _Scenes(np.concatenate(list(found.values())), np.array(y, np.int64), labels, tuple(found), False)


def _task_views(fields: LightFields) -> LightFields:
    return fields.middle(min(*fields.views.shape[1:3], _GRID))


def _cut(fields: LightFields) -> NDArray[np.uint8]:
    """(N, H, W, views): the square in the middle, shrunk to the task's size, its sides multiples of 4."""
    x = fields.channels()
    side = min(x.shape[1:3])
    step = max(1, side // _LARGEST)
    kept = min(side // step, _LARGEST) // 4 * 4
    if kept == 0:
        raise OutOfRange(f"{fields.names[0]}: views of {x.shape[2]}×{x.shape[1]} pixels", why="4×4 are needed at least")
    top, left = ((n - kept * step) // 2 for n in x.shape[1:3])
    square = x[:, top : top + kept * step, left : left + kept * step]
    blocks = square.reshape(len(x), kept, step, kept, step, -1)
    small: NDArray[np.uint8] = np.rint(blocks.mean((2, 4))).astype(np.uint8)
    return small
