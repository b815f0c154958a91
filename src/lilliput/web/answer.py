"""The process of one answer: `python -m lilliput.web.answer FOLDER WORK MEMORY ITEM`.

It reads what a visitor sent, lets the emulated board answer, and writes `answer.json`. What the file may do to whoever
reads it, a decoder's memory or an emulator's crash, it does here and not to the server.
"""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lilliput.boards import get_board
from lilliput.boards.compiled import read_board_name, read_sources
from lilliput.boards.ports import SourceFiles
from lilliput.boards.run import execute
from lilliput.core.errors import BadSetting, LilliputError
from lilliput.core.files import read_json, write_json
from lilliput.tasks import get_task
from lilliput.tasks.clip import read_clip
from lilliput.tasks.images import read_images

_BITMAP, _GREY = 32, 16
_CPU_SECONDS = 120


def main(folder: Path, work: Path, memory: int, item: str) -> int:
    """Answer for a test item, or for `work/upload`; 0, or the exit code of the error that `answer.json` tells."""
    _limit_memory(memory)
    try:
        write_json(work / "answer.json", "answer", _answer(folder, work / "upload", item))
    except LilliputError as error:
        told = {key: getattr(error, key).replace(f"{work}/upload", "the file") for key in ("what", "why", "fix")}
        write_json(work / "answer.json", "answer", {"code": error.code, **told})
        return error.exit_code
    return 0


def _answer(folder: Path, upload: Path, number: str) -> dict[str, Any]:
    card: dict[str, Any] = dict(read_json(folder / "model" / "task.json", "task"))
    report: dict[str, Any] = dict(read_json(folder / "report.json", "report"))
    front, port = card["preprocess"], report["outputs"][0]["quant"]
    truth = ""
    if number:
        item, truth = _test_item(card, int(number))
    elif front["kind"] == "log_mel":
        item = read_clip(upload, front["sample_rate"], front["samples"])
    else:
        item = digit(upload)
    done = execute(SourceFiles(read_sources(folder)), get_board(read_board_name(folder)), [item[None]])
    scores = (done.outputs[0].reshape(-1).astype(np.float64) - port["zero_point"]) * port["scale"]
    shares = np.exp(scores - scores.max())
    return {
        "scores": (shares / shares.sum()).tolist(),
        "instructions": done.instructions[0] if done.instructions else None,
        "instructions_how": done.instructions_how,
        "milliseconds": done.milliseconds_estimate,
        "truth": truth,
    }


def _test_item(card: dict[str, Any], number: int) -> tuple[NDArray[Any], str]:
    """A raw item of the task's test split, and its label."""
    split = get_task(card["name"]).load()["test"]
    if not 0 <= number < len(split.x):
        raise BadSetting(f"there is no test item {number}", fix=f"0 to {len(split.x) - 1}")
    return split.x[number], str(card["labels"][int(split.y[number])])


def digit(path: Path) -> NDArray[np.uint8]:
    """A drawn digit as the set `digits` has them: ink in a bitmap of 32×32, counted in blocks of 4×4; (8, 8), 0 to 16.

    Raises:
        FileError: LP2xx, as `read_images`: no picture, damaged, or too many pixels.
        BadSetting: LP101, there is no ink.
    """
    values = read_images([path], channels=1)[0, :, :, 0]
    border = np.concatenate([values[0], values[-1], values[:, 0], values[:, -1]])
    ink = (values if np.median(border) < 128 else 255 - values) > 127
    if not ink.any():
        raise BadSetting("there is nothing drawn on the picture", fix="draw in black on white, with a broad pen")
    from PIL import Image  # read_images needed it too

    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    cut = Image.fromarray(np.where(ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1], 255, 0).astype(np.uint8))
    scale = _BITMAP / max(cut.size)
    size = (max(1, round(cut.width * scale)), max(1, round(cut.height * scale)))
    bitmap = np.zeros((_BITMAP, _BITMAP), np.uint8)
    top, left = (_BITMAP - size[1]) // 2, (_BITMAP - size[0]) // 2
    bitmap[top : top + size[1], left : left + size[0]] = np.asarray(cut.resize(size, Image.Resampling.BOX)) > 127
    counts: NDArray[np.uint8] = bitmap.reshape(8, 4, 8, 4).sum(axis=(1, 3)).clip(0, _GREY).astype(np.uint8)
    return counts


def _limit_memory(most: int) -> None:
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (most, resource.getrlimit(resource.RLIMIT_DATA)[1]))
        # It ends by itself too, should the server be gone.
        resource.setrlimit(resource.RLIMIT_CPU, (_CPU_SECONDS, resource.getrlimit(resource.RLIMIT_CPU)[1]))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4]))
