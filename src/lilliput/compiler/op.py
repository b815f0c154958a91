"""What an operator is: its grammar, its meaning in float and in integers, its cost, and the kernel that runs it.

One file in `compiler/ops/` per operator, with a class that is registered by `@register_op`. Nothing else is edited.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeAlias

import numpy as np

from lilliput.compiler.graph import Array, DType, Node, Value
from lilliput.core.errors import BrokenGraph, UnsupportedOp

if TYPE_CHECKING:
    from torch import Tensor

Signature: TypeAlias = tuple[tuple[int, ...], DType]

CType: TypeAlias = Literal[
    "int8_t", "uint8_t", "int16_t", "uint16_t", "int32_t", "uint32_t", "int64_t", "uint64_t", "float",
    "object",
]  # fmt: skip


@dataclass(frozen=True)
class Target:
    """What the kernels may use. The compiler knows no boards, only these facts about one.

    Args:
        dsp: the Arm DSP instructions (`SMLAD`, `SXTB16`, …).
        mve: the Arm vector extension of Armv8.1-M (Helium), integer and floating point.
        rvv: the integer vectors of RISC-V (Zve32x, or V), of any length.
        fpu: single-precision floating point in hardware.
        host: this machine, whose C compiler builds for its own vectors.
    """

    dsp: bool = False
    mve: bool = False
    rvv: bool = False
    fpu: bool = False
    host: bool = False


@dataclass(frozen=True, eq=False)
class Field:
    """One member of a kernel's parameter struct: a number, a constant array in flash that it points to, or with the
    type "object" the name of a constant of the runtime that it points to, which has files of that name.

    The printer refuses a number outside `ctype`. An array lies at a multiple of `align` bytes, of a word by itself, so
    that kernels may read four weights at once.
    """

    name: str
    ctype: CType
    value: int | float | Array | str
    align: int = 4


@dataclass(frozen=True, eq=False)
class Kernel:
    """One call of a runtime kernel: `function(&params, operand…, [scratch])`.

    Args:
        function: the C function; declared in `runtime/<function>.h`, defined in `runtime/<function>.c`, with the
            struct `<struct>_t`.
        fields: the members of the struct, in the order of its declaration.
        operands: names in the order of the pointers: inputs, then states, which the kernel may write, then the output.
            A kernel whose output is a state's very memory ends with that state instead.
        struct: stem of the struct's name, where it differs from the function (a variant shares its struct).
        scratch_bytes: working memory, aligned to 8, passed last as `void *`; 0 passes nothing.
        in_place: positions in `operands` of the inputs whose memory the output may take over, that is, where the
            kernel's contract allows exactly equal addresses.
        also: further runtime files (stems) that must be linked with it.
        variant: "" for the kernel that a node gets by default, else a short name, unique among the node's kernels
            (`Op.alternatives`); a node asks for it by its attribute `variant`.
    """

    function: str
    fields: tuple[Field, ...]
    operands: tuple[str, ...]
    struct: str = ""
    scratch_bytes: int = 0
    in_place: tuple[int, ...] = ()
    also: tuple[str, ...] = ()
    variant: str = ""

    @property
    def files(self) -> tuple[str, ...]:
        """Stems of the runtime files that it needs by name; what those include comes with them."""
        objects = (field.value for field in self.fields if isinstance(field.value, str))
        return (self.function, *objects, *self.also)


class Op(ABC):
    """An operator. Instances hold no state.

    `inputs` and `outputs` in the methods are the node's values in order. Batch is the leading axis of activations:
    `float` and `integer` take any batch, the graph itself is compiled for a batch of one.
    """

    name: ClassVar[str]
    arity: ClassVar[tuple[int, int]] = (1, 1)
    """Fewest and most inputs."""
    elementwise: ClassVar[bool] = False
    """Each output element depends on the same element of each input only; a transpose may pass through."""
    takes_activation: ClassVar[bool] = False
    """Has the attribute `activation`, so that a following relu or relu6 can be fused into it."""
    asks_outside: ClassVar[bool] = False
    """Its input is an input of the network that is not in memory: the kernel asks the application for parts of it."""

    def describe(self) -> dict[str, Any]:
        """What the code says of it: types and kernels, and the operators of files that are made of it."""
        from lilliput.compiler.catalogue import describe

        return describe(self.name)

    @abstractmethod
    def infer(self, node: Node, inputs: Sequence[Value]) -> Signature:
        """Shape and dtype of the output. Raises BrokenGraph when the inputs do not fit."""

    def check(self, node: Node, inputs: Sequence[Value], output: Value) -> None:
        """The grammar beyond arity and shapes: attribute ranges, quantisation. Raises BrokenGraph.

        Only rules that hold for every legal node of this operator belong here; what merely has no kernel is for
        `kernel` to refuse.
        """
        return  # most operators have no further rules

    @abstractmethod
    def float(self, node: Node, *x: Tensor) -> Tensor:
        """The meaning in float32, differentiable, channels last, any batch."""

    def integer(self, node: Node, inputs: Sequence[Value], output: Value, *x: Array) -> Array:
        """The meaning in integers, bit for bit what the kernel gives. Any batch."""
        raise self.unsupported(node, "has no integer form")

    def evaluate(self, node: Node, inputs: Sequence[Value], output: Value, *x: Array) -> Array:
        """What the device gives: `float` where all activations are float32, else `integer`. Any batch.

        The array of a state comes as it is after the last run, (1, …), and is brought up to date in place.
        """
        if not _all_float(inputs, output):
            return self.integer(node, inputs, output, *x)
        import torch

        with torch.no_grad():
            made: Array = self.float(node, *(torch.from_numpy(_writable(array)) for array in x)).numpy()
        return made

    def lower(self, node: Node, inputs: Sequence[Value], output: Value, target: Target) -> Kernel | None:
        """The kernel call for the types of this node: `kernel_float` where all are float32, else `kernel`."""
        if _all_float(inputs, output):
            return self.kernel_float(node, inputs, output, target)
        return self.kernel(node, inputs, output, target)

    def alternatives(self, node: Node, inputs: Sequence[Value], output: Value, target: Target) -> tuple[Kernel, ...]:
        """Other kernels with the very bytes of `kernel`, for integer nodes, each with a `variant` of its own.

        Which is the fastest depends on the shapes and the core: a tuner measures them all, and writes its choice into
        the node's attribute `variant`.
        """
        return ()

    def choose(self, node: Node, inputs: Sequence[Value], output: Value, target: Target) -> Kernel | None:
        """The kernel whose name the attribute `variant` gives. A wish and no rule: where the target has no such kernel
        the node gets the one of `lower`, whose bytes are the same."""
        wanted = node.attrs.get("variant")
        if wanted and not _all_float(inputs, output):
            for kernel in self.alternatives(node, inputs, output, target):
                if kernel.variant == wanted:
                    return kernel
        return self.lower(node, inputs, output, target)

    def steps(self, node: Node, inputs: Sequence[Value]) -> int:
        """Time steps in each byte of the output where it is trains of spikes (`Value.steps`), 0 where it is not.

        Raises BrokenGraph where trains enter an operator that would take them for numbers."""
        trains = [value.name for value in inputs if value.steps]
        expect(not trains, node, f"takes numbers, and {', '.join(trains)} holds trains of spikes")
        return 0

    def moves_batch(self, node: Node, inputs: Sequence[Value], output: Value) -> bool:
        """Whether elements cross the leading axis, so that each row of a batch must be run alone."""
        return False

    def macs(self, node: Node, inputs: Sequence[Value], output: Value) -> int:
        """Multiply-accumulates of one inference (batch 1)."""
        return 0

    def kernel(self, node: Node, inputs: Sequence[Value], output: Value, target: Target) -> Kernel | None:
        """The kernel call, or None when the node needs no code because its output is its input's very bytes."""
        raise self.unsupported(node, "has no kernel")

    def kernel_float(self, node: Node, inputs: Sequence[Value], output: Value, target: Target) -> Kernel | None:
        """`kernel` for float32 activations: as `float`, within the rounding of sums in another order."""
        raise self.unsupported(node, "has no float32 kernel")

    def unsupported(self, node: Node, what: str) -> UnsupportedOp:
        """The error for a node that cannot be lowered."""
        where = f" ({node.source})" if node.source else ""
        return UnsupportedOp(
            f'{node.op} at "{node.name}"{where} {what}', fix="`lilliput list ops` prints what there is"
        )


def _all_float(inputs: Sequence[Value], output: Value) -> bool:
    active = [value.dtype for value in (*inputs, output) if not value.is_constant and not value.is_state]
    return all(dtype == "float32" for dtype in active)


def _writable(array: Array) -> Array:
    made = np.ascontiguousarray(array)
    return made if made.flags.writeable else made.copy()


def broken(node: Node, what: str) -> BrokenGraph:
    """The error for a node that breaks its operator's grammar."""
    return BrokenGraph(f'{node.op} at "{node.name}": {what}')


def expect(condition: bool, node: Node, what: str) -> None:
    """Raise BrokenGraph naming the node unless `condition` holds."""
    if not condition:
        raise broken(node, what)


def activation_of(node: Node) -> str:
    """The fused activation of a node. Raises BrokenGraph when it is none of `ACTIVATIONS`."""
    activation = str(node.attrs.get("activation", "none"))
    expect(activation in ACTIVATIONS, node, f"activation {activation!r} is none of {', '.join(ACTIVATIONS)}")
    return activation


def activation_range(activation: str, output: Value) -> tuple[int, int]:
    """Integer clamp of a fused activation (`none`, `relu`, `relu6`, `relu_n1_to_1`) in the output's scale and type."""
    limits = np.iinfo(output.dtype)
    low, high = int(limits.min), int(limits.max)

    def quantised(real: float) -> int:
        scaled = np.float32(real) / np.float32(output.scale)
        return output.zero_point + int(np.trunc(scaled + np.copysign(np.float32(0.5), scaled)))

    if activation in ("relu", "relu6"):
        low = max(low, quantised(0.0))
    if activation == "relu6":
        high = min(high, quantised(6.0))
    if activation == "relu_n1_to_1":
        low, high = max(low, quantised(-1.0)), min(high, quantised(1.0))
    return low, high


ACTIVATIONS = ("none", "relu", "relu6", "relu_n1_to_1")


def apply_activation(activation: str, y: Tensor) -> Tensor:
    """A fused activation in float."""
    if activation == "relu":
        return y.clamp_min(0.0)
    if activation == "relu6":
        return y.clamp(0.0, 6.0)
    if activation == "relu_n1_to_1":
        return y.clamp(-1.0, 1.0)
    return y
