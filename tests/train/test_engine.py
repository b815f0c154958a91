from __future__ import annotations

import importlib.util

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


@pytest.mark.skipif(importlib.util.find_spec("lightning_fabric") is not None, reason="Lightning Fabric is installed")
def test_many_devices_without_the_extra_say_what_to_install() -> None:
    with pytest.raises(MissingExtra, match=r'2 devices needs Lightning Fabric\n  fix: pip install "lilliput\[scale\]"'):
        engine_of(TrainSettings(devices=2, device="cpu"))
