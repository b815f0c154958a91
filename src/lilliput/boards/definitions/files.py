"""Fill the board registry: the files beside this one, then those in `$LILLIPUT_HOME/boards`.

Imported by the registry the first time a board is looked up, so that a broken file of the user's spoils no import.
"""

from __future__ import annotations

from importlib.resources import as_file, files

from lilliput.boards import boards
from lilliput.boards.board import HOST, read_board
from lilliput.boards.cache import lilliput_home
from lilliput.core.errors import BadSetting

boards.add(HOST.name, HOST)
with as_file(files("lilliput.boards.definitions")) as _folder:
    for _path in sorted(_folder.glob("*.toml")):
        boards.add(_path.stem, read_board(_path))

_ours = set(boards)
for _path in sorted((lilliput_home() / "boards").glob("*.toml")):
    if _path.stem in _ours:
        # A report that names a board must mean the same board on every machine.
        raise BadSetting(f"{_path} has the name of a board that comes with Lilliput", fix="give the file another name")
    boards.add(_path.stem, read_board(_path))
