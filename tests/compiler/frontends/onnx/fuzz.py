"""Mutated ONNX files: each gives a graph or one of our errors, in bounded time and memory.

    python -m tests.compiler.frontends.onnx.fuzz --count 20000 --seed 1

Prints one JSON object. Half of the mutants have changed bytes, half changed fields: names, numbers, operators. Each has
five seconds; the process may take one GiB above what it has after its imports.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import signal
import sys
import traceback
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch

from lilliput.compiler.frontends.onnx import TRANSLATORS, read_onnx
from lilliput.compiler.program import compile_graph
from lilliput.core.errors import FileError, LilliputError, UnsupportedError
from tests.compiler.frontends.onnx.models import onnx
from tests.compiler.frontends.onnx.networks import convolutional
from tests.compiler.frontends.onnx.test_operators import corpus as operator_corpus
from tests.compiler.frontends.onnx.test_quantised import corpus as quantised_corpus

MEMORY, SECONDS = 1 << 30, 5
NUMBERS = (
    0,
    1,
    -1,
    2,
    3,
    7,
    255,
    256,
    1 << 16,
    1 << 31,
    (1 << 31) - 1,
    -(1 << 31),
    (1 << 62),
    (1 << 63) - 1,
    -(1 << 63),
)
REALS = (0.0, -1.0, 1e-30, 1e30, float("inf"), float("-inf"), float("nan"), 0.5)


class Hang(Exception):
    """A mutant took longer than its time."""


def corpus() -> list[bytes]:
    """Small files with every operator that has a translation."""
    return [convolutional(), convolutional(11, 1), *operator_corpus(), *quantised_corpus()]


def bytes_changed(data: bytes, rng: random.Random) -> bytes:
    """A few bytes set, cut out, repeated, or the end left off."""
    mutant = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 4, 8))):
        at = rng.randrange(len(mutant)) if mutant else 0
        kind = rng.randrange(5)
        if kind == 0 or not mutant:
            mutant[at : at + 1] = bytes([rng.choice((0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256)))])
        elif kind == 1:
            del mutant[at : at + rng.randrange(1, 9)]
        elif kind == 2:
            mutant[at:at] = mutant[at : at + rng.randrange(1, 65)]
        elif kind == 3:
            mutant[at] ^= 1 << rng.randrange(8)
        else:
            del mutant[at + rng.randrange(len(mutant)) :]
    return bytes(mutant)


def fields_changed(data: bytes, rng: random.Random) -> bytes:
    """A few fields of the parsed message set to others of their type; operators and names swapped."""
    proto = onnx.ModelProto.FromString(data)
    names = [name for node in proto.graph.node for name in (*node.input, *node.output)] or ["x"]
    for _ in range(rng.choice((1, 1, 2, 3))):
        message = rng.choice(list(_messages(proto)))
        fields = message.DESCRIPTOR.fields
        _change(message, rng.choice(list(fields)), rng, names)
    return bytes(proto.SerializeToString())


def _messages(message: Any) -> Iterator[Any]:
    yield message
    for field, value in message.ListFields():
        if field.message_type is not None:
            for inner in value if field.is_repeated else [value]:
                yield from _messages(inner)


def _change(message: Any, field: Any, rng: random.Random, names: list[str]) -> None:
    if field.message_type is not None:
        if field.is_repeated and len(getattr(message, field.name)):
            items = getattr(message, field.name)
            if rng.random() < 0.5:
                del items[rng.randrange(len(items))]
            else:
                items.add().CopyFrom(rng.choice(items))
        return
    value = _value(field, rng, names)
    if not field.is_repeated:
        setattr(message, field.name, value)
    elif (items := getattr(message, field.name)) and rng.random() < 0.8:
        items[rng.randrange(len(items))] = value
    else:
        items.append(value)


def _value(field: Any, rng: random.Random, names: list[str]) -> Any:
    if field.type == field.TYPE_STRING:
        kinds = [kind for _, kind in TRANSLATORS]
        return rng.choice(kinds) if field.name == "op_type" else rng.choice([*names, "", "a/../b", "com.microsoft"])
    if field.type == field.TYPE_BYTES:
        return rng.randbytes(rng.choice((0, 1, 4, 8, 64)))
    if field.type in (field.TYPE_FLOAT, field.TYPE_DOUBLE):
        return rng.choice(REALS)
    if field.type == field.TYPE_ENUM:
        return rng.choice(list(field.enum_type.values_by_number))
    number = rng.choice(NUMBERS)
    if field.type == field.TYPE_UINT64:
        return number % (1 << 64)
    return number if field.type == field.TYPE_INT64 else max(-(1 << 31), min((1 << 31) - 1, number))


def tried(data: bytes) -> str:
    """What becomes of a file: "float", "integer", "compiled", or the code of an error."""
    try:
        graph, stage = read_onnx(data, "mutant")
        if stage == "float":
            return stage
        compile_graph(graph)
    except (FileError, UnsupportedError) as error:
        return error.code
    return "compiled"


def main(arguments: list[str]) -> int:
    """Run the mutants; 1 when one of them gave anything but a graph or an error of ours."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="folder for the files that failed")
    options = parser.parse_args(arguments)
    rng, outcomes, failures = random.Random(options.seed), Counter[str](), list[str]()
    sources = corpus()
    unchanged = Counter(tried(data) for data in sources)  # all code is imported before memory is limited
    pages = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (pages + MEMORY, resource.RLIM_INFINITY))
    signal.signal(signal.SIGALRM, _hang)
    np.seterr(all="ignore")
    torch.set_num_threads(1)
    for number in range(options.count):
        change = bytes_changed if number % 2 else fields_changed
        mutant = change(rng.choice(sources), rng)
        signal.alarm(SECONDS)
        try:
            outcomes[tried(mutant)] += 1
        except (Exception, Hang) as error:
            known = error.code if isinstance(error, LilliputError) else ""
            outcomes["failed"] += 1
            failures.append(f"mutant {number}: {known} {''.join(traceback.format_exception(error)[-3:])}")
            if options.keep:
                (options.keep / f"{options.seed}-{number}.onnx").write_bytes(mutant)
        finally:
            signal.alarm(0)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    told = {"outcomes": dict(outcomes), "corpus": dict(unchanged), "peak_kib": peak, "failures": failures[:20]}
    sys.stdout.write(json.dumps(told) + "\n")
    return 1 if failures else 0


def _hang(number: int, frame: Any) -> None:
    raise Hang(f"over {SECONDS} seconds")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
