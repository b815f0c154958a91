"""The small network that was published with SPOTS-10: what a classifier of 32×32 textures is held against.

Paper   SPOTS-10: Animal Pattern Benchmark Dataset for Machine Learning Algorithms (arXiv:2410.21044)
Input   (B, channels, height, width): a grey picture, three times over as published, or once
Output  (B, classes): logits
Differs from the paper: nothing in structure; it is trained on labels here, not by distillation.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn
from torch.nn import functional as F

from lilliput.layers.same import SameConv2d
from lilliput.models.entry import check_range, register_model

_SLOPE = 0.2


@dataclass(frozen=True)
class SpotsStudentConfig:
    """Sizes; the defaults are the published ones."""

    channels: int = 3
    height: int = 32
    width: int = 32
    classes: int = 10

    def __post_init__(self) -> None:
        check_range(self, 1, 65536, "channels", "classes")
        check_range(self, 8, 8192, "height", "width")

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """(channels, height, width)."""
        return self.channels, self.height, self.width

    def fit_to(self, input_shape: tuple[int, ...], classes: int) -> dict[str, int]:
        """Changes that fit the network to a task's shape."""
        if len(input_shape) != 3:
            raise ValueError("it takes (channels, height, width)")
        channels, height, width = input_shape
        return {"channels": channels, "height": height, "width": width, "classes": classes}


@register_model("spots_student", SpotsStudentConfig())
class SpotsStudent(nn.Module):
    """The network of the file's head.

    Shapes:
        (B, channels, height, width) -> (B, classes).

    Cost: 2 000 896 multiply-accumulates and 66 570 trainable parameters as registered.
    """

    def __init__(self, config: SpotsStudentConfig) -> None:
        super().__init__()
        size, before, convs = (config.height, config.width), config.channels, []
        for wide in (32, 64, 64):
            conv = SameConv2d(before, wide, (3, 3), size=size, stride=(2, 2))
            convs.append(conv)
            size, before = conv.size_out, wide
        self.convs = nn.ModuleList(convs)
        self.head = nn.Linear(before * size[0] * size[1], config.classes)

    def forward(self, x: Tensor) -> Tensor:
        for conv in self.convs[:-1]:
            x = F.leaky_relu(conv(x), _SLOPE)
            # Pooling over 2×2 at each pixel: the last row and column have only themselves to pool with.
            x = F.max_pool2d(F.pad(x, (0, 1, 0, 1), mode="replicate"), 2, 1)
        y: Tensor = self.head(self.convs[-1](x).flatten(1))
        return y
