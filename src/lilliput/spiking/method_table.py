"""All methods of the comparison in one table of Markdown: a row a method, means over seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import mean, stdev

from lilliput.spiking.comparison import Hardware

Figures = Mapping[tuple[str, str], Sequence[float]]
"""(name, split) → values, one a seed."""

_COLUMNS = (
    *("method", "accuracy %", "first weights %", "additions", "MACs", "nJ", "spikes", "steps", "decided", "KiB"),
    *("KiB learning", "local", "on line", "spikes only", "sends errors back", "stores", "normalises"),
)


def method_table(figures: Mapping[str, Figures], hardware: Mapping[str, Hardware]) -> str:
    """The table.

    Args:
        figures: by method, as the recipe `deep-snn` names them.
        hardware: by method.
    """
    bits = [split for _, split in next(iter(figures.values())) if split.startswith("weights of ")]
    columns = [*_COLUMNS, *(f"{split.removeprefix('weights of ')} %" for split in bits)]
    lines = ["| " + " | ".join(columns) + " |", "| --- |" + " ---: |" * (len(columns) - 1)]
    for method, found in figures.items():
        cells = [method, *_figures(found), *_words(hardware[method])]
        cells += [_spread(found["accuracy", split]) for split in bits]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join([*lines, ""])


def _figures(found: Figures) -> list[str]:
    costs = ("synaptic operations", "multiply-accumulates", "energy", "spikes", "steps", "steps to the decision")
    memory = [mean(found["memory", split]) for split in ("while it answers", "while it learns")]
    return [
        _spread(found["accuracy", "test"]),
        _spread(found["accuracy", "first weights"]),
        *(_grouped(mean(found[name, "test"])) for name in costs),
        *(f"{kib:.1f}" for kib in memory),
    ]


def _spread(shares: Sequence[float]) -> str:
    """Percent, with the standard deviation where there are several."""
    middle = f"{100 * mean(shares):.1f}"
    return f"{middle} ± {100 * stdev(shares):.1f}" if len(shares) > 1 else middle


def _grouped(value: float) -> str:
    return (f"{value:,.0f}" if value >= 10 else f"{value:.3g}").replace(",", " ")


def _words(hardware: Hardware) -> list[str]:
    told = (hardware.on_line, hardware.binary, hardware.transports, hardware.stores, hardware.normalises)
    return [hardware.locality, *("yes" if answer else "no" for answer in told)]
