"""One training step through a simulated circuit: ours, and PennyLane's default.qubit, in one process.

    pip install pennylane
    python bench/quantum.py [--wires 4,8,12] [--layers 1] [--batch 32] [--seconds 3]

The same circuit (amplitudes in, strongly entangling layers, Z of each wire out), the same float64 weights and inputs,
one thread. A step is forward, backward and one step of Adam. Before timing, both must give the same expectations and
the same gradients. PennyLane runs as its users train: `TorchLayer`, back-propagation, the batch broadcast. Steps of
both alternate; the times are medians of CPU time, which other programs on the machine disturb less than the clock's.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from lilliput.core.errors import MissingExtra
from lilliput.core.output import Output, Table
from lilliput.layers.quantum import QuantumLayer

MOST_DIFFERENT = 1e-9
FEWEST = 5


class Theirs(nn.Module):
    """The same circuit by PennyLane."""

    def __init__(self, ours: QuantumLayer) -> None:
        super().__init__()
        try:
            import pennylane as qml
        except ImportError as error:
            raise MissingExtra("this comparison needs PennyLane", fix="pip install pennylane") from error
        wires = range(ours.wires)

        @qml.qnode(qml.device("default.qubit", wires=ours.wires), interface="torch", diff_method="backprop")
        def circuit(inputs: Tensor, weights: Tensor) -> list[object]:
            qml.AmplitudeEmbedding(inputs, wires=wires, normalize=True)
            qml.StronglyEntanglingLayers(weights, wires=wires)
            return [qml.expval(qml.PauliZ(q)) for q in wires]

        self.layer = qml.qnn.TorchLayer(circuit, {"weights": tuple(ours.weights.shape)})
        with torch.no_grad():
            self.layer.weights.copy_(ours.weights)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.layer(x)
        return y


def step_of(layer: nn.Module, x: Tensor) -> Callable[[], None]:
    optimiser = torch.optim.Adam(layer.parameters(), lr=1e-3)

    def step() -> None:
        optimiser.zero_grad()
        layer(x).square().sum().backward()
        optimiser.step()

    return step


def milliseconds(steps: Sequence[Callable[[], None]], seconds: float) -> list[float]:
    """Of each kind of step, the median."""
    taken: list[list[float]] = [[] for _ in steps]
    until = time.perf_counter() + seconds
    while time.perf_counter() < until or len(taken[0]) < FEWEST:
        for step, times in zip(steps, taken, strict=True):
            start = time.process_time()
            step()
            times.append(1000 * (time.process_time() - start))
    return [statistics.median(times[1:]) for times in taken]


def gap(ours: QuantumLayer, theirs: Theirs, x: Tensor) -> float:
    """The largest difference of expectations and of gradients."""
    outputs = [layer(x) for layer in (ours, theirs)]
    for output in outputs:
        output.square().sum().backward()
    gradients = [ours.weights.grad, theirs.layer.weights.grad]
    return max((a - b).abs().max().item() for a, b in (outputs, gradients))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--wires", default="4,8,12")
    parser.add_argument("--layers", type=int, default=1)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=3.0)
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    torch.manual_seed(0)
    rows = []
    for wires in (int(word) for word in chosen.wires.split(",")):
        ours = QuantumLayer(wires, chosen.layers)
        theirs = Theirs(ours)
        x = torch.randn(chosen.batch, 1 << wires)
        differ = gap(ours, theirs, x)
        if differ > MOST_DIFFERENT:
            raise SystemExit(f"{wires} wires: the two differ by {differ}")
        here, there = milliseconds([step_of(layer, x) for layer in (ours, theirs)], chosen.seconds)
        rows.append((wires, chosen.layers, chosen.batch, here, there, there / here, f"{differ:.0e}"))
    heads = ("wires", "layers", "batch", "ours, ms", "default.qubit, ms", "times faster", "largest difference")
    Output().show({}, human=[Table(heads, rows)])


if __name__ == "__main__":
    main()
