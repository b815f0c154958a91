"""`Task`: real data with its splits, its metric, its licence, and the preprocessing that the device repeats."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lilliput.core.errors import BadTask, LilliputError, MissingFile, UnknownName
from lilliput.core.registry import Registry
from lilliput.features import Preprocess

Array = NDArray[Any]
SPLITS = ("train", "validation", "test")


@dataclass(frozen=True, eq=False)
class Split:
    """Raw items, as the sensor gives them, and what they are.

    Args:
        x: (N, *input_shape), int16 or uint8: what `Task.preprocess` takes.
        y: (N,) int64, numbers of `Task.labels`.
        group: (N,) text: the speaker, log or person an item is from; None where the source does not say.
    """

    x: Array
    y: NDArray[np.int64]
    group: Array | None = None

    def __len__(self) -> int:
        return len(self.y)


@dataclass(frozen=True, eq=False)
class Task:
    """Named real data. `load` gives the splits, `preprocess` is what trainer and device both do to an item first.

    Args:
        name: as registered, or the folder's name.
        title: one line for people.
        labels: names of the classes, in the order of their numbers.
        metric: what to judge by; "accuracy" here.
        licence: SPDX expression, or "unknown" for a user's own data.
        source: where the data are from.
        citation: what to cite, "" where nothing is asked for.
        preprocess: the integer front end.
        default_model: registered name of the network that `build` takes when none is named.
        model_changes: values of that network's config that suit the task, beside those that follow from its shapes.
        train: values of the training's settings that suit the task.
        augment: names of the augmentations for raw training items.
        loader: gives the splits; called once.
        notes: what is worth knowing about the data, one sentence each.
    """

    name: str
    title: str
    labels: tuple[str, ...]
    metric: str
    licence: str
    source: str
    citation: str
    preprocess: Preprocess
    default_model: str
    loader: Callable[[], Mapping[str, Split]] = field(repr=False)
    model_changes: Mapping[str, Any] = field(default_factory=dict)
    train: Mapping[str, Any] = field(default_factory=dict)
    augment: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def load(self) -> Mapping[str, Split]:
        """ "train", "validation" and "test", read once and then kept.

        Raises:
            BadTask: LP103, a split is empty, lacks every item of a class in training, or does not fit `preprocess`.
        """
        kept: Mapping[str, Split] | None = self.__dict__.get("_splits")
        if kept is None:
            kept = MappingProxyType(dict(self.loader()))
            self._check(kept)
            object.__setattr__(self, "_splits", kept)
        return kept

    def describe(self) -> dict[str, Any]:
        """Plain values for a table or for JSON: the fields, and the items of each split by class."""
        splits = self.load()
        counts = {
            name: {label: int(n) for label, n in zip(self.labels, self._counts(split), strict=True)}
            for name, split in splits.items()
        }
        return {
            "name": self.name,
            "title": self.title,
            "labels": list(self.labels),
            "metric": self.metric,
            "licence": self.licence,
            "source": self.source,
            "citation": self.citation,
            "input": {"shape": list(self.preprocess.input_shape), "dtype": self.preprocess.input_dtype},
            "features": {
                "shape": list(self.preprocess.output_shape),
                "scale": self.preprocess.output_scale,
                "zero_point": self.preprocess.output_zero_point,
            },
            "preprocess": self.preprocess.to_json(),
            "items": {name: len(split) for name, split in splits.items()},
            "items_by_class": counts,
            "groups": {
                name: sorted({str(g) for g in split.group}) for name, split in splits.items() if split.group is not None
            },
            "default_model": self.default_model,
            "model_changes": dict(self.model_changes),
            "train": dict(self.train),
            "augment": list(self.augment),
            "notes": list(self.notes),
        }

    def _counts(self, split: Split) -> Array:
        return np.bincount(split.y, minlength=len(self.labels))

    def _check(self, splits: Mapping[str, Split]) -> None:
        if tuple(splits) != SPLITS:
            raise ValueError(f"a task must have the splits {SPLITS} in this order, got {tuple(splits)}")
        shape, kind = self.preprocess.input_shape, self.preprocess.input_dtype
        for name, split in splits.items():
            if len(split) == 0:
                raise BadTask(f"task {self.name}: the {name} split has no items")
            if split.x.shape != (len(split), *shape) or split.x.dtype != kind:
                raise ValueError(f"{name}: x is {split.x.shape} of {split.x.dtype}, preprocess takes {shape} of {kind}")
            if split.y.dtype != np.int64 or split.y.min() < 0 or split.y.max() >= len(self.labels):
                raise ValueError(f"{name}: y must be int64 in [0, {len(self.labels)}), got {split.y.dtype}")
        absent = [label for label, n in zip(self.labels, self._counts(splits["train"]), strict=True) if n == 0]
        if absent:
            raise BadTask(f"task {self.name}: nothing to learn class {absent[0]!r} from", why="no item in train")


TaskFactory = Callable[[Path | None], Task]


@dataclass(frozen=True)
class TaskEntry:
    """One registered task: call it with the user's folder or file, or None, to get the `Task`."""

    make: TaskFactory

    def __call__(self, data: Path | None) -> Task:
        return self.make(data)

    def describe(self) -> dict[str, Any]:
        """What the task says of itself, or, where its data are not here, what it needs."""
        line = (self.make.__doc__ or "").strip().splitlines()[0]
        try:
            task = self(None).describe()
        except LilliputError as error:
            return {"summary": line, "needs": " ".join(part for part in (error.what, error.fix) if part)}
        return {"summary": task["title"], **task}


tasks: Registry[TaskEntry] = Registry("task", "lilliput.tasks")


def register_task(name: str) -> Callable[[TaskFactory], TaskFactory]:
    """Decorator: enter a function `(data) -> Task` under `name`; `data` is the user's folder or file, or None."""

    def enter(make: TaskFactory) -> TaskFactory:
        tasks.add(name, TaskEntry(make))
        return make

    return enter


def get_task(name: str | Path, data: str | Path | None = None) -> Task:
    """A registered task, or one made from the user's own folder or NPZ.

    Args:
        name: a registered name, or a path; a name wins over a folder of the same name, `./name` means the folder.
        data: folder or file with the full or the missing data of a registered task.

    Raises:
        UnknownName: LP100, neither a registered name nor a path that exists.
        MissingFile: LP221, `name` looks like a path, or `data` is given, and nothing is there.
        BadTask: LP103, the data cannot make a task.
        FileError: LP2xx, one of its files is damaged; the message names it.
    """
    if str(name) in tasks:
        where = None if data is None else Path(data)
        if where is not None and not where.exists():
            raise MissingFile(f"{where} is not there", why=f"it was named as the data of {name}")
        factory: TaskFactory = tasks[str(name)]
        return factory(where)
    path = Path(name)
    if path.exists():
        from lilliput.tasks.folder import task_from_path  # below this file: it needs Task

        task: Task = task_from_path(path)
        return task
    if isinstance(name, Path) or any(mark in name for mark in "/\\") or path.suffix:
        raise MissingFile(f"{name} is not there", fix="name a folder with one folder a class, or an NPZ with x and y")
    try:
        return tasks[str(name)](None)
    except UnknownName as error:
        fix = f"{error.fix}; or name a folder with your own data"
        raise UnknownName(error.what, why=error.why, fix=fix) from None
