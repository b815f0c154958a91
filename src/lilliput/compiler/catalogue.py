"""What there is of operators, read off the code: types and kernels of each, and the operators of files that become it.

Nothing here is written down twice. The kernels of an operator are those that its methods name, the types are those of
the kernels' names, and the operators of a format are those whose translators ask for it.
"""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from importlib.resources import files
from types import CodeType, FunctionType
from typing import Any

from lilliput.compiler.op import Op
from lilliput.compiler.ops import ops

FORMATS = ("tflite", "onnx", "aten")
_PACKAGE = "lilliput.compiler.ops"
_CORES = ("dsp", "mve", "rvv", "simd")
"""Suffixes of the kernels for cores with vectors; the others run anywhere."""
_TYPES = {
    "s4": "int4", "s8": "int8", "u8": "uint8", "s16": "int16", "u16": "uint16", "s32": "int32", "s64": "int64",
    "f32": "float32",
}  # fmt: skip
_MAKERS = ("node", "between", "_channels_last", "channels_last", "_paired", "paired")
"""Functions and methods of the front ends that add a node, its operator among their arguments."""


def describe(name: str) -> dict[str, Any]:
    """One operator: `summary`, `types`, `kernels`, and a list of names for each of `FORMATS`."""
    op = ops[name]
    kernels = kernels_of(op)
    return {
        "summary": (inspect.getdoc(type(op)) or "").strip().splitlines()[0],
        "types": _declared(op, types_of(kernels)),
        "cores": sorted({_core(kernel) for kernel in kernels}, key=("portable", *_CORES).index),
        "kernels": kernels,
        **{kind: [theirs for theirs, ours in translations(kind).items() if name in ours] for kind in FORMATS},
    }


def _declared(op: Op, types: list[str]) -> list[str]:
    """The types an operator says it takes, where it does; others share its kernels with those that take more."""
    takes = list(getattr(op, "takes", ()))
    return takes + [kind for kind in types if kind == "float32" and kind not in takes] if takes else types


def kernels_of(op: Op) -> list[str]:
    """The runtime's functions that the operator can ask for, sorted."""
    stems = _stems(type(op))
    known = runtime_stems()
    found = {known_stem for known_stem in known for stem in stems if _is_kernel(stem, known_stem)}
    return sorted(found | {f"{stem}_{core}" for stem in found for core in _CORES} & known)


def types_of(kernels: list[str]) -> list[str]:
    """The types that kernels work on, by their names; "any" where one moves bytes of any type."""
    found = {_TYPES.get(part) for kernel in kernels for part in kernel.split("_")[1:]} - {None}
    untyped = any(not set(kernel.split("_")) & set(_TYPES) for kernel in kernels)
    return (["any"] if untyped else []) + [kind for kind in _TYPES.values() if kind in found]


@cache
def runtime_stems() -> frozenset[str]:
    """The functions of the runtime."""
    return frozenset(path.name[:-2] for path in files("lilliput.runtime").iterdir() if path.name.endswith(".c"))


@cache
def translations(kind: str) -> Mapping[str, frozenset[str]]:
    """Name of an operator of a format → the operators of ours that its translation is made of, sorted by name."""
    return {theirs: _asked_for(theirs, translator) for theirs, translator in sorted(_translators(kind))}


def _translators(kind: str) -> Iterator[tuple[str, Callable[..., Any]]]:
    if kind == "tflite":
        from lilliput.compiler.frontends.tflite_ops import TRANSLATORS

        yield from TRANSLATORS.items()
    elif kind == "onnx":
        from lilliput.compiler.frontends.onnx import operators as _  # noqa: F401 enters them
        from lilliput.compiler.frontends.onnx.reader import TRANSLATORS as BY_DOMAIN

        yield from ((f"{domain}.{name}" if domain else name, made) for (domain, name), made in BY_DOMAIN.items())
    elif kind == "aten":
        from lilliput.compiler.frontends import (  # noqa: F401 they enter their translations
            _aten_math,
            _aten_moves,
            _aten_recurrent,
            _aten_spiking,
        )
        from lilliput.compiler.frontends._aten import HANDLERS

        yield from HANDLERS.items()
    else:
        raise ValueError(f"the formats are {', '.join(FORMATS)}, got {kind!r}")


def _core(kernel: str) -> str:
    return next((core for core in _CORES if kernel.endswith(f"_{core}")), "portable")


def _is_kernel(named: str, stem: str) -> bool:
    """Whether a piece of text in an operator's code stands for a kernel: its name, or the beginning of one, where the
    rest is worked out."""
    if stem == named or (named.endswith("_") and stem.startswith(named)):
        return True
    rest = stem.removeprefix(named)
    return rest != stem and named not in runtime_stems() and bool(re.fullmatch(r"\d?(_[a-z]?\d+|_(s|f|u)\d+.*)?", rest))


def _stems(kind: type[Op]) -> set[str]:
    """The pieces of kernels' names in the methods of an operator, and in the functions of the package they call."""
    todo: list[FunctionType] = []
    found: set[str] = set()
    overridden: set[str] = set()
    for base in kind.__mro__:
        if not base.__module__.startswith(_PACKAGE):
            continue
        for name, member in vars(base).items():
            member = member.__func__ if isinstance(member, (staticmethod, classmethod)) else member
            if isinstance(member, FunctionType) and name not in overridden:
                todo.append(member)
                overridden |= set() if "super" in member.__code__.co_names else {name}
    stem = getattr(kind, "function", "")
    found |= {stem} if stem else set()
    seen: set[FunctionType] = set()
    while todo:
        function = todo.pop()
        if function in seen:
            continue
        seen.add(function)
        found |= {text for text in function.__defaults__ or () if str(text).startswith("lp_")}
        for code in _codes(function.__code__):
            found |= {text for text in code.co_consts if isinstance(text, str) and re.fullmatch(r"lp_[a-z0-9_]+", text)}
            if "lp_" in code.co_consts:  # an operator's own name in between
                found |= {f"lp_{kind.name}{rest}" for rest in code.co_consts if str(rest).startswith("_")}
            called = (function.__globals__.get(name) for name in code.co_names)
            todo += [f for f in called if isinstance(f, FunctionType) and f.__module__.startswith(_PACKAGE)]
    return found


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)


def _asked_for(theirs: str, translator: Callable[..., Any]) -> frozenset[str]:
    """The operators of ours that a translator's calls of `_MAKERS` can name."""
    found: set[str] = set()
    seen: set[Callable[..., Any]] = set()
    todo = [translator]
    while todo:
        function = todo.pop()
        if function in seen:
            continue
        seen.add(function)
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
        scope = inspect.unwrap(function).__globals__
        assigned = _assignments(tree)
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
            called = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
            if called in _MAKERS:
                for argument in call.args:
                    found |= _texts(argument, assigned, scope, theirs)
                continue
            owner = scope.get("Reader") if isinstance(call.func, ast.Attribute) else None
            helper = scope.get(called) if owner is None else getattr(owner, called, None)
            if isinstance(helper, FunctionType) and helper.__module__.startswith("lilliput.compiler.frontends"):
                todo.append(helper)
    return frozenset(found & set(ops))


def _assignments(tree: ast.AST) -> dict[str, list[ast.expr]]:
    found: dict[str, list[ast.expr]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                values = [node.value.body, node.value.orelse] if isinstance(node.value, ast.IfExp) else [node.value]
                for value in values:
                    pairs = [(target, value)]
                    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
                        pairs = list(zip(target.elts, value.elts, strict=False))
                    for one, part in pairs:
                        if isinstance(one, ast.Name):
                            found.setdefault(one.id, []).append(part)
    return found


def _texts(
    node: ast.expr, assigned: Mapping[str, list[ast.expr]], scope: Mapping[str, Any], theirs: str, depth: int = 0
) -> set[str]:
    """The texts that an expression can give for an operator called `theirs`."""
    if depth > 4:
        return set()
    if isinstance(node, ast.Constant):
        return {node.value} if isinstance(node.value, str) else set()
    if isinstance(node, ast.IfExp):
        return _texts(node.body, assigned, scope, theirs, depth + 1) | _texts(
            node.orelse, assigned, scope, theirs, depth + 1
        )
    if isinstance(node, ast.Name):
        return {text for v in assigned.get(node.id, []) for text in _texts(v, assigned, scope, theirs, depth + 1)}
    if isinstance(node, (ast.Subscript, ast.Call)):
        return _looked_up(node, assigned, scope, theirs)
    return set()


def _looked_up(
    node: ast.expr, assigned: Mapping[str, list[ast.expr]], scope: Mapping[str, Any], theirs: str
) -> set[str]:
    """What a table of names gives for `theirs`; or `theirs` itself, where its own name is worked on."""
    short = theirs.split(".")[1] if theirs.startswith("aten.") else theirs.split(".")[-1]
    own = {short, short.rstrip("_"), short.lower(), theirs.removeprefix("aten.")}
    for inner in ast.walk(node):
        table: Any = scope.get(inner.id) if isinstance(inner, ast.Name) else None
        if isinstance(inner, ast.Name) and table is None:
            for value in assigned.get(inner.id, []):
                if isinstance(value, ast.Dict):
                    table = ast.literal_eval(value)
        if isinstance(table, dict):
            return {str(table[key]) for key in own if key in table}
    return own
