"""Readers of networks: `torch.export` programs, TensorFlow Lite files and ONNX files."""

from __future__ import annotations

from pathlib import Path

from lilliput.compiler.frontends.tflite import load_tflite
from lilliput.compiler.grammar import Stage
from lilliput.compiler.graph import Graph
from lilliput.compiler.passes import simplify
from lilliput.compiler.passes.fuse_padding import fuse_padding
from lilliput.compiler.passes.late_upsampling import late_upsampling
from lilliput.core.errors import MissingFile, NotThisFormat, UnsupportedOp

SUFFIXES = (".tflite", ".onnx", ".pt2")


def load_network(path: Path, *, dequantise: bool = False) -> tuple[Graph, Stage]:
    """The network in a file, ready to be compiled ("integer") or to be quantised ("float").

    Args:
        path: `.tflite`, `.onnx`, or `.pt2` as `torch.export.save` writes it.
        dequantise: take the integer weights of a hybrid `.tflite` model for the real numbers that they stand for.

    Raises:
        MissingFile: LP221. NotThisFormat: LP200, another kind of file.
        FileError, UnsupportedError: the file is damaged, or holds what has no exact translation.
    """
    if not path.is_file():
        raise MissingFile(f"{path} is not a file", fix="name a .tflite, .onnx or .pt2 file")
    if path.suffix == ".onnx":
        from lilliput.compiler.frontends.onnx import load_onnx

        return load_onnx(path)
    if path.suffix == ".pt2":
        return simplify(_load_exported(path)), "float"
    if path.suffix == ".tflite":
        graph, stage = load_tflite(path, dequantise=dequantise)
        if stage == "float":
            return simplify(graph, channels_first=False), stage
        # A border of the zero point is what convolutions skip anyway, so that the padded map need not exist.
        return late_upsampling(fuse_padding(graph)), stage
    raise NotThisFormat(f"{path} has the suffix {path.suffix!r}", fix=f"networks are read from {', '.join(SUFFIXES)}")


def _load_exported(path: Path) -> Graph:
    from lilliput.compiler.frontends.pt2 import load_pt2
    from lilliput.compiler.frontends.torch_export import from_exported

    try:
        return from_exported(load_pt2(path), name=path.stem)
    except (LookupError, AttributeError, TypeError, ValueError, ArithmeticError, RuntimeError) as error:
        # The graph was checked as far as its text goes; what torch made of it may still be anything.
        raise UnsupportedOp(
            f"{path} holds something that has no translation: {type(error).__name__}: {error}"
        ) from error
