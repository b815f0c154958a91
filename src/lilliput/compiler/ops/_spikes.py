"""What the layers of spiking neurons share: trains of spikes, the neurons' integer meaning, and proofs.

A train is a byte: bit t is 1 where a spike falls at time step t. Up to `MOST_STEPS` steps are run at once, so that a
map of spikes takes as many bytes as a map of int8, and whatever is silent at all of them is passed over at once.

A neuron has a potential v, and in each step, with all sums exact,

    h = clamp(((v · decay + 2^14) >> 15) + current),    spike where h ≥ threshold,
    v = h without a spike, else 0 (reset "zero") or h - threshold (reset "subtract")

in units of a step of its current: what divides the input by a time constant is part of the threshold. v is an int16,
clamped to its limits, or an int32, clamped to ± 2^30. Where `v` is a constant, one a channel, each run begins with it;
where it is a state, it is kept from run to run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from lilliput.compiler.graph import Array, Node, Quant, Value
from lilliput.compiler.op import Field, Target, expect
from lilliput.core.errors import UnsafeRange

if TYPE_CHECKING:
    from torch import Tensor

MOST_STEPS = 8
ONE = 1 << 15
"""The decay of neurons that keep everything."""
TRAIN = Quant.per_tensor(1.0, 0)
"""Of trains: their bytes are no numbers."""
RESETS = ("zero", "subtract")
_LIMITS = {"int16": (-(1 << 15), (1 << 15) - 1), "int32": (-(1 << 30), 1 << 30)}


@dataclass(frozen=True, eq=False)
class Neurons:
    """A row of neurons.

    Args:
        decay, threshold, start: one a channel, int64; decay in 2^-15, start 0 where potentials are kept.
        wide: whether potentials have 32 bits.
        kept: whether they live on from run to run.
        steps: at once.
        subtracts: reset by subtraction.
    """

    decay: Array
    threshold: Array
    start: Array
    wide: bool
    kept: bool
    steps: int
    subtracts: bool

    @property
    def limits(self) -> tuple[int, int]:
        """What potentials are clamped to."""
        return _LIMITS["int32" if self.wide else "int16"]

    @property
    def leaks(self) -> int:
        """How the kernels are told of the decay: 0 where nothing is ever forgotten, 2 where a half is, else 1."""
        if (self.decay == ONE).all():
            return 0
        return 2 if (self.decay == ONE // 2).all() else 1

    def run(self, currents: Array, v: Array | None = None) -> Array:
        """Trains, uint8; `v` is brought up to date in place.

        Shapes:
            currents (1 or steps, ..., C), v (..., C) -> (..., C).
        """
        now = np.broadcast_to(self.start if v is None else v, currents.shape[1:]).astype(np.int64)
        trains = np.zeros(currents.shape[1:], np.uint8)
        for step in range(self.steps):
            left = (now * self.decay + (1 << 14)) >> 15
            h = np.clip(left + currents[step if len(currents) > 1 else 0], *self.limits)
            fired = h >= self.threshold
            now = np.where(fired, h - self.threshold if self.subtracts else 0, h)
            trains |= fired.astype(np.uint8) << np.uint8(step)
        if v is not None:
            v[:] = now
        return trains

    def prove(self, node: Node, low: Array, high: Array) -> None:
        """That currents in [low, high], one pair a channel, fit the kernel.

        Raises:
            UnsafeRange: LP312, one could leave the bits of a potential.
        """
        least, most = self.limits
        reach = max(-int(low.min()), int(high.max()))
        if int(low.min()) < least or int(high.max()) > most:
            raise UnsafeRange(
                f'{node.op} at "{node.name}" could reach a current of {reach}, its potentials hold {most}',
                fix="keep potentials in int32" if not self.wide else "quantise with smaller weights",
            )
        if not self.wide and self.leaks and int(self.decay.max()) >= ONE:
            raise UnsafeRange(
                f'{node.op} at "{node.name}" has neurons that leak and neurons that do not, in 16 bits',
                fix="keep potentials in int32",
            )

    def fields(self, prefix: str) -> tuple[Field, ...]:
        """The members of `lp_fire_s16_t` or `lp_fire_s32_t`, inside a struct that calls it `prefix`."""
        ctype: Literal["int16_t", "int32_t"] = "int32_t" if self.wide else "int16_t"
        decay = self.decay if self.wide or self.leaks else np.zeros(1, np.int64)
        numbers = {"channels": len(self.threshold), "steps": self.steps}
        numbers |= {} if self.wide else {"leaks": self.leaks}
        arrays = {"decay": decay, "threshold": self.threshold, "start": self.start}
        return (
            *(Field(f"{prefix}.{name}", ctype, array) for name, array in arrays.items()),
            *(Field(f"{prefix}.{name}", "int32_t", n) for name, n in (numbers | {"subtracts": self.subtracts}).items()),
        )


def neurons_of(node: Node, constants: Sequence[Value], channels: int) -> Neurons:
    """The neurons of an integer node, whose decay, threshold and v are given."""
    decay, threshold, v = constants
    kept = v.is_state
    arrays = [value.data for value in (decay, threshold)] + [np.zeros(1) if kept else v.data]
    full = (np.broadcast_to(np.asarray(array).ravel()[:channels], channels).astype(np.int64) for array in arrays)
    leak, level, start = full
    subtracts = node.attrs["reset"] == "subtract"
    return Neurons(leak, level, start, v.dtype == "int32", kept, int(node.attrs["steps"]), subtracts)


def check_neurons(node: Node, inputs: Sequence[Value], output: Value, channels: int) -> None:
    """The rules for decay, threshold and v, the last of the inputs. Raises BrokenGraph."""
    decay, threshold, v = inputs[-3:]
    steps = node.attrs.get("steps")
    expect(type(steps) is int and 1 <= steps <= MOST_STEPS, node, f"steps must be 1 to {MOST_STEPS}, got {steps!r}")
    expect(node.attrs.get("reset") in RESETS, node, f"reset must be zero or subtract, got {node.attrs.get('reset')!r}")
    for value in (decay, threshold):
        expect(value.is_constant, node, f"{value.name!r} must be a constant")
    expect(v.is_constant or v.is_state, node, f"{v.name!r} must be a constant or a state")
    if output.dtype == "float32":
        expect(not v.is_state, node, "keeps potentials in integers only")
        for value in (decay, threshold, v):
            fits = all(a in (1, b) for a, b in zip(value.shape[::-1], output.shape[:0:-1], strict=False))
            expect(fits and len(value.shape) < len(output.shape), node, f"{value.shape} does not fit {output.shape}")
        return
    for value in (decay, threshold, *(() if v.is_state else (v,))):
        expect(value.elements in (1, channels), node, f"{value.name!r} must be one number, or {channels}")
    expect(decay.dtype == threshold.dtype == "int32", node, "decay and threshold must be int32")
    expect(v.dtype in _LIMITS, node, f"potentials must be int16 or int32, got {v.dtype}")
    if v.is_state:
        expect(v.shape == output.shape, node, f"potentials {v.shape} do not fit {output.shape}")
    data = [np.asarray(value.data) for value in (decay, threshold)]
    expect(data[0].min() >= 0 and data[0].max() <= ONE, node, f"decay must be in 0 to {ONE}")
    most = _LIMITS[v.dtype][1]
    expect(data[1].min() >= 1 and data[1].max() <= most, node, f"threshold must be in 1 to {most}")


def float_steps(node: Node, currents: Tensor, decay: Tensor, threshold: Tensor, v: Tensor) -> Tensor:
    """Spikes of 0 and 1 in float: (1 or steps, ...) -> (steps, ...); with one step each row is an item of its own."""
    import torch

    steps = int(node.attrs["steps"])
    subtracts = node.attrs["reset"] == "subtract"
    now, made = v, []
    for step in range(steps):
        current = currents if steps == 1 else currents[step if len(currents) > 1 else 0]
        h = decay * now + current
        fired = (h >= threshold).to(h.dtype)
        now = h - threshold * fired if subtracts else h * (1 - fired)
        made.append(fired)
    return made[0] if steps == 1 else torch.stack(made)


def spikes_at(trains: Array, step: int) -> Array:
    """0 and 1, float64: the spikes of one time step."""
    found: Array = (trains >> np.uint8(step) & np.uint8(1)).astype(np.float64)
    return found


def unpacked(trains: Array, steps: int) -> Array:
    """Trains (1, ...) as spikes of 0 and 1, float32 (steps, ...)."""
    return np.concatenate([spikes_at(trains, step) for step in range(steps)]).astype(np.float32)


def fire_function(neurons: Neurons, target: Target) -> str:
    """The runtime's function that runs neurons with potentials of 16 bits."""
    return "lp_fire_s16_dsp" if target.dsp else "lp_fire_s16"
