"""`wrist-activity`: what a person does, by a three-axis accelerometer at the wrist. Windows of 3 s at 30 Hz.

Bundled are 40 logs of about a minute, int16 in thousandths of g. A window never crosses from one log into the next;
logs 8 and 9 of each class are the test, logs 1 and 4 validation, the rest is trained on. Training windows overlap by
two thirds, the others do not overlap. Subjects are not identified, so that logs are the finest split there is, and it
is no split by person: logs 7 to 9 of running and of cycling look like one. Log 7 therefore stays in training.
"""

from __future__ import annotations

from importlib.resources import as_file, files
from pathlib import Path

import numpy as np

from lilliput.core.errors import OutOfRange
from lilliput.features import Affine
from lilliput.tasks.npz import read_npz
from lilliput.tasks.task import Array, Split, Task, register_task

RATE_HZ = 30
WINDOW = 3 * RATE_HZ
LABELS = ("stationary", "walking", "running", "cycling")
TEST_LOGS, VALIDATION_LOGS = (8, 9), (1, 4)

_ARRAYS = {"x": ("f", 2), "offsets": ("i", 1), "label": ("i", 1), "log": ("i", 1)}


@register_task("wrist-activity")
def wrist_activity(data: Path | None) -> Task:
    """The bundled logs, or those of an NPZ with x (samples, 3) in milli-g, offsets, label and log."""
    if data is None:
        with as_file(files("lilliput.tasks").joinpath("data/wrist_activity/logs.npz")) as path:
            splits = _splits(path)
    else:
        splits = _splits(data / "har_wrist_pamap2.npz" if data.is_dir() else data)
    return Task(
        name="wrist-activity",
        title="Activity by a wrist accelerometer, 3 s windows",
        labels=LABELS,
        metric="accuracy",
        licence="BSD-3-Clause AND CC-BY-4.0",
        source="STMicroelectronics/STMems_Machine_Learning_Core, example_8_stedgeai; from PAMAP2 (UCI)",
        citation="A. Reiss, PAMAP2 Physical Activity Monitoring, 2012, doi:10.24432/C5NW2H",
        preprocess=Affine.fit(splits["train"].x),
        default_model="ds_cnn",
        model_changes={"stem_bands": 1},  # the axes are channels: there is nothing to convolve across
        augment=("shift",),
        loader=lambda: splits,
    )


def _splits(path: Path) -> dict[str, Split]:
    arrays = read_npz(path, _ARRAYS)
    x, offsets, label, log = (arrays[name] for name in _ARRAYS)
    if x.shape[1] != 3 or np.abs(x).max(initial=0) > 32767:
        raise OutOfRange(f"{path}: x must have 3 axes within ±32767 milli-g, got shape {x.shape}")
    steps = np.diff(offsets.astype(np.int64))
    if len(offsets) < 2 or offsets[0] != 0 or offsets[-1] != len(x) or (steps <= 0).any():
        raise OutOfRange(f"{path}: offsets must rise from 0 to {len(x)}, the length of x")
    if not len(label) == len(log) == len(steps) or label.min() < 0 or label.max() >= len(LABELS):
        raise OutOfRange(f"{path}: {len(steps)} logs need a label in [0, {len(LABELS)}) and a log number each")
    counts = np.rint(x).astype(np.int16)
    in_test, in_validation = np.isin(log, TEST_LOGS), np.isin(log, VALIDATION_LOGS)
    chosen = {"train": ~in_test & ~in_validation, "validation": in_validation, "test": in_test}
    parts = {}
    for name, rows in chosen.items():
        step = WINDOW // 3 if name == "train" else WINDOW
        parts[name] = _windows(counts, offsets.astype(np.int64), label, log, np.flatnonzero(rows), step)
    return parts


def _windows(x: Array, offsets: Array, label: Array, log: Array, which: Array, step: int) -> Split:
    items, classes, groups = [np.empty((0, WINDOW, 3), np.int16)], [], []
    for i in which:
        signal = x[offsets[i] : offsets[i + 1]]
        if len(signal) < WINDOW:
            continue
        windows = np.lib.stride_tricks.sliding_window_view(signal, WINDOW, axis=0)[::step].transpose(0, 2, 1)
        items.append(windows)
        classes += [int(label[i])] * len(windows)
        groups += [f"{LABELS[label[i]]}-{log[i]}"] * len(windows)
    return Split(np.concatenate(items), np.array(classes, np.int64), np.array(groups))
