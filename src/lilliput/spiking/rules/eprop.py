r"""e-prop: gradients of a recurrent spiking network forwards in time, from what each synapse and neuron knows itself.

    ε_ji ← decay · (ε_ji - s_j · strength · a_ji) + gain · x_i
                                                          what the synapse left in its neuron's potential, which a spike
                                                          s_j lowered by the threshold as it stood
    a_ji ← fade · a_ji + (1 - fade) · e_ji(t - 1)         and in the threshold, where that adapts
    e_ji = ψ_j · (ε_ji - strength · a_ji)                 eligibility; ψ: the substitute derivative of firing
    L_j  = Σ_k B_jk (softmax(y)_k - target_k)             learning signal, broadcast over feedback weights B
    ∂E/∂w_ji ≈ Σ_t L_j · ē_ji                             ē: e as the leaky read-out filters it

With B the read-out's own weights this is the exact gradient of the network in which spikes reach other neurons but
carry no gradients there. Nothing is stored over time, and no step waits for the end.

Axes: B batch, T time steps, I inputs, N neurons, K classes.

Source: Bellec et al., A solution to the learning dilemma for recurrent networks of spiking neurons (Nature
Communications 11, 2020), equations 4, 21 to 25; the review (arXiv:1804.08150), section 3.5.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from lilliput.layers.neuron_cells import State
from lilliput.layers.surrogate import DAMPED_TRIANGLE
from lilliput.models.spiking_recurrent import LSNN, frames_first


class Gradients(NamedTuple):
    """The loss, a mean over rows and steps of cross-entropies, and its derivatives by the network's parameters."""

    loss: float
    inputs: Tensor
    bias: Tensor
    recurrent: Tensor
    readout: Tensor
    readout_bias: Tensor


@dataclass
class _Synapses:
    """What the synapses of one matrix keep, (B, N, I) each, and what they add up, (N, I)."""

    potential: Tensor
    threshold: Tensor
    filtered: Tensor
    total: Tensor

    @classmethod
    def fresh(cls, like: Tensor, neurons: int) -> _Synapses:
        rows, inputs = like.shape
        zero = like.new_zeros(rows, neurons, inputs)
        return cls(zero, zero, zero, like.new_zeros(neurons, inputs))


@torch.no_grad()
def eprop(network: LSNN, x: Tensor, target: Tensor, feedback: Tensor | None = None) -> Gradients:
    """One pass over time.

    Args:
        network: it is not changed.
        x: as the network takes it.
        target: class numbers, (B,).
        feedback: B, (N, K); None: the read-out's own weights, which a chip would have to carry there.

    Shapes:
        x (B, channels, frames, bands) -> gradients in the shapes of the parameters.

    Raises:
        ValueError: a feedback of another shape.
    """
    out, neurons = network.readout, network.neurons
    back = out.weight.T if feedback is None else feedback
    if back.shape != out.weight.T.shape:
        raise ValueError(f"`feedback` must be {tuple(out.weight.T.shape)}, got {tuple(back.shape)}")
    decay, gain, threshold, fade, strength = (torch.as_tensor(p) for p in neurons.parameters_of_cell())
    frames = frames_first(x)
    rows, size = frames.shape[1], out.in_features
    aim = torch.nn.functional.one_hot(target, out.out_features).to(x.dtype)
    ones = frames.new_ones(rows, 1)
    sides = [_Synapses.fresh(like, size) for like in (frames[0], ones, frames.new_zeros(rows, size))]
    spikes, filtered = frames.new_zeros(rows, size), frames.new_zeros(rows, size)
    y, loss, of_readout = frames.new_zeros(rows, out.out_features), 0.0, torch.zeros_like(out.weight)
    of_bias, constant = torch.zeros_like(out.bias), 0.0
    state: State | None = None
    potential, adaptation = frames.new_zeros(rows, size), frames.new_zeros(rows, size)
    slack = strength.reshape(-1, 1)
    for now in frames:
        current = network.inputs(now) + network.recurrent(spikes)
        psi = DAMPED_TRIANGLE.derivative(decay * potential + gain * current, threshold + strength * adaptation)
        before = spikes
        fired, state = neurons(current.unsqueeze(0), state)
        spikes, (potential, adaptation) = fired[0], state
        y = network.keep * y + (1 - network.keep) * out(spikes)
        error = (torch.softmax(y, 1) - aim) / (rows * len(frames))
        loss += float(torch.nn.functional.cross_entropy(y, target)) / len(frames)
        signal = error @ back.T
        for side, arrived in zip(sides, (now, ones, before), strict=True):
            side.potential = decay * side.potential + gain * arrived.unsqueeze(1)
            eligible = psi.unsqueeze(2) * (side.potential - slack * side.threshold)
            side.potential = side.potential - spikes.unsqueeze(2) * slack * side.threshold
            side.threshold = fade * side.threshold + (1 - fade) * eligible
            side.filtered = network.keep * side.filtered + (1 - network.keep) * eligible
            side.total += torch.einsum("bn,bni->ni", signal, side.filtered)
        filtered = network.keep * filtered + (1 - network.keep) * spikes
        constant = network.keep * constant + (1 - network.keep)
        of_readout += error.T @ filtered
        of_bias += constant * error.sum(0)
    return Gradients(loss, sides[0].total, sides[1].total.squeeze(1), sides[2].total, of_readout, of_bias)
