"""What `list` and `info` know: the kinds of named things, and how to describe one without knowing its package."""

from __future__ import annotations

import dataclasses
import difflib
import importlib
import inspect
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lilliput.core.errors import MissingExtra, UnknownName
from lilliput.core.registry import Registry

# Kind → module and attribute of its registry. In the order of how long they take to import.
KINDS = {
    "boards": ("lilliput.boards", "boards"),
    "papers": ("lilliput.papers", "papers"),
    "tasks": ("lilliput.tasks", "tasks"),
    "ops": ("lilliput.compiler.ops", "ops"),
    "models": ("lilliput.models", "models"),
}


def open_registry(kind: str) -> Registry[Any]:
    """The registry of one kind.

    Raises:
        UnknownName: LP100, no such kind, or this installation has nothing of it.
        MissingExtra: LP601, a package that it needs is not installed.
    """
    if kind not in KINDS:
        near = difflib.get_close_matches(kind, KINDS, n=1)
        fix = f"did you mean {near[0]}?" if near else f"the kinds are {', '.join(sorted(KINDS))}"
        raise UnknownName(f"there is no kind of thing called {kind!r}", fix=fix)
    module, attribute = KINDS[kind]
    try:
        registry = getattr(importlib.import_module(module), attribute)
        len(registry)  # imports the files behind it
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("lilliput"):
            raise UnknownName(f"this installation has no {kind}: {error}") from error
        raise MissingExtra(
            f"{kind} need the package {error.name!r}, which is not installed",
            fix="`lilliput doctor` gives the command that installs it",
        ) from error
    except AttributeError as error:
        if getattr(error, "obj", None) is None or not inspect.ismodule(error.obj) or error.name != attribute:
            raise
        raise UnknownName(f"this installation has no {kind}") from error
    if not isinstance(registry, Registry):
        raise TypeError(f"{module}.{attribute} must be a Registry, it is a {type(registry).__name__}")
    return registry


def description(registry: Registry[Any], name: str) -> dict[str, Any]:
    """What there is to say about one entry, as plain values.

    Its `describe()`; without one, the fields of a dataclass and the first line of a docstring.
    """
    entry = registry[name]
    describe = getattr(entry, "describe", None)
    if callable(describe) and not inspect.isclass(entry):
        found = describe()
        return {str(key): plain(value) for key, value in found.items()}
    line = _first_line(registry, entry)
    fields = plain(entry) if dataclasses.is_dataclass(entry) and not inspect.isclass(entry) else {}
    return {**({"summary": line} if line else {}), **fields}


def summary(described: Mapping[str, Any]) -> str:
    """One line for a list."""
    for key in ("summary", "title", "description", "doc"):
        if isinstance(described.get(key), str) and described[key]:
            return str(described[key]).strip().splitlines()[0]
    for value in described.values():
        if isinstance(value, str) and len(value.split()) > 1:
            return value.strip().splitlines()[0]
    return ""


def plain(value: object) -> Any:
    """`value` as JSON types; what JSON does not have becomes its text."""
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, (set, frozenset)):
        return sorted(plain(item) for item in value)
    if isinstance(value, Path):
        return value.as_posix()
    if inspect.isclass(value) or inspect.isroutine(value):
        lines = (inspect.getdoc(value) or "").strip().splitlines()
        return lines[0] if lines else value.__name__
    item = getattr(value, "item", None)  # a numpy or torch scalar
    return plain(item()) if callable(item) and getattr(value, "shape", None) == () else str(value)


def _first_line(registry: Registry[Any], entry: object) -> str:
    is_own = inspect.isclass(entry) or inspect.isroutine(entry) or inspect.ismodule(entry)
    kind: object = entry if is_own else type(entry)
    # The docstring of a class that many entries share says nothing about any one of them.
    if not is_own and sum(type(registry[other]) is kind for other in registry) > 1:
        return ""
    lines = (inspect.getdoc(kind) or "").strip().splitlines()
    return lines[0] if lines else ""
