r"""Columns that can be run backwards: what a column was given is worked out again from what it gave.

A column turns a state of maps p into a state c, level by level:

    c_l = a_l · p_l + f_l(below, above)

where below is c_(l-1), or the input x at level 0, and above are some of the p of higher levels,
so that, top level first, p_l = (c_l - f_l(…)) / a_l. Training then needs not keep what happens inside of a column, only
states: all of them, or one in k (an anchor), with the inverse chain between. What is kept is said in bytes by
`models.memory`.

How far back the chain may go is a matter of rounding: dividing by a_l makes errors grow by about 1/a_l² a column, as
errors of one level also pass through the functions of the next. `columns_back` says how many columns that allows.

Source: Reversible Column Networks (arXiv:2212.11696), equations 2 and 3; the official code keeps every column's state.
"""

from __future__ import annotations

import logging
import math
from abc import abstractmethod
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

_LOG = logging.getLogger(__name__)

Memory = Literal["plain", "anchored", "checkpoint"]
MEMORIES = ("plain", "anchored", "checkpoint")

LEAST_GAIN = 1e-3
"""Gains are kept at least so far from 0, or nothing could be divided by them."""
TOLERANCE = 1e-4
"""Largest relative error of a recovered state that the choice of anchors allows for."""
ALARM = 0.05
"""Relative error of a recovered state above which training says that its gradients are not to be trusted."""

State = tuple[Tensor, ...]


class Column(nn.Module):
    """One column. A family says what its levels compute.

    Args:
        channels: of each level.
        reads: for each level, which levels above it of the column before it sees.
        is_first: there is no column before it: its state is 0, and it sees nothing of it.

    Attributes:
        gains: a_l, one number a channel.

    Source: arXiv:2212.11696, section 2.
    """

    def __init__(self, channels: Sequence[int], reads: Sequence[tuple[int, ...]], *, is_first: bool) -> None:
        super().__init__()
        self.reads = [() for _ in channels] if is_first else list(reads)
        self.is_first = is_first
        self.gains = nn.ParameterList(torch.full((1, wide, 1, 1), 0.5) for wide in channels)
        self.register_load_state_dict_post_hook(_check_loaded)  # type: ignore[no-untyped-call]

    @abstractmethod
    def level(self, index: int) -> nn.Module:
        """f_l as a module: (below, *above) -> a map of that level's shape."""

    @property
    def levels(self) -> int:
        """How many maps a state has."""
        return len(self.gains)

    def forward(self, x: Tensor, before: State) -> State:
        """The state after this column; `before` is empty for the first."""
        made: list[Tensor] = []
        for index, gain in enumerate(self.gains):
            made.append(self._shortcut(gain, before, index, self.compute(index, x, made, before)))
        return tuple(made)

    def compute(self, index: int, x: Tensor, made: Sequence[Tensor], before: State) -> Tensor:
        """f_l of what that level sees."""
        below = made[index - 1] if index else x
        return self.level(index)(below, *(before[above] for above in self.reads[index]))  # type: ignore[no-any-return]

    def _shortcut(self, gain: Tensor, before: State, index: int, y: Tensor) -> Tensor:
        # Times zero for the first column, so that its gains take part and have gradients that are 0.
        return gain * before[index] + y if before else gain * 0.0 + y

    @torch.no_grad()
    def keep_gains_apart(self) -> None:
        """Move gains that are nearer to 0 than `LEAST_GAIN` there, keeping their sign; 0 counts as positive."""
        for gain in self.gains:
            sign = torch.where(gain < 0, -1.0, 1.0).to(gain)
            gain.copy_(sign * gain.abs().clamp_min(LEAST_GAIN))

    @torch.no_grad()
    def invert(self, x: Tensor, after: State) -> State:
        """The state that this column was given.

        Raises:
            ValueError: it is the first one, which was given nothing.
        """
        if self.is_first:
            raise ValueError("the first column is given no state")
        before: list[Tensor] = [torch.empty(0)] * self.levels
        for index in reversed(range(self.levels)):
            y = self.compute(index, x, after, tuple(before))
            before[index] = (after[index] - y) / self.gains[index]
        return tuple(before)


def _check_loaded(column: nn.Module, _: object) -> None:
    assert isinstance(column, Column)
    if any(bool((gain == 0).any()) for gain in column.gains):
        _LOG.warning("a gain that was loaded is 0; it becomes %g", LEAST_GAIN)
    column.keep_gains_apart()


def check_reversible(columns: Sequence[nn.Module]) -> None:
    """Refuse layers that are not the same the second time.

    Raises:
        ValueError: a batch normalisation, whose statistics would be updated twice.
    """
    for column in columns:
        for name, module in column.named_modules():
            if isinstance(module, nn.modules.batchnorm._BatchNorm):
                raise ValueError(f"{name} is a batch normalisation: run twice, its statistics would count twice")


def growth(column: Column) -> float:
    """By how much a column at most makes a relative error grow when it is run backwards."""
    return max(1.0, max(float((1 / gain.detach().abs().clamp_min(LEAST_GAIN)).max()) ** 2 for gain in column.gains))


def columns_back(columns: Sequence[Column], dtype: torch.dtype) -> int:
    """How many columns can be run backwards before rounding errors reach `TOLERANCE`, by the gains as they are."""
    error, back = torch.finfo(dtype).eps, 0
    for column in sorted(columns, key=growth, reverse=True):
        error *= growth(column)
        if error >= TOLERANCE:
            break
        back += 1
    return max(back, 1)


def run_columns(
    columns: Sequence[Column],
    x: Tensor,
    *,
    memory: Memory = "plain",
    anchor_every: int = 1,
    stops: Sequence[int] = (),
    force: bool = False,
) -> dict[int, State]:
    """The states behind some of the columns.

    Args:
        columns: in order, the first one with nothing before it.
        x: what level 0 of every column sees.
        memory: "plain" keeps all that autograd asks for; "checkpoint" keeps states and computes each column again;
            "anchored" keeps every so-manieth state and runs the columns between backwards.
        anchor_every: columns from one kept state to the next, with "anchored"; 0: as many as the gains allow.
        stops: columns, counted from 1, whose states are wanted besides the last one's; they are kept in any case.
        force: run more than one column backwards in 16-bit floats as well.

    Shapes:
        x (B, C, H, W) -> column, counted from 1 -> maps of its levels.

    Raises:
        ValueError: anchors further apart than 1 with 16-bit floats, whose chain means nothing.
    """
    ends = sorted({*stops, len(columns)})
    if columns[0].training:
        for column in columns:
            column.keep_gains_apart()
    if memory != "anchored" or not torch.is_grad_enabled():
        return _run_each(columns, x, ends, is_checkpointed=memory == "checkpoint" and torch.is_grad_enabled())
    dtype = torch.get_autocast_dtype(x.device.type) if torch.is_autocast_enabled(x.device.type) else x.dtype
    every = anchor_every or columns_back(columns, dtype)
    if not anchor_every and every < len(columns):
        _LOG.info("anchors every %d of %d columns: gains down to %.3g", every, len(columns), _least_gain(columns))
    if every > 1 and torch.finfo(dtype).bits < 32 and not force:
        raise ValueError(f"{dtype} cannot be run backwards over {every} columns: anchor_every=1 can")
    found: dict[int, State] = {}
    state: State = ()
    done = 0
    for end in range(1, len(columns) + 1):
        if end - done < every and end not in ends:
            continue
        state = _segment(columns[done:end], x, state)
        done = end
        if end in ends:
            found[end] = state
    return found


def _least_gain(columns: Sequence[Column]) -> float:
    return min(float(gain.detach().abs().min()) for column in columns for gain in column.gains)


def _run_each(columns: Sequence[Column], x: Tensor, ends: Sequence[int], *, is_checkpointed: bool) -> dict[int, State]:
    found: dict[int, State] = {}
    state: State = ()
    for number, column in enumerate(columns, 1):
        state = checkpoint(column, x, state, use_reentrant=False) if is_checkpointed else column(x, state)
        if number in ends:
            found[number] = state
    return found


@dataclass
class _Plan:
    """What a segment's backward needs besides tensors."""

    columns: Sequence[Column]
    counts: list[int]  # of parameters, by column and level
    precision: tuple[bool, torch.dtype, str]
    chance: dict[tuple[int, int], tuple[Tensor, Tensor | None]]  # states of the generators before random levels


def _segment(columns: Sequence[Column], x: Tensor, state: State) -> State:
    owned = [_owned(column, index) for column in columns for index in range(column.levels)]
    device = x.device.type
    plan = _Plan(
        columns,
        [len(group) for group in owned],
        (torch.is_autocast_enabled(device), torch.get_autocast_dtype(device), device),
        {},
    )
    flat = [p for group in owned for p in group]
    return tuple(_Segment.apply(plan, len(state), x, *state, *flat))  # type: ignore[no-untyped-call]


def _owned(column: Column, index: int) -> list[Tensor]:
    """A level's parameters, the gain first."""
    return [column.gains[index], *column.level(index).parameters()]


class _Segment(torch.autograd.Function):
    """Some columns as one function: parameters are inputs, so that gradients go where autograd expects them."""

    @staticmethod
    def forward(ctx: Any, plan: _Plan, count: int, x: Tensor, *tensors: Tensor) -> State:
        state: State = tensors[:count]
        ctx.plan, ctx.count = plan, count
        before = state
        for at, column in enumerate(plan.columns):
            made: list[Tensor] = []
            for index in range(column.levels):
                chance = _chance(x)
                y = column.compute(index, x, made, state)
                if not _is_same_chance(chance, _chance(x)):
                    plan.chance[at, index] = chance
                made.append(column._shortcut(column.gains[index], state, index, y))
            state = tuple(made)
        # Outputs are saved; what came in is another segment's output, so that holding it takes nothing more.
        ctx.save_for_backward(x, *before, *state)
        return state

    @staticmethod
    def backward(ctx: Any, *grads: Tensor | None) -> tuple[Tensor | None, ...]:
        plan: _Plan = ctx.plan
        x, *saved = ctx.saved_tensors
        before, after = tuple(saved[: ctx.count]), tuple(saved[ctx.count :])
        upstream = [torch.zeros_like(c) if g is None else g for g, c in zip(grads, after, strict=True)]
        x_grad = torch.zeros_like(x)
        by_column: list[list[Tensor | None]] = []
        for at in reversed(range(len(plan.columns))):
            known = before if at == 0 else None
            step = _Backwards(plan, at, x, after, known)
            upstream, more, of_parameters = step.run(upstream)
            x_grad += more
            by_column.append(of_parameters)
            after = step.before
        flat = [grad for group in reversed(by_column) for grad in group]
        return None, None, x_grad, *(upstream if ctx.count else ()), *flat


class _Backwards:
    """One column: its state before from its state after, and gradients on the way."""

    def __init__(self, plan: _Plan, at: int, x: Tensor, after: State, known: State | None) -> None:
        self.plan, self.at, self.column, self.x = plan, at, plan.columns[at], x
        self.after, self.known = after, known
        self.before: State = ()

    def run(self, upstream: Sequence[Tensor]) -> tuple[list[Tensor], Tensor, list[Tensor | None]]:
        """Gradients after the column -> before it, of x, and of its parameters in the order of `_owned`."""
        column, levels = self.column, self.column.levels
        total = list(upstream)  # of the loss by c_l, as levels above add their share
        left = [torch.zeros_like(c) for c in self.after]
        x_grad = torch.zeros_like(self.x)
        found: list[Tensor] = [torch.empty(0)] * levels
        grads: list[list[Tensor | None]] = [[] for _ in range(levels)]
        for index in reversed(range(levels)):
            y, inputs = self._again(index, found)
            gain = column.gains[index].detach()
            # In the first segment's first column there is nothing to recover; elsewhere what is known is exact.
            found[index] = self._recovered(index, y, gain)
            given = [inputs[0], *column.level(index).parameters(), *inputs[1:]]
            wanted = [t for t in given if t.requires_grad]
            got = iter(torch.autograd.grad(y, wanted, total[index].to(y.dtype), allow_unused=True))
            of_inputs = [next(got) if t.requires_grad else None for t in given]
            below, *rest = of_inputs
            count = len(rest) - len(column.reads[index])
            if below is not None:
                if index:
                    total[index - 1] = total[index - 1] + below
                else:
                    x_grad = below
            for above, share in zip(column.reads[index], rest[count:], strict=True):
                if share is not None:
                    left[above] = left[above] + share
            if column.is_first:
                gain_grad = torch.zeros_like(gain)
            else:
                gain_grad = (found[index] * total[index]).sum((0, 2, 3), keepdim=True).to(gain.dtype)
                left[index] = left[index] + total[index] * gain
            grads[index] = [gain_grad, *rest[:count]]
        self.before = tuple(found)
        self._check()
        return left, x_grad, [grad for group in grads for grad in group]

    def _again(self, index: int, found: Sequence[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """f_l computed again, with leaves for what it sees: below, then above."""
        below = self.after[index - 1] if index else self.x
        inputs = [below.detach().requires_grad_()]
        inputs += [found[above].detach().requires_grad_() for above in self.column.reads[index]]
        enabled, dtype, device = self.plan.precision
        replayed = _Replayed(self.plan.chance.get((self.at, index)), self.x)
        with replayed, torch.enable_grad(), torch.autocast(device, dtype, enabled=enabled):
            y: Tensor = self.column.level(index)(*inputs)
        return y, inputs

    def _recovered(self, index: int, y: Tensor, gain: Tensor) -> Tensor:
        if self.column.is_first:
            return torch.empty(0)
        recovered = (self.after[index] - y.detach()) / gain
        if self.known is None:
            return recovered
        self._compare(recovered, self.known[index], index)
        return self.known[index]

    def _compare(self, recovered: Tensor, known: Tensor, index: int) -> None:
        """The guard: an anchor is known exactly, so that what the chain came to can be held against it."""
        scale = float(known.abs().max())
        error = float((recovered - known).abs().max()) / (scale or 1.0)
        if not math.isfinite(error) or error > ALARM:
            _LOG.warning(
                "a state recovered over %d columns is off by %.2g of its size at level %d: gradients between are not "
                "to be trusted; use more anchors",
                len(self.plan.columns),
                error,
                index,
            )

    def _check(self) -> None:
        if not self.column.is_first and not all(torch.isfinite(p).all() for p in self.before):
            raise FloatingPointError("a state that was recovered backwards is not finite; use more anchors")


def _chance(x: Tensor) -> tuple[Tensor, Tensor | None]:
    return torch.get_rng_state(), torch.cuda.get_rng_state(x.device) if x.is_cuda else None


def _is_same_chance(a: tuple[Tensor, Tensor | None], b: tuple[Tensor, Tensor | None]) -> bool:
    return torch.equal(a[0], b[0]) and (a[1] is None or b[1] is None or torch.equal(a[1], b[1]))


class _Replayed(AbstractContextManager[None]):
    """Inside, chance falls as it fell the first time; afterwards as if nothing had been drawn."""

    def __init__(self, chance: tuple[Tensor, Tensor | None] | None, x: Tensor) -> None:
        self.chance, self.x = chance, x

    def __enter__(self) -> None:
        if self.chance is not None:
            self.now = _chance(self.x)
            self._set(self.chance)

    def __exit__(self, *_: object) -> None:
        if self.chance is not None:
            self._set(self.now)

    def _set(self, chance: tuple[Tensor, Tensor | None]) -> None:
        torch.set_rng_state(chance[0])
        if chance[1] is not None:
            torch.cuda.set_rng_state(chance[1], self.x.device)
