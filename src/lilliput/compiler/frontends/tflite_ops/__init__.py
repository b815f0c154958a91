"""One translation per TensorFlow Lite operator; the files of this package are listed, not enumerated. See `tflite`."""

from __future__ import annotations

import pkgutil
from importlib import import_module

from lilliput.compiler.frontends.tflite_ops.reader import BUILTIN_NAMES, TRANSLATORS, Operator, Reader

__all__ = ["BUILTIN_NAMES", "TRANSLATORS", "Operator", "Reader"]

for _module in sorted(found.name for found in pkgutil.iter_modules(__path__)):
    import_module(f"{__name__}.{_module}")
