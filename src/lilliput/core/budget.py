"""What a network may cost. Each limit is a number or `None`: no limit."""

from __future__ import annotations

import dataclasses
import difflib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from lilliput.core.cost import Cost
from lilliput.core.errors import BadSetting, DoesNotFit
from lilliput.core.units import exact_bytes, format_ms, format_uj, grouped, parse_bytes, parse_count, parse_ms, parse_uj


@dataclass(frozen=True, kw_only=True)
class Budget:
    """Upper limits; a cost equal to its limit fits.

    Args:
        flash_bytes: of the linked program in flash, bytes.
        sram_bytes: of writable memory, stack included, bytes.
        macs: multiply-accumulates of one inference.
        latency_ms: of one inference, milliseconds.
        energy_uj: of one inference, microjoules.

    Raises:
        BadSetting: LP101, a limit is zero, negative or not finite: nothing could ever fit.
    """

    flash_bytes: int | None = None
    sram_bytes: int | None = None
    macs: int | None = None
    latency_ms: float | None = None
    energy_uj: float | None = None

    def __post_init__(self) -> None:
        for limit in _LIMITS:
            value = getattr(self, limit.field)
            if value is not None and not (0 < value < math.inf):
                given = limit.show(value) if value == 0 else value
                raise BadSetting(
                    f"a budget of {given} for {limit.words} leaves room for nothing",
                    why="every network needs more than 0, and no number is more than infinity",
                    fix=f"leave `{limit.key}` out for no limit, or give a real one: {limit.key} = {limit.example}",
                )

    @classmethod
    def parse(cls, values: Mapping[str, object]) -> Budget:
        """From what a user typed: `{"flash": "256KiB", "sram": "64KiB", "macs": "2M", "latency": "20ms"}`.

        The names of the fields work as well (`flash_bytes`), so that a stored budget can be read back.

        Raises:
            BadSetting: LP101, an unknown key, a key twice, or a limit that nothing could meet.
            BadUnit: LP102, a value that is no size, count, time or energy.
        """
        read: dict[str, int | float | None] = {}
        for key, value in values.items():
            limit = next((limit for limit in _LIMITS if key in (limit.key, limit.field)), None)
            if limit is None:
                keys = [limit.key for limit in _LIMITS]
                near = difflib.get_close_matches(str(key), keys, n=1)
                fix = f"did you mean {near[0]}?" if near else f"the keys are {', '.join(keys)}"
                raise BadSetting(f"a budget has no key {key!r}", fix=fix)
            if limit.field in read:
                raise BadSetting(f"the budget gives {limit.words} twice, as {limit.key} and as {limit.field}")
            read[limit.field] = None if value is None else limit.parse(value)
        return cls(**read)  # type: ignore[arg-type]

    def check(self, cost: Cost, *, owner: str = "the budget", why: str = "", fix: str = "") -> None:
        """Do nothing when each measured figure is within its limit; what was not measured is not judged (`open_for`).

        Args:
            cost: the measured figures.
            owner: who has the limits, for the message: `"nucleo-f446re"`.
            why: where the peak is, for the message.
            fix: the nearest option that fits, for the message.

        Raises:
            DoesNotFit: LP401, naming both figures of each limit that is passed.
        """
        over = []
        for limit in _LIMITS:
            need, have = getattr(cost, limit.field), getattr(self, limit.field)
            if need is not None and have is not None and need > have:
                over.append(f"{limit.show(need)} of {limit.words} needed, {owner} has {limit.show(have)}")
        if over:
            raise DoesNotFit("; ".join(over), why=why, fix=fix)

    def fits(self, cost: Cost) -> bool:
        """Whether `check` would let `cost` pass."""
        try:
            self.check(cost)
        except DoesNotFit:
            return False
        return True

    def open_for(self, cost: Cost) -> tuple[str, ...]:
        """Names of the limits that `cost` has no figure for, so that nobody takes them for met."""
        limited = (limit.field for limit in _LIMITS if getattr(self, limit.field) is not None)
        return tuple(name for name in limited if getattr(cost, name) is None)

    def tighter(self, other: Budget) -> Budget:
        """Of each limit the smaller one of the two budgets."""
        merged = {}
        for limit in _LIMITS:
            given = [getattr(budget, limit.field) for budget in (self, other)]
            merged[limit.field] = min((value for value in given if value is not None), default=None)
        return Budget(**merged)

    def limits(self) -> dict[str, int | float]:
        """The limits that there are, by field name."""
        return {name: value for name, value in dataclasses.asdict(self).items() if value is not None}


@dataclass(frozen=True)
class _Limit:
    key: str
    field: str
    words: str
    example: str
    parse: Callable[..., int | float]
    show: Callable[..., str]


_LIMITS = (
    _Limit("flash", "flash_bytes", "flash", '"256KiB"', parse_bytes, exact_bytes),
    _Limit("sram", "sram_bytes", "SRAM", '"64KiB"', parse_bytes, exact_bytes),
    _Limit("macs", "macs", "multiply-accumulates", '"2M"', parse_count, grouped),
    _Limit("latency", "latency_ms", "time", '"20ms"', parse_ms, format_ms),
    _Limit("energy", "energy_uj", "energy", '"50uJ"', parse_uj, format_uj),
)
