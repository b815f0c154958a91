"""`lilliput exec`: run a compiled folder on a batch of inputs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lilliput.cli.options import Json, Quiet

if TYPE_CHECKING:
    from lilliput.boards.ports import Port
    from lilliput.compiler.graph import Array


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command(
        name="exec", epilog="Example: lilliput exec build/model --on board --input x.npy --output y.npy --json"
    )(execute_folder)


def execute_folder(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="What `lilliput compile` or `build` wrote.")],
    on: Annotated[
        str, typer.Option("--on", help="host: this machine, with kernels of its own; board: the emulated board.")
    ] = "board",
    inputs: Annotated[
        list[Path] | None,
        typer.Option("--input", metavar="X.npy", help="Raw inputs (N, …) in the network's own type; one per input."),
    ] = None,
    outputs: Annotated[
        list[Path] | None, typer.Option("--output", metavar="Y.npy", help="Where the outputs go; one per output.")
    ] = None,
    board: Annotated[str | None, typer.Option("--board", help="Another board than it was compiled for.")] = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Run a compiled network and count its instructions. Without --input it runs the folder's own check vectors."""
    from lilliput.boards import HOST, get_board
    from lilliput.boards.arrays import read_npy, write_npy
    from lilliput.boards.compiled import read_board_name, read_graph, read_sources, read_vectors
    from lilliput.boards.native import compile_native
    from lilliput.boards.ports import SourceFiles, ports_of
    from lilliput.boards.run import Execution, execute
    from lilliput.core.errors import BadSetting
    from lilliput.core.output import Output

    if on not in ("host", "board"):
        raise BadSetting(f"--on {on}", fix="one of host, board")
    program = SourceFiles(read_sources(folder))
    ports = ports_of(program)
    chosen = HOST if on == "host" else get_board(board or read_board_name(folder))
    arrays = [read_npy(path) for path in inputs] if inputs else list(read_vectors(folder)[0])
    given = [_fitting(port, array) for port, array in zip(ports.inputs, arrays, strict=False)]
    if len(arrays) != len(ports.inputs):
        raise BadSetting(f"{len(arrays)} inputs are given, the network has {len(ports.inputs)}")
    if on == "host":
        execution = Execution(chosen, None, compile_native(read_graph(folder)).run(*given))
    else:
        execution = execute(program, chosen, given)
    if outputs and len(outputs) != len(execution.outputs):
        raise BadSetting(f"{len(outputs)} outputs are named, the network has {len(execution.outputs)}")
    for path, array in zip(outputs or (), execution.outputs, strict=False):
        write_npy(path, array)
    counts = execution.instructions
    facts = {
        "on": chosen.name,
        "rows": len(execution.outputs[0]),
        "instructions": counts[0] if counts else None,
        "instructions_min": min(counts) if counts else None,
        "instructions_max": max(counts) if counts else None,
        "cycles_estimate": execution.cycles_estimate,
        "milliseconds_estimate": execution.milliseconds_estimate,
        "stack_bytes": execution.stack_bytes,
        "sram_bytes": execution.sram_bytes,
        "outputs": [list(array.shape) for array in execution.outputs],
        "written": [str(path) for path in outputs or ()],
    }
    lines = [f"{key}: {value}" for key, value in facts.items() if value not in (None, [])]
    Output(json=json, quiet=quiet).show(facts, ids=[str(path) for path in outputs or ()], human=lines)


def _fitting(port: Port, array: Array) -> Array:
    """The array in the input's type; one row without its batch axis is taken as one row.

    Raises:
        BadSetting: LP101, another shape, or values that the type cannot hold.
    """
    import numpy as np

    from lilliput.core.errors import BadSetting

    if array.shape == port.shape[1:]:
        array = array[None]
    if array.shape[1:] != port.shape[1:] or len(array) == 0:
        raise BadSetting(
            f"{port.accessor} takes {port.dtype}{['N', *port.shape[1:]]}, got {array.dtype}{list(array.shape)}"
        )
    if array.dtype == np.dtype(port.dtype):
        return array
    if port.dtype == "float32":
        return _as_float32(port, array)
    low, high = (0, 1) if port.dtype == "bool" else _limits(port.dtype)
    whole = array.dtype.kind in "iu" or bool((array == np.rint(array)).all())
    if not whole or array.min() < low or array.max() > high:
        raise BadSetting(
            f"{port.accessor} takes {port.dtype}, the file holds {array.dtype} from {array.min()} to {array.max()}",
            why="the network takes raw integers",
            fix="quantise first: integer = round(real / scale) + zero_point, both in report.json",
        )
    return array.astype(port.dtype)


def _as_float32(port: Port, array: Array) -> Array:
    import numpy as np

    from lilliput.core.errors import BadSetting

    with np.errstate(over="ignore"):
        made: Array = array.astype(np.float32)
    if not np.isfinite(made).all():
        raise BadSetting(f"{port.accessor} takes float32, the file holds {array.dtype} up to {abs(array).max():g}")
    return made


def _limits(dtype: str) -> tuple[int, int]:
    import numpy as np

    limits = np.iinfo(dtype)
    return int(limits.min), int(limits.max)
