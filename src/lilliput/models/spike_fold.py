"""Folding a spiking network: one dense convolution for each chain of layers between neurons.

    folded = fold(net)
    folded.network                      adds only, behind the first layer
    folded.growth                       weights after through weights before

Normalisations disappear into their convolutions. A separable convolution becomes a dense one of the same kernel and a
RepConv a dense 3×3: that is what "additions only" costs, and each row of the report says so.
"""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from torch import nn

from lilliput.layers.spike_synapses import ConvNorm, RepConv, SeparableNorm, Synapses

KINDS: dict[str, type[Synapses]] = {"norm": ConvNorm, "separable": SeparableNorm, "repconv": RepConv}
"""What can be folded, by name."""


@dataclass(frozen=True)
class FoldedLayer:
    """One chain that became one convolution.

    Args:
        name: of the module.
        kind: a name of `KINDS`.
        before, after: its trainable numbers.
        taps_before, taps_after: multiply-accumulates for one place of its output.
    """

    name: str
    kind: str
    before: int
    after: int
    taps_before: int
    taps_after: int


@dataclass(frozen=True)
class Folded:
    """A folded network, and what folding did.

    Args:
        network: in evaluation mode; the one that was given is left as it was.
        before, after: trainable numbers of the whole network.
        layers: one row a chain.
    """

    network: nn.Module
    before: int
    after: int
    layers: tuple[FoldedLayer, ...]

    @property
    def growth(self) -> float:
        """Numbers after through numbers before."""
        return self.after / self.before

    def grown(self) -> tuple[FoldedLayer, ...]:
        """The chains that have more numbers than before, the one that grew most first."""
        return tuple(sorted((r for r in self.layers if r.after > r.before), key=lambda r: r.before - r.after))


def fold(network: nn.Module, kinds: Iterable[str] = tuple(KINDS)) -> Folded:
    """The network with chains of layers folded, by its running statistics.

    Logits are the same to rounding, unless a current lies within rounding of a threshold.

    Args:
        network: with `Synapses` inside.
        kinds: which to fold, names of `KINDS`; with fewer than all the network cannot be saved and loaded by its name.

    Raises:
        ValueError: an unknown kind, or nothing to fold.
    """
    wanted = tuple(kinds)
    unknown = sorted(set(wanted) - set(KINDS))
    if unknown:
        raise ValueError(f"`kinds` has {unknown[0]!r}; there are {', '.join(KINDS)}")
    made = copy.deepcopy(network).eval()
    layers = fold_in_place(made, wanted)
    if not layers:
        raise ValueError("there is nothing to fold: the network has no such layers, or is folded already")
    config: Any = getattr(made, "config", None)
    if set(wanted) == set(KINDS) and hasattr(config, "folded"):
        made.config = dataclasses.replace(config, folded=True)
    return Folded(made, _count(network), _count(made), layers)


def fold_in_place(network: nn.Module, kinds: Iterable[str] = tuple(KINDS)) -> tuple[FoldedLayer, ...]:
    """Replace the chains inside of `network`; one row for each."""
    rows = []
    names = {KINDS[kind]: kind for kind in kinds}
    for name, module in list(network.named_modules()):
        if not isinstance(module, Synapses) or type(module) not in names:
            continue
        kind = names[type(module)]
        made = module.folded()
        parent, _, child = name.rpartition(".")
        setattr(network.get_submodule(parent), child, made)
        rows.append(FoldedLayer(name, kind, _count(module), _count(made), _taps(module), _taps(made)))
    return tuple(rows)


def _count(module: nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


def _taps(module: nn.Module) -> int:
    return sum(m.weight.numel() for m in module.modules() if isinstance(m, nn.Conv2d))
