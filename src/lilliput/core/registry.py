"""One registry class, one instance a kind of thing: models, tasks, boards, operators, papers.

Names are filled in by a decorator in the file that defines the thing. The files are found by listing
their package the first time a name is looked up, so no `__init__` has to be edited for a newcomer.
"""

from __future__ import annotations

import difflib
import fnmatch
import importlib
import pkgutil
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from lilliput.core.errors import UnknownName

T = TypeVar("T")


class Registry(Generic[T]):
    """Name → thing, for one kind of thing.

    Args:
        kind: the noun used in messages, e.g. `"model"`.
        package: dotted package whose modules fill this registry when imported, e.g. `"lilliput.models"`.
            `None` when entries are added by other means.

    Raises:
        ValueError: a name is registered twice (by `register`).
        UnknownName: LP100, a name is not here (by `[]`); near names are suggested.
    """

    def __init__(self, kind: str, package: str | None = None) -> None:
        self.kind = kind
        self._package = package
        self._entries: dict[str, T] = {}
        self._loaded = package is None

    def register(self, name: str) -> Callable[[T], T]:
        """Decorator that enters a thing under `name` and returns it unchanged."""

        def enter(thing: T) -> T:
            self.add(name, thing)
            return thing

        return enter

    def add(self, name: str, thing: T) -> None:
        """Enter `thing` under `name`; the same name twice is a programmer's error."""
        if name in self._entries:
            raise ValueError(f"a {self.kind} called {name!r} is registered already: {self._entries[name]!r}")
        self._entries[name] = thing

    def __getitem__(self, name: str) -> T:
        self._load()
        try:
            return self._entries[name]
        except KeyError:
            raise UnknownName.of(self.kind, name, self._suggest(name)) from None

    def __contains__(self, name: object) -> bool:
        self._load()
        return name in self._entries

    def __iter__(self) -> Iterator[str]:
        self._load()
        return iter(sorted(self._entries))

    def __len__(self) -> int:
        self._load()
        return len(self._entries)

    def match(self, pattern: str = "*") -> list[str]:
        """Sorted names that match a shell pattern such as `"ds_cnn*"`."""
        return [name for name in self if fnmatch.fnmatchcase(name, pattern)]

    def _suggest(self, name: str) -> list[str]:
        near = difflib.get_close_matches(name.lower(), list(self._entries), n=3, cutoff=0.5)
        starts = [entry for entry in sorted(self._entries) if entry.startswith(name) and entry not in near]
        return (near + starts)[:4]

    def _load(self) -> None:
        if self._loaded or self._package is None:
            return
        self._loaded = True  # first: a module of the package may look a name up while it is imported
        package = importlib.import_module(self._package)
        for module in sorted(info.name for info in pkgutil.iter_modules(package.__path__)):
            if not module.startswith("_"):
                importlib.import_module(f"{self._package}.{module}")
