"""Where the steps of a training run: one device by plain PyTorch, several by Lightning Fabric."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from lilliput.core.errors import BadSetting, MissingExtra
from lilliput.train.settings import TrainSettings

T = TypeVar("T")


class Engine:
    """One process on one device; the loop calls these six and knows nothing of devices.

    Args:
        settings: `device`, `devices`, `amp` are read.

    Raises:
        BadSetting: LP101, a device that is not here.
    """

    rank = 0
    world = 1

    def __init__(self, settings: TrainSettings) -> None:
        self.device = device_of(settings.device)
        self._half = settings.amp == "auto" and self.device.type == "cuda"

    def prepare(self, model: nn.Module, optimiser: torch.optim.Optimizer) -> tuple[nn.Module, torch.optim.Optimizer]:
        """The network and the optimiser in the form in which steps use them."""
        return model, optimiser

    def precision(self) -> AbstractContextManager[Any]:
        """Half precision where it pays: bfloat16 keeps float32's range, so that no loss has to be scaled."""
        return torch.autocast("cuda", torch.bfloat16) if self._half else nullcontext()

    def backward(self, loss: Tensor) -> None:
        """Gradients of `loss`, averaged over processes."""
        loss.backward()  # type: ignore[no-untyped-call]

    def mean(self, value: float) -> float:
        """The mean of a number over processes."""
        return value

    def from_first(self, work: Callable[[], T]) -> T:
        """Do `work` in the first process only, and give its result to all."""
        return work()


class FabricEngine(Engine):
    """Several processes by Lightning Fabric with data parallelism; under torchrun it joins the processes there are.

    Raises:
        MissingExtra: LP601, Lightning Fabric is not installed.
    """

    def __init__(self, settings: TrainSettings) -> None:
        super().__init__(settings)
        try:
            from lightning_fabric import Fabric
        except ImportError:
            raise MissingExtra(
                f"training on {settings.devices} devices needs Lightning Fabric",
                fix='pip install "lilliput[scale]", or train.devices=1',
            ) from None
        self._fabric = Fabric(
            accelerator="cuda" if self.device.type == "cuda" else "cpu", devices=settings.devices, strategy="ddp"
        )
        self._fabric.launch()
        self.device, self.rank, self.world = self._fabric.device, self._fabric.global_rank, self._fabric.world_size

    def prepare(self, model: nn.Module, optimiser: torch.optim.Optimizer) -> tuple[nn.Module, torch.optim.Optimizer]:
        prepared: tuple[nn.Module, torch.optim.Optimizer] = self._fabric.setup(model, optimiser)
        return prepared

    def backward(self, loss: Tensor) -> None:
        self._fabric.backward(loss)

    def mean(self, value: float) -> float:
        total = self._fabric.all_reduce(torch.tensor(value, dtype=torch.float64), reduce_op="mean")
        return float(total)

    def from_first(self, work: Callable[[], T]) -> T:
        result: T = self._fabric.broadcast(work() if self.rank == 0 else None, src=0)
        return result


def engine_of(settings: TrainSettings) -> Engine:
    """The engine that the settings ask for."""
    return Engine(settings) if settings.devices == 1 else FabricEngine(settings)


def device_of(name: str) -> torch.device:
    """The device of that name; `auto` is CUDA where there is one.

    Raises:
        BadSetting: LP101, no such device here.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        raise BadSetting(
            f"train.device = {name!r} cannot be used here", why=str(error).split("\n")[0], fix="train.device=auto"
        ) from None
    return device


def is_first_process() -> bool:
    """Whether this process is the one that writes and prints; Fabric and torchrun number their processes so."""
    return os.environ.get("RANK", os.environ.get("LOCAL_RANK", "0")) == "0"
