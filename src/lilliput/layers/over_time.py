"""Spiking networks as networks that take items and give scores: what a trainer, a counter or a board can run.

    scores = OverTime(SpikingSequential(...), steps=8)(x)        x (B, ...) -> (B, classes)

Axes: T time steps, B batch.
"""

from __future__ import annotations

from typing import Literal, get_args

from torch import Tensor, nn

from lilliput.layers.exported import events

Code = Literal["direct", "frames", "events"]
ReadOut = Literal["mean", "sum"]


class OverTime(nn.Module):
    """Shows each item for some time steps, and takes the mean or the sum of what comes out.

    Args:
        net: takes (T, B, ...) and gives (T, B, ...) and its states, as `SpikingSequential` does.
        steps: T.
        code: "direct": x is a current, the same at each step; "frames": x holds one a step; "events": so it does, and
            whatever is not 0 is a spike.
        read_out: over time.

    Shapes:
        x (B, ...), or (B, T, ...) with frames or events -> (B, ...).

    Raises:
        ValueError: no steps, or a word that is none of these; x with another number of frames.
    """

    def __init__(self, net: nn.Module, steps: int, *, code: Code = "direct", read_out: ReadOut = "mean") -> None:
        super().__init__()
        if steps < 1 or code not in get_args(Code) or read_out not in get_args(ReadOut):
            raise ValueError(f"at least 1 step, {get_args(Code)} and {get_args(ReadOut)}: {steps}, {code}, {read_out}")
        self.net, self.steps, self.code, self.read_out = net, steps, code, read_out

    def forward(self, x: Tensor) -> Tensor:
        if self.code == "direct":
            shown = x.unsqueeze(0).expand(self.steps, *x.shape)
        else:
            if x.ndim < 3 or x.shape[1] != self.steps:
                raise ValueError(f"`x` must be (B, {self.steps}, ...), got {tuple(x.shape)}")
            shown = x.transpose(0, 1)
        if self.code == "events":
            shown = events(shown)
        made: Tensor = self.net(shown)[0]
        return made.mean(0) if self.read_out == "mean" else made.sum(0)
