"""Two reports side by side: what differs in size and speed, in all and by layer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lilliput.core.output import Table

FIGURES = (
    ("macs", "MACs"),
    ("instructions", "instructions ="),
    ("cycles_estimate", "cycles ≈"),
    ("sram_bytes", "SRAM B"),
    ("arena_bytes", "arena B"),
    ("stack_bytes", "stack B"),
    ("flash_bytes", "flash B"),
    ("code_bytes", "code B"),
    ("constants_bytes", "constants B"),
)
"""Figures of a report, in the order shown, with their names for people."""


def compare_reports(a: Mapping[str, Any], b: Mapping[str, Any]) -> dict[str, Any]:
    """Plain values: `figures` and `layers`, each with `a`, `b` and `ratio` = b / a, None where one is not known.

    Args:
        a: what `make_report` gave, such as a `report.json`.
        b: another one; layers are paired by name, in the order of `a`.
    """
    layers_a = {layer["name"]: layer for layer in a["layers"]}
    layers_b = {layer["name"]: layer for layer in b["layers"]}
    names = [*layers_a, *(name for name in layers_b if name not in layers_a)]
    return {
        "a": _label(a),
        "b": _label(b),
        "figures": [{"name": key, **_pair(a.get(key), b.get(key))} for key, _ in FIGURES],
        "layers": [_layer(name, layers_a.get(name), layers_b.get(name)) for name in names],
    }


def comparison_parts(compared: Mapping[str, Any]) -> list[Table | str]:
    """Tables and lines for people."""
    titles = dict(FIGURES)
    figures = [(titles[f["name"]], f["a"], f["b"], f["ratio"]) for f in compared["figures"]]
    layers = [
        (layer["name"], _short(layer["kernel_a"]), _short(layer["kernel_b"]), layer["a"], layer["b"], layer["ratio"])
        for layer in compared["layers"]
    ]
    columns = ("layer", "kernel A", "kernel B", "A instr =", "B instr =", "B / A")
    changed = frozenset(i for i, layer in enumerate(compared["layers"]) if layer["kernel_a"] != layer["kernel_b"])
    return [
        f"A: {compared['a']}",
        f"B: {compared['b']}",
        Table(("figure", "A", "B", "B / A"), figures, "In all"),
        Table(columns, layers, "By layer (the marked ones run other kernels)", changed),
    ]


def _layer(name: str, a: Mapping[str, Any] | None, b: Mapping[str, Any] | None) -> dict[str, Any]:
    counts = _pair(None if a is None else a["instructions"], None if b is None else b["instructions"])
    kernels = {"kernel_a": None if a is None else a["kernel"], "kernel_b": None if b is None else b["kernel"]}
    return {"name": name, **kernels, **counts}


def _pair(a: float | None, b: float | None) -> dict[str, Any]:
    return {"a": a, "b": b, "ratio": round(b / a, 3) if a and b is not None else None}


def _label(report: Mapping[str, Any]) -> str:
    return f"{report['model']['name']} on {report['board']['name']} ({report['board']['core']})"


def _short(kernel: str | None) -> str | None:
    return None if kernel is None else kernel.removeprefix("lp_")
