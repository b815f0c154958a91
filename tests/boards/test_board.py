"""Board files: those that come with Lilliput, those of a user, and those that describe no board."""

from __future__ import annotations

from pathlib import Path

import pytest

from lilliput.boards import HOST, boards, get_board
from lilliput.boards.board import make_board
from lilliput.boards.cores import cores
from lilliput.core.budget import Budget
from lilliput.core.errors import BadSetting, MissingFile, NotThisFormat, UnknownName

MINE = """
title = "Mine"
vendor = "Me"
chip = "X"
core = "cortex-m4"
features = ["dsp"]
clock_hz = 50_000_000
emulator = "unicorn"
[flash]
origin = 0x0800_0000
bytes = "64KiB"
reserved = "16KiB"
[ram]
origin = 0x2000_0000
bytes = 16384
[sources]
core = "sheet, 1"
clock_hz = "sheet, 1"
flash = "sheet, 2"
ram = "sheet, 2"
"""


def test_the_boards_that_the_project_promises_are_there() -> None:
    promised = {
        "nucleo-f446re", "nucleo-f746zg", "nucleo-h743zi", "nucleo-l4r5zi", "disco-f412", "arduino-nano-33-ble",
        "rp2040-pico", "rp2350-pico2", "mps3-an547", "esp32-c3", "qemu-rv32v", "host",
    }  # fmt: skip
    assert promised <= set(boards)


@pytest.mark.parametrize(
    ("name", "flash", "sram", "clock"),
    [
        ("nucleo-f446re", 512 * 1024, 128 * 1024, 180_000_000),
        ("nucleo-f746zg", 1024 * 1024, 320 * 1024, 216_000_000),
        ("nucleo-h743zi", 2048 * 1024, 512 * 1024, 480_000_000),
        ("nucleo-l4r5zi", 2048 * 1024, 640 * 1024, 120_000_000),
        ("disco-f412", 1024 * 1024, 256 * 1024, 100_000_000),
        ("arduino-nano-33-ble", 983_040, 256 * 1024, 64_000_000),
        ("rp2040-pico", 2048 * 1024 - 256, 264 * 1024, 133_000_000),
        ("rp2350-pico2", 4096 * 1024, 520 * 1024, 150_000_000),
        ("mps3-an547", 512 * 1024, 512 * 1024, 32_000_000),
        ("esp32-c3", 4096 * 1024, 384 * 1024, 160_000_000),
    ],
)
def test_memories_and_clocks_are_the_datasheets(name: str, flash: int, sram: int, clock: int) -> None:
    board = boards[name]
    assert (board.flash_bytes, board.sram_bytes, board.clock_hz) == (flash, sram, clock)
    assert board.budget == Budget(flash_bytes=flash, sram_bytes=sram)


@pytest.mark.parametrize("name", [name for name in boards if name != "host"])
class TestEveryBoard:
    def test_each_figure_has_its_source(self, name: str) -> None:
        assert {"core", "clock_hz", "flash", "ram"} <= set(boards[name].sources)

    def test_memories_do_not_overlap(self, name: str) -> None:
        board = boards[name]
        regions = sorted(r for r in ((board.flash.base, board.flash.end), (board.ram.base, board.ram.end)))
        assert regions[0][1] <= regions[1][0]

    def test_kernels_may_use_what_the_chip_has(self, name: str) -> None:
        board = boards[name]
        assert (board.target.dsp, board.target.fpu) == ("dsp" in board.features, "fpu" in board.features)
        assert board.core is cores[board.core.name]


def test_unknown_board_suggests_a_near_one() -> None:
    with pytest.raises(UnknownName, match="did you mean nucleo-f446re"):
        get_board("nucleo-f446")


def test_a_users_board_is_read_from_its_path(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(MINE)
    board = get_board(str(tmp_path / "mine.toml"))
    assert (board.name, board.flash.origin, board.flash.base) == ("mine", 0x08004000, 0x08000000)
    assert (board.flash_bytes, board.sram_bytes) == (48 * 1024, 16 * 1024)
    assert board.target.dsp
    assert not board.target.fpu


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("clock_hz = 50", "clok_hz = 50", r"clok_hz: Extra inputs are not permitted"),
        ('bytes = "64KiB"', 'bytes = "64 kilo"', r"flash.bytes: .*integer"),
        ("bytes = 16384", "bytes = 16385", r"ram: .*multiples of 4096"),
        ('"cortex-m4"', '"cortex-m9"', r"'cortex-m9' is none of .*cortex-m4"),
        ('"cortex-m4"', '"cortex-m55"', r"Unicorn cannot run cortex-m55"),
        ('["dsp"]', '["simd"]', r"features.0: .*'dsp'"),
        ("50_000_000", '"50 MHz"', r"clock_hz: .*integer"),
        ('ram = "sheet, 2"', 'ram = " "', r"where ram was read"),
        ('"16KiB"', '"64KiB"', r"region is empty"),
    ],
)
def test_a_file_that_describes_no_board_names_the_key(tmp_path: Path, old: str, new: str, words: str) -> None:
    assert old in MINE
    (tmp_path / "bad.toml").write_text(MINE.replace(old, new, 1))
    with pytest.raises(BadSetting, match=words):
        get_board(str(tmp_path / "bad.toml"))


def test_a_file_that_is_not_toml_or_not_there_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text("= 3")
    with pytest.raises(NotThisFormat, match=r"bad\.toml is not TOML"):
        get_board(str(tmp_path / "bad.toml"))
    with pytest.raises(MissingFile, match=r"LP221: .*gone\.toml"):
        get_board(str(tmp_path / "gone.toml"))


def test_a_table_without_memories_is_refused() -> None:
    with pytest.raises(BadSetting, match=r"vendor: Field required; chip: Field required"):
        make_board("x", {"title": "x"}, "settings")


def test_the_host_has_no_clock_and_no_limits() -> None:
    assert boards["host"] is HOST
    assert HOST.clock_hz == 0
    assert HOST.budget == Budget()
    assert HOST.target.dsp is False
