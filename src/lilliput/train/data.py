"""Where training items come from: raw arrays of a task, changed a little, through the device's own preprocessing.

A task gives `Split(x, y, group)` with raw arrays and `preprocess` with two functions; nothing more of it is used here.
Axes: B batch, C channels, H height or frames, W width or bands.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from lilliput.train.augment import apply, changes_of

_CHUNK = 256  # items preprocessed at a time: bounds the memory of the front end


class Source(Protocol):
    """Items by number. The same items and epoch always give the same tensors."""

    def __len__(self) -> int: ...

    def batch(self, items: NDArray[np.intp], epoch: int) -> tuple[Any, Tensor]:
        """Inputs (B, C, H, W) or (B, features), float32, and class numbers (B,), int64.

        Inputs that are no tensor, such as graphs, have `to(device)` and `ndim`, and need an objective and a judge.
        """


class Preprocess(Protocol):
    """What the device does with raw items before the network."""

    def integer(self, raw: NDArray[Any]) -> NDArray[np.int8]:
        """Raw (B, ...) -> int8 (B, H, W, C)."""

    def dequantise(self, q: NDArray[np.int8]) -> NDArray[np.float32]:
        """The real values that the integers stand for."""


class RawSplit(Protocol):
    """Raw items and their class numbers."""

    @property
    def x(self) -> NDArray[Any]: ...

    @property
    def y(self) -> NDArray[np.integer[Any]]: ...


@dataclass(frozen=True)
class TrainData:
    """What to learn from, and what to choose the best epoch by."""

    train: Source
    validation: Source


class Tensors:
    """Items that are tensors already.

    Args:
        x: (N, C, H, W) or (N, features), float32.
        y: (N,), class numbers.
    """

    def __init__(self, x: Tensor, y: Tensor) -> None:
        if len(x) != len(y) or y.ndim != 1:
            raise ValueError(f"`x` {tuple(x.shape)} and `y` {tuple(y.shape)} must have as many items")
        self.x, self.y = x, y.to(torch.int64)

    def __len__(self) -> int:
        return len(self.x)

    def batch(self, items: NDArray[np.intp], epoch: int) -> tuple[Tensor, Tensor]:
        at = torch.from_numpy(items)
        return self.x[at], self.y[at]


class Resized:
    """Items of another source at another resolution: bilinear, and smoothed first where they get smaller.

    Args:
        source: of pictures, (B, C, H, W).
        size: (height, width) of what it gives.
    """

    def __init__(self, source: Source, size: tuple[int, int]) -> None:
        self.source, self.size = source, size

    def __len__(self) -> int:
        return len(self.source)

    def batch(self, items: NDArray[np.intp], epoch: int) -> tuple[Tensor, Tensor]:
        x, y = self.source.batch(items, epoch)
        if x.shape[2:] == self.size:
            return x, y
        return F.interpolate(x, self.size, mode="bilinear", antialias=True), y


class Features:
    """Items of a split as the device would see them: raw → changed by chance → integers → real values.

    Without changes of raw items the integers are made once and kept.

    Args:
        split: raw items and class numbers.
        preprocess: the task's front end.
        augment: names of train/augment.py; none for validation and test.
        seed: chance comes from (seed, epoch, item) and from nothing else.
        shape: shape of one item for the network, where that is not (C, H, W): `(features,)` flattens.

    Raises:
        BadSetting: LP101, an augmentation that is not there or does not suit these items.
    """

    def __init__(
        self,
        split: RawSplit,
        preprocess: Preprocess,
        *,
        augment: Sequence[str] = (),
        seed: int = 0,
        shape: tuple[int, ...] | None = None,
    ) -> None:
        self._split, self._preprocess, self._seed, self._shape = split, preprocess, seed, shape
        self._targets = torch.from_numpy(np.asarray(split.y, dtype=np.int64))
        self._of_raw, self._of_features = changes_of(augment, np.asarray(split.x[0])) if augment else ([], [])
        self._kept: NDArray[np.int8] | None = None

    def __len__(self) -> int:
        return len(self._targets)

    def batch(self, items: NDArray[np.intp], epoch: int) -> tuple[Tensor, Tensor]:
        """Inputs float32 (B, C, H, W), or (B, *shape), and class numbers (B,)."""
        chance = [np.random.default_rng((self._seed, epoch, int(i))) for i in items]
        x = self._preprocess.dequantise(self._integers(items, chance))  # (B, H, W, C)
        if self._of_features:
            x = np.stack([apply(self._of_features, item, rng) for item, rng in zip(x, chance, strict=True)])
        inputs = torch.from_numpy(np.ascontiguousarray(x.transpose(0, 3, 1, 2)))
        if self._shape is not None:
            inputs = inputs.reshape(len(items), *self._shape)
        return inputs, self._targets[torch.from_numpy(items)]

    def _integers(self, items: NDArray[np.intp], chance: Sequence[np.random.Generator]) -> NDArray[np.int8]:
        if self._of_raw:
            changed = [apply(self._of_raw, self._split.x[i], rng) for i, rng in zip(items, chance, strict=True)]
            return self._preprocess.integer(np.stack(changed))
        if self._kept is None:
            starts = range(0, len(self), _CHUNK)
            self._kept = np.concatenate([self._preprocess.integer(self._split.x[s : s + _CHUNK]) for s in starts])
        kept: NDArray[np.int8] = self._kept[items]
        return kept
