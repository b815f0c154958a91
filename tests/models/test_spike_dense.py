"""Dense heads: shapes, spikes in front of every layer, and that they learn masks and boxes of scenes."""

from __future__ import annotations

import torch

from lilliput.models import create_model
from lilliput.models.meta_spikeformer import MetaSpikeFormer
from lilliput.models.spike_dense import SpikeDetector, SpikeSegmenter
from lilliput.models.spike_fold import fold
from lilliput.spiking import OperationCounter
from lilliput.tasks import get_task
from lilliput.tasks.scenes import Scenes, compose
from lilliput.train import TrainData, TrainSettings, fit
from lilliput.train.dense import (
    Boxes,
    DenseItems,
    JudgeBoxes,
    average_precision,
    centre_loss,
    centre_targets,
    judge_pixels,
    pixel_loss,
)

TINY = {"widths": "16 16 16 16", "layers": "1 1 1 1 1", "heads": 2, "strides": "2 2 1 1 1", "height": 40, "width": 40}


def backbone(**changes: object) -> MetaSpikeFormer:
    torch.manual_seed(0)
    model = create_model("meta_spikeformer_nano", **{**TINY, **changes})  # type: ignore[arg-type]
    assert isinstance(model, MetaSpikeFormer)
    return model


def test_shapes() -> None:
    x = torch.randn(2, 1, 40, 48)
    segmenter = SpikeSegmenter(backbone(steps=2), 11)
    assert segmenter(x).shape == (2, 11, 40, 48)
    assert segmenter(x.expand(2, -1, -1, -1, -1)).shape == (2, 11, 40, 48)
    detector = SpikeDetector(backbone(), 10)
    assert detector.reduction == 4
    found = detector(x)
    assert found.shape == (2, 14, 10, 12)
    assert found[:, 10:].min() > 0


def test_folded_heads_add_only() -> None:
    model = SpikeDetector(backbone(steps=2), 10)
    x = torch.randn(4, 1, 40, 40)
    model(x)
    folded = fold(model).network
    with torch.no_grad(), OperationCounter(folded) as counter:
        found = folded(x)
    report = counter.report(4)
    assert report.hidden_floats == ()
    assert {c.kind for c in report.layers if not c.is_first} == {"spikes"}
    torch.testing.assert_close(found, model.eval()(x), atol=1e-3, rtol=1e-3)


def test_every_parameter_learns() -> None:
    for model in (SpikeSegmenter(backbone(), 3), SpikeDetector(backbone(), 3)):
        model(torch.randn(4, 1, 40, 40)).square().sum().backward()
        still = [n for n, p in model.named_parameters() if p.grad is None or not p.grad.any()]
        # Before a normalisation, where a bias changes nothing.
        assert [n for n in still if not n.endswith("conv.bias")] == []


def scenes() -> Scenes:
    return compose(get_task("fashion").load()["train"], count=32, side=56, things=1)


SETTINGS = TrainSettings(epochs=8, batch_size=4, lr=2e-2, keep="last", threads=1)


def test_masks_are_learnt() -> None:
    found = scenes()
    labels = torch.from_numpy((found.labels > 0).astype("int64"))
    items = DenseItems(found.x, labels)
    model = SpikeSegmenter(backbone(height=56, width=56, strides="4 1 2 1 1"), 2, width=16)
    before = judge_pixels(model, items).value
    fit(model, TrainData(items, items), SETTINGS, objective=lambda m, x, y: pixel_loss(m(x), y), judge=judge_pixels)
    assert judge_pixels(model, items).value > 0.7 > 0.5 > before


def test_boxes_are_learnt() -> None:
    found = scenes()
    boxes, kinds = torch.from_numpy(found.boxes), torch.from_numpy(found.classes).clamp(max=0)
    model = SpikeDetector(backbone(height=56, width=56, strides="4 2 1 1 1"), 1, width=24)
    items = DenseItems(found.x, centre_targets(boxes, kinds, 1, (7, 7), model.reduction))
    judge = JudgeBoxes(boxes, kinds, model.reduction)
    middle = Boxes(boxes[:, 0].mean(0, keepdim=True), torch.zeros(1, dtype=torch.int64), torch.ones(1))
    assert average_precision([middle] * len(boxes), boxes, kinds) < 0.1, "one box for all is no answer"
    fit(model, TrainData(items, items), SETTINGS, objective=lambda m, x, y: centre_loss(m(x), y), judge=judge)
    assert judge(model, items).value > 0.3
