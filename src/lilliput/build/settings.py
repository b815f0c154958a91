"""What a build is asked to be. Every field can be set from a TOML file and from `--set section.key=value`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lilliput.compress.quantise import QuantiseSettings
from lilliput.core.budget import Budget
from lilliput.core.errors import BadSetting
from lilliput.core.settings import load_settings
from lilliput.tasks import Task
from lilliput.train.settings import TrainSettings


@dataclass(frozen=True)
class BuildSettings:
    """Settings of one build; all are part of its report.

    Args:
        model: registered name of the network; empty for the task's own.
        config: values of the network's config, e.g. `config.width=32`.
        train: the training loop's.
        quantise: the quantisation's.
        budget: limits below the board's.
        prove_rows: unseen items that the proof runs over; 0 for all of the test split.

    Raises:
        BadSetting: LP101, activations that do not fit what the preprocessing makes.
    """

    model: str = ""
    config: dict[str, int | float | bool | str] = field(default_factory=dict)
    train: TrainSettings = field(default_factory=TrainSettings)
    quantise: QuantiseSettings = field(default_factory=QuantiseSettings)
    budget: Budget = field(default_factory=Budget)
    prove_rows: int = 0

    def __post_init__(self) -> None:
        if self.quantise.activations != "int8":
            raise BadSetting(
                f"quantise.activations = {self.quantise.activations!r} in a build",
                why="the task's preprocessing makes int8 for the network",
                fix="leave it at int8; `lilliput compile --activations int16` takes networks by themselves",
            )


def build_settings(
    task: Task, *, file: Path | None = None, overrides: Sequence[str] = (), seed: int = 0, model: str = ""
) -> BuildSettings:
    """The defaults, what suits the task, the file's values, the overrides: later wins.

    Args:
        task: gives the network and the recipe that suit it.
        file: TOML.
        overrides: texts `section.key=value`.
        seed: of the training.
        model: registered name; empty for the task's own.

    Raises:
        BadSetting: LP101, an unknown key or a value out of its range.
        MissingFile: LP221, `file` is not there.
    """
    base = {
        "model": model or task.default_model,
        "config": dict(task.model_changes) if model in ("", task.default_model) else {},
        "train": {"augment": list(task.augment), **dict(task.train), "seed": seed},
    }
    return load_settings(BuildSettings, file=file, overrides=overrides, base=base)
