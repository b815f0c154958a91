"""Verification passes when all three agree, and otherwise names the node that is at fault."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lilliput.boards import HOST, boards
from lilliput.boards.verify import verify
from lilliput.compiler.op import Target
from lilliput.compiler.program import Program, compile_graph
from lilliput.core.errors import NotBitExact
from tests.boards.networks import mlp, program_for, rows

M4 = boards["nucleo-f446re"]
KERNEL = "lp_dots_s8.c"


def plain() -> Program:
    """The network with portable kernels, whose C these tests break."""
    return compile_graph(mlp(), Target())


def broken(program: Program, old: str, new: str, file: str = KERNEL) -> Program:
    assert old in program.sources[file]
    return replace(program, sources={**program.sources, file: program.sources[file].replace(old, new, 1)})


@pytest.mark.parametrize("name", ["nucleo-f446re", "esp32-c3", "host"])
def test_a_right_program_is_proven(name: str) -> None:
    board = boards[name]
    proof = verify(program_for(board), board, [rows(20)])
    assert (proof.rows, proof.output_bytes, proof.differing_bytes) == (20, 240, 0)
    assert proof.execution.board is board


def test_a_kernel_that_is_wrong_everywhere_is_found_on_the_host() -> None:
    program = broken(plain(), "= 128u *", "= (op->c_out == 32 ? 126u : 128u) *")
    with pytest.raises(NotBitExact, match=r'(?s)LP501: mlp on host: .*row 0.*fully_connected at "fc1"'):
        verify(program, HOST, [rows(4)])


def test_a_kernel_that_is_wrong_on_the_board_only_is_found_there() -> None:
    wrong = "\n#if defined(__arm__)\n    sum += op->c_out == 32 ? 9 : 0;\n#endif\n    const uint32_t less ="
    program = broken(plain(), "const uint32_t less =", wrong)
    with pytest.raises(NotBitExact) as caught:
        verify(program, M4, [rows(4)])
    text = str(caught.value)
    assert "LP501: mlp on nucleo-f446re:" in text
    assert "of 48 output bytes differ" in text
    assert 'fully_connected at "fc1" (lp_fully_connected_s8)' in text


def test_a_constant_that_is_wrong_is_told_from_a_kernel() -> None:
    program = plain()
    layer = "static const _Alignas(4) int32_t lilliput_layer_02_fc2_dots_bias[12] = {\n    "
    wrong = broken(program, layer, layer + "90000 + ", "lilliput_model.c")
    with pytest.raises(NotBitExact, match="no single node differs when it is run by itself"):
        verify(wrong, HOST, [rows(2)])
