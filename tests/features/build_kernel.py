"""Compile a front end's kernel with its tables on this machine, and run it over raw items."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from collections.abc import Sequence
from importlib.resources import as_file, files
from pathlib import Path

import numpy as np
import pytest

from lilliput.features import Preprocess
from lilliput.features.preprocess import Array
from tests.features.c_definition import c_definition

STRICT = [
    *("-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Wundef", "-Wstrict-prototypes"),
    "-Werror",
]
SANITIZE = ["-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
DSP = ["-D__ARM_FEATURE_DSP=1", "-D__ARM_FEATURE_CLZ=1"]

# Input, output and scratch are pieces of their own of exactly their size: the sanitizer guards both ends of each.
_MAIN = """
#include <stdio.h>
#include <stdlib.h>
#include "%(kernel)s.h"
%(definition)s
int main(void)
{
    %(type)s *x = malloc(%(input)d);
    int8_t *y = malloc(%(output)d);
    void *scratch = malloc(%(scratch)d);
    if (x == NULL || y == NULL || scratch == NULL) return 2;
    while (fread(x, %(input)d, 1, stdin) == 1) {
        %(kernel)s(&front, x, y%(pass)s);
        if (fwrite(y, %(output)d, 1, stdout) != 1) return 3;
    }
    free(x); free(y); free(scratch);
    return 0;
}
"""


def gcc() -> list[str]:
    """The command of gcc; the test is skipped where there is none."""
    path = shutil.which("gcc")
    if path is None:
        pytest.skip("gcc is not installed")
    return [path]


def zig() -> list[str]:
    """The command of the pip-installed clang; the test is skipped where it is missing."""
    if importlib.util.find_spec("ziglang") is None:
        pytest.skip("ziglang is not installed")
    return [sys.executable, "-m", "ziglang", "cc"]


def build(front: Preprocess, compiler: Sequence[str], folder: Path, flags: Sequence[str]) -> Path:
    """The program that reads raw items and writes int8 ones."""
    values = {
        "kernel": front.kernel,
        "definition": c_definition(front, "front"),
        "type": f"{front.input_dtype}_t",
        "input": int(np.prod(front.input_shape)) * np.dtype(front.input_dtype).itemsize,
        "output": int(np.prod(front.output_shape)),
        "pass": ", scratch" if front.scratch_bytes() else "",
        "scratch": max(front.scratch_bytes(), 1),
    }
    folder.mkdir(parents=True, exist_ok=True)
    main, program = folder / "main.c", folder / "run"
    main.write_text(_MAIN % values)
    with as_file(files("lilliput.runtime")) as runtime:
        sources = [str(main), str(runtime / f"{front.kernel}.c")]
        done = subprocess.run(
            [*compiler, *STRICT, *flags, "-I", str(runtime), *sources, "-o", str(program)],
            capture_output=True,
            check=False,
        )
    assert done.returncode == 0, done.stderr.decode()
    return program


def run(front: Preprocess, program: Path, raw: Array) -> Array:
    """(B, H, W, C) int8 of the C."""
    done = subprocess.run([str(program)], input=np.ascontiguousarray(raw).tobytes(), capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return np.frombuffer(done.stdout, np.int8).reshape(len(raw), *front.output_shape)
