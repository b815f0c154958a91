"""Picojoules of what was counted, by the technology that would compute it.

    cost = energy(counter.report(samples=8))            cost.total_pj, of one sample
    cost.layers                                         by layer: what entered, rate, operations, energy

Two figures stand side by side: `total_pj` charges what happened, and `published_pj` is the formula of publications
(multiply-accumulates of the first layer, and rate times multiply-accumulates elsewhere as additions, whatever enters).
Where they differ, layers multiply that are said to add, or padding was counted.
"""

from __future__ import annotations

from dataclasses import dataclass

from lilliput.spiking.operations import LayerCost, Operations


@dataclass(frozen=True)
class Technology:
    """What an operation takes.

    Args:
        name: short.
        mac_pj: a multiplication with its addition; None where the source has no figure.
        add_pj: an addition for one spike.
        byte_pj: reading or writing one byte of memory; None where the source has none, or `add_pj` holds it.
        word_bytes: of a weight or a state.
        source: where the figures come from.
    """

    name: str
    mac_pj: float | None
    add_pj: float
    byte_pj: float | None
    word_bytes: int
    source: str


_HOROWITZ = "Computing's energy problem (ISSCC 2014), 45 nm, 0.9 V; memory by byte as SpikingJelly 2.0 has it"
_MEMORY_PJ = 24.96

TECHNOLOGIES = {
    technology.name: technology
    for technology in (
        Technology("45nm_fp32", 4.6, 0.9, _MEMORY_PJ, 4, _HOROWITZ),
        Technology("45nm_fp16", 1.5, 0.4, _MEMORY_PJ, 2, _HOROWITZ),
        Technology("45nm_int8", 0.23, 0.03, _MEMORY_PJ, 1, _HOROWITZ),
        # One synaptic operation of a whole chip, its memory included. A chip that has no multipliers has no figure.
        Technology("28nm_chip", None, 1.5, None, 1, "ANP-I (ISSCC 2023, 22.6), 28 nm"),
    )
}
"""Figures by name."""


@dataclass(frozen=True)
class LayerEnergy:
    """One layer's share, in picojoules a sample."""

    name: str
    kind: str
    rate: float
    macs: float
    additions: float
    pj: float


@dataclass(frozen=True)
class Energy:
    """Of one sample.

    Args:
        technology: whose figures were taken.
        layers: convolutions, linear layers and products.
        neurons_pj: updates of the neurons.
        norms_pj: normalisations that cannot be folded.
        memory_bytes: see `traffic_bytes`.
        memory_pj: their energy, not part of the total; None where the technology has no figure.
        published_pj: the formula of publications.
    """

    technology: Technology
    layers: tuple[LayerEnergy, ...]
    neurons_pj: float
    norms_pj: float
    memory_bytes: float
    memory_pj: float | None
    published_pj: float

    @property
    def total_pj(self) -> float:
        """All that was computed; memory apart."""
        return sum(layer.pj for layer in self.layers) + self.neurons_pj + self.norms_pj


def energy(operations: Operations, technology: Technology | str = "45nm_fp32") -> Energy:
    """The energy of one sample.

    Args:
        operations: what was counted.
        technology: figures, or a name of `TECHNOLOGIES`.

    Raises:
        ValueError: an unknown name, or a technology without a figure for what the network does.
    """
    if isinstance(technology, str):
        if technology not in TECHNOLOGIES:
            raise ValueError(f"no technology is called {technology!r}; there are {', '.join(sorted(TECHNOLOGIES))}")
        technology = TECHNOLOGIES[technology]
    mac = technology.mac_pj
    if mac is None:
        multiplying = [c.name for c in operations.layers if c.charged_macs]
        multiplying += [n.name for n in operations.norms if not n.is_foldable]
        multiplying += [n.name for n in operations.neurons if n.macs]
        if multiplying:
            raise ValueError(
                f"{technology.name} has no figure for multiplications, and {', '.join(multiplying)} multiply: "
                "take another, or give one with dataclasses.replace"
            )
        mac = 0.0
    add, samples = technology.add_pj, operations.samples
    layers = tuple(
        LayerEnergy(
            c.name,
            c.kind,
            c.rate,
            c.charged_macs / samples,
            c.charged_additions / samples,
            (c.charged_macs * mac + c.charged_additions * add) / samples,
        )
        for c in operations.layers
    )
    moved = traffic_bytes(operations, technology.word_bytes)
    return Energy(
        technology,
        layers,
        sum(n.macs * mac + n.adds * add for n in operations.neurons) / samples,
        sum(n.elements for n in operations.norms if not n.is_foldable) * mac / samples,
        moved,
        None if technology.byte_pj is None else moved * technology.byte_pj,
        sum(c.macs * mac if c.is_first else c.by_rate * add for c in operations.layers) / samples,
    )


def traffic_bytes(operations: Operations, word_bytes: int) -> float:
    """Bytes a sample that a machine without caches moves.

    Each addition reads a weight; a layer that multiplies reads its weights once a call and each number that enters; an
    update reads and writes its neuron's state; a spike that is sent on is one bit.

    Args:
        operations: what was counted.
        word_bytes: of a weight or a state.
    """
    words = sum(_words(c) for c in operations.layers) + sum(2 * n.updates * n.states for n in operations.neurons)
    bits = sum(n.updates for n in operations.neurons)
    return (words * word_bytes + bits / 8) / operations.samples


def _words(layer: LayerCost) -> int:
    if layer.kind == "real":
        return layer.weights * layer.calls + layer.entered
    return layer.additions
