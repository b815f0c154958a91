"""Microcontroller boards: their figures, their images, and what runs those images here.

boards["nucleo-f446re"]             a `Board`
get_board("path/to/mine.toml")      the same for a file of the user's
build_image(program, board)         firmware.py: the linked image and its exact sizes
execute(program, board, inputs)     run.py: outputs, instructions, stack, estimated time
verify(program, board, inputs)      run.py: reference = host = board, byte for byte
package_files(program, inputs)      package.py: the firmware folder for the user's build system
"""

from __future__ import annotations

from pathlib import Path

from lilliput.boards.board import HOST, Board, Region, read_board
from lilliput.core.registry import Registry

__all__ = ["HOST", "Board", "Region", "boards", "get_board", "read_board"]

boards: Registry[Board] = Registry("board", "lilliput.boards.definitions")
"""Name → board: those that come with Lilliput, those of the user, and `host`, which is this machine."""


def get_board(name: str) -> Board:
    """The board called `name`, or of the TOML file at that path.

    Raises:
        UnknownName: LP100, with the near names.
        MissingFile, NotThisFormat, BadSetting: the file is missing or describes no board.
    """
    if name.endswith(".toml"):
        return read_board(Path(name))
    return boards[name]
