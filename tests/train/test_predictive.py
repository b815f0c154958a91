"""Terms of the predictive loss, by hand; and that training makes predictions better."""

from __future__ import annotations

import pytest
import torch

from lilliput.models import create_model
from lilliput.models.vcnet import VCNet
from lilliput.tasks import get_task
from lilliput.train.data import Features, Resized, TrainData
from lilliput.train.loop import fit
from lilliput.train.predictive import prediction_loss, predictive, shared_information
from lilliput.train.settings import TrainSettings


def test_errors_are_counted_in_variances_and_do_not_move_the_state() -> None:
    state = torch.randn(4, 3, 5, 5, requires_grad=True)
    said = torch.zeros(4, 3, 5, 5, requires_grad=True)
    loss = prediction_loss([[said - state]], [[state, torch.zeros(1)]])
    wanted = (state.detach().square().mean() / (state.detach().var() + 1e-4)).item()
    assert loss.item() == pytest.approx(wanted)
    loss.backward()
    assert said.grad is not None
    assert said.grad.abs().sum() > 0
    assert state.grad is None or state.grad.abs().max() < 1e-6


def test_codes_that_say_the_same_share_all() -> None:
    a = torch.randn(500, 1)
    assert shared_information(a, a) == pytest.approx(1.0, abs=0.02)
    assert shared_information(a, torch.randn(500, 1)) < 0.02


def test_each_term_counts() -> None:
    torch.manual_seed(0)
    model, x, y = create_model("vcnet_micro").train(), torch.rand(8, 1, 32, 32), torch.arange(8)
    plain = predictive(prediction=0, apart=0)(model, x, y)
    for changes in ({"prediction": 1.0, "apart": 0.0}, {"prediction": 0.0, "apart": 1.0}, {"any_time": 1.0}):
        assert predictive(**{"prediction": 0, "apart": 0, **changes})(model, x, y) > plain  # type: ignore[arg-type]


def test_training_makes_errors_fall_over_the_steps() -> None:
    torch.manual_seed(0)
    task = get_task("fashion")
    splits = task.load()
    learn, held = (Resized(Features(splits[name], task.preprocess), (32, 32)) for name in ("train", "validation"))
    model = create_model("vcnet_micro")
    assert isinstance(model, VCNet)
    settings = TrainSettings(epochs=1, batch_size=64, lr=3e-3, keep="last")

    class Part:
        def __len__(self) -> int:
            return 1280

        def batch(self, items, epoch):  # type: ignore[no-untyped-def]
            return learn.batch(items, epoch)

    fit(model, TrainData(Part(), held), settings, objective=predictive())
    x, _ = held.batch(torch.arange(200).numpy(), 0)
    with torch.no_grad():
        trace = model(x, steps=2, trace=True)
    for area in range(3):
        sizes = [float(now[area].square().mean()) for now in trace.errors]  # type: ignore[union-attr]
        assert sizes[1] < sizes[0]
        assert sizes[2] < sizes[0]
        assert trace.states[-1][area].var() > 1e-3  # type: ignore[union-attr]
