"""Lilliput: small neural networks, from paper to microcontroller.

Importing this package is cheap: torch and the rest are loaded when a name that needs them is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lilliput.models import create_model, list_models

__version__ = "0.1.0"

_WHERE = {
    "create_model": "lilliput.models",
    "list_models": "lilliput.models",
}

__all__ = ["__version__", "create_model", "list_models"]


def __getattr__(name: str) -> object:
    if name in _WHERE:
        return getattr(importlib.import_module(_WHERE[name]), name)
    raise AttributeError(f"module 'lilliput' has no attribute {name!r}")
