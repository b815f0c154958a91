"""`lp_log_mel_s16` in C against `LogMel.integer`: every byte, real recordings and extreme inputs."""

from __future__ import annotations

import subprocess
from importlib.resources import as_file, files
from pathlib import Path

import numpy as np
import pytest

from lilliput.features import LogMel
from lilliput.features.preprocess import Array
from lilliput.tasks.spoken_digits import DIGITS_FRONT, bundled_clips
from tests.features.build_kernel import DSP, SANITIZE, STRICT, build, gcc, run, zig

FRONTS = {
    "digits": DIGITS_FRONT,
    "16 kHz, radix-4 only": LogMel(16000, 16000, 480, 320, 512, 40, 20, 8000),
    "keeps the level": LogMel(8000, 2000, 201, 77, 256, 11, 0, 4000, level="none", floor=-24, top=8),
    "smallest": LogMel(8000, 64, 8, 3, 16, 2, 300, 4000),
    "largest": LogMel(48000, 65535, 2048, 1024, 2048, 64, 50, 24000),
    "one frame": LogMel(8000, 1024, 1024, 1, 1024, 30, 50, 3900),
}


def extreme(samples: int) -> Array:
    """Rows that meet the ends of every range."""
    rng = np.random.default_rng(0)
    n = np.arange(samples)
    rows = [
        np.zeros(samples),
        np.full(samples, -1),
        np.full(samples, 1),
        np.full(samples, 32767),
        np.full(samples, -32768),
        np.where(n % 2 == 0, 32767, -32768),
        np.where(n // 16 % 2 == 0, 32767, -32768),
        np.where(n // 7 % 2 == 0, -32768, 0),
        np.where(n == samples // 2, 32767, 0),
        np.where(n == 0, -32768, 0),
        np.where(n < samples // 2, 0, rng.integers(-32768, 32768, samples)),
        rng.integers(-32768, 32768, samples),
        rng.integers(-3, 4, samples),
        rng.integers(-1, 1, samples),
        np.rint(32767 * np.sin(2 * np.pi * 0.11 * n)),
        np.clip(np.rint(200000 * np.sin(2 * np.pi * 0.0313 * n)), -32768, 32767),
    ]
    return np.stack(rows).astype(np.int16)


@pytest.mark.parametrize("flags", [[], DSP], ids=["portable", "dsp"])
@pytest.mark.parametrize("front", FRONTS.values(), ids=FRONTS.keys())
def test_sanitized_c_equals_the_definition_on_extreme_inputs(front: LogMel, flags: list[str], tmp_path: Path) -> None:
    raw = extreme(front.samples)
    made = run(front, build(front, gcc(), tmp_path, [*SANITIZE, *flags]), raw)
    np.testing.assert_array_equal(made, front.integer(raw))
    assert len(np.unique(made)) > 10


@pytest.mark.parametrize("compiler", [gcc, zig], ids=["gcc", "zig"])
def test_c_equals_the_definition_on_real_recordings(compiler, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    raw = bundled_clips().x[::5]
    made = run(DIGITS_FRONT, build(DIGITS_FRONT, compiler(), tmp_path, ["-O2"]), raw)
    np.testing.assert_array_equal(made, DIGITS_FRONT.integer(raw))
    assert made.std() > 20


def test_a_clip_does_not_depend_on_the_one_before(tmp_path: Path) -> None:
    front = FRONTS["digits"]
    raw = extreme(front.samples)
    program = build(front, gcc(), tmp_path, ["-O2"])
    np.testing.assert_array_equal(run(front, program, raw)[::-1], run(front, program, raw[::-1]))


@pytest.mark.parametrize("core", ["cortex_m0plus", "cortex_m3", "cortex_m4", "cortex_m7", "cortex_m33"])
def test_every_core_takes_it_and_needs_no_more_than_a_64_bit_product(core: str, tmp_path: Path) -> None:
    elffile = pytest.importorskip("elftools.elf.elffile")
    with as_file(files("lilliput.runtime").joinpath("lp_log_mel_s16.c")) as source:
        target = ["-target", "thumb-freestanding-eabi", f"-mcpu={core}", "-O2", "-fno-unwind-tables"]
        subprocess.run([*zig(), *STRICT, *target, "-c", str(source), "-o", str(tmp_path / "k.o")], check=True)
    with (tmp_path / "k.o").open("rb") as stream:
        symbols = elffile.ELFFile(stream).get_section_by_name(".symtab").iter_symbols()
        wanted = {s.name for s in symbols if s["st_shndx"] == "SHN_UNDEF" and s.name}
    assert wanted <= ({"__aeabi_lmul"} if core == "cortex_m0plus" else set())
