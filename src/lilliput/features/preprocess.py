"""What stands between raw samples and the network, in integers, the same on every machine.

A `Preprocess` is a frozen dataclass of plain values. Its `integer` is the definition, in NumPy; the C kernel that its
`kernel` names gives the same bytes. Axes: B batch, H height or frames, W width or bands, C channels.
"""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from lilliput.core.errors import BadName, BadValue

Array = NDArray[Any]
RawType = Literal["int16", "uint8"]

_KINDS: dict[str, type[Preprocess]] = {}


class Preprocess(ABC):
    """Base of the front ends: raw integers in, int8 out, channels last.

    A subclass is a frozen dataclass with fields of plain values (numbers, strings, tuples of them), checks them in
    `__post_init__` with `ValueError`, and names its C kernel. The real value of an output is
    `(q - output_zero_point) · output_scale`.
    """

    kind: ClassVar[str] = ""
    """The name under which `from_json` finds the class."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if cls.kind in _KINDS:
            raise ValueError(f"preprocess kind {cls.kind!r} is taken by {_KINDS[cls.kind].__name__}")
        _KINDS[cls.kind] = cls

    @property
    @abstractmethod
    def input_shape(self) -> tuple[int, ...]:
        """Shape of one raw item, without the batch axis."""

    @property
    @abstractmethod
    def input_dtype(self) -> RawType:
        """Type of the raw samples."""

    @property
    @abstractmethod
    def output_shape(self) -> tuple[int, int, int]:
        """(H, W, C) of one item as the network gets it."""

    @property
    @abstractmethod
    def output_scale(self) -> float:
        """Real value of one step; above 0 and exact in float32."""

    @property
    @abstractmethod
    def output_zero_point(self) -> int:
        """The integer that stands for the real value 0, in [-128, 127]."""

    @property
    @abstractmethod
    def kernel(self) -> str:
        """The C function, which is also the name of its files in `runtime/` and, with `_t`, of its parameters."""

    @abstractmethod
    def integer(self, raw: Array) -> NDArray[np.int8]:
        """The definition, bit for bit: raw (B, *input_shape) → int8 (B, H, W, C).

        Raises:
            ValueError: another type or another shape.
        """

    @abstractmethod
    def constants(self) -> dict[str, Array]:
        """The tables of the kernel: member of its parameter struct → array, in the order of the struct."""

    @abstractmethod
    def parameters(self) -> dict[str, int]:
        """The numbers of the kernel: member of its parameter struct → value."""

    def scratch_bytes(self) -> int:
        """Working memory of the kernel, aligned to 4."""
        return 0

    def dequantise(self, q: NDArray[np.int8]) -> NDArray[np.float32]:
        """The real values that the integers stand for, in the same shape."""
        steps = q.astype(np.float32) - np.float32(self.output_zero_point)
        return steps * np.float32(self.output_scale)

    def to_json(self) -> dict[str, Any]:
        """Plain values that `from_json` reads."""
        fields = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}  # type: ignore[arg-type]
        return {"kind": self.kind, **{k: list(v) if isinstance(v, tuple) else v for k, v in fields.items()}}

    @staticmethod
    def from_json(values: object) -> Preprocess:
        """The front end that `to_json` wrote.

        Raises:
            BadName: LP205, an unknown kind, or a key that is missing or too many.
            BadValue: LP207, a value of the wrong type or out of its range.
        """
        if not isinstance(values, Mapping) or not isinstance(values.get("kind"), str):
            raise BadName("a preprocessing must be an object with the key `kind`", why=f"received {_short(values)}")
        if values["kind"] not in _KINDS:
            raise BadName(f"no preprocessing is called {_short(values['kind'])}", why=f"known: {', '.join(_KINDS)}")
        cls = _KINDS[values["kind"]]
        expected = {f.name for f in dataclasses.fields(cls)}  # type: ignore[arg-type]
        found = {str(key) for key in values} - {"kind"}
        if found != expected:
            missing, extra = sorted(expected - found), sorted(found - expected)
            raise BadName(f"preprocessing {cls.kind!r}: missing {missing}, not known {[_short(e) for e in extra]}")
        plain = {k: tuple(v) if isinstance(v, list) else v for k, v in values.items() if k != "kind"}
        try:
            return cls(**plain)
        except (ValueError, TypeError, OverflowError) as error:
            raise BadValue(f"preprocessing {cls.kind!r}: {error}") from error

    def _checked(self, raw: Array) -> Array:
        """`raw`, if it is a batch of items of this front end."""
        if raw.dtype != self.input_dtype or raw.shape[1:] != self.input_shape:
            wanted = f"(B, {', '.join(map(str, self.input_shape))}) of {self.input_dtype}"
            raise ValueError(f"raw items must be {wanted}, got {raw.shape} of {raw.dtype}")
        return raw


def check_fields(front: object, types: Mapping[str, type]) -> None:
    """For `__post_init__`: each named field is of that type; an int is taken where a float is asked for.

    Raises:
        ValueError: another type; the message gives the value received.
    """
    for name, kind in types.items():
        value = getattr(front, name)
        allowed = (int, float) if kind is float else (kind,)
        if isinstance(value, bool) or not isinstance(value, allowed):
            raise ValueError(f"`{name}` must be of type {kind.__name__}, got {_short(value)}")


def check_raw_type(name: object) -> None:
    """For `__post_init__`: a raw type that there are kernels for.

    Raises:
        ValueError: another one.
    """
    if name not in get_args(RawType):
        raise ValueError(f"`input_dtype` must be one of {', '.join(get_args(RawType))}, got {_short(name)}")


def to_float32(value: float) -> float:
    """The nearest value that float32 holds exactly."""
    return float(np.float32(value))


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
