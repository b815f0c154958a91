"""Networks between fields: losses, figures, normalisation, other resolutions, and steps of time one after another.

Axes: B batch, K channels, H and W points. Errors are relative, one a sample, and averaged over samples.

Source: MgNO (arXiv:2310.19809), section 5 and the losses of its code: wave numbers are integers, without 2π, and those
from 20 on weigh nothing but 1 in the H1 norm.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from lilliput.core.errors import BadSetting, BadTask
from lilliput.core.events import Emit, silent
from lilliput.tasks.pde import Fields
from lilliput.train.data import Source, TrainData
from lilliput.train.loop import fit
from lilliput.train.losses import Objective
from lilliput.train.metrics import Measure
from lilliput.train.settings import TrainSettings

CUTOFF = 20
LOSSES = ("l2", "h1")


class FieldItems:
    """Samples of an operator, for the training loop.

    Args:
        fields: with one channel or more on each side.
    """

    def __init__(self, fields: Fields) -> None:
        self.x, self.y = torch.from_numpy(fields.x), torch.from_numpy(fields.y)

    def __len__(self) -> int:
        return len(self.x)

    def batch(self, items: NDArray[np.intp], epoch: int) -> tuple[Tensor, Tensor]:
        """x (B, C, H, W) and y (B, K, H, W)."""
        at = torch.from_numpy(items)
        return self.x[at], self.y[at]


def relative_l2(found: Tensor, wanted: Tensor) -> Tensor:
    """‖found − wanted‖ / ‖wanted‖ of each sample.

    Shapes:
        (B, K, H, W), the same -> (B,).

    Raises:
        ValueError: other shapes; nothing is broadcast.
    """
    _check_alike(found, wanted)
    error, size = (field.flatten(1).norm(dim=1) for field in (found - wanted, wanted))
    return torch.div(error, size)


def relative_h1(found: Tensor, wanted: Tensor, *, cutoff: int = CUTOFF) -> Tensor:
    """The same with each wave weighted by √(1 + kx² + ky²): slopes count too.

    Args:
        found: of the network.
        wanted: as it is.
        cutoff: wave numbers from it on count as 0 in the weight; they still weigh 1.

    Shapes:
        (B, K, H, W), the same -> (B,).

    Raises:
        ValueError: other shapes.
    """
    _check_alike(found, wanted)
    ky, kx = (torch.fft.fftfreq(n, 1 / n, device=found.device).abs() for n in found.shape[2:])
    ky, kx = (torch.where(k < cutoff, k, torch.zeros_like(k)) for k in (ky, kx))
    weight = (1 + ky[:, None].square() + kx.square()).sqrt()
    error, size = (torch.fft.fft2(field) * weight for field in (found - wanted, wanted))
    return torch.div(_length(error), _length(size))


def _length(waves: Tensor) -> Tensor:
    length: Tensor = torch.view_as_real(waves).flatten(1).norm(dim=1)
    return length


def _check_alike(found: Tensor, wanted: Tensor) -> None:
    if found.shape != wanted.shape or found.ndim != 4:
        raise ValueError(f"fields of {tuple(found.shape)} cannot be compared with {tuple(wanted.shape)}")


def field_objective(loss: str = "h1") -> Objective:
    """The objective of the training loop: the mean relative error in that norm.

    Raises:
        BadSetting: LP101, neither `l2` nor `h1`.
    """
    if loss not in LOSSES:
        raise BadSetting(f"loss {loss!r}", fix=f"one of {', '.join(LOSSES)}")
    of = relative_l2 if loss == "l2" else relative_h1
    return lambda model, x, y: of(model(x), y).mean()


class Normalised(nn.Module):
    """A network between normalised fields, as one between fields as they are.

    Args:
        net: made by `create_model`; its `config` is this one's too.
        train: what it is to learn from: means and deviations are those of these samples, and of no others.
        pointwise: each point has its own; the network then takes this resolution only.

    Shapes:
        (B, C, H, W) -> (B, K, H, W).

    Raises:
        ValueError: with `pointwise`, a field of another resolution.
    """

    given_mean: Tensor
    given_scale: Tensor
    solved_mean: Tensor
    solved_scale: Tensor

    def __init__(self, net: nn.Module, train: Fields, *, pointwise: bool = False) -> None:
        super().__init__()
        self.net, self.config = net, getattr(net, "config", None)
        self.size = train.size if pointwise else None
        for name, field in (("given", train.x), ("solved", train.y)):
            axes = 0 if pointwise else (0, 2, 3)
            mean, scale = (torch.from_numpy(f(field, axis=axes, keepdims=True)) for f in (np.mean, np.std))
            floor = 1e-6 * float(scale.max()) or 1.0  # on a border the solution may be known, and never change
            self.register_buffer(f"{name}_mean", mean.float())
            self.register_buffer(f"{name}_scale", scale.clamp(min=floor).float())

    def forward(self, x: Tensor) -> Tensor:
        if self.size is not None and tuple(x.shape[2:]) != self.size:
            raise ValueError(
                f"means and deviations are those of {self.size} points, the field has {tuple(x.shape[2:])}"
            )
        y: Tensor = self.net((x - self.given_mean) / self.given_scale)
        return y * self.solved_scale + self.solved_mean


class MeanField(nn.Module):
    """The baseline that looks at nothing: the mean solution of the training samples.

    Args:
        train: the samples.
    """

    mean: Tensor

    def __init__(self, train: Fields) -> None:
        super().__init__()
        self.register_buffer("mean", torch.from_numpy(train.y.mean(0, keepdims=True)))

    def forward(self, x: Tensor) -> Tensor:
        mean = self.mean
        if mean.shape[2:] != x.shape[2:]:
            mean = nn.functional.interpolate(mean, x.shape[2:], mode="bilinear", align_corners=True)
        return mean.expand(len(x), *mean.shape[1:])


def field_errors(model: nn.Module, source: Source, *, batch_size: int = 32) -> dict[str, NDArray[np.float64]]:
    """Relative errors "l2" and "h1" of each sample, the network in evaluation mode; its mode is put back after."""
    was, parts = model.training, dict[str, list[Tensor]]()
    device = next((p.device for p in model.parameters()), torch.device("cpu"))
    model.eval()
    with torch.no_grad():
        for start in range(0, len(source), batch_size):
            x, y = source.batch(np.arange(start, min(start + batch_size, len(source))), 0)
            found = model(x.to(device)).float().cpu()
            for name, of in (("l2", relative_l2), ("h1", relative_h1)):
                parts.setdefault(name, []).append(of(found, y))
    model.train(was)
    return {name: torch.cat(values).double().numpy() for name, values in parts.items()}


def predicted_fields(model: nn.Module, fields: Fields, *, batch_size: int = 32) -> NDArray[np.float32]:
    """What the network says: (N, K, H, W)."""
    model.eval()
    with torch.no_grad():
        found = [model(x) for x in torch.split(torch.from_numpy(fields.x), batch_size)]
    return torch.cat(found).numpy()


@dataclass(frozen=True)
class FieldTraining:
    """How a network between fields is trained by Adam.

    Args:
        lr: the largest rate of learning; it rises from half of it, and falls by a cosine.
        lr_rise: share of the training in which it rises.
        lr_fall: the last rate's share of the largest.
        seconds: of this machine's processor, by whole epochs; 0: `epochs`.
        epochs: where `seconds` is 0.
        loss: "h1" or "l2".
        batch_size: samples a step.
        weight_decay: added to gradients.
        grad_clip: largest norm of gradients.
        seed: of the order of samples.
    """

    lr: float
    lr_rise: float = 0.2
    lr_fall: float = 5e-3
    seconds: float = 0.0
    epochs: int = 1
    loss: str = "h1"
    batch_size: int = 8
    weight_decay: float = 1e-4
    grad_clip: float = 1.0
    seed: int = 0


def learn_fields(
    model: nn.Module, train: Fields, how: FieldTraining, *, folder: Path | None = None, emit: Emit = silent
) -> tuple[int, float]:
    """Train a network, and keep its last epoch. What was begun in a folder goes on.

    Args:
        model: (B, C, H, W) -> (B, K, H, W), such as a `Normalised` one.
        train: what it learns from; nothing is chosen by other samples.
        how: settings.
        folder: for checkpoints and the number of epochs, which a training that goes on must agree with; None: neither.
        emit: is told of the progress.

    Returns:
        Epochs, and processor time in seconds.

    Raises:
        BadSetting: LP101, a loss that there is not.
    """
    epochs = how.epochs
    note = None if folder is None else folder / "epochs.txt"
    if note is not None and note.exists():
        epochs = int(note.read_text(encoding="ascii"))
    elif how.seconds:
        one = _seconds_an_epoch(model, train, loss=how.loss, batch_size=how.batch_size)
        epochs = max(1, round(how.seconds / one))
    if note is not None:
        note.parent.mkdir(parents=True, exist_ok=True)
        note.write_text(str(epochs), encoding="ascii")
    wanted = TrainSettings(
        epochs=epochs, batch_size=how.batch_size, optimiser="adam", lr=how.lr, weight_decay=how.weight_decay,
        grad_clip=how.grad_clip, warmup_epochs=how.lr_rise * epochs, warmup_lr=how.lr / 2,
        min_lr=how.lr_fall * how.lr, keep="last", seed=how.seed,
    )  # fmt: skip
    # What is judged on the way are a few training samples.
    data = TrainData(FieldItems(train), FieldItems(train.rows(slice(0, how.batch_size))))
    started = time.process_time()
    fit(
        model, data, wanted, emit=emit, objective=field_objective(how.loss), judge=judge_fields,
        checkpoint_dir=None if folder is None else folder / "checkpoints",
    )  # fmt: skip
    return epochs, time.process_time() - started


def _seconds_an_epoch(model: nn.Module, train: Fields, *, loss: str, batch_size: int, steps: int = 8) -> float:
    """Processor time that an epoch of training by Adam takes here, by a few steps of a copy."""
    shadow, objective, items = copy.deepcopy(model).train(), field_objective(loss), FieldItems(train)
    shadow.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimiser = torch.optim.Adam(shadow.parameters())
    at, started = np.arange(min(batch_size, len(train))), 0.0
    for step in range(steps + 2):
        started = time.process_time() if step == 2 else started  # the first ones choose kernels
        optimiser.zero_grad(set_to_none=True)
        objective(shadow, *items.batch(at, 0)).backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    return (time.process_time() - started) / steps * max(1, len(train) // batch_size)


def channels_last(fields: NDArray[np.float32]) -> NDArray[np.float32]:
    """(N, C, H, W) -> (N, H, W, C), as boards take them."""
    return fields.transpose(0, 2, 3, 1)


def channels_first(fields: NDArray[np.float32]) -> Tensor:
    """(N, H, W, C) -> (N, C, H, W)."""
    return torch.from_numpy(np.ascontiguousarray(fields)).permute(0, 3, 1, 2)


def is_linear(cycle: nn.Module, *, size: int = 32, tolerance: float = 1e-5, seed: int = 0) -> bool:
    """Whether W(2x − 3y) = 2 W x − 3 W y for two random fields of `size` points a side, to a relative tolerance."""
    channels = next(cycle.parameters()).shape[1]
    x, y = torch.randn(2, 1, channels, size, size, generator=torch.Generator().manual_seed(seed))
    with torch.no_grad():
        both, apart = cycle(2 * x - 3 * y), 2 * cycle(x) - 3 * cycle(y)
    return bool((both - apart).norm() <= tolerance * apart.norm())


def judge_fields(model: nn.Module, source: Source) -> Measure:
    """Mean relative L2 error, which decides the best epoch."""
    errors = field_errors(model, source)["l2"]
    half = 1.96 * float(errors.std()) / len(errors) ** 0.5
    mean = float(errors.mean())
    return Measure("relative l2", mean, mean - half, mean + half, len(errors), higher_is_better=False)


def transfer_errors(model: nn.Module, sets: Sequence[Fields]) -> dict[tuple[int, int], float]:
    """Mean relative L2 error on each resolution, with the same weights; a resolution that is refused is left out."""
    found = {}
    for fields in sets:
        try:
            found[fields.size] = float(field_errors(model, FieldItems(fields))["l2"].mean())
        except ValueError:
            continue
    return found


def roll_out(model: nn.Module, start: Tensor, steps: int) -> Tensor:
    """States one after another, each from the network's own one before it.

    Shapes:
        start (B, C, H, W) -> (B, steps, C, H, W).

    Raises:
        ValueError: fewer than one step, or a network whose output is no state.
    """
    if steps < 1:
        raise ValueError(f"`steps` must be at least 1, got {steps}")
    model.eval()
    state, found = start, []
    with torch.no_grad():
        for _ in range(steps):
            after = model(state)
            _check_alike(after, state)
            found.append(after)
            state = after
    return torch.stack(found, 1)


def roll_out_errors(model: nn.Module, flows: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Mean relative L2 error after each step, from the first state on.

    Shapes:
        flows (N, T, n, n) -> (T − 1,).

    Raises:
        BadTask: LP103, fewer than two states.
    """
    if flows.ndim != 4 or flows.shape[1] < 2:
        raise BadTask(f"flows of shape {flows.shape}", fix="(samples, times, n, n) with at least two times")
    wanted = torch.from_numpy(flows.astype(np.float32))[:, :, None]
    found = roll_out(model, wanted[:, 0], flows.shape[1] - 1)
    each = [float(relative_l2(found[:, t], wanted[:, t + 1]).mean()) for t in range(found.shape[1])]
    return np.array(each)
