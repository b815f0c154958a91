"""What a training is asked to be. Every field can be set from the command line: `--set train.lr=0.003`."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args, get_origin, get_type_hints

from lilliput.core.errors import BadSetting


@dataclass(frozen=True)
class TrainSettings:
    """Settings of one training; all are stored with its checkpoints and its result.

    Raises:
        BadSetting: LP101, a value out of its range.
    """

    epochs: int = 40
    batch_size: int = 32
    loss: Literal["cross_entropy", "mse"] = "cross_entropy"  # mse: the network gives its own input back

    optimiser: Literal["sgd", "adam", "adamw", "rmsprop", "lamb"] = "adamw"
    lr: float = 3e-3  # the highest; the schedule goes up to it and down from it
    momentum: float = 0.9  # of sgd and rmsprop
    nesterov: bool = False  # of sgd: the gradient is taken where the momentum leads
    weight_decay: float = 1e-4  # on weights only: biases and normalisations are left alone
    grad_clip: float = 0.0  # largest gradient norm; 0: not clipped

    schedule: Literal["cosine", "step", "constant"] = "cosine"
    lr_every: Literal["step", "epoch"] = "step"  # how often the rate changes
    min_lr: float = 0.0  # where the cosine ends
    cosine_from: Literal["warmup", "start"] = "warmup"  # what it counts from: the warm-up's end, or the first step
    warmup_epochs: float = 1.0
    warmup: Literal["linear", "inverse"] = "linear"  # up from `warmup_lr`; or the rate through the epochs still to go
    warmup_lr: float = 0.0  # below it, where the linear one starts
    cooldown_epochs: float = 0.0  # the last of `epochs`, all at the lowest rate of the schedule
    step_epochs: float = 10.0  # of schedule step: every so many epochs ...
    step_factor: float = 0.1  # ... the rate is multiplied by this

    label_smoothing: float = 0.0  # in [0, 1)
    mixup_alpha: float = 0.0  # of the Beta distribution that mixes two items; 0: none
    cutmix_alpha: float = 0.0  # of the one that says how large a box of another picture is put in; 0: none
    mix_probability: float = 1.0  # of a batch to be mixed
    mix_switch: float = 0.5  # where there are both, the probability of cutmix
    mix_epochs: int = 0  # only the first so many epochs are mixed; 0: all
    augment: tuple[str, ...] = ()  # names of train/augment.py, for training items only
    ema_decay: float = 0.0  # of the moving average of the weights, a step; 0: none
    norm_momentum: float = 0.1  # the newest batch's share in running statistics; 0: as the network has it

    early_stop_patience: int = 0  # epochs without a better validation figure; 0: never
    keep: Literal["best", "last"] = "best"  # which epoch's weights the network has in the end
    checkpoint_steps: int = 0  # also every so many steps inside an epoch; 0: at the end of each epoch only

    seed: int = 0
    device: str = "auto"  # auto: CUDA where there is one
    devices: int = 1  # above 1: Lightning Fabric, from the extra `scale`
    amp: Literal["auto", "off"] = "auto"  # auto: bfloat16 on CUDA, nothing on a CPU
    threads: int = 0  # of one process on a CPU; 0: as they are

    def __post_init__(self) -> None:
        for name, low in (("epochs", 1), ("batch_size", 1), ("devices", 1)):
            self._check(name, low, 1_000_000)
        for name in ("early_stop_patience", "checkpoint_steps", "threads", "seed", "mix_epochs"):
            self._check(name, 0, 2**63 - 1)
        for name in ("momentum", "label_smoothing", "ema_decay", "norm_momentum"):
            self._check(name, 0, math.nextafter(1, 0))
        for name in ("weight_decay", "grad_clip", "warmup_epochs", "mixup_alpha", "cutmix_alpha"):
            self._check(name, 0, 1e9)
        for name in ("mix_probability", "mix_switch"):
            self._check(name, 0, 1)
        for name in ("lr", "step_epochs", "step_factor"):
            self._check(name, math.nextafter(0, 1), 1e9)
        for name in ("min_lr", "warmup_lr"):
            self._check(name, 0, self.lr)
        self._check("cooldown_epochs", 0, self.epochs - 1)

        for name, names in _CHOICES.items():
            if getattr(self, name) not in names:
                raise BadSetting(f"train.{name} = {getattr(self, name)!r}", fix=f"one of {', '.join(names)}")
        for name in ("mixup_alpha", "cutmix_alpha"):
            if getattr(self, name) and self.loss == "mse":
                raise BadSetting(
                    f"train.{name} = {getattr(self, name)}",
                    why="it mixes classes, and with train.loss = mse there are no classes",
                    fix=f"train.{name}=0",
                )

    def _check(self, name: str, low: float, high: float) -> None:
        value = getattr(self, name)
        if not low <= value <= high:  # false for NaN too
            raise BadSetting(f"train.{name} = {value}", why=f"it must be in [{low:g}, {high:g}]")


_CHOICES: dict[str, tuple[str, ...]] = {
    name: get_args(hint) for name, hint in get_type_hints(TrainSettings).items() if get_origin(hint) is Literal
}
