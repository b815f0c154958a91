"""The result store: one SQLite file with runs, metrics, artefacts and claims.

    with Store() as store, store.start("train", task="digits", model="ds_cnn", seed=0) as run:
        run.metric("accuracy", 0.97, split="test", n=500, low=0.95, high=0.98)
        run.artifact(Path("model.safetensors"))

A figure on a page or in a table is a query of this store, never a literal.
"""

from __future__ import annotations

from lilliput.core.store.database import default_path
from lilliput.core.store.handle import RunHandle
from lilliput.core.store.records import Artifact, ClaimRow, Metric, Run, State
from lilliput.core.store.results import Store

__all__ = ["Artifact", "ClaimRow", "Metric", "Run", "RunHandle", "State", "Store", "default_path"]
