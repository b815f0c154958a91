"""What views beside the first are good for: a task that one view cannot tell, with all views and with one.

    python bench/depth_order.py [--items 1500] [--epochs 6] [--seeds 3]

Patches of the bundled rooms, cut at random; in half of them the middle stands in front of its surround, in the others
the surround in front of the middle, by `tasks/parallax.py`. All views are synthetic. Patches to test on are from frames
that none to learn from is of: the last living-room frames and the one real photo. VCNet learns with 3×3 views, and with
nine times the view in the middle: the same network, without the parallax.
"""

from __future__ import annotations

import argparse

import numpy as np
import torch
from numpy.typing import NDArray

from lilliput.core.output import Output, Table
from lilliput.models import create_model
from lilliput.tasks.parallax import depth_order
from lilliput.tasks.rgbd import Frames, bundled_frames
from lilliput.train import Tensors, TrainData, TrainSettings, evaluate, fit

SIDE = 32
GRID = 3
HELD = 6  # frames to test on, the last ones


def patches(frames: Frames, count: int, seed: int) -> NDArray[np.uint8]:
    """(count, 32, 32, 3) from random places of the frames."""
    rng = np.random.default_rng(seed)
    height, width = frames.rgb.shape[1:3]
    places = zip(
        rng.integers(len(frames), size=count),
        rng.integers(height - SIDE + 1, size=count),
        rng.integers(width - SIDE + 1, size=count),
        strict=True,
    )
    return np.stack([frames.rgb[n, top : top + SIDE, left : left + SIDE] for n, top, left in places])


def items(pictures: NDArray[np.uint8], seed: int, *, views: bool) -> Tensors:
    """What the network takes: views in [0, 1] as channels, or the middle one in all of them."""
    fields, y = depth_order(pictures, grid=(GRID, GRID), seed=seed)
    x = fields.channels().astype(np.float32).transpose(0, 3, 1, 2) / 255
    if not views:
        x = np.repeat(x[:, GRID**2 // 2, None], GRID**2, 1)
    return Tensors(torch.from_numpy(np.ascontiguousarray(x)), torch.from_numpy(y))


def accuracy(learn: Frames, held: Frames, count: int, epochs: int, seed: int, *, views: bool) -> float:
    """Share of patches of unseen frames told right."""
    parts = [
        items(patches(frames, n, seed + shift), seed + shift, views=views)
        for frames, n, shift in ((learn, count, 0), (learn, count // 5, 1000), (held, 400, 2000))
    ]
    torch.manual_seed(seed)
    model = create_model("vcnet_micro", channels=GRID**2, views=GRID, classes=2, steps=0)
    fit(model, TrainData(*parts[:2]), TrainSettings(epochs=epochs, batch_size=64, seed=seed, keep="last"))
    return evaluate(model, parts[2]).value


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="A task that one view cannot tell, with all views and with one.")
    parser.add_argument("--items", type=int, default=1500)
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--seeds", type=int, default=3)
    given = parser.parse_args()
    frames, _ = bundled_frames()
    learn, held = frames.rows(slice(0, len(frames) - HELD)), frames.rows(slice(len(frames) - HELD, None))
    found = {
        name: [accuracy(learn, held, given.items, given.epochs, s, views=views) for s in range(given.seeds)]
        for name, views in ((f"{GRID}x{GRID}", True), ("the middle one", False))
    }
    rows = [(name, *(f"{100 * share:.1f}" for share in shares)) for name, shares in found.items()]
    Output().show(
        found,
        human=[Table(("views", *(f"seed {s}, %" for s in range(given.seeds))), rows)],
    )


if __name__ == "__main__":
    main()
