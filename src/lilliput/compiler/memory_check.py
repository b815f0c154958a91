"""An independent proof of a memory plan: replay the program over a map of which value owns each byte.

It knows nothing of the planner, of live ranges or of buffers. It reads the kernel calls and the offsets only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from lilliput.compiler.graph import Graph
from lilliput.compiler.memory import ARENA_ALIGN, MemoryPlan, Step, alignment, resident_inputs
from lilliput.compiler.placement import SCRATCH_ALIGN
from lilliput.core.errors import BadPlan


def check_plan(graph: Graph, steps: Sequence[Step], renamed: Mapping[str, str], plan: MemoryPlan) -> None:
    """Replay `steps`: whatever is read must still be owned by the value that is meant.

    Raises:
        BadPlan: LP510, naming the step and the value whose bytes are gone, outside the arena, or misaligned.
    """
    owner = np.full(plan.arena_bytes, -1, np.int64)
    ids = {name: index for index, name in enumerate(graph.values)}
    origin = {name: _origin(name, renamed) for name in graph.values}

    def span(name: str, where: str) -> slice:
        start, size = plan.offsets[name], graph.values[name].nbytes
        _demand(start >= 0 and start + size <= plan.arena_bytes, f"{where}: {name!r} lies outside the arena")
        align = alignment(graph.values[name])
        _demand(start % align == 0, f"{where}: {name!r} at {start} is not aligned to {align}")
        return slice(start, start + size)

    def owned(name: str, where: str) -> None:
        here = owner[span(name, where)]
        _demand(bool((here == ids[origin[name]]).all()), f"{where}: the bytes of {name!r} were overwritten")

    for name in resident_inputs(graph):
        _demand(bool((owner[span(name, "input")] == -1).all()), f"input {name!r} overlaps another input")
        owner[span(name, "input")] = ids[origin[name]]
    for state in graph.states:
        _demand(bool((owner[span(state.name, "state")] == -1).all()), f"state {state.name!r} overlaps an input")
        owner[span(state.name, "state")] = ids[state.name]
    for step in steps:
        where = f'step {step.index} ({step.kernel.function} at "{step.node.name}")'
        *sources, output = step.kernel.operands
        for name in sources:
            owned(name, where)
        if output != step.node.output:  # memory that the kernel changes in parts, and that must still be what it was
            owned(output, where)
        target = span(output, where)
        for position, name in enumerate(sources):
            read = span(name, where)
            if read.start < target.stop and target.start < read.stop:
                allowed = position in step.kernel.in_place and read.start == target.start
                _demand(allowed, f"{where}: output {output!r} overlaps input {name!r}")
        if step.kernel.scratch_bytes:
            start = plan.scratch[step.index]
            stop = start + step.kernel.scratch_bytes
            _demand(
                start % SCRATCH_ALIGN == 0 and stop <= plan.arena_bytes, f"{where}: scratch at {start} is misplaced"
            )
            for name in step.kernel.operands:
                used = span(name, where)
                _demand(used.stop <= start or stop <= used.start, f"{where}: scratch overlaps {name!r}")
            owner[start:stop] = -1
        owner[target] = ids[origin[output]]
    for name in (*graph.outputs, *(state.name for state in graph.states)):
        owned(name, "end")
    _demand(SCRATCH_ALIGN <= ARENA_ALIGN, "the arena is aligned less than a scratch buffer")


def _origin(name: str, renamed: Mapping[str, str]) -> str:
    while name in renamed:
        name = renamed[name]
    return name


def _demand(condition: bool, what: str) -> None:
    if not condition:
        raise BadPlan(f"the memory plan is wrong: {what}", fix="report this as a bug, with the model")
