from __future__ import annotations

import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from lilliput.core.errors import BadSetting, Diverged, Interrupted
from lilliput.core.events import Event
from lilliput.train.data import Tensors, TrainData
from lilliput.train.loop import fit
from lilliput.train.metrics import evaluate
from lilliput.train.settings import TrainSettings
from tests.train.small_training import SETTINGS, data, network, train

ROOT = Path(__file__).resolve().parents[2]
STEPS = 11  # an epoch: 90 items in whole batches of 8


def _bits(model: nn.Module) -> dict[str, bytes]:
    return {key: value.numpy().tobytes() for key, value in model.state_dict().items()}


@pytest.fixture(scope="module")
def uninterrupted() -> tuple[dict[str, bytes], tuple[float, ...]]:
    model, result = train()
    return _bits(model), tuple(row.loss for row in result.history)


def test_it_learns() -> None:
    plain = replace(SETTINGS, epochs=12, augment=(), mixup_alpha=0.0, label_smoothing=0.0, ema_decay=0.0)
    model = network()
    before = evaluate(model, data().validation).value
    result = fit(model, data(plain), plain)
    assert before < 0.6
    assert result.best.value > 0.9
    assert evaluate(model, data().validation) == result.best
    assert not model.training
    assert (result.epochs, result.steps) == (12, 12 * STEPS)


def test_same_seed_same_bits_other_seed_other_bits(uninterrupted: tuple[dict[str, bytes], object]) -> None:
    assert _bits(train()[0]) == uninterrupted[0]
    assert _bits(train(seed=1)[0]) != uninterrupted[0]


@pytest.mark.parametrize(("step", "where"), [(2, ""), (11, ""), (17, ""), (17, "saving"), (22, "saving"), (33, "")])
def test_killed_and_resumed_equals_uninterrupted(
    tmp_path: Path, step: int, where: str, uninterrupted: tuple[dict[str, bytes], tuple[float, ...]]
) -> None:
    command = [sys.executable, "-m", "tests.train.small_training", str(tmp_path), str(step), *filter(None, [where])]
    killed = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=120)
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    model, result = train(tmp_path)
    # Killed in epoch 1 before step 3: nothing was saved yet. Else the last multiple of 3, or the last epoch's end.
    assert result.resumed_from == {2: 0, 11: 9, 17: 15, 22: 21, 33: 32 // 3 * 3}[step]
    assert _bits(model) == uninterrupted[0]
    assert tuple(row.loss for row in result.history) == uninterrupted[1]


def test_mixed_batches_are_the_same_after_a_stop(tmp_path: Path) -> None:
    changes = {"cutmix_alpha": 1.0, "mix_probability": 0.7, "mix_epochs": 2, "lr_every": "epoch", "warmup_lr": 1e-3}

    def stop(event: Event) -> None:
        if event.kind == "step" and event.step == 14:
            raise KeyboardInterrupt

    with pytest.raises(Interrupted):
        fit(network(), data(), replace(SETTINGS, **changes), checkpoint_dir=tmp_path, emit=stop)  # type: ignore[arg-type]
    resumed, result = train(tmp_path, **changes)
    assert result.resumed_from == 12
    assert _bits(resumed) == _bits(train(**changes)[0])


def test_a_finished_training_is_not_done_again(tmp_path: Path) -> None:
    first, _ = train(tmp_path)
    second, result = train(tmp_path)
    assert result.resumed_from == result.steps == 3 * STEPS
    assert _bits(second) == _bits(first)


def test_stopping_from_the_keyboard_says_how_to_go_on(tmp_path: Path) -> None:
    def stop(event: Event) -> None:
        if event.kind == "step" and event.step == 14:
            raise KeyboardInterrupt

    with pytest.raises(Interrupted, match=r"stopped in epoch 2 at step 14\n  fix: .*step-00000012"):
        fit(network(), data(), SETTINGS, checkpoint_dir=tmp_path, emit=stop)
    with pytest.raises(KeyboardInterrupt):
        fit(network(), data(), SETTINGS, emit=stop)


def test_other_settings_do_not_go_on_from_a_checkpoint(tmp_path: Path) -> None:
    train(tmp_path)
    with pytest.raises(BadSetting, match=r"of another training: lr 0\.005 then, 0\.01 now"):
        train(tmp_path, lr=0.01)


def test_a_loss_that_is_not_finite_stops_with_its_step(tmp_path: Path) -> None:
    calls = 0

    def objective(model: nn.Module, x: Tensor, target: Tensor) -> Tensor:
        nonlocal calls
        calls += 1
        return model(x).sum() * (float("nan") if calls == 5 else 1e-3)

    with pytest.raises(
        Diverged, match=r"loss is nan at step 5 \(epoch 1\)\n  why: .*step-00000003\n  fix: .*lr=0\.0005"
    ):
        fit(network(), data(), SETTINGS, checkpoint_dir=tmp_path, objective=objective)


def test_weights_that_are_not_finite_are_never_saved(tmp_path: Path) -> None:
    class Exploding(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.ones(3))

        def forward(self, x: Tensor) -> Tensor:
            y = x.flatten(1)[:, :3] * self.weight
            if self.training and torch.is_grad_enabled():
                y.register_hook(lambda g: g * float("inf"))
            return y

    settings = TrainSettings(epochs=1, batch_size=90, warmup_epochs=0)
    with pytest.raises(Diverged, match=r"weight holds a value that is not finite .*\n  why: .*no checkpoint before it"):
        fit(Exploding(), data(), settings, checkpoint_dir=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_it_stops_early_and_keeps_the_best_epoch() -> None:
    settings = TrainSettings(epochs=50, batch_size=45, early_stop_patience=2, schedule="constant", warmup_epochs=0)
    seen: list[dict[str, bytes]] = []

    def judge(model: nn.Module, source: object) -> object:
        seen.append(_bits(model))
        return replace(evaluate(model, data().validation), value=[0.1, 0.5, 0.4, 0.5][len(seen) - 1])

    model = network()
    result = fit(model, data(), settings, judge=judge)
    assert (result.epochs, result.best_epoch, result.best.value) == (4, 2, 0.5)
    assert _bits(model) == seen[1]
    seen.clear()
    fit(model := network(), data(), replace(settings, keep="last"), judge=judge)
    assert _bits(model) == seen[3]


@pytest.mark.parametrize(
    "change",
    [
        {"label_smoothing": 0.0},
        {"mixup_alpha": 0.0},
        {"ema_decay": 0.0},
        {"grad_clip": 0.0},
        {"weight_decay": 0.5},
        {"optimiser": "sgd"},
        {"optimiser": "sgd", "nesterov": True},
        {"optimiser": "adam", "weight_decay": 0.3},
        {"optimiser": "rmsprop", "schedule": "step", "step_epochs": 2.4, "step_factor": 0.97},
        {"optimiser": "lamb", "weight_decay": 0.05},
        {"augment": ()},
        {"schedule": "constant"},
        {"batch_size": 16},
        {"norm_momentum": 0.0},
        {"cutmix_alpha": 1.0},
        {"mix_probability": 0.5},
        {"lr_every": "epoch", "warmup_lr": 1e-3},
        {"warmup": "inverse", "warmup_epochs": 2},
    ],
    ids=str,
)
def test_each_setting_does_something(change: dict[str, object], uninterrupted: tuple[dict[str, bytes], object]) -> None:
    assert _bits(train(**change)[0]) != uninterrupted[0]


@pytest.fixture(scope="module")
def to_the_end() -> dict[str, bytes]:
    return _bits(train(keep="last")[0])


@pytest.mark.parametrize(
    "change", [{"mix_epochs": 1}, {"min_lr": 1e-3}, {"cosine_from": "start"}, {"cooldown_epochs": 1.0}], ids=str
)
def test_each_setting_of_late_epochs_does_something(change: dict[str, object], to_the_end: dict[str, bytes]) -> None:
    assert _bits(train(keep="last", **change)[0]) != to_the_end


def test_weight_decay_leaves_biases_and_normalisations_alone() -> None:
    model = network()
    before = {name: p.detach().clone() for name, p in model.named_parameters()}

    def nothing(model: nn.Module, x: Tensor, target: Tensor) -> Tensor:
        return 0 * sum(p.sum() for p in model.parameters())

    fit(model, data(), TrainSettings(epochs=1, batch_size=8, optimiser="sgd", weight_decay=0.1), objective=nothing)
    for name, p in model.named_parameters():
        assert torch.equal(p, before[name]) == (p.ndim == 1), name


def test_the_caller_keeps_its_random_state_and_threads() -> None:
    torch.manual_seed(7)
    expected, threads = torch.rand(3), torch.get_num_threads()
    torch.manual_seed(7)
    model, _ = network(), torch.manual_seed(7)
    fit(model, data(), replace(SETTINGS, epochs=1, threads=1 if threads > 1 else 2))
    assert torch.equal(torch.rand(3), expected)
    assert torch.get_num_threads() == threads


def test_running_statistics_keep_up_in_a_short_training() -> None:
    plain = replace(SETTINGS, epochs=6, augment=(), mixup_alpha=0.0, label_smoothing=0.0, ema_decay=0.0, keep="last")
    model = network()
    result = fit(model, data(plain), plain)
    assert {m.momentum for m in model.modules() if isinstance(m, nn.BatchNorm2d)} == {0.01}
    slow = fit(network(), data(plain), replace(plain, norm_momentum=0.0))
    assert sum(row.value for row in slow.history[3:]) < sum(row.value for row in result.history[3:])
    assert result.history[-1].value > 0.8


def test_an_autoencoder_learns_to_give_its_input_back() -> None:
    rng = np.random.default_rng(0)
    x = torch.from_numpy((rng.standard_normal((96, 2)) @ rng.standard_normal((2, 12))).astype(np.float32))
    source = Tensors(x, torch.zeros(96))
    model = nn.Sequential(nn.Linear(12, 2), nn.Linear(2, 12))
    before = evaluate(model, source, loss="mse").value
    settings = TrainSettings(epochs=60, batch_size=32, loss="mse", lr=0.02, weight_decay=0.0)
    result = fit(model, TrainData(source, source), settings)
    assert result.best.value < 0.05 * before


def test_progress_is_told_in_order() -> None:
    events: list[Event] = []
    fit(network(), data(), replace(SETTINGS, epochs=1), emit=events.append)
    kinds = [event.kind for event in events]
    assert kinds == ["started", *["step"] * STEPS, "metric", "metric", "done"]
    assert [event.step for event in events if event.kind == "step"] == list(range(1, STEPS + 1))


def test_no_items_are_refused() -> None:
    empty = Tensors(torch.zeros(0, 1, 16, 8), torch.zeros(0))
    with pytest.raises(BadSetting, match="there are no validation items"):
        fit(network(), TrainData(data().train, empty), SETTINGS)
