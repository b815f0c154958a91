"""Settings: a frozen dataclass, filled from a TOML file and from `--set section.key=value`, checked before use.

Later wins: the dataclass's defaults, `base`, the file, the overrides. A key that nothing reads is an error with a
suggestion; a value of the wrong type is an error with its place. TOML says the type: `1e-3` is a number, `true` a
truth value, `[1, 2]` a list; what is not TOML on the command line is taken as text.
"""

from __future__ import annotations

import dataclasses
import difflib
import json
import math
import tomllib
import types
import typing
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError

from lilliput.core.errors import BadSetting, ImpossibleSize
from lilliput.core.files import read_bytes

S = TypeVar("S")

_SIZE_LIMIT = 1024**2  # bytes of a settings file
_SHOWN = 5


def load_settings(
    cls: type[S],
    *,
    file: Path | None = None,
    overrides: Sequence[str] = (),
    base: Mapping[str, object] | None = None,
) -> S:
    """An instance of the dataclass `cls`, whose fields may be dataclasses themselves.

    A dataclass with a class method `parse(mapping)` reads its own section; so `flash = "256KiB"` becomes bytes.

    Args:
        cls: a frozen dataclass with defaults.
        file: TOML.
        overrides: texts `section.key=value`, in order.
        base: values below the file's, such as those of a recipe.

    Raises:
        BadSetting: LP101, an unknown key, a value of the wrong type or out of range, or text that is not TOML.
        MissingFile: LP221, `file` is not there.
    """
    merged: dict[str, Any] = {}
    _merge(merged, base or {})
    if file is not None:
        _merge(merged, read_toml(file))
    for text in overrides:
        path, value = parse_override(text)
        for key in reversed(path):
            value = {key: value}
        _merge(merged, value)  # type: ignore[arg-type]
    return _validated(cls, merged)


def read_toml(path: Path) -> dict[str, Any]:
    """The content of a TOML file of at most 1 MiB.

    Raises:
        MissingFile: LP221. BadSetting: LP101, not TOML; the message gives line and column.
    """
    try:
        return tomllib.loads(read_bytes(path, limit=_SIZE_LIMIT).decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError, ImpossibleSize) as error:
        raise BadSetting(f"{path} is not TOML: {_first_line(error)}", fix='text needs quotes: name = "value"') from None


def parse_override(text: str) -> tuple[tuple[str, ...], object]:
    """`"train.lr=1e-3"` as `(("train", "lr"), 0.001)`.

    Raises:
        BadSetting: LP101, there is no `=`, or an empty part before it.
    """
    name, equals, raw = text.partition("=")
    path = tuple(part.strip() for part in name.split("."))
    if not equals or not all(path):
        raise BadSetting(f"`--set {text}` is not key=value", fix="write for example --set train.epochs=10")
    return path, _toml_value(raw.strip())


def resolved(settings: object) -> dict[str, Any]:
    """All values, defaults included, as plain JSON types; `load_settings(cls, base=…)` gives the same settings back."""
    plain = TypeAdapter(type(settings)).dump_python(settings, mode="json")
    if not isinstance(plain, dict):
        raise ValueError(f"settings are a dataclass, got {type(settings).__name__}")
    return plain


def json_schema(cls: type) -> dict[str, Any]:
    """JSON Schema of a settings dataclass, unknown keys refused, for editors."""
    schema = TypeAdapter(cls).json_schema()
    for part in (schema, *schema.get("$defs", {}).values()):
        if part.get("type") == "object" and "properties" in part:
            part["additionalProperties"] = False
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def _validated(cls: type[S], values: dict[str, Any]) -> S:
    plain = _plain(cls, values, cls, ())
    try:
        # The JSON reader in strict mode takes a list for a tuple and text for a path, but no "3" for 3.
        return TypeAdapter(cls).validate_json(json.dumps(plain, default=str), strict=True)
    except ValidationError as error:
        raise _bad_values(error) from None
    except PydanticSerializationError as error:
        raise BadSetting(f"the settings cannot be read: {error}") from None


def _plain(cls: Any, values: Mapping[str, Any], top: Any, path: tuple[str, ...]) -> dict[str, Any]:
    """`values` with each key known to `cls`, and sections that read themselves already read."""
    kinds = _fields(cls)
    result = {}
    for key, value in values.items():
        here = (*path, str(key))
        if key not in kinds:
            raise _unknown(here, top)
        section = _section(kinds[key])
        if section is not None and isinstance(value, Mapping):
            value = _read_section(section, value, top, here)
        _check_finite(value, here)
        result[str(key)] = value
    return result


def _read_section(section: Any, value: Mapping[str, Any], top: Any, path: tuple[str, ...]) -> dict[str, Any]:
    parse = getattr(section, "parse", None)
    if parse is None:
        return _plain(section, value, top, path)
    return dataclasses.asdict(parse(value))


def _fields(cls: Any) -> dict[str, Any]:
    hints = typing.get_type_hints(cls)
    return {field.name: hints[field.name] for field in dataclasses.fields(cls) if field.init}


def _section(kind: Any) -> Any:
    """The dataclass in `Section` or `Section | None`, or None."""
    options = typing.get_args(kind) if typing.get_origin(kind) in (typing.Union, types.UnionType) else (kind,)
    found = [option for option in options if isinstance(option, type) and dataclasses.is_dataclass(option)]
    return found[0] if len(found) == 1 else None


def _unknown(path: tuple[str, ...], top: Any) -> BadSetting:
    asked, known = ".".join(path), list(_dotted(top, ()))
    near = difflib.get_close_matches(asked, known, n=3, cutoff=0.6)
    near += [key for key in known if key.split(".")[-1] == path[-1] and key not in near]
    fix = f"did you mean {', '.join(near[:3])}?" if near else f"the keys are {', '.join(known[:20])}"
    return BadSetting(f"there is no setting {asked!r}", fix=fix)


def _dotted(cls: Any, path: tuple[str, ...]) -> Iterator[str]:
    for name, kind in _fields(cls).items():
        section = _section(kind)
        if section is None:
            yield ".".join((*path, name))
        else:
            yield from _dotted(section, (*path, name))


def _bad_values(error: ValidationError) -> BadSetting:
    problems = error.errors(include_url=False)
    lines = []
    for problem in problems[:_SHOWN]:
        place = ".".join(str(part) for part in problem["loc"])
        message = problem["msg"].removeprefix("Value error, ")
        given = f", got {problem['input']!r}" if place and problem["type"] != "missing" else ""
        lines.append(f"{place}: {message}{given}" if place else message)
    if len(problems) > _SHOWN:
        lines.append(f"and {len(problems) - _SHOWN} more")
    is_text = any(problem["type"] == "string_type" for problem in problems)
    fix = "text that looks like a number needs quotes of its own: --set 'key=\"123\"'" if is_text else ""
    return BadSetting("; ".join(lines), fix=fix)


def _check_finite(value: object, path: tuple[str, ...]) -> None:
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, float) and not math.isfinite(item):
            raise BadSetting(f"{'.'.join(path)} is {item}; numbers are finite")
        if isinstance(item, Mapping):
            waiting += item.values()
        elif isinstance(item, (list, tuple)):
            waiting += item


def _toml_value(raw: str) -> object:
    try:
        parsed = tomllib.loads(f"value = {raw}")
    except (tomllib.TOMLDecodeError, RecursionError):
        return _number_or_text(raw)
    value = parsed.get("value")
    # A line break in `raw` could bring keys of its own; dates and times stay the text that was typed.
    return value if len(parsed) == 1 and isinstance(value, (bool, int, float, str, list, dict)) else raw


def _number_or_text(raw: str) -> object:
    """`.5` and `5.` are numbers to everyone but TOML."""
    try:
        return float(raw) if set(raw) <= set("+-.0123456789eE") else raw
    except ValueError:
        return raw


def _merge(into: dict[str, Any], values: Mapping[str, Any]) -> None:
    for key, value in values.items():
        if isinstance(value, Mapping) and isinstance(into.get(key), dict):
            _merge(into[key], value)
        elif isinstance(value, Mapping):
            into[key] = {}
            _merge(into[key], value)
        else:
            into[key] = value


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
