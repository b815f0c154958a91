"""What the translators of ONNX operators work with. See the package's own page for how one is added."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np

from lilliput.compiler.builder import GraphBuilder
from lilliput.compiler.frontends.onnx.fold import FOLDERS, MAX_ELEMENTS, fold
from lilliput.compiler.frontends.onnx.model import Operator
from lilliput.compiler.graph import Array, Quant
from lilliput.compiler.ops import ops
from lilliput.core.errors import BrokenGraph, ImpossibleSize, UnsupportedAttribute, UnsupportedOp

TO_LAST = (0, 2, 3, 1)
TO_FIRST = (0, 3, 1, 2)

MAX_FOLDED = 1 << 26
"""Elements of all computed constants together."""
NO_KERNEL = "`lilliput list ops` prints what there is; write it with those, or keep this part outside the network"


@dataclass(frozen=True, eq=False)
class Constant:
    """A value known at compile time: an array, or integers that stand for `quant`'s real values."""

    data: Array
    quant: Quant | None = None

    @property
    def real(self) -> Array:
        """The values that float operators see."""
        return self.data if self.quant is None else self.quant.dequantise(self.data)


@dataclass(frozen=True)
class Activation:
    """What a name of the file stands for.

    Args:
        value: its name in the graph. Activations are float32 there; one that the file quantises carries its `quant`.
        integers: the integer type of the file's own value, where it holds the integers themselves.
        rounded: made by DequantizeLinear, so that it holds no more than the integers do.
    """

    value: str
    integers: str = ""
    rounded: bool = False


class Reader:
    """Collects nodes while the operators are translated, in the file's own layout.

    Args:
        name: of the graph.
    """

    def __init__(self, name: str) -> None:
        self.build = GraphBuilder(name)
        self.constants: dict[str, Constant] = {}
        self.activations: dict[str, Activation] = {}
        self.exact_reads: dict[str, str] = {}
        """Value → who reads it as it is before a QuantizeLinear rounds it."""
        self.rounded_by: dict[str, str] = {}
        """Value → the QuantizeLinear that it got its quantisation from."""
        self._folded = 0
        self._turned: dict[str, tuple[str, tuple[int, ...]]] = {}
        """Transpose → what it turned, and how."""

    def add(self, operator: Operator) -> None:
        """Translate one operator, or compute it where everything it needs is known.

        Raises:
            UnsupportedError: LP3xx, there is no exact translation, or the operator's parts do not fit each other.
            FileError: LP2xx, a value or a size in it cannot be.
        """
        try:
            self._add(operator)
        except (ValueError, IndexError, TypeError, KeyError, ArithmeticError) as error:
            raise BrokenGraph(f"{operator.path}: {error}") from None

    # --- what translators ask

    def shape(self, value: str) -> tuple[int, ...]:
        """The shape of a value of the graph."""
        return self.build.shape(value)

    def quant(self, value: str) -> Quant | None:
        """The quantisation of a value of the graph."""
        return self.build.values[value].quant

    def source(self, op: Operator, position: int) -> Activation:
        """What stands at an input that is not a constant. Raises BrokenGraph, UnsupportedAttribute."""
        name = op.need(position)
        if name not in self.activations:
            op.refuse(f"input {position}, {name!r}, is a constant")
        return self.activations[name]

    def x(self, op: Operator, position: int = 0) -> str:
        """The value at an input, as an operator on real numbers reads it; a constant becomes one of the graph."""
        name = op.need(position)
        constant = self.constants.get(name)
        if constant is not None:
            return self.operand(op, name, constant)
        source = self.activations[name]
        if not source.rounded and not source.integers:
            self.exact_reads.setdefault(source.value, op.path)
        return source.value

    def operand(self, op: Operator, name: str, constant: Constant) -> str:
        """A constant as an operand beside activations: float32, with its quantisation."""
        op.demand(constant.real.dtype.kind == "f", f"{name!r} is {constant.data.dtype}, float32 is expected")
        quant = constant.quant
        if quant is not None and not quant.is_per_tensor:
            op.refuse(f"{name!r} has a scale for each channel, which only weights may have")
        return self.build.constant(name, constant.real.astype(np.float32), quant)

    def weights(self, op: Operator, position: int, what: str) -> Constant:
        """Weights or a bias: integers where the file has them. Raises UnsupportedAttribute."""
        name = op.need(position)
        if name not in self.constants:
            op.refuse(f"{what} must be constant")
        constant = self.constants[name]
        op.demand(constant.real.dtype.kind == "f", f"{what} is {constant.data.dtype}")
        return constant if constant.quant is not None else Constant(constant.data.astype(np.float32))

    def node(self, op: Operator, kind: str, inputs: Sequence[str], **attrs: Any) -> str:
        """Add a node of ours and give its value's name. Raises UnsupportedOp where we have no such operator."""
        if kind not in ops:
            raise UnsupportedOp(f"{op.path} has no kernel", fix=NO_KERNEL)
        if all(self.build.values[name].is_constant for name in inputs):
            raise UnsupportedOp(f"{op.path} works on constants only", fix="fold constants before the export")
        if len(self.build.nodes) >= MAX_NODES:
            raise ImpossibleSize(f"{op.path}: the network takes more than {MAX_NODES} nodes")
        return self.build.node(kind, op.label, inputs, source=op.path, **attrs)

    def transpose(self, op: Operator, x: str, perm: Sequence[int]) -> str:
        """`x` with its axes in the order `perm`; what is there already where that undoes the transpose before it."""
        plain, source, before = list(range(len(perm))), *self._turned.get(x, ("", ()))
        if list(perm) == plain:
            return x
        # An input stays behind its transpose: that the file turns it first says that it comes channels last.
        undone = source not in ("", *self.build.inputs) and [before[axis] for axis in perm] == plain
        if undone and self._same_rounding(source, x):
            return source
        made = self.node(op, "transpose", [x], perm=tuple(perm))
        self._turned[made] = (x, tuple(perm))
        return made

    def reshape(self, op: Operator, x: str, shape: Sequence[int]) -> str:
        """`x` under another shape; the batch must stay the leading axis."""
        wanted, given = tuple(int(n) for n in shape), self.shape(x)
        if wanted == given:
            return x
        whole = bool(wanted) and bool(given) and wanted[0] == given[0] and math.prod(wanted) == math.prod(given)
        op.demand(whole, f"{list(given)} to {list(wanted)} does not keep the batch as the leading axis")
        return self.node(op, "reshape", [x], shape=wanted)

    def channels_last(
        self, op: Operator, kind: str, x: str, more: Sequence[str] = (), *, name: str = "", **attrs: Any
    ) -> str:
        """transpose, node, transpose for a value (N, C, H, W); (N, C, L) is taken as one row."""
        shape = self.shape(x)
        op.demand(len(shape) in (3, 4), f"{list(shape)} has {len(shape) - 2} axes beside batch and channels")
        image = self.reshape(op, x, (*shape[:2], 1, shape[2])) if len(shape) == 3 else x
        y = self.node(op, kind, [self.transpose(op, image, TO_LAST), *more], **attrs)
        y = self.transpose(op, y, TO_FIRST)
        return self.reshape(op, y, (*self.shape(y)[:2], self.shape(y)[3])) if len(shape) == 3 else y

    def annotate(self, value: str, quant: Quant) -> None:
        """Give a value its quantisation."""
        self.build.values[value] = replace(self.build.values[value], quant=quant)

    def output(self, name: str) -> str:
        """The value that an output of the file stands for."""
        source = self.activations[name]
        if not source.rounded and not source.integers:
            self.exact_reads.setdefault(source.value, f"the output {name!r}")
        return source.value

    def check_rounding(self) -> None:
        """Raise UnsupportedAttribute where a value is read both as it is and rounded by a QuantizeLinear."""
        for value, quantiser in self.rounded_by.items():
            if value in self.exact_reads:
                raise UnsupportedAttribute(
                    f"{quantiser} quantises {value!r}, and {self.exact_reads[value]} reads it as it is",
                    fix="let all of its readers read the quantised value",
                )

    # --- how it works

    def _same_rounding(self, source: str, turned: str) -> bool:
        """Whether a value may stand for its transpose; it takes over the quantisation that the transpose got."""
        quant = self.quant(turned)
        if self.quant(source) is None and quant is not None:
            self.annotate(source, quant)
        return self.quant(source) == quant

    def _add(self, operator: Operator) -> None:
        constants = [self.constants.get(name) for name in operator.inputs]
        op = replace(operator, known=tuple(None if c is None else c.real for c in constants))
        first = constants[0] if constants else None
        if op.kind in QUANTISERS and first is not None:
            self.constants[op.outputs[0]] = QUANTISERS[op.kind](op, first.data)
        elif op.kind in ("Shape", "Size") and not op.domain:
            self._shape(op)
        elif not op.domain and op.kind in FOLDERS and all(op.known[i] is not None for i in _present(op)):
            self._fold(op, constants)
        else:
            self._translate(op)

    def _shape(self, op: Operator) -> None:
        name = op.need(0)
        shape = self.constants[name].data.shape if name in self.constants else self.shape(self.activations[name].value)
        start, end = int(op.attrs.get("start", 0)), op.attrs.get("end")
        picked = shape[start : None if end is None else int(end)] if op.kind == "Shape" else math.prod(shape)
        self.constants[op.outputs[0]] = Constant(np.array(picked, np.int64))

    def _fold(self, op: Operator, constants: Sequence[Constant | None]) -> None:
        made = _fold_quantised(op, constants) or [Constant(array) for array in fold(op)]
        for name, constant in zip(op.outputs, made, strict=False):
            self._folded += constant.data.size
            if self._folded > MAX_FOLDED or constant.data.size > MAX_ELEMENTS:
                raise ImpossibleSize(f"{op.path}: computed constants have over {MAX_FOLDED} elements together")
            if name:
                self.constants[name] = constant

    def _translate(self, op: Operator) -> None:
        translator = TRANSLATORS.get((op.domain, op.kind))
        if translator is None:
            why = REFUSED.get(op.kind, "")
            raise UnsupportedOp(f"{op.path} has no translation", why=why, fix="" if why else NO_KERNEL)
        moves = translator in _MOVERS
        read = [self.activations[name] for name in op.inputs if name in self.activations]
        integers = {source.integers for source in read if source.integers}
        if integers and not moves and translator not in _OF_INTEGERS:
            op.refuse(f"it reads {', '.join(sorted(integers))} values, float32 is expected")
        made = translator(self, op)
        results = [made] if isinstance(made, (str, Activation)) else list(made)
        if any(op.outputs[len(results) :]):
            op.refuse(f"output {len(results)} is used, which has no translation")
        for name, result in zip(op.outputs, results, strict=False):
            if name:
                self.activations[name] = self._moved(op, result, read, moves) if isinstance(result, str) else result

    def _moved(self, op: Operator, value: str, read: Sequence[Activation], moves: bool) -> Activation:
        """What stands for a result. Values that were only moved are still what was read: integers, or rounded."""
        types, quants = {source.integers for source in read}, {self.quant(source.value) for source in read}
        whole = all(source.integers or source.rounded for source in read)
        if types - {""} and (len(types) > 1 or len(quants) > 1):
            op.refuse("joins integers of different types or scales")
        joins_constant = op.kind == "Concat" and len(read) < len(op.inputs)
        quant = next(iter(quants), None)
        if not moves or not whole or len(quants) != 1 or quant is None or joins_constant:
            return Activation(value)
        self.annotate(value, quant)
        return Activation(value, next(iter(types)), rounded=not types - {""})


Translator = Callable[[Reader, Operator], "str | Activation | Sequence[str]"]
AnyTranslator = TypeVar("AnyTranslator", bound=Translator)
TRANSLATORS: dict[tuple[str, str], Translator] = {}
REFUSED: dict[str, str] = {}
"""Operators that are known and have no exact translation, with the reason."""
QUANTISERS: dict[str, Callable[[Operator, Array], Constant]] = {}
"""What QuantizeLinear and DequantizeLinear do to constants."""
MAX_NODES = 6000
"""Of ours: one operator of a file can stand for many."""
_MOVERS: set[Translator] = set()
_OF_INTEGERS: set[Translator] = set()


def on(
    *kinds: str, domain: str = "", moves: bool = False, integers: bool = False
) -> Callable[[AnyTranslator], AnyTranslator]:
    """Enter a translator under the names of its operators.

    Args:
        kinds: the names.
        domain: "" for ONNX's own operators.
        moves: it moves values or chooses among them, so that it may work on quantised integers as they are.
        integers: it knows of integers by itself; all others are given real values only.
    """

    def enter(translator: AnyTranslator) -> AnyTranslator:
        TRANSLATORS.update({(domain, kind): translator for kind in kinds})
        if moves:
            _MOVERS.add(translator)
        if integers:
            _OF_INTEGERS.add(translator)
        return translator

    return enter


def refused(reasons: Mapping[str, str]) -> None:
    """Enter operators that are refused, with the reason that the message gives."""
    REFUSED.update(reasons)


def _present(op: Operator) -> list[int]:
    return [i for i, name in enumerate(op.inputs) if name]


def _fold_quantised(op: Operator, constants: Sequence[Constant | None]) -> list[Constant] | None:
    """Weights that are only moved stay integers."""
    first = constants[0] if constants else None
    if first is None or first.quant is None:
        return None
    quant = first.quant
    if op.kind == "Transpose" and quant.axis is not None:
        from lilliput.compiler.frontends.onnx.shapes import permutation

        quant = replace(quant, axis=permutation(op, first.data.ndim).index(quant.axis))
    elif op.kind not in ("Transpose", "Identity") and not (op.kind in _KEEPING and quant.is_per_tensor):
        return None
    return [Constant(array, quant) for array in fold(replace(op, known=(first.data, *op.known[1:])))]


_KEEPING = frozenset({"Reshape", "Flatten", "Squeeze", "Unsqueeze"})
