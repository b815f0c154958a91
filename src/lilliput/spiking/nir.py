r"""Spiking networks to and from NIR files (`.nir`), which other simulators and neuromorphic chips read and write.

    export_nir(network, "net.nir", x, dt=1e-3)            x (T, B, ...): for the shapes
    network = import_nir("net.nir", dt=1e-3)              a SpikingGraph: y, state = network(x)

NIR says what neurons do in continuous time; a step of ours is `dt` seconds of it. What a step does is said by `solver`:

    euler   V ← V + dt / tau · (leak - V + r x)           tau = steps · dt
    exact   V ← leak + r x + (V - leak - r x) e^(-dt/tau) a current that is constant within the step

NIR fires above the threshold and we at it: the threshold moves to the next float32, so that both fire alike, ties
included. A potential starts at 0. What NIR cannot say is refused, never dropped: a reset that subtracts, a start above
0, adaptation, other neurons. Surrogate gradients are not part of a network there.

    here                              in the file
    Linear, Conv1d, Conv2d            Linear, Affine, Conv1d, Conv2d
    normalisation behind one          folded into it
    Flatten, AvgPool2d, SumPool2d     Flatten, AvgPool2d, SumPool2d
    IF, LIF, PLIF, LeakyArray         IF, LIF
    LeakyIntegrator, CurrentBased     LI, CubaLI, CubaLIF
    Scale                             Scale

Source: Neuromorphic intermediate representation (Nature Communications 15, 8122, 2024); the package `nir` from 1.0.8.
"""

from __future__ import annotations

from lilliput.spiking.nir_reading import import_nir
from lilliput.spiking.nir_writing import export_nir

__all__ = ["export_nir", "import_nir"]
