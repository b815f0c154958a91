"""Damage bytes in many ways; a reader must give a result or one of our errors, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from lilliput.core.errors import LilliputError


def mutants(good: bytes, count: int, seed: int = 0) -> Iterator[bytes]:
    """Every cut of the first 64 bytes, then flips, overwritten words, cuts, insertions, and doubled pieces."""
    rng = np.random.default_rng(seed)
    for end in range(min(64, len(good))):
        yield good[:end]
    for _ in range(count):
        bad = bytearray(good)
        for _ in range(int(rng.integers(1, 4))):
            # Headers matter more than samples.
            at = int(rng.integers(0, min(len(bad), 128) if rng.random() < 0.7 else len(bad)))
            match int(rng.integers(0, 5)):
                case 0:
                    bad[at] ^= 1 << int(rng.integers(0, 8))
                case 1:
                    bad[at] = int(rng.choice([0, 1, 127, 128, 255]))
                case 2:
                    bad[at : at + 4] = int(rng.choice([0, 2**31 - 1, 2**31, 2**32 - 1])).to_bytes(4, "little")
                case 3:
                    del bad[at : at + int(rng.integers(1, 9))]
                case _:
                    bad[at:at] = bad[: int(rng.integers(1, 9))]
            if not bad:
                break
        yield bytes(bad)


def accepted(reader: Callable[[Path], object], good: bytes, path: Path, count: int) -> tuple[int, set[str]]:
    """How many mutants the reader took, and the codes of the refusals; any other exception goes up."""
    taken, codes, unnamed = 0, set(), []
    for bad in mutants(good, count):
        path.write_bytes(bad)
        try:
            reader(path)
            taken += 1
        except LilliputError as error:
            codes.add(error.code)
            unnamed += [str(error)] * (path.name not in str(error))
    assert unnamed == [], "errors that do not name the file"
    return taken, codes
