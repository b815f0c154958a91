"""Networks by name: `create_model("ds_cnn", classes=10)`.

One file a family; each holds a frozen config of strings and numbers and a plain `nn.Module` that is made from it.
"""

from __future__ import annotations

from lilliput.models.entry import (
    ModelEntry,
    create_model,
    create_model_for,
    example_input,
    list_models,
    models,
    register_model,
)

__all__ = [
    "ModelEntry",
    "create_model",
    "create_model_for",
    "example_input",
    "list_models",
    "models",
    "register_model",
]
