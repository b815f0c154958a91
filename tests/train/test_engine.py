from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from lilliput.core.errors import BadSetting, MissingExtra
from lilliput.train.engine import Engine, device_of, engine_of
from lilliput.train.settings import TrainSettings


def test_auto_is_cuda_where_there_is_one() -> None:
    assert device_of("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")


@pytest.mark.parametrize("name", ["cuda:99", "toaster"])
def test_a_device_that_is_not_here_is_refused(name: str) -> None:
    with pytest.raises(BadSetting, match=rf"train\.device = '{name}' cannot be used here\n  why: .+\n  fix: .*=auto"):
        device_of(name)


def test_half_precision_is_not_used_on_a_cpu() -> None:
    with Engine(TrainSettings(device="cpu")).precision():
        assert not torch.is_autocast_enabled("cpu")


def test_many_devices_without_the_extra_say_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "lightning_fabric", None)
    with pytest.raises(MissingExtra, match=r'2 devices needs Lightning Fabric\n  fix: pip install "lilliput\[scale\]"'):
        engine_of(TrainSettings(devices=2, device="cpu"))


SCRIPT = """
import json, sys, torch
from torch import nn
from lilliput.train.data import Tensors, TrainData
from lilliput.train.loop import fit
from lilliput.train.settings import TrainSettings

chance = torch.Generator().manual_seed(0)
x = torch.randn(256, 6, generator=chance)
y = (x[:, 0] + x[:, 1] > 0).long()
torch.manual_seed(0)
model = nn.Linear(6, 2)
data = TrainData(Tensors(x[:192], y[:192]), Tensors(x[192:], y[192:]))
settings = TrainSettings(epochs=4, batch_size=32, lr=0.05, devices=int(sys.argv[1]), device="cpu")
if fit(model, data, settings).is_first:
    print(json.dumps(model.weight.flatten().tolist()))
"""


def test_two_processes_learn_what_one_learns(tmp_path: Path) -> None:
    """The batch is shared out and the gradients are averaged, so only the order of sums differs."""
    pytest.importorskip("lightning_fabric", reason="Lightning Fabric is not installed")
    (tmp_path / "script.py").write_text(SCRIPT)
    weights = []
    for devices in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "script.py", devices], cwd=tmp_path, env={**os.environ, "OMP_NUM_THREADS": "1"},
            capture_output=True, text=True, check=True, timeout=200,
        )  # fmt: skip
        weights.append(json.loads([line for line in done.stdout.splitlines() if line.startswith("[")][-1]))
    torch.testing.assert_close(torch.tensor(weights[1]), torch.tensor(weights[0]), rtol=1e-4, atol=1e-6)
    assert max(abs(w) for w in weights[0]) > 0.5
