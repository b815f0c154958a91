"""Images: their sizes come from the ELF file, they hold no C library, and what is too large is refused with figures."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise

import pytest

from lilliput.boards import HOST, boards
from lilliput.boards.board import Board, Region
from lilliput.boards.firmware import Image, build_image, check_fits, linker_script, nearest_board
from lilliput.core.errors import BadSetting, DoesNotFit
from tests.boards.networks import program_for

M4 = boards["nucleo-f446re"]
REAL = [name for name in boards if name != "host"]


def image_of(name: str = "nucleo-f446re") -> Image:
    return build_image(program_for(boards[name]), boards[name])


@pytest.mark.parametrize("name", REAL)
class TestEveryBoard:
    def test_flash_is_the_sum_of_its_parts(self, name: str) -> None:
        image = image_of(name)
        padding = image.flash_bytes - image.code_bytes - image.constants_bytes - image.data_bytes
        assert 0 <= padding < 16
        weights = 64 * 48 + 48 * 32 + 32 * 12
        assert image.constants_bytes >= weights + (48 + 32 + 12) * 9  # bias, multiplier, shift a channel

    def test_the_arena_is_in_the_bss_and_as_large_as_planned(self, name: str) -> None:
        image, program = image_of(name), program_for(boards[name])
        arena = image.symbols["lilliput_arena"]
        assert image.arena_bytes == arena.nbytes == program.plan.arena_bytes
        assert boards[name].ram.origin <= arena.address
        assert arena.address % 16 == 0
        assert image.bss_bytes >= image.arena_bytes
        assert image.static_bytes >= image.data_bytes + image.bss_bytes

    def test_everything_lies_in_the_boards_memories(self, name: str) -> None:
        image, board = image_of(name), boards[name]
        windows = [w for w in (board.flash, board.constants) if w is not None]
        for address, data in image.loads:
            assert any(w.origin <= address and address + len(data) <= w.end for w in windows)

    def test_each_layer_is_a_function(self, name: str) -> None:
        names = [layer.name for layer in image_of(name).layers()]
        assert names == ["lilliput_layer_00_fc0", "lilliput_layer_01_fc1", "lilliput_layer_02_fc2"]

    def test_no_function_of_a_c_library_is_linked(self, name: str) -> None:
        allowed = (
            r"lilliput_.*|lp_.*|main|Reset_Handler|mem(cpy|set|move|cmp)|__aeabi_(l?mul|mem\w+|lls[lr]|lasr)|__muldi3"
        )
        assert [f.name for f in image_of(name).functions if not re.fullmatch(allowed, f.name)] == []


def test_the_vector_table_is_first_and_points_at_reset() -> None:
    image = image_of()
    words = [int.from_bytes(image.loads[0][1][i : i + 4], "little") for i in (0, 4)]
    assert image.loads[0][0] == M4.flash.origin
    assert words == [M4.ram.end, image.symbols["Reset_Handler"].address | 1]


def test_functions_do_not_overlap() -> None:
    functions = image_of().functions
    assert all(a.end <= b.start for a, b in pairwise(functions))
    assert "lp_fully_connected_wide_s8_dsp" in {f.name for f in functions}


def small(flash: int = 512 * 1024, ram: int = 128 * 1024) -> Board:
    return replace(
        M4,
        name="small",
        flash=Region(M4.flash.origin, flash, M4.flash.origin),
        ram=Region(M4.ram.origin, ram, M4.ram.origin),
    )


def test_too_little_flash_is_refused_with_both_figures_and_the_nearest_board() -> None:
    whole = image_of()
    with pytest.raises(DoesNotFit) as caught:
        build_image(program_for(M4), small(flash=4096))
    text = str(caught.value)
    assert f"LP401: {whole.flash_bytes} B of flash needed, small has 4096 B" in text
    assert f"constants (.rodata) with {whole.constants_bytes} B" in text
    assert "--board nucleo-f446re" in text


def test_too_little_ram_is_refused_with_both_figures() -> None:
    board = small(ram=4096)
    program = program_for(board, (9000, 4))
    with pytest.raises(DoesNotFit, match=r"90\d\d B of SRAM needed, small has 4096 B") as caught:
        build_image(program, board)
    assert f"the largest part is the arena with {program.plan.arena_bytes} B" in str(caught.value)


def test_the_measured_stack_counts_against_the_ram() -> None:
    image = image_of()
    room = M4.sram_bytes - image.static_bytes
    check_fits(image, room)
    with pytest.raises(DoesNotFit, match=f"{M4.sram_bytes + 4} B of SRAM needed, nucleo-f446re has {M4.sram_bytes} B"):
        check_fits(image, room + 4)


def test_the_nearest_board_has_the_least_ram_that_suffices() -> None:
    near = nearest_board(600 * 1024, 100 * 1024)
    assert near is not None
    assert near.name == "arduino-nano-33-ble"
    assert nearest_board(100 * 1024**2, 1) is None


def test_the_host_takes_no_image() -> None:
    with pytest.raises(BadSetting, match="`host` is this machine"):
        build_image(program_for(M4), HOST)


def test_a_second_window_on_the_flash_gets_the_constants() -> None:
    board = boards["esp32-c3"]
    assert board.constants is not None
    image = image_of("esp32-c3")
    assert image.sections[".rodata"].address == board.constants.origin
    assert "CONSTANTS (r)" in linker_script(board)
    assert "CONSTANTS" not in linker_script(M4)
