"""One translation per ONNX operator; the files of this package are listed, not enumerated.

A translator is a function with `@on("Name")` in any file here. It takes the reader and the operator, adds nodes with
`reader.node`, and gives the value that stands for the operator's output, or one for each output. Everything is in the
file's own layout, channels first; the layout pass removes the transposes.
"""

from __future__ import annotations

import pkgutil
from importlib import import_module

for _module in sorted(found.name for found in pkgutil.iter_modules(__path__)):
    import_module(f"{__name__}.{_module}")
