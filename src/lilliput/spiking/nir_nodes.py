r"""Layers that NIR has and that one number a layer cannot say: constants of their own for each neuron, filters, sums.

Axes: T time steps, B batch.

Source: Neuromorphic intermediate representation (Nature Communications 15, 8122, 2024): the equations of its nodes.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lilliput.layers.multi_step import Fired, run_steps
from lilliput.layers.neuron_cells import Leaky, State
from lilliput.layers.spiking import Neuron
from lilliput.spiking.graph import Stateful


class LeakyArray(Neuron):
    """Leaky neurons, each with its own constants: H = decay · V + gain · x + offset; at the threshold back to 0.

    The potential is counted from where a reset leads.

    Args:
        decay: of the potential a step, in [0, 1]; 1 does not leak.
        gain: of the input.
        offset: added at each step.
        threshold: from the reset up, above 0.
        start: potential at the start, from the reset up.

    Shapes:
        x (T, B, *shape), arguments that fit `shape` -> spikes (T, B, *shape), state.
    """

    def __init__(self, decay: Tensor, gain: Tensor, offset: Tensor, threshold: Tensor, start: Tensor) -> None:
        super().__init__()
        given = {"decay": decay, "gain": gain, "offset": offset, "threshold": threshold, "start": start}
        for name, tensor in given.items():
            self.register_buffer(name, tensor)
        self.cell = Leaky(reset_to="zero", leaks=bool((decay != 1).any()))

    def forward(self, x: Tensor, state: State | None = None) -> Fired:
        if state is None:
            state = (self.start.expand(x.shape[1:]),)  # type: ignore[operator]
        return run_steps(self.cell, x * self.gain + self.offset, state, self.parameters_of_cell())  # type: ignore[operator]

    def parameters_of_cell(self) -> Sequence[float | Tensor]:
        return self.decay, 1.0, self.threshold  # type: ignore[return-value]


class LeakyIntegrator(Stateful):
    """A filter that never fires: v ← decay · v + gain · x + offset, which it also gives.

    Args:
        decay: in [0, 1].
        gain: of the input.
        offset: added at each step.
        is_late: it gives v before the step and not after it.
    """

    def __init__(self, decay: Tensor, gain: Tensor, offset: Tensor, is_late: bool = False) -> None:
        super().__init__()
        for name, tensor in {"decay": decay, "gain": gain, "offset": offset}.items():
            self.register_buffer(name, tensor)
        self.is_late = is_late

    def forward(self, x: Tensor, state: State | None = None) -> Fired:
        (v,) = (torch.zeros_like(x[0]),) if state is None else state
        made = [v]
        for now in x * self.gain + self.offset:  # type: ignore[operator]
            made.append(self.decay * made[-1] + now)  # type: ignore[operator]
        return Fired(torch.stack(made[:-1] if self.is_late else made[1:]), (made[-1],))


class CurrentBased(Stateful):
    """Neurons behind a filter of their input: synapses with a time constant.

    Args:
        synapse: of the current.
        neurons: that it feeds.
    """

    def __init__(self, synapse: LeakyIntegrator, neurons: nn.Module) -> None:
        super().__init__()
        self.synapse, self.neurons = synapse, neurons

    def forward(self, x: Tensor, state: State | None = None) -> Fired:
        current, (held,) = self.synapse(x, None if state is None else state[:1])
        spikes, (potential,) = self.neurons(current, None if state is None else state[1:])
        return Fired(spikes, (held, potential))


class Scale(nn.Module):
    """Each number times its own factor."""

    def __init__(self, scale: Tensor) -> None:
        super().__init__()
        self.register_buffer("scale", scale)

    def forward(self, x: Tensor) -> Tensor:
        return x * self.scale  # type: ignore[operator]


class SumPool2d(nn.Module):
    """Σ over windows: (B, C, H, W)."""

    def __init__(self, kernel_size: tuple[int, int], stride: tuple[int, int], padding: tuple[int, int]) -> None:
        super().__init__()
        self.kernel_size, self.stride, self.padding = kernel_size, stride, padding

    def forward(self, x: Tensor) -> Tensor:
        return F.avg_pool2d(x, self.kernel_size, self.stride, self.padding, divisor_override=1)

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"
