"""Labels of pixels and boxes: targets, losses and figures by hand."""

from __future__ import annotations

import pytest
import torch

from lilliput.train.dense import (
    Boxes,
    average_precision,
    centre_loss,
    centre_targets,
    found_boxes,
    mean_overlap,
    overlaps,
    pixel_loss,
)

BOXES = torch.tensor(
    [[[8.0, 4.0, 24.0, 28.0], [0.0, 0.0, 0.0, 0.0]], [[2.0, 2.0, 10.0, 8.0], [20.0, 20.0, 30.0, 31.0]]]
)
CLASSES = torch.tensor([[1, -1], [0, 2]])


def perfect() -> torch.Tensor:
    """What a detector would give that knows the answer."""
    target = centre_targets(BOXES, CLASSES, 3, (8, 8), 4)
    heat = target[:, :3]
    return torch.cat([torch.where(heat == 1, 8.0, -8.0), target[:, 3:7].clamp(min=1e-3)], 1)


def test_a_perfect_map_gives_the_boxes_back() -> None:
    first, second = found_boxes(perfect(), 4)
    torch.testing.assert_close(first.boxes, BOXES[0, :1])
    assert first.classes.tolist() == [1]
    order = second.classes.argsort()
    torch.testing.assert_close(second.boxes[order], BOXES[1])
    assert average_precision([first, second], BOXES, CLASSES) == pytest.approx(1.0)


def test_the_loss_is_least_at_the_answer() -> None:
    target = centre_targets(BOXES, CLASSES, 3, (8, 8), 4)
    best = centre_loss(perfect(), target).item()
    assert best == pytest.approx(0, abs=2e-2)
    moved = perfect()
    moved[:, 3:] += 1.0
    assert centre_loss(moved, target).item() > best + 0.1
    swapped = perfect()
    swapped[:, :3] = -8.0
    assert centre_loss(swapped, target).item() > best + 2


def test_precision_falls_with_false_and_with_missing_boxes() -> None:
    truth, kinds = torch.tensor([[[0.0, 0.0, 10.0, 10.0], [20.0, 20.0, 30.0, 30.0]]]), torch.tensor([[0, 0]])
    right = Boxes(truth[0], torch.zeros(2, dtype=torch.int64), torch.tensor([0.9, 0.8]))
    assert average_precision([right], truth, kinds) == 1.0
    half = Boxes(truth[0, :1], torch.zeros(1, dtype=torch.int64), torch.tensor([0.9]))
    assert average_precision([half], truth, kinds) == 0.5
    false_first = Boxes(torch.cat([truth[0, :1] + 50, truth[0]]), torch.zeros(3, dtype=torch.int64),
                        torch.tensor([0.9, 0.8, 0.7]))  # fmt: skip
    assert average_precision([false_first], truth, kinds) == pytest.approx(2 / 3)
    twice = Boxes(truth[0, [0, 0]], torch.zeros(2, dtype=torch.int64), torch.tensor([0.9, 0.8]))
    assert average_precision([twice], truth, kinds) == 0.5


def test_overlap_of_boxes_and_of_labels() -> None:
    a = torch.tensor([[0.0, 0.0, 4.0, 4.0]])
    b = torch.tensor([[2.0, 0.0, 6.0, 4.0], [0.0, 0.0, 4.0, 4.0], [5.0, 5.0, 6.0, 6.0]])
    assert overlaps(a, b).tolist() == [[pytest.approx(8 / 24), 1.0, 0.0]]
    found, labels = torch.tensor([[[0, 0], [1, 1]]]), torch.tensor([[[0, 1], [1, 1]]])
    assert mean_overlap(found, labels, 5) == pytest.approx((1 / 2 + 2 / 3) / 2)


def test_rare_classes_count_more() -> None:
    labels = torch.zeros(1, 10, 10, dtype=torch.int64)
    labels[0, 0, 0] = 1
    blind = torch.zeros(1, 2, 10, 10)
    blind[:, 0] = 3
    assert pixel_loss(blind, labels) > 3 * torch.nn.functional.cross_entropy(blind, labels)
