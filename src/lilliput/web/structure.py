"""What a paper's system consists of, read from the code: its files, which uses which, its networks and their layers.

A file holds a part of a system when it cites the paper's number, when it is the recipe's, or when the recipe imports
it. A network is the paper's when such a file registers it. Nothing of this is written down a second time.
"""

from __future__ import annotations

import ast
import functools
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lilliput
from lilliput.papers import Paper

ROOT = Path(lilliput.__file__).resolve().parent
_ELSEWHERE = ("core", "papers", "web", "cli")
"""Packages that every system uses, or that only tell of it."""
_ROWS = ("papers", "build", "fleet", "search", "compress", "continual", "spiking", "analog", "train", "boards",
         "compiler", "models", "layers", "features", "tasks")  # fmt: skip
"""Packages from the top of a picture to its bottom: each uses those below."""
MOST_LAYERS = 24
MOST_FILES = 15
"""A picture with more of them has a box for each folder."""
_RECIPE = -1
"""The row of the recipe, above all."""


@dataclass(frozen=True)
class Source:
    """One file of a system.

    Args:
        module: dotted name.
        path: below the folder that holds the package.
        file: where it lies.
        about: first line of its docstring.
        why: what makes it a part.
        uses: modules of the same system that it imports.
    """

    module: str
    path: str
    file: Path
    about: str
    why: str
    uses: tuple[str, ...]

    @property
    def package(self) -> str:
        """The package within ours; empty for a module from elsewhere."""
        parts = self.module.split(".")
        return parts[1] if parts[0] == "lilliput" and len(parts) > 1 else ""


def sources_of(paper: Paper) -> tuple[Source, ...]:
    """The files of a paper's system, the recipe's first, then from the top of the package's order to its bottom."""
    found: dict[str, tuple[Path, str]] = {}
    recipe = _recipe_file(paper)
    if recipe is not None:
        module, file = recipe
        found[module] = (file, "the recipe")
        for used in _imports(file):
            if used in _files() and used.split(".")[1] not in _ELSEWHERE:
                found.setdefault(used, (_files()[used], "the recipe uses it"))
    for module in _citing(paper):
        found.setdefault(module, (_files()[module], f"cites {_number(paper)}"))
    parts = [
        Source(module, module.replace(".", "/") + ("/__init__.py" if file.name == "__init__.py" else ".py"), file,
               _about(file), why, tuple(used for used in _imports(file) if used in found and used != module))
        for module, (file, why) in found.items()
    ]  # fmt: skip
    return tuple(sorted(parts, key=lambda part: (part.why != "the recipe", _row(part.package), part.module)))


def models_of(paper: Paper, sources: Iterable[Source]) -> list[str]:
    """Registered networks of a system: those that the recipe names, else those of its files that bear the paper's name,
    else all that its files register."""
    files = {source.module for source in sources}
    recipe = _recipe_file(paper)
    uses = files | set(_imports(recipe[1]) if recipe is not None else ())
    if not any(module == "lilliput.models" or module.startswith("lilliput.models.") for module in uses):
        return []  # without importing torch
    from lilliput.models import models

    if recipe is not None:
        words = _texts(recipe[1])
        named = [name for name in models if name in words]
        if named:
            return named
    held = [name for name in models if getattr(models[name].network, "__module__", "") in files]
    return [name for name in held if paper.name.replace("-", "_") in name] or held


@functools.lru_cache(maxsize=256)
def layers_of(model: str) -> tuple[dict[str, Any], ...]:
    """The parts of a network in the order in which they run, in as much detail as a picture can hold.

    Each has name, kind, shape of its output without the batch axis, parameters, multiply-accumulates, their share, and
    how many times it runs: a part of a loop stands once, where it runs first.
    """
    import torch

    from lilliput.models import create_model, models
    from lilliput.models.cost import macs_by_layer, shape_input
    from lilliput.models.shapes import shapes_only

    shape = models[model].defaults.input_shape
    with shapes_only():
        network = create_model(model).eval()
    macs = macs_by_layer(network, shape)
    names = _shown_modules([name for name, _ in network.named_modules() if name])
    ran: list[tuple[str, tuple[int, ...]]] = []
    modules = dict(network.named_modules())
    hooks = [modules[name].register_forward_hook(functools.partial(_note, ran, name)) for name in names]
    with torch.no_grad():
        network(shape_input(network, shape))
    for hook in hooks:
        hook.remove()
    total = sum(macs.values()) or 1
    found = []
    times = Counter(name for name, _ in ran)
    shapes: dict[str, tuple[int, ...]] = {}
    for name, out in ran:
        shapes.setdefault(name, out)
    for name, out in shapes.items():
        spent = sum(value for layer, value in macs.items() if layer == name or layer.startswith(name + "."))
        params = sum(p.numel() for p in modules[name].parameters())
        found.append({"name": name, "kind": type(modules[name]).__name__, "shape": list(out), "params": params,
                      "macs": spent, "share": spent / total, "times": times[name]})  # fmt: skip
    return tuple(found)


def _note(ran: list[tuple[str, tuple[int, ...]]], name: str, module: Any, given: Any, out: Any) -> None:
    first = out[0] if isinstance(out, (tuple, list)) and out else out
    ran.append((name, tuple(getattr(first, "shape", ()))[1:]))


def _shown_modules(names: list[str]) -> list[str]:
    """The deepest cut through the tree of modules that has few enough parts."""
    holding = {name.rpartition(".")[0] for name in names}
    best: list[str] = []
    for depth in range(1, 8):
        cut = [n for n in names if n.count(".") + 1 == depth or (n.count(".") + 1 < depth and n not in holding)]
        if len(cut) > MOST_LAYERS and best:
            break
        best = cut
    return best


@dataclass
class _Box:
    """A file, or the files of one folder, as the picture has it."""

    name: str
    words: str
    told: str
    row: int
    uses: set[str]


def system_picture(paper: Paper, sources: Iterable[Source]) -> dict[str, Any] | None:
    """Boxes and lines of the files that use one another: what is used stands below what uses it.

    Of many files, those of one folder share a box. None where no file uses another.
    """
    sources = list(sources)
    if len(sources) < 2:
        return None
    drawn = _boxes(sources)
    rows: dict[int, list[str]] = {}
    for key, box in drawn.items():
        rows.setdefault(box.row, []).append(key)
    places: dict[str, dict[str, Any]] = {}
    wide, high, gap, across, top = 196, 46, 44, 3, 4
    y = top
    for row, members in sorted(rows.items()):
        for start in range(0, len(members), across):
            line = members[start : start + across]
            left = (across * (wide + 16) - len(line) * (wide + 16)) / 2 + 8
            for place, key in enumerate(line):
                places[key] = {
                    "x": left + place * (wide + 16), "y": y, "name": drawn[key].name, "wide": wide, "high": high,
                    "package": drawn[key].words, "main": row == _RECIPE, "told": drawn[key].told,
                }  # fmt: skip
            y += high + gap
    lines = [
        _line(places[key], places[used])
        for key, box in drawn.items()
        for used in sorted(box.uses)
        if places[used]["y"] > places[key]["y"]
    ]
    if not lines:
        return None
    return {"width": across * (wide + 16), "height": y - gap + top, "boxes": list(places.values()), "lines": lines}


def _boxes(sources: list[Source]) -> dict[str, _Box]:
    """A box for each file, or for each folder where there are too many files."""
    many = len(sources) > MOST_FILES
    home = {source.module: _folder(source) if many and source.why != "the recipe" else source.path
            for source in sources}  # fmt: skip
    held = Counter(home.values())
    boxes: dict[str, _Box] = {}
    for source in sources:
        key = home[source.module]
        told = f"{source.path}: {source.about}"
        box = boxes.get(key)
        if box is None:
            row = _RECIPE if source.why == "the recipe" else _row(source.package)
            shared = held[key] > 1
            name = key.removeprefix("lilliput/") if shared else _file_name(source)
            words = f"{held[key]} files" if shared else source.package or "from elsewhere"
            box = boxes[key] = _Box(name, words, told, row, set())
        else:
            box.told += "\n" + told
        box.uses |= {home[used] for used in source.uses if home[used] != key}
    return boxes


def _file_name(source: Source) -> str:
    """Of a package's own file the package's name, which says more."""
    folder, _, name = source.path.rpartition("/")
    return folder.rpartition("/")[2] + "/" if name == "__init__.py" else name


def _folder(source: Source) -> str:
    return source.path.rpartition("/")[0]


def _line(upper: dict[str, Any], lower: dict[str, Any]) -> str:
    x1, y1 = upper["x"] + upper["wide"] / 2, upper["y"] + upper["high"]
    x2, y2 = lower["x"] + lower["wide"] / 2, lower["y"] - 6
    return f"M{x1:g} {y1:g} C{x1:g} {y1 + 24:g} {x2:g} {y2 - 24:g} {x2:g} {y2:g}"


# --- reading the code --------------------------------------------------------------------------------------------


@functools.cache
def _files() -> dict[str, Path]:
    """Module → file, of all of the package."""
    found = {}
    for file in sorted(ROOT.rglob("*.py")):
        parts = ("lilliput", *file.relative_to(ROOT).with_suffix("").parts)
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file
    return {module: file for module, file in found.items() if "." in module}


@functools.cache
def _numbers() -> dict[str, tuple[str, ...]]:
    """Number of a paper → modules that cite it."""
    found: dict[str, list[str]] = {}
    for module, file in _files().items():
        if module.split(".")[1] not in _ELSEWHERE:
            for number in set(re.findall(r"arXiv:(\d{4}\.\d{4,5})", file.read_text(encoding="utf-8"))):
                found.setdefault(number, []).append(module)
    return {number: tuple(modules) for number, modules in found.items()}


def _citing(paper: Paper) -> tuple[str, ...]:
    return _numbers().get(paper.arxiv, ())


def _number(paper: Paper) -> str:
    return f"arXiv:{paper.arxiv}"


def _row(package: str) -> int:
    return _ROWS.index(package) if package in _ROWS else len(_ROWS)


def _recipe_file(paper: Paper) -> tuple[str, Path] | None:
    if paper.recipe is None:
        return None
    module = paper.recipe.run.__module__
    file = getattr(sys.modules.get(module), "__file__", None)
    return (module, Path(file)) if file else None


@functools.lru_cache(maxsize=512)
def _tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


def _about(file: Path) -> str:
    return (ast.get_docstring(_tree(file)) or "").split("\n")[0]


def _imports(file: Path) -> list[str]:
    """Modules of ours that a file imports, inside of functions too; `from package import module` as the module."""
    return sorted(set(_imported(_tree(file))))


def _imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names if name.name.startswith("lilliput."))
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and (node.module or "").startswith("lilliput."):
            for name in node.names:
                inner = f"{node.module}.{name.name}"
                yield inner if inner in _files() else str(node.module)


def _texts(file: Path) -> set[str]:
    """Every text constant of a file."""
    return {node.value for node in ast.walk(_tree(file)) if isinstance(node, ast.Constant)
            and isinstance(node.value, str)}  # fmt: skip
