"""Spiking layers and networks on emulated boards: instructions against the rate of firing, and against int8.

    python bench/spikes.py kernels [--board nucleo-f746zg --board nucleo-f446re] [--steps 8]
    python bench/spikes.py networks [--data digits.npz] [--board nucleo-f746zg] [--steps 8] [--epochs 15] [--rows 20]

`kernels`: one layer whose inputs fire at random at each rate. "products" multiplies whatever fires, with the very same
bytes as "spikes"; "int8" is the fastest int8 layer that there is, on the spikes of all steps, with neurons behind it.
The rate at which a dense one takes as few instructions as spikes do is the crossing; above 1 there is none.

`networks`: a fully connected and a convolutional network of spiking neurons beside the same layers with ReLUs, all
trained here on the same real digits with the same settings, then in integers. Digits are the bundled 8×8 ones, or
those of a file with the arrays x_train, y_train, x_test and y_test (N, H, W) uint8. The board runs `--rows` digits of
the test part, and each byte is held against the integer reference; instructions are their mean.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from lilliput.boards import Board, get_board
from lilliput.boards.run import differing_bytes, execute
from lilliput.boards.tune import roomy
from lilliput.compiler.frontends.torch_export import from_torch
from lilliput.compiler.graph import Array, Graph, Node, Quant, Value
from lilliput.compiler.interpret import run_integer
from lilliput.compiler.ops import ops
from lilliput.compiler.ops._spikes import ONE, TRAIN
from lilliput.compiler.passes import simplify
from lilliput.compiler.program import compile_graph
from lilliput.compress.quantise import quantise, quantised
from lilliput.core.output import Output, Table
from lilliput.layers.over_time import OverTime
from lilliput.layers.spiking import LIF, SpikingSequential
from lilliput.tasks.task import get_task
from lilliput.train.data import Tensors, TrainData
from lilliput.train.loop import fit
from lilliput.train.settings import TrainSettings

RATES = (0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0)
LAYERS: dict[str, tuple[tuple[int, ...], tuple[int, ...]]] = {
    "linear 256 to 128": ((1, 256), (128, 256)),
    "linear 784 to 64": ((1, 784), (64, 784)),
    "conv 3x3, 16 to 32, 8x8": ((1, 8, 8, 16), (32, 3, 3, 16)),
    "conv 3x3, 8 to 16, 14x14": ((1, 14, 14, 8), (16, 3, 3, 8)),
}
WINDOW = {"stride": (1, 1), "padding": ((1, 1), (1, 1)), "dilation": (1, 1)}
STEP = Quant.per_tensor(0.01, 0)
AT_ONCE = 64


def constants(shape: tuple[int, ...]) -> list[Value]:
    """Weights as they are after training: about normal, the largest 127."""
    rng = np.random.default_rng(0)
    w = rng.standard_normal(shape)
    w = np.rint(w / np.abs(w).max() * 127).astype(np.int8)
    c = shape[0]
    numbers = {"decay": np.full(c, ONE // 2), "threshold": np.full(c, 400), "v": np.zeros(c)}
    return [
        Value("w", shape, "int8", STEP, w),
        Value("b", (c,), "int32", STEP, rng.integers(-30, 30, c).astype(np.int32)),
        *(Value(k, (c,), "int32", None, n.astype(np.int32)) for k, n in list(numbers.items())[:2]),
        Value("v", (c,), "int16", STEP, numbers["v"].astype(np.int16)),
    ]


def spiking_layer(name: str, steps: int, variant: str) -> Graph:
    """A layer that takes trains, by one of its kernels."""
    x, w = LAYERS[name]
    op, attrs = ("spiking_conv2d", WINDOW) if len(w) == 4 else ("spiking_linear", {})
    values = [Value("x", x, "uint8", TRAIN, steps=steps), *constants(w)]
    settings = attrs | {"steps": steps, "reset": "zero", "variant": variant}
    node = Node(op, "node", tuple(value.name for value in values), ("y",), settings)
    shape, _ = ops[op].infer(node, values)
    values.append(Value("y", shape, "uint8", TRAIN, steps=steps))
    return Graph(name, {value.name: value for value in values}, (node,), ("x",), ("y",))


def int8_layer(name: str, steps: int) -> Graph:
    """An int8 layer on the spikes of all steps, and neurons behind it."""
    x, w = LAYERS[name]
    op, attrs = ("conv2d", WINDOW) if len(w) == 4 else ("fully_connected", {})
    weights, bias, decay, threshold, v = constants(w)
    values = [Value("x", (steps, *x[1:]), "int8", Quant.per_tensor(1.0, 0)), weights, bias]
    layer = Node(op, "layer", ("x", "w", "b"), ("currents",), attrs)
    shape, _ = ops[op].infer(layer, values)
    neurons = Node(
        "leaky", "neurons", ("currents", "decay", "threshold", "v"), ("y",), {"steps": steps, "reset": "zero"}
    )
    values += [Value("currents", shape, "int8", Quant.per_tensor(0.1, 0)), decay, threshold, v]
    values.append(Value("y", (1, *shape[1:]), "uint8", TRAIN, steps=steps))
    return Graph(name, {value.name: value for value in values}, (layer, neurons), ("x",), ("y",))


def trains(shape: tuple[int, ...], rates: Sequence[float], steps: int) -> Array:
    """One row of trains for each rate."""
    rng = np.random.default_rng(1)
    chance = np.asarray(rates).reshape(-1, *[1] * (len(shape) - 1))
    made = np.zeros((len(rates), *shape[1:]), np.uint8)
    for step in range(steps):
        made |= (rng.random(made.shape) < chance).astype(np.uint8) << np.uint8(step)
    return made


def counted(graph: Graph, board: Board, x: Array) -> tuple[tuple[int, ...], int]:
    """Instructions of each row, and bytes of the arena; the bytes are checked."""
    program = compile_graph(graph, board.target)
    done = execute(program, roomy(board), [x])
    wrong, _ = differing_bytes(done.outputs, program.run(x))
    if wrong:
        raise SystemExit(f"{graph.name}: {wrong} bytes differ on {board.name}")
    return done.instructions, program.plan.arena_bytes


def crossing(rates: Sequence[float], by_spikes: Sequence[int], dense: int) -> str:
    """The rate at which spikes take as many instructions as `dense`."""
    if by_spikes[-1] <= dense:
        return "above 1"
    return f"{np.interp(dense, by_spikes, rates):.2f}"


def kernels(given: argparse.Namespace) -> None:
    """Print instructions against rates."""
    tables, plain = [], {}
    for board in map(get_board, given.board or ["nucleo-f746zg", "nucleo-f446re"]):
        for name, (shape, _) in LAYERS.items():
            x = trains(shape, RATES, given.steps)
            by_spikes, arena = counted(spiking_layer(name, given.steps, "spikes"), board, x)
            (products, *_), dense_arena = counted(spiking_layer(name, given.steps, "dense"), board, x[-2:])
            frames = np.concatenate([x[-1:] >> np.uint8(t) & 1 for t in range(given.steps)]).astype(np.int8)
            (int8, *_), int8_arena = counted(int8_layer(name, given.steps), board, frames)
            program = compile_graph(spiking_layer(name, given.steps, "spikes"), board.target)
            rows = [
                (f"{rate:.2f}", count, f"{count / program.macs:.3f}", f"{count / products:.2f}", f"{count / int8:.2f}")
                for rate, count in zip(RATES, by_spikes, strict=True)
            ]
            where = [crossing(RATES, by_spikes, dense) for dense in (products, int8)]
            title = (
                f"{name}, {given.steps} steps, {board.name} ({board.core.name}): products {products} ({where[0]}), "
                f"int8 {int8} ({where[1]}); arena {arena}, {dense_arena} and {int8_arena} B"
            )
            tables.append(Table(("rate", "instructions", "a product", "/ products", "/ int8"), rows, title))
            plain[f"{board.name} {name}"] = {"spikes": by_spikes, "products": products, "int8": int8, "crossing": where}
    Output().show(plain, human=tables)


@dataclass(frozen=True, eq=False)
class Digits:
    """Real digits, float32 (N, 1, H, W) of 0 to 1, and their classes."""

    train: Tensors
    test: Tensors

    @property
    def side(self) -> int:
        return self.test.x.shape[-1]


def digits(data: Path | None) -> Digits:
    """The bundled ones, or those of a file."""
    if data is not None:
        with np.load(data, allow_pickle=False) as file:
            parts = [(file[f"x_{part}"] / np.float32(255), file[f"y_{part}"]) for part in ("train", "test")]
    else:
        splits = get_task("digits").load()
        parts = [(splits[part].x / np.float32(16), splits[part].y) for part in ("train", "test")]
    made = [Tensors(torch.from_numpy(np.float32(x))[:, None], torch.from_numpy(np.int64(y))) for x, y in parts]
    return Digits(*made)


def mlp(side: int) -> list[nn.Module]:
    """Layers, with a ReLU where something fires; normalisations are gone once they are compiled."""
    return [nn.Flatten(), *_linear(side**2, 128), *_linear(128, 128), nn.Linear(128, 10)]


def cnn(side: int) -> list[nn.Module]:
    """Likewise, with convolutions."""
    return [*_convolution(1, 16), *_convolution(16, 32), nn.Flatten(), nn.Linear(32 * (side // 4) ** 2, 10)]


def _linear(c_in: int, c_out: int) -> list[nn.Module]:
    return [nn.Linear(c_in, c_out), nn.BatchNorm1d(c_out), nn.ReLU()]


def _convolution(c_in: int, c_out: int) -> list[nn.Module]:
    return [nn.Conv2d(c_in, c_out, 3, padding=1), nn.BatchNorm2d(c_out), nn.ReLU(), nn.MaxPool2d(2)]


def networks(given: argparse.Namespace) -> None:
    """Print what each network takes, beside the same layers with ReLUs."""
    data, board = digits(given.data), get_board(given.board[0] if given.board else "nucleo-f746zg")
    rows, layers = [], []
    for name, build in (("mlp", mlp), ("cnn", cnn)):
        for spiking in (True, False):
            torch.manual_seed(given.seed)
            plain = build(data.side)
            model = _spiking(plain, given.steps) if spiking else nn.Sequential(*plain)
            settings = TrainSettings(epochs=given.epochs, batch_size=64, lr=2e-3, seed=given.seed, keep="last")
            fit(model, TrainData(data.train, data.test), settings)
            label = f"{name}, {given.steps} steps" if spiking else f"{name}, ReLU"
            row, of_layers = measured(label, model.eval(), data, board, given.rows)
            rows.append(row)
            layers += of_layers
    columns = (
        "network", "float %", "integers %", "same class %", "instructions", "arena B", "SRAM B", "flash B", "code B",
    )  # fmt: skip
    title = f"{len(data.test)} digits of {data.side}x{data.side}; {board.name}, mean of {given.rows} digits"
    kinds = ("network", "layer", "kernel", "rate in", "instructions")
    Output().show({"networks": rows, "layers": layers}, human=[Table(columns, rows, title), Table(kinds, layers)])


def _spiking(layers: Sequence[nn.Module], steps: int) -> OverTime:
    """The same layers with leaky neurons instead of ReLUs."""
    return OverTime(SpikingSequential(*(LIF() if isinstance(m, nn.ReLU) else m for m in layers)), steps)


def measured(
    label: str, model: nn.Module, data: Digits, board: Board, count: int
) -> tuple[tuple[object, ...], list[tuple[object, ...]]]:
    """One line of the table, and one for each layer."""
    with torch.no_grad():
        real = torch.cat([model(part) for part in data.test.x.split(AT_ONCE)]).argmax(1).numpy()
    graph = simplify(from_torch(model, data.test.x[:1], name=label))
    graph = quantise(graph, data.train.x.permute(0, 2, 3, 1).numpy()).graph
    x = quantised(graph, graph.inputs[0], data.test.x.permute(0, 2, 3, 1).numpy())
    y = data.test.y.numpy()
    found, rates = _run(graph, x)
    program = compile_graph(graph, board.target)
    done = execute(program, board, [x[:count]])
    wrong, _ = differing_bytes(done.outputs, program.run(x[:count]))
    if wrong or done.image is None:
        raise SystemExit(f"{label}: {wrong} bytes differ on {board.name}")
    shares = [f"{100 * float(part.mean()):.1f}" for part in (real == y, found == y, real == found)]
    needs = (program.plan.arena_bytes, done.sram_bytes, done.image.flash_bytes, done.image.code_bytes)
    layers = [
        (label, step.node.name, step.kernel.function, rates.get(step.node.inputs[0]), instructions)
        for step, instructions in zip(program.steps, done.by_layer.values(), strict=True)
    ]
    return (label, *shares, round(float(np.mean(done.instructions))), *needs), layers


def _run(graph: Graph, x: Array) -> tuple[Array, dict[str, str]]:
    """Classes, and the rate at which each map of spikes fires."""
    bits: dict[str, list[float]] = {}

    def watch(name: str, made: Array) -> None:
        if steps := graph.values[name].steps:
            bits.setdefault(name, []).append(float(np.unpackbits(made).sum()) / (made.size * steps))

    parts = [x[i : i + AT_ONCE] for i in range(0, len(x), AT_ONCE)]
    found = [run_integer(graph, {graph.inputs[0]: part}, watch)[graph.outputs[0]].argmax(-1) for part in parts]
    return np.concatenate(found), {name: f"{np.mean(rate):.3f}" for name, rate in bits.items()}


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description="Spiking layers and networks on emulated boards.")
    parser.add_argument("what", choices=("kernels", "networks"))
    parser.add_argument("--board", action="append", default=[])
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rows", type=int, default=20)
    given = parser.parse_args()
    (kernels if given.what == "kernels" else networks)(given)


if __name__ == "__main__":
    main()
