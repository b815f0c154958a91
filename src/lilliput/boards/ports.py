"""What a compiled network takes and gives, read from its header.

The header is the contract that the user's firmware is written against, so the emulator and the host runner go by it
too; a compiled folder can be run without the program that printed it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from lilliput.compiler.graph import Array
from lilliput.core.errors import NotThisFormat

_PORT = re.compile(
    r"/\* [^\n]*: (?P<shape>\d+(?: x \d+)*) (?P<dtype>[a-z]+\d*)[^\n]*\*/\n"
    r"#define LILLIPUT_MODEL_(?P<kind>INPUT|OUTPUT)(?P<suffix>(?:_\d+)?)_LENGTH (?P<length>\d+)u\n"
    r"(?:[^\n]*\n\{\n[^\n]*arena \+ (?P<offset>\d+)\);\n\}|#define LILLIPUT_MODEL_INPUT_IS_STREAMED 1\n)"
)
_ARENA = re.compile(r"#define LILLIPUT_MODEL_ARENA_BYTES (\d+)u")


class Sourced(Protocol):
    """Anything with the C files of a compiled network; `compiler.program.Program` is one."""

    @property
    def sources(self) -> Mapping[str, str]:
        """File name → text."""


@dataclass(frozen=True, eq=False)
class SourceFiles:
    """The C files of a compiled network, without the program that printed them."""

    sources: Mapping[str, str]


@dataclass(frozen=True)
class Port:
    """One input or output.

    Args:
        accessor: the C function that gives its place in an arena.
        shape: with its batch axis of 1.
        dtype: of an element.
        offset: in bytes from the start of the arena; None for an input that is asked for window by window.
    """

    accessor: str
    shape: tuple[int, ...]
    dtype: str
    offset: int | None

    @property
    def nbytes(self) -> int:
        """Bytes of one row."""
        return int(np.prod(self.shape)) * np.dtype(self.dtype).itemsize

    def place(self, arena: str) -> str:
        """The C expression for its memory: in `arena`, or the program's own `lilliput_image`."""
        return "lilliput_image" if self.offset is None else f"{self.accessor}({arena})"

    @property
    def at(self) -> int:
        """`offset`. Raises ValueError where it lies in no arena."""
        if self.offset is None:
            raise ValueError(f"{self.accessor} is streamed: it lies in no arena")
        return self.offset


@dataclass(frozen=True)
class Ports:
    """All inputs and outputs, in order, and the size of the arena."""

    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    arena_bytes: int

    @property
    def streamed(self) -> Port | None:
        """The input that is asked for window by window."""
        return next((port for port in self.inputs if port.offset is None), None)

    def image_source(self) -> str:
        """C that keeps a streamed input as a whole beside the arena, and hands out its windows; else nothing."""
        if self.streamed is None:
            return ""
        return (
            f"static _Alignas(8) uint8_t lilliput_image[{self.streamed.nbytes}];\n\n"
            "void lilliput_model_read_input(int32_t top, int32_t left, int32_t rows, int32_t columns, void *to)\n"
            "{\n    lilliput_model_copy_window(lilliput_image, top, left, rows, columns, to);\n}\n"
        )

    def row_count(self, inputs: Sequence[Array]) -> int:
        """The number of inferences that some inputs stand for.

        Raises:
            ValueError: an input is missing, or has another dtype or shape than the header says.
        """
        if len(inputs) != len(self.inputs):
            raise ValueError(f"the network has {len(self.inputs)} inputs, got {len(inputs)}")
        for port, array in zip(self.inputs, inputs, strict=True):
            if array.ndim == 0 or array.shape[1:] != port.shape[1:] or array.dtype != port.dtype:
                wanted = ["N", *port.shape[1:]]
                raise ValueError(f"{port.accessor} takes {port.dtype}{wanted}, got {array.dtype}{list(array.shape)}")
        taken = [port.shape[0] for port in self.inputs]
        runs = {len(array) // rows for array, rows in zip(inputs, taken, strict=True)}
        if len(runs) != 1 or any(len(array) % rows for array, rows in zip(inputs, taken, strict=True)):
            raise ValueError(f"the inputs have {[len(array) for array in inputs]} rows, one run takes {taken}")
        return runs.pop()

    def rows(self, inputs: Sequence[Array]) -> list[bytes]:
        """The inputs of each inference as bytes, one input after the other. Raises ValueError as `row_count`."""
        runs = self.row_count(inputs)
        packed = [(np.ascontiguousarray(array), port.shape[0]) for array, port in zip(inputs, self.inputs, strict=True)]
        return [b"".join(array[i * k : (i + 1) * k].tobytes() for array, k in packed) for i in range(runs)]

    def arrays(self, rows: Sequence[bytes]) -> tuple[Array, ...]:
        """The outputs of some inferences, (N, …) each, from the bytes of each row."""
        flat = np.frombuffer(b"".join(rows), np.uint8).reshape(len(rows), sum(port.nbytes for port in self.outputs))
        outputs, start = [], 0
        for port in self.outputs:
            part = np.ascontiguousarray(flat[:, start : start + port.nbytes])
            outputs.append(part.view(port.dtype).reshape(len(rows) * port.shape[0], *port.shape[1:]))
            start += port.nbytes
        return tuple(outputs)


def ports_of(program: Sourced) -> Ports:
    """The ports of a compiled network.

    Raises:
        NotThisFormat: LP200, there is no `lilliput_model.h`, or it is not as the compiler prints it.
    """
    header = program.sources.get("lilliput_model.h", "")
    arena = _ARENA.search(header)
    found: dict[str, list[Port]] = {"INPUT": [], "OUTPUT": []}
    for match in _PORT.finditer(header):
        shape = tuple(int(axis) for axis in match["shape"].split(" x "))
        accessor = f"lilliput_model_{match['kind'].lower()}{match['suffix']}"
        if int(np.prod(shape)) == int(match["length"]):
            found[match["kind"]].append(
                Port(accessor, shape, match["dtype"], int(match["offset"]) if match["offset"] else None)
            )
    declared = len(re.findall(r"^#define LILLIPUT_MODEL_(?:IN|OUT)PUT\w*_LENGTH ", header, re.MULTILINE))
    if arena is None or not found["INPUT"] or not found["OUTPUT"] or declared != sum(map(len, found.values())):
        raise NotThisFormat("lilliput_model.h is not as `lilliput compile` prints it", fix="compile the network again")
    return Ports(tuple(found["INPUT"]), tuple(found["OUTPUT"]), int(arena[1]))
