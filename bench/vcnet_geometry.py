"""The shapes of a trained VCNet's areas, and what its two codes tell.

    python bench/vcnet_geometry.py [--model vcnet_micro] [--steps 2] [--epochs 6] [--items 600] [--seeds 3]

The network learns the bundled pictures of Fashion-MNIST, each moved at random by four pixels or not; the figures are of
test pictures. The probes: the class, and where a picture was moved to, of nine places, from either code.
"""

from __future__ import annotations

import argparse

import torch
from torch import Tensor
from torch.nn import functional as F

from lilliput.core.output import Output, Table
from lilliput.models import create_model
from lilliput.models.vcnet import AREAS, VCNet
from lilliput.tasks import get_task
from lilliput.train import Tensors, TrainData, TrainSettings, evaluate, fit
from lilliput.train.geometry import Geometry, geometry, moved
from lilliput.train.predictive import predictive

MOVED = 4


def pictures(split: str) -> tuple[Tensor, Tensor]:
    """(N, 1, 32, 32) in [0, 1] and class numbers."""
    chosen = get_task("fashion").load()[split]
    return F.pad(torch.from_numpy(chosen.x.copy())[:, None].float() / 255, (2, 2, 2, 2)), torch.from_numpy(chosen.y)


def trained(name: str, steps: int, epochs: int, seed: int) -> tuple[VCNet, float]:
    """The network and its accuracy on moved test pictures."""
    parts = []
    for number, split in enumerate(("train", "validation", "test")):
        x, y = pictures(split)
        parts.append(Tensors(moved(x, by=MOVED, seed=10 * seed + number)[0], y))
    torch.manual_seed(seed)
    model = create_model(name, steps=steps)
    if not isinstance(model, VCNet):
        raise SystemExit(f"{name} is no VCNet")
    settings = TrainSettings(
        epochs=epochs, batch_size=64, weight_decay=0.05, label_smoothing=0.05, seed=seed, keep="last"
    )
    fit(model, TrainData(*parts[:2]), settings, objective=predictive())
    return model, evaluate(model, parts[2]).value


def tables(found: Geometry, share: float) -> list[Table]:
    """What was found of one network."""
    areas = [
        (area, f"{found.participation[area]:.1f}", f"{found.dimension[area]:.1f}",
         f"{found.alignment[area, 'IT']:.2f}" if area != "IT" else None,
         f"{found.travelled[area]:.2f}" if area in found.travelled else None,
         f"{found.curvature[area]:.0f}" if area in found.curvature else None)
        for area in AREAS
    ]  # fmt: skip
    heads = ("area", "participation", "dimension", "aligned with IT", "travelled", "bend °")
    probes = [
        (target, *(f"{100 * found.probes[target, code]:.1f}" for code in ("what", "where")))
        for target in ("class", "place")
    ]
    return [
        Table(heads, areas),
        Table(("a line tells, %", "from what", "from where"), [*probes, ("network", f"{100 * share:.1f}", None)]),
    ]


def main() -> None:
    """Print the tables, a pair for each seed."""
    parser = argparse.ArgumentParser(description="The shapes of a trained VCNet's areas.")
    parser.add_argument("--model", default="vcnet_micro")
    parser.add_argument("--steps", type=int, default=2)
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--items", type=int, default=600)
    parser.add_argument("--seeds", type=int, default=3)
    given = parser.parse_args()
    x, y = (part[: given.items] for part in pictures("test"))
    for seed in range(given.seeds):
        model, share = trained(given.model, given.steps, given.epochs, seed)
        found = geometry(model, x, y, by=MOVED, seed=seed)
        plain = {
            "seed": seed, "accuracy": share, "participation": found.participation, "dimension": found.dimension,
            "travelled": found.travelled, "curvature": found.curvature,
            "probes": {" from ".join(key): value for key, value in found.probes.items()},
        }  # fmt: skip
        Output().show(plain, human=tables(found, share))


if __name__ == "__main__":
    main()
