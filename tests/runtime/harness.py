"""Build a one-node graph, compile it, run the generated C on this machine, and hold it to the integer reference.

The C runs under AddressSanitizer and UBSan with the portable kernels, with those for DSP and with those for the vector
extension (their intrinsics replaced by plain C on the host), all with every warning an error.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lilliput.boards.ports import ports_of
from lilliput.compiler.graph import Array, DType, Graph, Node, Quant, Value
from lilliput.compiler.op import Target
from lilliput.compiler.ops import ops
from lilliput.compiler.program import Program, compile_graph
from tests.runtime.objects import object_of

STRICT = [
    "-std=c11",
    "-O1",
    "-g",
    "-Wall",
    "-Wextra",
    "-Wpedantic",
    "-Wconversion",
    "-Wshadow",
    "-Wundef",
    "-Wstrict-prototypes",
    "-Werror",
    "-fsanitize=address,undefined",
    "-fno-sanitize-recover=all",
]

PORTABLE, DSP, MVE = Target(), Target(dsp=True), Target(dsp=True, mve=True)
RVV = Target(rvv=True)
ALL_TARGETS = (PORTABLE, DSP, MVE)

_MAIN = """
#include <stdio.h>
#include <stdlib.h>
#include "lilliput_model.h"
%(image)s
static void *arena;

int main(void)
{
    /* On the heap and not static: the sanitizer then guards both ends of the arena. */
    arena = aligned_alloc(LILLIPUT_MODEL_ARENA_ALIGN, (LILLIPUT_MODEL_ARENA_BYTES + 15u) / 16u * 16u);
    if (arena == NULL) return 2;
    lilliput_model_reset(arena);
    for (;;) {
%(read)s
        lilliput_model_run(arena);
%(write)s
    }
}
"""


def single(
    op: str,
    inputs: Sequence[tuple[tuple[int, ...], DType, Quant]],
    output: tuple[DType, Quant],
    constants: Sequence[tuple[Array, Quant | None]] = (),
    **attrs: Any,
) -> Graph:
    """A graph of one node: activations first, then constants, in the operator's order."""
    values = [Value(f"x{i}", shape, dtype, quant) for i, (shape, dtype, quant) in enumerate(inputs)]
    values += [Value(f"c{i}", a.shape, a.dtype.name, q, a) for i, (a, q) in enumerate(constants)]  # type: ignore[arg-type]
    node = Node(op, "node", tuple(v.name for v in values), ("y",), attrs)
    shape, _ = ops[op].infer(node, values)
    values.append(Value("y", shape, output[0], output[1]))
    active = tuple(v.name for v in values[: len(inputs)])
    return Graph(op, {v.name: v for v in values}, (node,), active, ("y",))


def sample(value: Value, count: int, rng: np.random.Generator) -> Array:
    """Random rows and, first, the extreme ones: all lowest, all highest, alternating."""
    shape = (count, *value.shape[1:])
    if value.dtype == "bool":
        return sample_truth(shape, rng)
    limits = np.iinfo(value.dtype)
    x = rng.integers(limits.min, limits.max + 1, shape).astype(value.dtype)
    x[0], x[1] = limits.min, limits.max
    if count > 2:
        x[2] = np.resize(np.array([limits.min, limits.max], value.dtype), shape[1:])
    return x


def sample_truth(shape: tuple[int, ...], rng: np.random.Generator) -> Array:
    """Random truth values; the first row is false, the second true."""
    x: Array = rng.random(shape) < 0.6
    x[0], x[1] = False, True
    return x


def run_c(program: Program, inputs: Sequence[Array], folder: Path, flags: Sequence[str] = ()) -> list[Array]:
    """Compile with gcc under sanitizers, run over all rows, return the outputs."""
    compiler = shutil.which("gcc")
    if compiler is None:
        pytest.skip("gcc is not installed")
    for name, text in program.sources.items():
        (folder / name).write_text(text)
    ports = ports_of(program)
    read = [f"        if (fread({p.place('arena')}, {p.nbytes}, 1, stdin) != 1) return 0;" for p in ports.inputs]
    write = [f"        if (fwrite({p.place('arena')}, {p.nbytes}, 1, stdout) != 1) return 3;" for p in ports.outputs]
    words = {"image": ports.image_source(), "read": "\n".join(read), "write": "\n".join(write)}
    (folder / "main.c").write_text(_MAIN % words)
    command = [compiler, *STRICT, *flags]
    kernels = sorted(name for name in program.sources if name.startswith("lp_") and name.endswith(".c"))
    own = sorted(path.name for path in folder.glob("*.c") if path.name not in kernels)
    objects = [str(object_of(command, name, program.sources, folder)) for name in kernels]
    subprocess.run([*command, *own, *objects, "-o", "run"], cwd=folder, check=True)
    count = max(len(inputs[0]) // (program.inputs[0].shape or (1,))[0], 1)
    rows = b"".join(
        part.tobytes() for parts in zip(*(np.split(x, count) for x in inputs), strict=True) for part in parts
    )
    done = subprocess.run([str(folder / "run")], input=rows, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    flat = np.frombuffer(done.stdout, np.uint8).reshape(count, -1)
    outputs, start = [], 0
    for value in program.outputs:
        part = np.ascontiguousarray(flat[:, start : start + value.nbytes])
        outputs.append(part.view(value.dtype).reshape(-1, *value.shape[1:]))
        start += value.nbytes
    return outputs


def assert_c_equals_reference(
    graph: Graph,
    folder: Path,
    *,
    rows: int = 12,
    seed: int = 0,
    targets: Sequence[Target] = ALL_TARGETS,
    given: Mapping[str, Array] | None = None,
) -> Array:
    """Every row on every target, bit for bit. Returns the reference's first output, for further checks."""
    rng = np.random.default_rng(seed)
    inputs = [given[name] if given is not None else sample(graph.values[name], rows, rng) for name in graph.inputs]
    expected: tuple[Array, ...] = ()
    for index, target in enumerate(targets):
        program = compile_graph(graph, target)
        expected = expected or program.run(*inputs)  # once: it is slow, and what it says is the same for all targets
        build = folder / f"target{index}"
        build.mkdir(parents=True, exist_ok=True)
        for made, wanted in zip(run_c(program, inputs, build), expected, strict=True):
            np.testing.assert_array_equal(made, wanted, err_msg=f"{graph.name} with {target}")
    return expected[0]
