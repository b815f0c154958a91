"""Promises that hold for the whole package: nothing that we open can run code, and importing is cheap."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import lilliput

PACKAGE = Path(lilliput.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))

REFUSED_MODULES = {"pickle", "cPickle", "dill", "cloudpickle", "marshal", "shelve", "joblib"}
REFUSED_CALLS = {
    "eval", "exec", "os.system", "os.popen", "torch.load", "torch.save", "torch.hub.load",
    "yaml.load", "yaml.full_load", "yaml.unsafe_load", "yaml.load_all", "numpy.fromfile",
}  # fmt: skip
# An `assert` vanishes with `python -O`; in here values come from files and users.
READERS = ("core/files", "core/store", "core/settings.py", "core/units.py", "compiler/frontends", "compiler/serialise")
READERS += ("tasks", "boards", "models/package.py", "models/convert", "cli")


def offences(source: str, name: str) -> Iterator[str]:
    """What is refused in one file."""
    tree = ast.parse(source, name)
    aliases = dict(_aliases(tree))
    for node in ast.walk(tree):
        yield from (f"{name}:{node.lineno}: {text}" for text in _offence(node, aliases, name))


def _aliases(tree: ast.AST) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for item in node.names:
                yield (item.asname, item.name) if item.asname else (item.name.split(".")[0],) * 2
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from ((item.asname or item.name, f"{node.module}.{item.name}") for item in node.names)


def _offence(node: ast.AST, aliases: dict[str, str], name: str) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (f"import {item.name}" for item in node.names if item.name.split(".")[0] in REFUSED_MODULES)
    elif isinstance(node, ast.ImportFrom):
        modules = {(node.module or "").split(".")[0], *(item.name for item in node.names)}
        yield from (f"from … import {module}" for module in sorted(modules & REFUSED_MODULES))
    elif isinstance(node, ast.Assert) and name.startswith(READERS):
        yield "assert in a module that reads what comes from outside"
    elif isinstance(node, ast.Call):
        called = _dotted(node.func, aliases)
        keywords = {item.arg: item.value for item in node.keywords}
        if called in REFUSED_CALLS and not (called == "torch.load" and _is_restricted_load(name, keywords)):
            yield f"{called}()"
        if called == "numpy.load" and not _is_false(keywords.get("allow_pickle", ast.Constant(False))):
            yield "numpy.load(allow_pickle=…)"
        if "shell" in keywords and not _is_false(keywords["shell"]):
            yield "shell=True"
        if called == "print" and not name.startswith("cli"):
            yield "print() in library code"


def _dotted(node: ast.AST, aliases: dict[str, str]) -> str:
    if isinstance(node, ast.Name):
        return aliases.get(node.id, node.id)
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value, aliases)}.{node.attr}"
    return "?"


def _is_restricted_load(name: str, keywords: dict[str | None, ast.expr]) -> bool:
    """Published checkpoints are read in one place, by the reader that knows weights only."""
    only = keywords.get("weights_only")
    return name == "models/convert/checkpoint.py" and isinstance(only, ast.Constant) and only.value is True


def _is_false(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value is False


def test_nothing_in_the_package_can_run_what_it_reads():
    names = [path.relative_to(PACKAGE).as_posix() for path in FILES]
    found = [text for path, name in zip(FILES, names, strict=True) for text in offences(path.read_text("utf-8"), name)]
    assert found == []


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "import joblib.parallel",
        "from multiprocessing import pickle",
        "from marshal import loads",
        "eval('1')",
        "exec(code)",
        "import torch\ntorch.load(f)",
        "from torch import load as read\nread(f)",
        "import numpy as np\nnp.load(f, allow_pickle=True)",
        "import numpy as np\nnp.load(f, allow_pickle=flag)",
        "import yaml\nyaml.load(f)",
        "import subprocess\nsubprocess.run(c, shell=True)",
        "import os\nos.system(c)",
        "print(1)",
    ],
)
def test_the_scan_finds(source):
    assert list(offences(source, "somewhere.py"))


@pytest.mark.parametrize(
    "source",
    [
        "model.eval()",
        "import numpy as np\nnp.load(f)",
        "import numpy as np\nnp.load(f, allow_pickle=False)",
        "import safetensors.torch\nsafetensors.torch.load(b)",
        "import json\njson.load(f)",
        "assert x is not None",
    ],
)
def test_the_scan_lets_pass(source):
    assert list(offences(source, "train/loop.py")) == []


def test_the_scan_lets_the_restricted_reader_of_weights_pass_in_one_place():
    load = "import torch\ntorch.load(f, weights_only={})"
    assert list(offences(load.format(True), "models/convert/checkpoint.py")) == []
    assert list(offences(load.format(False), "models/convert/checkpoint.py"))
    assert list(offences(load.format(True), "train/checkpoint.py"))


def test_the_scan_finds_an_assert_in_a_reader():
    assert list(offences("assert size > 0", "tasks/wav.py"))


@pytest.mark.parametrize("module", ["lilliput", "lilliput.core.settings", "lilliput.core.store", "lilliput.core.files"])
def test_importing_is_cheap(module):
    script = f"import sys, {module}; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_nothing_in_core_imports_torch_or_a_package_above_it():
    for path in sorted((PACKAGE / "core").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = [item.name for item in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for name in names:
                assert name.split(".")[0] != "torch", path
                assert not name.startswith("lilliput.") or name.startswith("lilliput.core"), path
