"""What a network does cost. A figure that was not measured is `None`, never zero and never a guess."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Cost:
    """Measured figures; every field is `None` where nothing measured it.

    Args:
        params: numbers that are learned.
        macs: multiply-accumulates of one inference.
        synaptic_operations: additions that spikes cause in one inference (spiking networks).
        peak_activation_bytes: largest sum of tensors that are alive at once.
        arena_bytes: the memory plan's size; at least `peak_activation_bytes`.
        stack_bytes: deepest stack, measured on the emulated board.
        sram_bytes: all writable memory of the linked program: arena, state, stack, data.
        code_bytes: instructions in flash.
        constants_bytes: weights and tables in flash.
        flash_bytes: all of the linked program that lies in flash.
        instructions: of one inference, counted on the emulated board.
        cycles_estimate: from the core's cost table; an estimate, and printed with `≈`.
        latency_ms: milliseconds of one inference, from cycles and clock where no real board measured it.
        energy_uj: microjoules of one inference.
    """

    params: int | None = None
    macs: int | None = None
    synaptic_operations: int | None = None
    peak_activation_bytes: int | None = None
    arena_bytes: int | None = None
    stack_bytes: int | None = None
    sram_bytes: int | None = None
    code_bytes: int | None = None
    constants_bytes: int | None = None
    flash_bytes: int | None = None
    instructions: int | None = None
    cycles_estimate: int | None = None
    latency_ms: float | None = None
    energy_uj: float | None = None

    def __post_init__(self) -> None:
        for name, value in self.measured().items():
            if not value >= 0:  # NaN too
                raise ValueError(f"`{name}` must be at least 0, got {value}")

    def measured(self) -> dict[str, int | float]:
        """The figures that there are, by name, in the order of the fields."""
        values = ((field.name, getattr(self, field.name)) for field in dataclasses.fields(self))
        return {name: value for name, value in values if value is not None}

    def with_measured(self, other: Cost | Mapping[str, int | float]) -> Cost:
        """This cost with the figures of `other` in place of, or beside, its own."""
        return dataclasses.replace(self, **(other.measured() if isinstance(other, Cost) else other))  # type: ignore[arg-type]
