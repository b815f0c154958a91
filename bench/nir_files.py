"""A published network from its NIR file on recordings of N-MNIST: how many it tells.

    python bench/nir_files.py cnn_sinabs.nir nmnist_800.npz

The file is github.com/neuromorphs/NIR, paper/02_cnn/cnn_sinabs.nir: made by Sinabs, run by others. Events are put into
frames of a millisecond, as there.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import torch

from lilliput.spiking.nir import import_nir
from lilliput.tasks.events import events_of, to_frames
from lilliput.tasks.npz import read_npz

MILLISECOND = 1000  # microseconds
TEST = 2


def main() -> None:
    """Prints one line."""
    torch.set_num_threads(1)
    network = import_nir(sys.argv[1], dt=1.0)
    kinds = dict.fromkeys(("x", "y", "dt_us", "p", "offsets", "label", "split"), ("i", 1))
    found = read_npz(Path(sys.argv[2]), kinds)
    events = [found[key] for key in ("x", "y", "dt_us", "p")]
    rows, right = np.flatnonzero(found["split"] == TEST), 0
    for row in rows:
        part = slice(found["offsets"][row], found["offsets"][row + 1])
        x, y, step, p = (a[part] for a in events)
        one = events_of(x, y, np.cumsum(step.astype(np.int64)), p, (34, 34), sys.argv[2])
        steps = int(one.t[-1]) // MILLISECOND + 1
        frames = torch.from_numpy(to_frames(one, steps, duration=steps * MILLISECOND)).float()
        with torch.no_grad():
            spikes, _ = network(frames.unsqueeze(1))
        right += int(spikes.sum(0).argmax(1)) == found["label"][row]
    sys.stdout.write(f"{right} of {len(rows)} recordings\n")


if __name__ == "__main__":
    main()
