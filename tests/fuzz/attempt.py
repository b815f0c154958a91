"""Feed damaged files to a reader and to all that follows it: `python -m tests.fuzz.attempt FILE --count 20000`.

Whatever the bytes, the outcome is one of our errors (LP2xx, LP3xx), or a network that compiles, or is refused with one
of them, and whose C gives what the integer reference gives. No other exception, no hang, memory within a limit.
"""

from __future__ import annotations

import argparse
import contextlib
import resource
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from lilliput.boards.agree import agreement
from lilliput.boards.host import run_host
from lilliput.compiler.frontends import load_network
from lilliput.compiler.graph import Graph
from lilliput.compiler.op import Target
from lilliput.compiler.program import compile_graph
from lilliput.core.errors import FileError, UnsupportedError
from tests.fuzz.mutate import mutant

SECONDS = 20
"""A reader that takes longer hangs."""
MORE_BYTES = 2 << 30
"""Address space that a reader may take on top of what the process has."""


class Slow(Exception):
    """Out of time."""


def attempt(data: bytes, suffix: str, folder: Path, *, build: bool = False) -> str:
    """What becomes of one file: the code of an error, or "runs", or "equal" where the C was built and run too.

    Raises:
        AssertionError: the C gives something else than the reference.
        Exception: whatever else gets out is a find.
    """
    path = folder / f"mutant{suffix}"
    path.write_bytes(data)
    try:
        graph, _ = load_network(path)
        program = compile_graph(graph, Target(dsp=True))
        inputs = _rows(graph)
        wanted = program.run(*inputs)
    except (FileError, UnsupportedError) as error:
        return error.code
    if not build:
        return "runs"
    if not all(np.isfinite(expected).all() for expected in wanted):
        return "overflows"  # damaged float32 weights may be of any size
    made = run_host(program, inputs)
    count = len(inputs[0]) // (program.inputs[0].shape or (1,))[0]
    assert agreement(made, wanted, count).row is None
    return "equal"


def _rows(graph: Graph) -> list[np.ndarray]:
    rng, found = np.random.default_rng(0), []
    for name in graph.inputs:
        value = graph.values[name]
        limits = np.iinfo(value.dtype) if value.dtype not in ("float32", "bool") else np.iinfo("int8")
        found.append(rng.integers(limits.min, limits.max + 1, (2, *value.shape[1:])).astype(value.dtype))
    return found


@contextlib.contextmanager
def limits(seconds: int = SECONDS) -> Iterator[None]:
    """An exception after some seconds."""

    def ring(number: int, frame: object) -> None:
        raise Slow(f"more than {seconds} seconds")

    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def fuzz(original: bytes, suffix: str, count: int, seed: int, *, build_each: int = 0) -> tuple[Counter[str], float]:
    """Outcomes of `count` mutants, and the longest time of one in seconds.

    Args:
        original: the file to damage.
        suffix: of its name.
        count: mutants.
        seed: the same gives the same mutants.
        build_each: of the networks that run, build the C of one in so many; 0 builds none.
    """
    outcomes: Counter[str] = Counter()
    longest, running = 0.0, 0
    with tempfile.TemporaryDirectory() as folder:
        for index in range(count):
            data = mutant(original, np.random.default_rng([seed, index]))
            start = time.monotonic()
            build = bool(build_each) and running % build_each == 0 and running > 0
            try:
                with limits():
                    outcome = attempt(data, suffix, Path(folder), build=build)
            except BaseException as error:
                error.add_note(f"mutant {index} of seed {seed}")
                raise
            running += outcome in ("runs", "equal")
            outcomes[outcome] += 1
            longest = max(longest, time.monotonic() - start)
    return outcomes, longest


def main() -> None:
    """Fuzz one reader from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--build-each", type=int, default=0, metavar="N")
    given = parser.parse_args()
    with contextlib.suppress(FileError, UnsupportedError):  # loads what the reader needs, so that the limit is its own
        load_network(given.file)
    limit_memory()
    outcomes, longest = fuzz(
        given.file.read_bytes(), given.file.suffix, given.count, given.seed, build_each=given.build_each
    )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    told = ", ".join(f"{name} {number}" for name, number in outcomes.most_common())
    sys.stdout.write(
        f"{given.file.name}: {given.count} mutants, longest {longest:.1f} s, peak {peak:.0f} MiB: {told}\n"
    )


def limit_memory() -> None:
    """Let this process take no more than `MORE_BYTES` on top of what it has."""
    now = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (now + MORE_BYTES, resource.RLIM_INFINITY))


if __name__ == "__main__":
    main()
