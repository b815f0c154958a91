"""What a spiking network really computes: counted where it happens, not taken from what a layer is called.

    with OperationCounter(net) as counter, torch.no_grad():
        net(x)
    found = counter.report(samples=len(x))
    found.hidden_floats                 layers behind the first that were fed with something else than spikes
    found.dead                          layers of neurons that never fired

Every convolution and matrix product is seen, whoever calls it, and the numbers that enter it are looked at. What enters
decides what is charged:

    silent      nothing but zeros                        nothing
    spikes      0 and one other number, always the same  an addition for each product with a spike: the number goes into
                                                         the weights
    counts      whole numbers                            as many additions as spikes, |n| for n
    real        anything else                            all multiply-accumulates, zeros too

In a product of two activations, as in attention, one side has to be spikes; then each pair of numbers that are both not
zero is an addition, or else all is charged as multiply-accumulates.

Batch normalisation behind a convolution or linear layer can be folded into it and is free; elsewhere it is a
multiply-accumulate an element, as is layer normalisation. Other operations by element are counted in neurons only.

Source: Meta-SpikeFormer (arXiv:2404.03663) and Deep Learning in Spiking Neural Networks (arXiv:1804.08150) count
rate times multiply-accumulates; `by_rate` is that figure, and borders make its difference to `additions`.
"""

from __future__ import annotations

import logging
import weakref
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from lilliput.layers.spiking import Neuron
from lilliput.spiking.fan_out import convolution_of

_LOG = logging.getLogger(__name__)

Kind = Literal["silent", "spikes", "counts", "real"]

DEAD_BELOW = 1e-5
"""Spikes a neuron and step below which a layer counts as dead."""

_aten = torch.ops.aten
_BATCH_NORMS = (
    _aten.native_batch_norm,
    _aten._native_batch_norm_legit,
    _aten._native_batch_norm_legit_no_training,
    _aten.cudnn_batch_norm,
)
_UNSEEN = (
    _aten._scaled_dot_product_flash_attention,
    _aten._scaled_dot_product_flash_attention_for_cpu,
    _aten._scaled_dot_product_efficient_attention,
    _aten._scaled_dot_product_cudnn_attention,
    _aten._thnn_fused_lstm_cell,
    _aten.mkldnn_rnn_layer,
    _aten._cudnn_rnn,
)


@dataclass(frozen=True)
class LayerCost:
    """One convolution, linear layer or product of activations, over all that was run.

    Args:
        name: of the innermost module; with a number where that has several.
        kind: what entered.
        is_first: it was the first one to be reached.
        macs: dense multiply-accumulates, as the field counts them.
        additions: for the non-zero numbers that entered, exactly.
        entered: how many numbers entered.
        active: how many of them were not zero.
        weights: how many numbers its weights are; 0 for a product of activations.
        calls: how often it was reached.
    """

    name: str
    kind: Kind
    is_first: bool
    macs: int
    additions: int
    entered: int
    active: int
    weights: int
    calls: int

    @property
    def rate(self) -> float:
        """Share of the numbers that entered which were not zero."""
        return self.active / self.entered if self.entered else 0.0

    @property
    def by_rate(self) -> float:
        """Additions as publications estimate them: rate times multiply-accumulates."""
        return self.rate * self.macs

    @property
    def charged_macs(self) -> int:
        """Multiply-accumulates that this layer costs."""
        return self.macs if self.kind == "real" else 0

    @property
    def charged_additions(self) -> int:
        """Additions that this layer costs."""
        return 0 if self.kind == "real" else self.additions


@dataclass(frozen=True)
class NeuronCost:
    """One layer of neurons.

    Args:
        name: of the module.
        updates: neurons times steps.
        fired: spikes, counts by their size.
        macs, adds: of all updates together.
        states: numbers that one neuron keeps.
    """

    name: str
    updates: int
    fired: float
    macs: int
    adds: int
    states: int

    @property
    def rate(self) -> float:
        """Spikes a neuron and step."""
        return self.fired / self.updates if self.updates else 0.0


@dataclass(frozen=True)
class NormCost:
    """One normalisation: elements, and whether they can be folded into the layer before."""

    name: str
    elements: int
    is_foldable: bool


@dataclass(frozen=True)
class Operations:
    """All that was counted, of `samples` samples together."""

    samples: int
    layers: tuple[LayerCost, ...]
    neurons: tuple[NeuronCost, ...]
    norms: tuple[NormCost, ...]

    @property
    def macs(self) -> int:
        """Multiply-accumulates of weight layers, products of activations, and normalisations that cannot be folded."""
        return sum(c.charged_macs for c in self.layers) + sum(n.elements for n in self.norms if not n.is_foldable)

    @property
    def additions(self) -> int:
        """Synaptic operations."""
        return sum(c.charged_additions for c in self.layers)

    @property
    def updates(self) -> int:
        """Neurons times steps."""
        return sum(n.updates for n in self.neurons)

    @property
    def dead(self) -> tuple[str, ...]:
        """Layers of neurons that fired less than once in 100 000 updates."""
        return tuple(n.name for n in self.neurons if n.rate < DEAD_BELOW)

    @property
    def hidden_floats(self) -> tuple[str, ...]:
        """Layers behind the first that multiply, since what enters them is no spikes."""
        return tuple(c.name for c in self.layers if c.kind == "real" and not c.is_first)


@dataclass
class _Seen:
    """Of one layer, while it is counted."""

    is_first: bool
    weights: int
    numbers: set[float] = field(default_factory=set)
    is_whole: bool = True
    macs: int = 0
    by_spike: int = 0
    by_count: int = 0
    entered: int = 0
    active: int = 0
    calls: int = 0

    def kind(self) -> Kind:
        if not self.active:
            return "silent"
        if len(self.numbers) == 1:
            return "spikes"
        return "counts" if self.is_whole else "real"

    def cost(self, name: str) -> LayerCost:
        kind = self.kind()
        # Which numbers there are is known at the end only, so that both ways of counting went on side by side.
        additions = self.by_count if kind == "counts" else self.by_spike
        return LayerCost(
            name, kind, self.is_first, self.macs, additions, self.entered, self.active, self.weights, self.calls
        )


class OperationCounter(TorchDispatchMode):
    """Counts inside of `with`, over as many calls of the network as there are.

    Args:
        model: whose modules give the names, and whose neurons are watched.

    Raises:
        ValueError: inside of `with`: an operation that multiplies without showing what enters its products.
    """

    def __init__(self, model: nn.Module) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.model = model
        self._inside: list[list[Any]] = []  # modules that run: name, and products so far in this call
        self._layers: dict[str, _Seen] = {}
        self._neurons: dict[str, NeuronCost] = {}
        self._norms: dict[str, NormCost] = {}
        self._of_weights: set[int] = set()
        self._made: dict[int, weakref.ref[torch.UntypedStorage]] = {}
        self._hooks = ExitStack()

    def __enter__(self) -> OperationCounter:
        self._of_weights = {id(p.untyped_storage()) for p in [*self.model.parameters(), *self.model.buffers()]}
        for name, module in self.model.named_modules():
            handles = [
                module.register_forward_pre_hook(lambda *_, name=name: self._inside.append([name, 0])),
                module.register_forward_hook(lambda *_: self._leave(), always_call=True),
            ]
            if isinstance(module, Neuron):
                handles.append(module.register_forward_hook(self._watch(name)))
            for handle in handles:
                self._hooks.callback(handle.remove)
        super().__enter__()  # type: ignore[no-untyped-call]
        return self

    def __exit__(self, *args: Any) -> None:
        super().__exit__(*args)  # type: ignore[no-untyped-call]
        self._hooks.close()

    def _leave(self) -> None:
        self._inside.pop()

    def _watch(self, name: str) -> Any:
        def see(module: Neuron, args: tuple[Tensor, ...], fired: tuple[Tensor, Any]) -> None:
            updates = args[0].numel()
            before = self._neurons.get(name, NeuronCost(name, 0, 0.0, 0, 0, 0))
            self._neurons[name] = NeuronCost(
                name,
                before.updates + updates,
                before.fired + float(fired[0].detach().double().sum()),
                before.macs + updates * module.cell.macs,
                before.adds + updates * module.cell.adds,
                len(module.cell.states),
            )

        return see

    def __torch_dispatch__(
        self, func: Any, types: Sequence[type], args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        packet = func._overloadpacket
        if packet in _UNSEEN:
            raise ValueError(
                f"{packet} in {self._name()} hides what enters its products: write it as matrix products to count it"
            )
        made = func(*args, **(kwargs or {}))
        if packet is _aten.convolution:
            self._convolution(args, made)
        elif packet in (_aten.mm, _aten.bmm):
            self._product(args[0], args[1], made)
        elif packet in (_aten.addmm, _aten.baddbmm):
            self._product(args[1], args[2], made)
        elif packet in (_aten.mv, _aten.dot):
            self._product(args[0], args[1].unsqueeze(-1), made)
        elif packet is _aten.addmv:
            self._product(args[1], args[2].unsqueeze(-1), made)
        elif packet in _BATCH_NORMS:
            is_foldable = self._is_affine(args[0])
            self._norm(args[0], is_foldable=is_foldable)
            if is_foldable:
                self._mark(made[0])
        elif packet is _aten.native_layer_norm:
            self._norm(args[0], is_foldable=False)
        elif func._schema.name.endswith("_") and args and isinstance(args[0], Tensor):
            self._made.pop(id(args[0].untyped_storage()), None)  # changed where it lies
        return made

    def _mark(self, made: Tensor) -> None:
        """It came out of weights, with nothing behind them but what can be folded into them."""
        storage = made.untyped_storage()
        self._made[id(storage)] = weakref.ref(storage)

    def _is_affine(self, x: Tensor) -> bool:
        known = self._made.get(id(x.untyped_storage()))
        return known is not None and known() is x.untyped_storage()

    def _name(self) -> str:
        return (self._inside[-1][0] if self._inside else "") or type(self.model).__name__

    def _norm(self, x: Tensor, *, is_foldable: bool) -> None:
        name = self._name()
        before = self._norms.get(name, NormCost(name, 0, True))
        self._norms[name] = NormCost(name, before.elements + x.numel(), before.is_foldable and is_foldable)

    def _convolution(self, args: Sequence[Any], made: Tensor) -> None:
        x, weight, _, stride, padding, dilation, transposed, _, groups = args
        shape = convolution_of(x, weight, made, stride, padding, dilation, transposed, groups)
        seen = self._entry(x, weight.numel())
        seen.macs += shape.macs(len(x))
        ones, sizes = _ones_and_sizes(x)
        seen.by_spike += shape.products(ones)
        seen.by_count += shape.products(sizes)
        self._mark(made)

    def _product(self, left: Tensor, right: Tensor, made: Tensor) -> None:
        """(…, N, K) by (…, K, M)."""
        macs = left.numel() * right.shape[-1]
        for x, weight in ((left, right), (right, left)):
            if id(weight.untyped_storage()) in self._of_weights:
                seen = self._entry(x, weight.numel())
                seen.macs += macs
                reach = macs // max(x.numel(), 1)
                ones, sizes = _ones_and_sizes(x)
                seen.by_spike += int(ones.sum()) * reach
                seen.by_count += int(sizes.sum()) * reach
                self._mark(made)
                return
        # Of two activations the one with fewer kinds of numbers says what is done with the other.
        spikes = left if len(_numbers(left)) <= len(_numbers(right)) else right
        seen = self._entry(spikes, 0)
        seen.macs += macs
        columns = left.unsqueeze(0) if left.ndim == 1 else left
        seen.by_spike += int(((columns != 0).sum(-2) * (right != 0).sum(-1)).sum())
        if len(_numbers(spikes)) > 1:
            seen.is_whole = False  # whole numbers by whole numbers are multiplications too

    def _entry(self, x: Tensor, weights: int) -> _Seen:
        name = self._name()
        if self._inside:
            self._inside[-1][1] += 1
            if self._inside[-1][1] > 1:
                name += f" ({self._inside[-1][1]})"
        seen = self._layers.setdefault(name, _Seen(is_first=not self._layers, weights=weights))
        seen.calls += 1
        seen.entered += x.numel()
        seen.active += int((x != 0).sum())
        seen.numbers |= _numbers(x)
        seen.is_whole = seen.is_whole and _is_whole(x)
        return seen

    def so_far(self, samples: int) -> Operations:
        """As `report`, without a word in the log: for looks in between."""
        if samples < 1:
            raise ValueError(f"`samples` must be at least 1, got {samples}")
        if not self._layers and not self._neurons:
            raise ValueError("nothing was counted: run the network inside of `with OperationCounter(net):`")
        return Operations(
            samples,
            tuple(seen.cost(name) for name, seen in self._layers.items()),
            tuple(self._neurons.values()),
            tuple(self._norms.values()),
        )

    def report(self, samples: int) -> Operations:
        """What was counted so far. Dead layers and hidden floats are also logged as warnings.

        Args:
            samples: how many samples that was.

        Raises:
            ValueError: no samples, or nothing was counted.
        """
        found = self.so_far(samples)
        for name in found.dead:
            _LOG.warning("the neurons of %s are dead: their rate is below %g", name, DEAD_BELOW)
        for name in found.hidden_floats:
            _LOG.warning("%s multiplies: what enters it is no spikes", name)
        return found


def _numbers(x: Tensor) -> set[float]:
    """The numbers in x besides 0, as far as there are at most two."""
    some = x[x != 0]
    return {float(some.min()), float(some.max())} if some.numel() else set()


def _is_whole(x: Tensor) -> bool:
    return bool((x == x.round()).all())


def _ones_and_sizes(x: Tensor) -> tuple[Tensor, Tensor]:
    """One for each number but 0, and how large it is as a count."""
    return (x != 0).to(torch.int64), x.abs().round().to(torch.int64)
