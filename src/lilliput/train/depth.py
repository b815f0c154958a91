"""Maps of distances: what training makes small, and what a map is worth. Axes: B batch, H height, W width.

Only known distances count: above 0 and at most `max_depth`. The published code also counts a pixel whose distance is
unknown where the network says something, which makes infinite ratios; `mask="official"` repeats that.

Source: FastDepth (arXiv:1903.03273), `metrics.py` of its code; averaged over pictures, not over pixels.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from lilliput.core.errors import BadTask
from lilliput.train.data import Source
from lilliput.train.losses import Objective
from lilliput.train.metrics import Measure

Mask = Literal["known", "official"]
NEAREST = 1e-3
"""Metres; ratios and logarithms take no smaller answers."""


class DepthItems:
    """Pictures and their maps, for the training loop.

    Args:
        rgb: (N, H, W, 3) uint8.
        depth: (N, H, W) float32, metres; 0 is unknown.
        augment: mirror half of them, and make them brighter or darker by up to a quarter.
        seed: of the augmentation; the same item in the same epoch is always changed alike.
    """

    def __init__(
        self, rgb: NDArray[np.uint8], depth: NDArray[np.float32], *, augment: bool = False, seed: int = 0
    ) -> None:
        self.rgb = torch.from_numpy(np.ascontiguousarray(rgb.transpose(0, 3, 1, 2)))
        self.depth = torch.from_numpy(np.ascontiguousarray(depth[:, None]))
        self.augment, self.seed = augment, seed

    def __len__(self) -> int:
        return len(self.rgb)

    def batch(self, items: NDArray[np.intp], epoch: int) -> tuple[Tensor, Tensor]:
        """x (B, 3, H, W) in [0, 1] and distances (B, 1, H, W)."""
        x, depth = self.rgb[items].float() / 255, self.depth[items]
        if not self.augment:
            return x, depth
        rngs = [np.random.default_rng((self.seed, epoch, int(item))) for item in items]
        mirrored = torch.tensor([rng.random() < 0.5 for rng in rngs])[:, None, None, None]
        light = torch.tensor([rng.uniform(0.75, 1.25) for rng in rngs], dtype=torch.float32)[:, None, None, None]
        x, depth = (torch.where(mirrored, value.flip(3), value) for value in (x, depth))
        return (x * light).clamp(0, 1), depth


def pixels(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Colours as networks take them, in [0, 1]; any shape."""
    return (rgb / 255).astype(np.float32)


def drawn(rgb: NDArray[np.uint8], *maps: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Pictures and maps side by side, a pair a line: near is bright, unknown is black.

    Shapes:
        rgb (N, H, W, 3), maps (N, H, W) each, metres -> (N · H, (1 + maps) · W, 3).
    """
    far = max(float(one.max()) for one in maps)
    grey = [np.where(one > 0, 255 * (1 - one / far).clip(0.05, 1), 0).astype(np.uint8) for one in maps]
    columns = [rgb, *(np.repeat(one[..., None], 3, -1) for one in grey)]
    return np.concatenate(np.concatenate(columns, 2), 0)


class Guess(nn.Module):
    """A baseline that sees no picture: one map for all.

    Args:
        depth: (N, H, W) to learn from, metres, 0 unknown.
        kind: `median`, the middle distance everywhere; or `mean-map`, each pixel's mean.
    """

    guess: Tensor

    def __init__(self, depth: NDArray[np.float32], kind: str) -> None:
        super().__init__()
        known = depth > 0
        middle = np.median(depth[known]) if kind == "median" else depth[known].mean()
        counts = known.sum(0) if kind == "mean-map" else np.zeros(depth.shape[1:])
        guessed = np.where(counts > 0, depth.sum(0) / np.maximum(counts, 1), middle)
        self.register_buffer("guess", torch.from_numpy(guessed.astype(np.float32))[None, None])

    def forward(self, x: Tensor) -> Tensor:
        return self.guess.expand(len(x), *self.guess.shape[1:])


def masked_l1(y: Tensor, depth: Tensor, *, max_depth: float = 10.0) -> Tensor:
    """Mean absolute error over known distances; 0 with a gradient of 0 where there is none.

    Shapes:
        y, depth (B, 1, H, W), metres -> scalar.
    """
    known = _known(depth, max_depth)
    return ((y - depth).abs() * known).sum() / known.sum().clamp(min=1)


def masked_l2(y: Tensor, depth: Tensor, *, max_depth: float = 10.0) -> Tensor:
    """Mean squared error over known distances.

    Shapes:
        y, depth (B, 1, H, W), metres -> scalar.
    """
    known = _known(depth, max_depth)
    return ((y - depth).square() * known).sum() / known.sum().clamp(min=1)


def depth_objective(loss: str = "l1", max_depth: float = 10.0) -> Objective:
    """The objective of the training loop. Raises ValueError for a loss that is neither `l1` nor `l2`."""
    if loss not in ("l1", "l2"):
        raise ValueError(f"`loss` must be l1 or l2, got {loss!r}")
    of = masked_l1 if loss == "l1" else masked_l2
    return lambda model, x, depth: of(model(x), depth, max_depth=max_depth)


def depth_errors(y: Tensor, depth: Tensor, *, max_depth: float = 10.0, mask: Mask = "known") -> dict[str, Tensor]:
    """Every figure of the field, one value a picture.

    `rmse`, `mae` (m); `absrel`; `log10`; `delta1`, `delta2`, `delta3` (shares within a factor of 1.25, 1.25², 1.25³);
    `irmse`, `imae` (1/m).

    Shapes:
        y, depth (B, 1, H, W), metres -> (B,) each.

    Raises:
        BadTask: LP103, a picture without one known distance.
    """
    known = _known(depth, max_depth) if mask == "known" else (depth > 0) | (y > 0)
    count = known.flatten(1).sum(1)
    if not count.all():
        raise BadTask("a picture without one known distance", fix="leave it out: nothing can be measured on it")
    if mask == "known":
        y = y.clamp(min=NEAREST)
        depth = torch.where(known, depth, torch.ones_like(depth))

    def mean(values: Tensor) -> Tensor:
        return torch.where(known, values, torch.zeros_like(values)).flatten(1).sum(1) / count

    error, inverse = (y - depth).abs(), (1 / y - 1 / depth).abs()
    ratio = torch.maximum(y / depth, depth / y)
    return {
        "rmse": mean(error.square()).sqrt(), "mae": mean(error), "absrel": mean(error / depth),
        "log10": mean((y.log10() - depth.log10()).abs()),
        **{f"delta{j}": mean((ratio < 1.25**j).to(y.dtype)) for j in (1, 2, 3)},
        "irmse": mean(inverse.square()).sqrt(), "imae": mean(inverse),
    }  # fmt: skip


def evaluate_depth(
    model: nn.Module, source: Source, *, max_depth: float = 10.0, mask: Mask = "known", batch_size: int = 8
) -> Mapping[str, float]:
    """The means of `depth_errors` over all pictures, the network in evaluation mode; its mode is put back after."""
    was, sums, count = model.training, dict[str, float](), 0
    model.eval()
    with torch.no_grad():
        for start in range(0, len(source), batch_size):
            x, depth = source.batch(np.arange(start, min(start + batch_size, len(source))), 0)
            for name, values in depth_errors(model(x), depth, max_depth=max_depth, mask=mask).items():
                sums[name] = sums.get(name, 0.0) + float(values.sum())
            count += len(x)
    model.train(was)
    return {name: total / count for name, total in sums.items()}


def judge_depth(model: nn.Module, source: Source) -> Measure:
    """Root mean square error, which decides the best epoch."""
    rmse = evaluate_depth(model, source)["rmse"]
    return Measure("rmse", rmse, rmse, rmse, len(source), higher_is_better=False)


def _known(depth: Tensor, max_depth: float) -> Tensor:
    return (depth > 0) & (depth <= max_depth)
