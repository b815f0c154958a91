"""Byte for byte against TensorFlow Lite Micro: every int8 file, on this machine and on emulated cores.

    python bench/parity.py FOLDER_OF_TFLITE_FILES [--boards nucleo-f446re,nucleo-f746zg] [--rows 100]

Each network gets `rows` random inputs, as many extreme ones (both ends of the range, flips between them by value, by
column and by row, values near the zero point, single values that stand out), and the recordings and pictures of
FOLDER/inputs where they have its input's size. The C program of each board runs on its emulated core; the host's, with
this machine's vector kernels, in a process of its own; the integer reference in NumPy. Equal are rows of which every
byte is TensorFlow Lite Micro's. Ends with 1 where one row differs.
"""

from __future__ import annotations

import argparse
import sys
import wave
from pathlib import Path

import numpy as np
from tflite_micro.python.tflite_micro.runtime import Interpreter

from lilliput.boards import get_board
from lilliput.boards.run import execute
from lilliput.compiler.frontends import load_network
from lilliput.compiler.graph import Array, Value
from lilliput.compiler.program import Program, compile_graph
from lilliput.core.errors import LilliputError
from lilliput.core.output import Output, Table


def rows_for(x: Value, count: int, folder: Path) -> Array:
    """(rows, …) int8: random, extreme, stored."""
    rng = np.random.default_rng(11)
    shape = x.shape[1:]
    made = [rng.integers(-128, 128, (count, *shape)).astype(np.int8), _extreme(x, count, rng)]
    made += [row[None] for row in _stored(shape, folder)]
    return np.concatenate(made)


def _extreme(x: Value, count: int, rng: np.random.Generator) -> Array:
    shape, n = x.shape[1:], int(np.prod(x.shape[1:]))
    ends = np.array([-128, 127], np.int8)
    rows = [np.full(n, value, np.int8) for value in (-128, 127, 0, x.zero_point)]
    rows += [np.resize(ends, n), np.resize(ends[::-1], n), np.repeat(ends, (n + 1) // 2)[:n]]
    rows += [np.resize(np.repeat(ends, width), n) for width in (2, 3, shape[-1], max(n // shape[0], 1))]
    while len(rows) < count:
        kind = len(rows) % 3
        if kind == 0:
            row = rng.choice(ends, n)
        elif kind == 1:
            row = np.clip(rng.normal(x.zero_point, rng.uniform(1, 30), n), -128, 127).astype(np.int8)
        else:
            row = np.full(n, rng.integers(-128, 128), np.int8)
            row[rng.integers(0, n, max(n // 50, 1))] = rng.choice(ends)
        rows.append(row)
    return np.stack(rows[:count]).reshape(count, *shape)


def _stored(shape: tuple[int, ...], folder: Path) -> list[Array]:
    """Real inputs that have this many values: samples of recordings, pixels of bitmaps, as signed bytes."""
    found = []
    for path in sorted(folder.glob("*")):
        if path.suffix == ".bmp":
            data = path.read_bytes()
            values = np.frombuffer(data[int.from_bytes(data[10:14], "little") :], np.uint8)
        elif path.suffix == ".wav":
            with wave.open(str(path)) as sound:
                values = np.frombuffer(sound.readframes(sound.getnframes()), "<i2") // 256 + 128
        else:
            continue
        n = int(np.prod(shape))
        if len(values) >= n:
            found.append((values[:n].astype(np.int16) - 128).astype(np.int8).reshape(shape))
    return found


def theirs(path: Path, rows: Array) -> Array:
    """What TensorFlow Lite Micro gives, row by row."""
    interpreter = Interpreter.from_file(str(path), arena_size=1 << 21)
    made = []
    for row in rows:
        interpreter.set_input(row[None], 0)
        interpreter.invoke()
        made.append(interpreter.get_output(0)[0].copy())
    return np.array(made)


def ours(program: Program, board_name: str, rows: Array) -> Array:
    """What the compiled C gives, on this machine or on the board's emulated core."""
    return execute(program, get_board(board_name), [rows]).outputs[0]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Equality with TensorFlow Lite Micro, byte for byte.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--boards", default="nucleo-f446re,nucleo-f746zg")
    parser.add_argument("--rows", type=int, default=100)
    given = parser.parse_args()
    boards = ["host", *given.boards.split(",")]
    lines, equal = [], True
    for path in sorted(given.folder.glob("*.tflite")):
        try:
            graph, _ = load_network(path)
        except LilliputError:
            continue
        x = graph.values[graph.inputs[0]]
        if x.dtype != "int8" or len(graph.inputs) != 1:
            continue
        rows = rows_for(x, given.rows, given.folder / "inputs")
        wanted = theirs(path, rows)
        programs = {name: compile_graph(graph, get_board(name).target) for name in boards}
        made = {"reference": programs["host"].run(rows)[0]}
        made |= {name: ours(program, name, rows) for name, program in programs.items()}
        same = {name: int((y == wanted).reshape(len(rows), -1).all(1).sum()) for name, y in made.items()}
        equal &= all(count == len(rows) for count in same.values())
        lines.append((path.stem, len(rows), len(np.unique(wanted)), *same.values()))
    columns = ("file", "rows", "values seen", "reference =", *(f"{name} =" for name in boards))
    Output().show({}, human=[Table(columns, lines, "rows equal to TensorFlow Lite Micro's in every byte")])
    sys.exit(0 if equal and lines else 1)


if __name__ == "__main__":
    main()
