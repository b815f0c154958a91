"""The report of a compiled network: what it is, what it needs, where that goes. One plain value, three faces.

`make_report` gives what `report.json` stores; `report_parts` gives tables and lines for a terminal, `report_markdown`
the same as a file. Measured figures carry `=`, estimates `≈`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from lilliput.boards.board import Board
from lilliput.boards.run import Execution
from lilliput.compiler.graph import Value
from lilliput.compiler.memory import Step
from lilliput.compiler.print_c import layer_functions
from lilliput.compiler.program import Program
from lilliput.core.output import Table
from lilliput.core.units import exact_bytes, format_bytes, format_ms, grouped


def make_report(program: Program, board: Board, execution: Execution) -> dict[str, Any]:
    """Everything that was measured, as plain values; keys of the top level are stable.

    Args:
        program: the compiled network.
        board: what it was compiled for.
        execution: at least one inference on it.
    """
    graph, image = program.graph, execution.image
    instructions = execution.instructions[0] if execution.instructions else None
    figures = {
        "macs": program.macs,
        "params": _params(program),
        "instructions": instructions,
        "instructions_per_mac": round(instructions / program.macs, 3) if instructions and program.macs else None,
        "cycles_estimate": execution.cycles_estimate,
        "milliseconds_estimate": execution.milliseconds_estimate,
        "sram_bytes": execution.sram_bytes,
        "arena_bytes": program.plan.arena_bytes,
        "arena_bound_bytes": program.plan.bound,
        "stack_bytes": execution.stack_bytes,
        "flash_bytes": image.flash_bytes if image else None,
        "code_bytes": image.code_bytes if image else None,
        "constants_bytes": image.constants_bytes if image else None,
        "data_bytes": image.data_bytes if image else None,
        "bss_bytes": image.bss_bytes if image else None,
    }
    return figures | {
        "model": {"name": graph.name, "sha256": _digest(program), "plan": program.plan.method},
        "board": {
            "name": board.name,
            "title": board.title,
            "core": board.core.name,
            "clock_hz": board.clock_hz,
            "flash_bytes": board.flash_bytes,
            "sram_bytes": board.sram_bytes,
            "toolchain": image.toolchain if image else None,
            "instructions_how": execution.instructions_how,
            "fpu": program.target.fpu,
        },
        "inputs": [_port(value) for value in program.inputs],
        "outputs": [_port(value) for value in program.outputs],
        "layers": _layers(program, execution.by_layer),
        "without_dsp": _without_dsp(program),
        "arithmetic": _arithmetic(program),
        "functions": dict(execution.by_function),
    }


def report_parts(report: Mapping[str, Any], *, sort: str = "") -> list[Table | str]:
    """Tables and lines for people.

    Args:
        report: what `make_report` gave, with or without the keys that `build` adds.
        sort: a column of the layer table to sort by, largest first: `macs`, `instructions`, `live`.
    """
    board = report["board"]
    parts: list[Table | str] = [f"{report['model']['name']} on {board['title']} ({board['core']})"]
    parts += [_port_line(label, port) for label in ("input", "output") for port in report[f"{label}s"]]
    if report.get("stream"):
        parts.append(_stream_line(report["stream"]))
    if report.get("rounding"):
        parts.append(f"rounding: {report['rounding']}")
    parts.append(_layer_table(report, sort))
    if report.get("arithmetic") == "float32":
        parts.append(_float_line(board))
    if report.get("patch"):
        parts.append(_patch_line(report["patch"]))
    if report.get("tuned"):
        parts.append(_tuned_table(report["tuned"]))
    if report["without_dsp"]:
        names = ", ".join(report["without_dsp"])
        parts.append(f"these layers run the portable kernel, though the core has DSP instructions: {names}")
    parts.append(_memory_table(report))
    parts.append(_speed_line(report))
    if report.get("accuracy"):
        parts.append(_accuracy_table(report["accuracy"]))
    if report.get("proof"):
        parts.append(_proof_line(report["proof"], board["name"]))
    return parts


def report_markdown(report: Mapping[str, Any]) -> str:
    """The report as Markdown."""
    lines: list[str] = []
    for index, part in enumerate(report_parts(report)):
        if isinstance(part, Table):
            lines += ["", f"## {part.title}", "", *_markdown_table(part), ""]
        else:
            lines += [f"# {part}", ""] if index == 0 else [part, ""]
    return "\n".join(lines).replace("\n\n\n", "\n\n").rstrip() + "\n"


def _layers(program: Program, by_layer: Mapping[str, int]) -> list[dict[str, Any]]:
    """A row for each step; for a layer that runs tile by tile one row for all tiles."""
    functions = layer_functions(program.steps, program.plan)
    together: dict[str, list[Step]] = {}
    for step in program.steps:
        together.setdefault(step.node.layer, []).append(step)
    return [
        _layer(program, name, steps, [by_layer.get(f) for f in dict.fromkeys(functions[s.index] for s in steps)])
        for name, steps in together.items()
    ]


def _layer(program: Program, name: str, steps: Sequence[Step], instructions: Sequence[int | None]) -> dict[str, Any]:
    graph, plan, node = program.graph, program.plan, steps[0].node
    live = max(plan.live_bytes(step.index) for step in steps)
    largest = max((graph.values[step.node.output] for step in steps), key=lambda value: value.elements)
    return {
        "index": steps[0].index,
        "name": name,
        "op": node.op,
        "kernel": steps[0].kernel.function,
        "variant": steps[0].kernel.variant,
        "output_shape": list(largest.shape),
        "params": sum(value.elements for value in graph.ins(node) if value.is_constant),
        "macs": sum(program.macs_of(step.node) for step in steps),
        "live_bytes": live,
        "scratch_bytes": max(step.kernel.scratch_bytes for step in steps),
        "instructions": None if None in instructions else sum(count or 0 for count in instructions),
        "peak": live == plan.bound,
        **({"tiles": len(steps)} if "tile_of" in node.attrs else {}),
    }


def _without_dsp(program: Program) -> list[str]:
    """Layers with weights that the faster kernels do not take: transposed, or with sums too large for them."""
    if not program.target.dsp:
        return []
    weighted = [
        step
        for step in program.steps
        if (read := program.graph.ins(step.node))[1:] and read[0].dtype == "int8" and program.macs_of(step.node) > 0
    ]
    return list(dict.fromkeys(s.node.layer for s in weighted if not s.kernel.function.endswith("_dsp")))


def _arithmetic(program: Program) -> str:
    """`float32`, `integer`, or `mixed`."""
    kinds = {value.dtype == "float32" for value in program.graph.values.values() if not value.is_constant}
    return "mixed" if len(kinds) > 1 else "float32" if kinds == {True} else "integer"


def _float_line(board: Mapping[str, Any]) -> str:
    slow = "" if board["fpu"] else "; this core has no floating-point unit, each operation is a call of a library"
    return f"arithmetic: float32, as the network is given{slow}. `--calibration x.npy` quantises it to int8"


def _layer_table(report: Mapping[str, Any], sort: str) -> Table:
    keys = {"macs": "macs", "instructions": "instructions", "live": "live_bytes"}
    layers = list(report["layers"])
    if sort in keys:
        layers.sort(key=lambda layer: -(layer[keys[sort]] or 0))
    total = max(report["macs"], 1)
    rows = [
        (
            layer["index"], layer["name"], layer["op"], "×".join(str(axis) for axis in layer["output_shape"][1:]),
            layer["params"], layer["macs"], round(100 * layer["macs"] / total, 1), layer["live_bytes"],
            layer["scratch_bytes"], layer["instructions"], _per_mac(layer), _kernel_name(layer),
        )
        for layer in layers
    ]  # fmt: skip
    columns = ("#", "layer", "op", "output", "params", "MACs", "%", "live B", "scratch B", "instr =", "/MAC", "kernel")
    marked = frozenset(i for i, layer in enumerate(layers) if layer["peak"])
    return Table(columns, rows, "Layers (the marked ones hold the memory peak)", marked)


def _tuned_table(tuned: Sequence[Mapping[str, Any]]) -> Table:
    rows = []
    for layer in tuned:
        tried = ", ".join(
            f"{t['variant']} {grouped(t['instructions'])} ({t['scratch_bytes']} B)" for t in layer["tried"]
        )
        rows.append((layer["node"], tried, layer["default"], layer["chosen"], layer["saved"]))
    return Table(("layer", "tried: instructions = (scratch)", "default", "chosen", "saved ="), rows, "Tuned layers")


def _kernel_name(layer: Mapping[str, Any]) -> str:
    name, variant = str(layer["kernel"]).removeprefix("lp_"), layer.get("variant")
    return f"{name} {variant}" if variant else name


def _per_mac(layer: Mapping[str, Any]) -> float | None:
    return round(layer["instructions"] / layer["macs"], 2) if layer["macs"] and layer["instructions"] else None


def _patch_line(patch: Mapping[str, Any]) -> str:
    if patch["grid"] == "off":
        return f"patches: none, run whole it needs the least: {exact_bytes(patch['whole_bytes'])} of arena"
    window, halo = ("×".join(map(str, patch[key])) for key in ("window", "halo"))
    image = "asked for window by window" if patch["image"] == "streamed" else "in the arena"
    return (
        f"patches: {patch['grid']} tiles up to {patch['until']}, image {image}; a tile sees {window} of it, {halo} of "
        f"that with its neighbour; arena {exact_bytes(patch['arena_bytes'])}, run whole "
        f"{exact_bytes(patch['whole_bytes'])}; multiply-accumulates {100 * patch['rise']:+.1f} %, instructions "
        f"≈ {100 * patch['instructions_rise_estimate']:+.1f} %"
    )


def _stream_line(stream: Mapping[str, Any]) -> str:
    return (
        f"streaming: {stream['hop']} new frames a run, {exact_bytes(stream['kept_bytes'])} kept from run to run; run m "
        f"(from 0) gives the window that begins at frame (m + 1) · {stream['hop']} - {stream['lag']}, whole windows "
        f"come from run {stream['first_run']} on"
    )


def _memory_table(report: Mapping[str, Any]) -> Table:
    board = report["board"]
    statics = _difference(report["sram_bytes"], report["arena_bytes"], report["stack_bytes"])
    rows = [
        ("flash", report["flash_bytes"], _share(report["flash_bytes"], board["flash_bytes"]), board["flash_bytes"]),
        ("  code", report["code_bytes"], "", None),
        ("  constants", report["constants_bytes"], "", None),
        ("SRAM", report["sram_bytes"], _share(report["sram_bytes"], board["sram_bytes"]), board["sram_bytes"]),
        ("  arena (activations, scratch, input, output)", report["arena_bytes"], "", None),
        ("  stack, measured", report["stack_bytes"], "", None),
        ("  other data", statics, "", None),
    ]
    return Table(("memory of the linked image", "bytes =", "used", "board has"), rows, "Memory")


def _speed_line(report: Mapping[str, Any]) -> str:
    if report["instructions"] is None:
        return "instructions: not counted on this board"
    text = f"one inference: = {grouped(report['instructions'])} instructions"
    if report["instructions_per_mac"] is not None:
        text += f" ({report['instructions_per_mac']:.2f} a multiply-accumulate)"
    if report["cycles_estimate"] is not None:
        text += f", ≈ {grouped(report['cycles_estimate'])} cycles"
    if report["milliseconds_estimate"] is not None:
        clock = report["board"]["clock_hz"] / 1e6
        text += f", ≈ {format_ms(report['milliseconds_estimate'])} at {clock:g} MHz"
    return text


def _accuracy_table(accuracy: Sequence[Mapping[str, Any]]) -> Table:
    rows = [
        (row["what"], f"{100 * row['value']:.1f} %", f"{100 * row['low']:.1f} to {100 * row['high']:.1f} %", row["n"])
        for row in accuracy
    ]
    return Table(("on unseen items", "accuracy", "95 % interval", "items"), rows, "Accuracy")


def _proof_line(proof: Mapping[str, Any], board: str) -> str:
    if proof.get("largest_error") is not None:
        return (
            f"proof: largest error {proof['largest_error']:.1e} (bound {proof['bound']:.0e}) between the reference and "
            f"the C; between the C on this machine and the emulated {board} {proof['differing_bytes']} differing "
            f"bytes, over {proof['rows']} items and {grouped(proof['output_bytes'])} output bytes"
        )
    return (
        f"proof: {proof['differing_bytes']} differing bytes between the integer reference, the C on this machine and "
        f"the emulated {board}, over {proof['rows']} items and {grouped(proof['output_bytes'])} output bytes"
    )


def _port(value: Value) -> dict[str, Any]:
    quant = None
    if value.quant is not None and value.quant.is_per_tensor:
        quant = {"scale": value.scale, "zero_point": value.zero_point}
    return {
        "name": value.name, "shape": list(value.shape), "dtype": value.dtype, "bytes": value.nbytes, "quant": quant,
    }  # fmt: skip


def _port_line(label: str, port: Mapping[str, Any]) -> str:
    shape = "×".join(str(axis) for axis in port["shape"])
    text = f"{label} {port['name']}: {port['dtype']} {shape}, {exact_bytes(port['bytes'])}"
    if port["quant"] is not None:
        text += f", real = {port['quant']['scale']:.6g} · (value - {port['quant']['zero_point']})"
    return text


def _params(program: Program) -> int:
    graph = program.graph
    used = {name for node in graph.nodes for name in node.inputs if graph.values[name].is_constant}
    return sum(graph.values[name].elements for name in used)


def _digest(program: Program) -> str:
    text = json.dumps(dict(program.sources), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _share(part: int | None, whole: int) -> str:
    return "" if part is None else f"{100 * part / whole:.1f} % of {format_bytes(whole)}"


def _difference(total: int | None, *parts: int | None) -> int | None:
    return None if total is None or None in parts else total - sum(part or 0 for part in parts)


def _markdown_table(table: Table) -> list[str]:
    def row(cells: Sequence[object], bold: bool = False) -> str:
        texts = ["-" if cell is None else str(cell).replace("|", "\\|") for cell in cells]
        return "| " + " | ".join(f"**{text}**" if bold else text for text in texts) + " |"

    lines = [row(table.columns), "|" + " --- |" * len(table.columns)]
    return lines + [row(cells, index in table.marked) for index, cells in enumerate(table.rows)]
