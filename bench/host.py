"""One table: our host runtime against ONNX Runtime, LiteRT and TensorFlow Lite Micro, one thread each, one run.

    python bench/host.py FOLDER_OF_TFLITE_FILES [--repeats 60] [--markdown]

All run the same int8 weights on the same rows. A figure is the processor time of one inference as Python sees it,
from NumPy array to NumPy array, of all threads of the process, so that a busy machine does not count. The contenders
take turns, repeat by repeat. `x16` hands over 16 rows in one call.

ONNX Runtime gets the network twice, with int8 and with uint8 activations (bench/onnx_qdq.py); the faster one counts.
Before any timing each layer alone is held to our reference there: within one step. Ours is held to it byte for byte.
MobileNetV2 has random weights (bench/mobilenet_v2.py); there is no file of it for LiteRT.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime
from mobilenet_v2 import mobilenet_v2
from onnx_qdq import Codes, from_channels_first, to_channels_first, to_onnx

from lilliput.boards.native import Native, compile_native
from lilliput.compiler.frontends import load_network
from lilliput.compiler.graph import Array, Graph
from lilliput.compiler.interpret import run_integer
from lilliput.core.output import Output, Table
from lilliput.core.provenance import machine

FILES = ("kws_ref_model", "pretrainedResnet_quant", "vww_96_int8", "ad01_int8", "person_detect")
LARGER = {"mobilenet_v2 0.35 144": (0.35, 144), "mobilenet_v2 1.0 224": (1.0, 224)}
BATCH = 16

Run = Callable[[], object]


@dataclass(frozen=True)
class Spread:
    """Microseconds of one inference: quartiles and the least."""

    least: float
    low: float
    median: float
    high: float

    @classmethod
    def of(cls, seconds: Sequence[float], rows: int) -> Spread:
        micro = np.array(seconds) * 1e6 / rows
        return cls(float(micro.min()), *(float(q) for q in np.percentile(micro, (25, 50, 75))))

    def __str__(self) -> str:
        return f"{self.median:.1f} ({self.low:.1f}-{self.high:.1f})"


def ort_session(model: bytes) -> onnxruntime.InferenceSession:
    """ONNX Runtime with one thread and all its optimisations."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def check_layers(graph: Graph, rows: Array, kind: Codes) -> int:
    """Hold each layer in ONNX Runtime to our reference, on the reference's inputs; gives the largest difference."""
    seen: dict[str, Array] = dict(zip(graph.inputs, [rows], strict=True))
    run_integer(graph, dict(seen), lambda name, array: seen.update({name: array}))
    worst = 0
    for node in graph.nodes:
        active = tuple(dict.fromkeys(name for name in node.inputs if not graph.values[name].is_constant))
        part = graph.replace(nodes=[node], inputs=active, outputs=[node.output])
        session = ort_session(to_onnx(part, kind))
        given = {f"{name}_q": to_channels_first(seen[name], kind) for name in active}
        made = from_channels_first(session.run(None, given)[0]).astype(np.int16)
        worst = max(worst, int(np.abs(made - seen[node.output].reshape(made.shape)).max()))
    return worst


def ort_runs(graph: Graph, rows: Array, kind: Codes) -> tuple[Run, Run]:
    """One inference, and a batch."""
    session = ort_session(to_onnx(graph, kind))
    name, batch = session.get_inputs()[0].name, to_channels_first(rows, kind)
    one = np.ascontiguousarray(batch[:1])
    return lambda: session.run(None, {name: one}), lambda: session.run(None, {name: batch})


def litert_run(path: Path, row: Array, *, reference: bool) -> Run:
    """LiteRT with its reference kernels, or as it comes, with XNNPACK."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    kind = OpResolverType.BUILTIN_REF if reference else OpResolverType.AUTO
    interpreter = Interpreter(str(path), num_threads=1, experimental_op_resolver_type=kind)
    interpreter.allocate_tensors()
    given, made = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    shaped = row.reshape(given["shape"])

    def run() -> object:
        interpreter.set_tensor(given["index"], shaped)
        interpreter.invoke()
        return interpreter.get_tensor(made["index"])

    return run


def micro_run(path: Path, row: Array) -> Run:
    """TensorFlow Lite Micro as its wheel builds it for this machine: reference kernels."""
    from tflite_micro.python.tflite_micro import runtime

    interpreter = runtime.Interpreter.from_file(str(path), arena_size=1 << 20)

    def run() -> object:
        interpreter.set_input(row, 0)
        interpreter.invoke()
        return interpreter.get_output(0)

    return run


def contenders(network: Native, path: Path | None, rows: Array) -> dict[str, tuple[Run, int]]:
    """Name → what runs, and how many inferences that is."""
    graph, row = network.program.graph, rows[:1]
    runs: dict[str, tuple[Run, int]] = {
        "ours": (lambda: network.run(row), 1),
        f"ours x{BATCH}": (lambda: network.run(rows), len(rows)),
    }
    for kind in ("int8", "uint8"):
        one, batch = ort_runs(graph, rows, kind)
        runs |= {f"ORT {kind}": (one, 1), f"ORT {kind} x{BATCH}": (batch, len(rows))}
    for name, make in _of_the_file(path, row):
        try:
            runs[name] = (make(), 1)
        except (RuntimeError, ValueError) as error:  # LiteRT refuses person_detect: an extra quantised dimension
            print(f"{name}: {str(error).splitlines()[0][:100]}", file=sys.stderr)
    return runs


def _of_the_file(path: Path | None, row: Array) -> Iterator[tuple[str, Callable[[], Run]]]:
    if path is not None:
        yield "LiteRT ref", lambda: litert_run(path, row, reference=True)
        yield "LiteRT XNNPACK", lambda: litert_run(path, row, reference=False)
        yield "TFLM", lambda: micro_run(path, row)


def measure(runs: Mapping[str, tuple[Run, int]], repeats: int) -> dict[str, Spread]:
    """Each contender once, again and again."""
    taken: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(repeats):
        for name, (run, _) in runs.items():
            run()  # so that caches are one's own
            start = time.process_time()
            run()
            taken[name].append(time.process_time() - start)
    return {name: Spread.of(seconds, runs[name][1]) for name, seconds in taken.items()}


COLUMNS = (
    "network", "MACs", "ours us", "GMAC/s", "ORT us", "ours x16", "ORT x16", "LiteRT ref us", "LiteRT XNNPACK us",
    "TFLM us", "ORT / ours", "ORT x16 / ours x16", "LiteRT ref / ours", "layers differ by",
)  # fmt: skip


def line(name: str, graph: Graph, path: Path | None, repeats: int) -> tuple[object, ...]:
    """One row of the table."""
    network = compile_native(graph)
    (port,) = network.ports.inputs
    rows = np.random.default_rng(0).integers(-128, 128, (BATCH, *port.shape[1:])).astype(np.int8)
    few = rows[:4]
    if not np.array_equal(network.run(few)[0], network.program.run(few)[0]):
        sys.exit(f"{name}: our outputs are not the reference's")
    worst = max(check_layers(graph, rows[:2], kind) for kind in ("int8", "uint8"))
    spread = measure(contenders(network, path, rows), repeats)
    ours, ours_batch = spread["ours"], spread[f"ours x{BATCH}"]
    ort = min((spread[f"ORT {kind}"] for kind in ("int8", "uint8")), key=lambda s: s.median)
    ort_batch = min((spread[f"ORT {kind} x{BATCH}"] for kind in ("int8", "uint8")), key=lambda s: s.median)
    reference = spread.get("LiteRT ref")
    return (
        name, network.program.macs, ours, round(network.program.macs / ours_batch.median / 1e3, 1), ort, ours_batch,
        ort_batch, reference, spread.get("LiteRT XNNPACK"), spread.get("TFLM"), round(ort.median / ours.median, 2),
        round(ort_batch.median / ours_batch.median, 2),
        round(reference.median / ours.median, 1) if reference else None, worst,
    )  # fmt: skip


def networks(folder: Path) -> Iterator[tuple[str, Graph, Path | None]]:
    """Name, graph and file of all that are measured."""
    for name in FILES:
        path = folder / f"{name}.tflite"
        if path.is_file():
            yield name, load_network(path)[0], path
    for name, (width, image) in LARGER.items():
        yield name, mobilenet_v2(width, image), None


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Our host runtime beside its peers.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--repeats", type=int, default=60)
    parser.add_argument("--markdown", action="store_true", help="for a page of the documentation")
    given = parser.parse_args()
    lines = [line(*network, given.repeats) for network in networks(given.folder)]
    here = machine()
    title = f"int8 on {here.cpu}, one thread; microseconds of one inference, median (quartiles) of {given.repeats}"
    if given.markdown:
        print(f"{title}\n\n| {' | '.join(COLUMNS)} |\n|{' --- |' * len(COLUMNS)}")
        for cells in lines:
            print(f"| {' | '.join('-' if cell is None else str(cell) for cell in cells)} |")
        return
    Output().show({}, human=[Table(COLUMNS, [tuple(map(_shown, cells)) for cells in lines], title)])


def _shown(cell: object) -> object:
    return str(cell) if isinstance(cell, Spread) else cell


if __name__ == "__main__":
    main()
