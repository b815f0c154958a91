"""Conversion settings side by side: accuracy and additions an item of one small network, by number of steps.

    python bench/conversion.py [mnist_t10k_8k.npz]

Pictures are the bundled Fashion-MNIST, or those of an NPZ with x_train, y_train, x_test and y_test. The network is
784-256-10 without biases, trained for ten epochs; its first layer multiplies once an item, 200 704 times.
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from torch import Tensor, nn

from lilliput.spiking.conversion import convert, correct_bias, replace_relus
from lilliput.spiking.converted import SpikingNetwork
from lilliput.spiking.operations import OperationCounter
from lilliput.tasks import get_task
from lilliput.tasks.npz import read_npz
from lilliput.train.data import Tensors, TrainData
from lilliput.train.loop import fit
from lilliput.train.settings import TrainSettings

STEPS = (4, 8, 16, 32, 64)
EPOCHS, BATCH, RATE = 10, 64, 2e-3


def pictures(path: str | None) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Training items in [0, 1] and classes, then those for testing."""
    if path is None:
        splits = get_task("fashion").load()
        arrays = [getattr(splits[part], key) for part in ("train", "test") for key in ("x", "y")]
    else:
        kinds = {"x_train": ("i", 3), "y_train": ("i", 1), "x_test": ("i", 3), "y_test": ("i", 1)}
        arrays = list(read_npz(Path(path), kinds).values())
    x, y, x_test, y_test = (torch.from_numpy(a.copy()) for a in arrays)
    return x.flatten(1).float() / 255, y.long(), x_test.flatten(1).float() / 255, y_test.long()


def train(net: nn.Module, x: Tensor, y: Tensor) -> nn.Module:
    """In place, to the last epoch: nothing is chosen by what validates, so a tenth of the items will do for it."""
    held = len(x) // 10
    settings = TrainSettings(epochs=EPOCHS, batch_size=BATCH, optimiser="adam", lr=RATE, weight_decay=0.0, keep="last")
    fit(net, TrainData(Tensors(x, y), Tensors(x[:held], y[:held])), settings)
    return net.eval()


def row(name: str, make: dict[int, SpikingNetwork], x: Tensor, y: Tensor) -> None:
    """One line: accuracy in percent and thousands of additions."""
    found = []
    for steps, network in make.items():
        with torch.no_grad(), OperationCounter(network) as counter:
            right = (network(x, steps, torch.Generator().manual_seed(0))[-1].argmax(1) == y).float().mean()
        found.append(f"{100 * float(right):6.2f} / {counter.so_far(len(x)).additions / len(x):9,.0f}")
    sys.stdout.write(f"{name:44s} {'  '.join(found)}\n")


def main() -> None:
    """Prints the table."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    x, y, x_test, y_test = pictures(sys.argv[1] if len(sys.argv) > 1 else None)
    base = nn.Sequential(nn.Linear(784, 256, bias=False), nn.ReLU(), nn.Linear(256, 10, bias=False))
    stepped = replace_relus(base, levels=8, ceiling=4.0)
    net, stepped = train(base, x, y), train(stepped, x, y)
    for name, one in (("ReLU", net), ("ClipFloorShift, 8 levels", stepped)):
        right = (one(x_test).argmax(1) == y_test).float().mean()
        sys.stdout.write(f"{name:44s} {100 * float(right):6.2f}\n")
    sys.stdout.write(f"{'steps':44s} {'  '.join(f'{s:18d}' for s in STEPS)}\n")
    settings = {
        "max": {},
        "max, start 0.5": {"start": 0.5},
        "max, to zero": {"reset_to": "zero"},
        "percentile 99.9": {"balance": "percentile"},
        "percentile 99, start 0.5": {"balance": "percentile", "percentile": 99.0, "start": 0.5},
        "model": {"balance": "model"},
        "max, rate code": {"code": "rate"},
        "max, counts": {"read_out": "count"},
        "max, counts, start 0.5": {"read_out": "count", "start": 0.5},
    }
    for name, options in settings.items():
        made = convert(net, x, **options)  # type: ignore[arg-type]
        row(name, dict.fromkeys(STEPS, made), x_test, y_test)
    plain = convert(net, x)
    row("max, biases corrected for the steps", {s: correct_bias(plain, net, x[:256], s) for s in STEPS}, x_test, y_test)
    row("ClipFloorShift", dict.fromkeys(STEPS, convert(stepped, x)), x_test, y_test)


if __name__ == "__main__":
    main()
