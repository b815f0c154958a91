"""Labels of pixels and boxes: items for the training loop, what training makes small, and what an answer is worth.

Axes: B batch, K classes, H height, W width; h, w places of a detector's map, each `reduction` pixels wide.

Sources: the map of centres and its loss, CenterNet (arXiv:1904.07850); distances to the four sides, FCOS
(arXiv:1904.01355), with their generalised overlap (arXiv:1902.09630).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from lilliput.train.data import Source
from lilliput.train.metrics import Measure


@dataclass(frozen=True)
class Boxes:
    """What was found in one picture, the surest first.

    Args:
        boxes: (N, 4): left, top, right, bottom in pixels.
        classes: (N,).
        scores: (N,), in [0, 1].
    """

    boxes: Tensor
    classes: Tensor
    scores: Tensor


class DenseItems:
    """Grey scenes and a target for each place, for the training loop.

    Args:
        x: (N, H, W) uint8.
        target: (N, ...): labels of pixels, or `centre_targets`.
    """

    def __init__(self, x: NDArray[np.uint8], target: Tensor) -> None:
        self.x, self.target = torch.from_numpy(np.ascontiguousarray(x[:, None])), target

    def __len__(self) -> int:
        return len(self.x)

    def batch(self, items: NDArray[np.intp], epoch: int) -> tuple[Tensor, Tensor]:
        """x (B, 1, H, W) in [-1, 1], and targets (B, ...)."""
        at = torch.from_numpy(items)
        return self.x[at].float() / 127.5 - 1, self.target[at]


def judge_pixels(model: nn.Module, source: Source) -> Measure:
    """The mean overlap of what a network says of each pixel."""
    x, labels = source.batch(np.arange(len(source)), 0)
    logits = answered(model, x)
    share = mean_overlap(logits.argmax(1), labels, logits.shape[1])
    return Measure("mean overlap", share, share, share, len(source))


class JudgeBoxes:
    """The mean average precision of a detector, at half overlap.

    Args:
        boxes, classes: of the pictures that are judged by, in their order.
        reduction: of the detector.
    """

    def __init__(self, boxes: Tensor, classes: Tensor, reduction: int) -> None:
        self.boxes, self.classes, self.reduction = boxes, classes, reduction

    def __call__(self, model: nn.Module, source: Source) -> Measure:
        x, _ = source.batch(np.arange(len(source)), 0)
        found = found_boxes(answered(model, x), self.reduction)
        figure = average_precision(found, self.boxes, self.classes)
        return Measure("average precision", figure, figure, figure, len(source))


def answered(model: nn.Module, x: Tensor, *, rows: int = 64) -> Tensor:
    """What a network in evaluation mode says, without gradients, `rows` pictures at a time."""
    model.eval()
    device = next(model.parameters()).device
    with torch.no_grad():
        return torch.cat([model(part.to(device)).cpu() for part in torch.split(x, rows)])


def pixel_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Cross-entropy, each class weighted by one over the root of its share: background is most of a picture.

    Shapes:
        logits (B, K, H, W), labels (B, H, W) -> scalar.
    """
    shares = torch.bincount(labels.flatten(), minlength=logits.shape[1]).clamp(min=1).to(logits.dtype)
    return F.cross_entropy(logits, labels, weight=(shares.sum() / shares).sqrt())


def mean_overlap(found: Tensor, labels: Tensor, classes: int) -> float:
    """Mean over classes of intersection through union; classes that are in neither are left out.

    Shapes:
        found, labels (B, H, W), int64.
    """
    table = torch.bincount((labels * classes + found).flatten(), minlength=classes**2).reshape(classes, classes)
    both, either = table.diagonal(), table.sum(0) + table.sum(1) - table.diagonal()
    return float((both[either > 0] / either[either > 0]).mean())


def centre_targets(boxes: Tensor, classes: Tensor, kinds: int, size: tuple[int, int], reduction: int) -> Tensor:
    """A map of centres, smeared after the boxes' sizes, the distances at the centres, and where those are.

    Args:
        boxes: left, top, right, bottom in pixels.
        classes: of each box; -1: none.
        kinds: K.
        size: (h, w).
        reduction: pixels a place.

    Shapes:
        boxes (N, things, 4), classes (N, things) -> (N, K + 5, h, w).
    """
    made = torch.zeros(len(boxes), kinds + 5, *size)
    rows, columns = (torch.arange(count, dtype=torch.float32) for count in size)
    for scene, thing in (classes >= 0).nonzero().tolist():
        left, top, right, bottom = (float(v) for v in boxes[scene, thing] / reduction)
        column, row = (min(int((a + b) / 2), n - 1) for a, b, n in ((left, right, size[1]), (top, bottom, size[0])))
        # A third of the half side: outside of it a centre would give another box.
        spread = [max((b - a) / 6, 0.3) for a, b in ((top, bottom), (left, right))]
        bump = torch.outer(
            torch.exp(-(((rows - row) / spread[0]) ** 2) / 2), torch.exp(-(((columns - column) / spread[1]) ** 2) / 2)
        )
        heat = made[scene, int(classes[scene, thing])]
        torch.maximum(heat, bump, out=heat)
        sides = (column + 0.5 - left, row + 0.5 - top, right - column - 0.5, bottom - row - 0.5)
        made[scene, kinds:, row, column] = torch.tensor([*sides, 1.0])
    return made


def centre_loss(found: Tensor, target: Tensor) -> Tensor:
    """Focal loss of the centres, and one less the generalised overlap of the boxes there.

    Shapes:
        found (B, K + 4, h, w), target (B, K + 5, h, w) -> scalar.
    """
    kinds = found.shape[1] - 4
    logits, heat, here = found[:, :kinds], target[:, :kinds], target[:, -1]
    p = torch.sigmoid(logits)
    at = heat == 1
    right = (1 - p) ** 2 * F.logsigmoid(logits) * at
    wrong = (1 - heat) ** 4 * p**2 * F.logsigmoid(-logits) * ~at
    count = here.sum().clamp(min=1)
    sides, wanted = (t.permute(0, 2, 3, 1)[here > 0].clamp(min=1e-6) for t in (found[:, kinds:], target[:, kinds:-1]))
    return -(right.sum() + wrong.sum()) / count + (1 - _generalised_overlap(sides, wanted)).sum() / count


def _generalised_overlap(a: Tensor, b: Tensor) -> Tensor:
    """Of boxes around one point, given by the distances to their sides: (N, 4), (N, 4) -> (N,)."""
    inner, outer = torch.minimum(a, b), torch.maximum(a, b)
    both, hull = _area(inner), _area(outer)
    either = _area(a) + _area(b) - both
    return both / either - (hull - either) / hull


def _area(sides: Tensor) -> Tensor:
    return (sides[:, 0] + sides[:, 2]) * (sides[:, 1] + sides[:, 3])


def found_boxes(found: Tensor, reduction: int, *, most: int = 20, least: float = 0.05) -> list[Boxes]:
    """Peaks of the map of centres as boxes: a place counts where none of its neighbours is surer.

    Args:
        found: of a detector.
        reduction: pixels a place.
        most: at most so many a picture.
        least: score below which nothing counts.

    Shapes:
        (B, K + 4, h, w) -> one `Boxes` a picture.
    """
    kinds, width = found.shape[1] - 4, found.shape[3]
    p = torch.sigmoid(found[:, :kinds])
    p = torch.where(p == F.max_pool2d(p, 3, 1, 1), p, torch.zeros_like(p))
    scores, places = p.flatten(1).topk(min(most, p[0].numel()))
    answers = []
    for picture in range(len(found)):
        kept = scores[picture] >= least
        at = places[picture][kept]
        classes, place = at // p[0, 0].numel(), at % p[0, 0].numel()
        row, column = place // width, place % width
        left, top, right, bottom = found[picture, kinds:, row, column]
        x, y = column + 0.5, row + 0.5
        boxes = torch.stack([x - left, y - top, x + right, y + bottom], 1) * reduction
        answers.append(Boxes(boxes, classes, scores[picture][kept]))
    return answers


def overlaps(a: Tensor, b: Tensor) -> Tensor:
    """Intersection through union of each pair of boxes: (N, 4), (M, 4) -> (N, M)."""
    low, high = torch.maximum(a[:, None, :2], b[None, :, :2]), torch.minimum(a[:, None, 2:], b[None, :, 2:])
    both = (high - low).clamp(min=0).prod(2)
    size = [(t[:, 2:] - t[:, :2]).clamp(min=0).prod(1) for t in (a, b)]
    return both / (size[0][:, None] + size[1][None] - both).clamp(min=1e-9)


def average_precision(answers: Sequence[Boxes], boxes: Tensor, classes: Tensor, *, overlap: float = 0.5) -> float:
    """Mean over classes of the area under precision by recall, every point of it (as Pascal VOC from 2010 on).

    Args:
        answers: one a picture.
        boxes: (N, things, 4), as they are.
        classes: (N, things); -1: none.
        overlap: from which on a box is right; each true box is found once.
    """
    figures = []
    for kind in sorted(set(classes[classes >= 0].tolist())):
        scored: list[tuple[float, bool]] = []
        for picture, answer in enumerate(answers):
            truth = boxes[picture][classes[picture] == kind]
            mine = answer.classes == kind
            pairs = overlaps(answer.boxes[mine], truth)
            taken: set[int] = set()
            for row, score in zip(pairs, answer.scores[mine].tolist(), strict=True):
                best = int(row.argmax()) if len(row) else -1
                is_right = best >= 0 and float(row[best]) >= overlap and best not in taken
                taken |= {best} if is_right else set()
                scored.append((score, is_right))
        figures.append(_area_under([right for _, right in sorted(scored, key=lambda pair: -pair[0])],
                                   int((classes == kind).sum())))  # fmt: skip
    return sum(figures) / len(figures) if figures else 0.0


def _area_under(right: Sequence[bool], truths: int) -> float:
    hits = np.cumsum(np.asarray(right, dtype=np.float64))
    if not len(hits):
        return 0.0
    precision = hits / np.arange(1, len(hits) + 1)
    best_after = np.maximum.accumulate(precision[::-1])[::-1]
    steps = np.diff(np.concatenate([[0.0], hits / truths]))
    return float((best_after * steps).sum())
