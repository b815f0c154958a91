"""MgNO, Fourier operators of ours and of the library neuraloperator: same fields, same processor time.

    pip install --no-deps neuraloperator tensorly tensorly-torch opt-einsum zencfg configmypy ruamel.yaml
    python bench/fields.py [--set rough] [--points 32] [--seconds 45] [--seeds 3] [--rates 1e-2]

Darcy flow solved here, 800 samples to learn from and 100 to test on, loss H1, one thread, whole epochs.
`neuraloperator` is the library's `FNO` with the sizes of the published network (32 channels, 12 modes of each sign, 4
layers) and its own defaults otherwise, `neuraloperator, slim` has about as many parameters as MgNO. With more than one
of `--rates` those of neuraloperator are tried on a set of another seed (1000), and its best one is taken. Without the
library its lines are left out.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from statistics import mean

import numpy as np
import torch
from torch import nn

from lilliput.core.output import Output, Table
from lilliput.models import create_model_for
from lilliput.tasks.pde import Fields
from lilliput.tasks.pde_darcy import darcy
from lilliput.train.fields import FieldItems, FieldTraining, Normalised, field_errors, learn_fields

TRAIN, TEST = 800, 100
TUNING = 1000  # seed of the set that rates are chosen on
Make = Callable[[Fields], nn.Module]


def ours(name: str) -> Make:
    return lambda train: create_model_for(name, train.x.shape[1:], 0, outputs=1)


def peer(modes: int, channels: int) -> Make:
    from neuralop.models import FNO

    class Plain(FNO):  # type: ignore[misc,no-any-unimported]
        # The library's own put a dictionary of settings among the tensors.
        state_dict = nn.Module.state_dict
        load_state_dict = nn.Module.load_state_dict

    sizes = {"n_modes": (modes, modes), "hidden_channels": channels, "n_layers": 4}
    return lambda train: Plain(in_channels=train.x.shape[1], out_channels=train.y.shape[1], **sizes)


def contenders() -> dict[str, tuple[Make, float]]:
    """Each with its rate; ours have those of the recipe."""
    from lilliput.papers.mgno import METHODS, Settings

    found = {}
    for method in ("mgno", "fno", "fno-slim"):
        network, rate = METHODS[method]
        found[method] = (ours(network), getattr(Settings(), rate))
    try:
        found["neuraloperator"] = (peer(24, 32), 0.0)
        found["neuraloperator, slim"] = (peer(12, 13), 0.0)
    except ImportError as error:
        Output().show({}, human=[f"without neuraloperator: {error}"])
    return found


def samples(kind: str, points: int, seed: int) -> tuple[Fields, Fields]:
    whole = darcy(points, TRAIN + TEST, kind=kind, seed=seed)  # type: ignore[arg-type]
    return whole.rows(slice(TEST, None)), whole.rows(slice(0, TEST))


def learnt(make: Make, rate: float, seconds: float, train: Fields, test: Fields, seed: int) -> tuple[float, ...]:
    """Relative L2 and H1 error in %, epochs, seconds, parameters (a complex one is two)."""
    torch.manual_seed(seed)
    model = Normalised(make(train), train)
    epochs, spent = learn_fields(model, train, FieldTraining(lr=rate, seconds=seconds, seed=seed))
    errors = field_errors(model, FieldItems(test))
    count = sum(p.numel() * (2 if p.is_complex() else 1) for p in model.parameters())
    return 100 * float(errors["l2"].mean()), 100 * float(errors["h1"].mean()), float(epochs), spent, float(count)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--set", default="rough", choices=("rough", "smooth", "multiscale"))
    parser.add_argument("--points", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=45)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--rates", type=float, nargs="+", default=[1e-2])
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    found = {name: (make, rate or chosen.rates[0]) for name, (make, rate) in contenders().items()}
    for name in [name for name in found if name.startswith("neuraloperator") and len(chosen.rates) > 1]:
        make, tuning = found[name][0], samples(chosen.set, chosen.points, TUNING)
        tried = {rate: learnt(make, rate, chosen.seconds, *tuning, TUNING)[0] for rate in chosen.rates}
        found[name] = (make, min(tried, key=lambda rate: tried[rate]))
        Output().show({}, human=[f"{name}: " + ", ".join(f"{rate:g} {error:.2f} %" for rate, error in tried.items())])
    rows: dict[str, list[tuple[float, ...]]] = {}
    for seed in range(chosen.seeds):
        sets = samples(chosen.set, chosen.points, seed)
        for name, (make, rate) in found.items():
            rows.setdefault(name, []).append(learnt(make, rate, chosen.seconds, *sets, seed))
    table = []
    for name, values in rows.items():
        l2, h1, epochs, spent, count = (list(each) for each in zip(*values, strict=True))
        table.append(
            (name, f"{count[0]:.0f}", f"{found[name][1]:g}", f"{mean(epochs):.1f}", f"{mean(spent):.0f}",
             f"{mean(l2):.2f} ({min(l2):.2f} to {max(l2):.2f})", f"{mean(h1):.2f}")
        )  # fmt: skip
    heads = ("", "parameters", "rate", "epochs", "seconds", "relative L2, %", "relative H1, %")
    title = f"Darcy flow, {chosen.set}, {chosen.points}x{chosen.points} points, seeds {np.arange(chosen.seeds)}"
    Output().show({}, human=[Table(heads, table, title)])


if __name__ == "__main__":
    main()
