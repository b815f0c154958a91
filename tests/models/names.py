"""Which registered networks the tests compute with: a family's large variants differ from its small ones in numbers."""

from __future__ import annotations

import functools

from lilliput.models import list_models, models

COSTLY = 40_000_000
"""Multiply-accumulates above which a network is only looked at in shape, where a cheaper sibling has the same parts."""

HUGE = 2_000_000_000
"""Multiply-accumulates above which none is computed with: the tests of its family have a small one of its parts."""


@functools.cache
def computed_names() -> list[str]:
    """All registered names but those of costly networks that have nothing which a cheaper one has not."""
    costs, seen, names = {name: macs_of(name) for name in list_models()}, set[tuple[object, ...]](), list[str]()
    for name in sorted(costs, key=lambda name: costs[name]):
        if costs[name] <= COSTLY or (_parts(name) not in seen and costs[name] <= HUGE):
            names.append(name)
        seen.add(_parts(name))
    return sorted(names)


def macs_of(name: str) -> int:
    macs = models[name].describe()["macs"]
    assert isinstance(macs, int)
    return macs


def _parts(name: str) -> tuple[object, ...]:
    """What two networks have in common that differ in numbers alone."""
    entry = models[name]
    return entry.network, *(value for value in vars(entry.defaults).values() if isinstance(value, str | bool))
