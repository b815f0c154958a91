"""Plain convolutions between fields, one behind another on one grid: what a network without coarse grids can do.

Paper   none: the simple baseline of `mgno`
Input   (B, channels, height, width): fields on a grid, normalised
Output  (B, outputs, height, width): fields on the same grid

A point sees `depth` points around it and no further, whatever the training.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from lilliput.models.entry import check_range, register_model


@dataclass(frozen=True)
class FieldCNNConfig:
    """Sizes of the network."""

    channels: int = 1
    height: int = 32
    width: int = 32
    outputs: int = 1
    features: int = 40
    depth: int = 9

    def __post_init__(self) -> None:
        check_range(self, 1, 4096, "channels", "outputs", "features")
        check_range(self, 1, 256, "depth")
        check_range(self, 1, 8192, "height", "width")

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """(channels, height, width)."""
        return self.channels, self.height, self.width

    def fit_to(self, input_shape: tuple[int, ...], classes: int) -> dict[str, int]:
        """Changes that fit the network to a task's shape; a field has no classes."""
        if len(input_shape) != 3:
            raise ValueError("it takes (channels, height, width)")
        channels, height, width = input_shape
        return {"channels": channels, "height": height, "width": width}


@register_model("field_cnn", FieldCNNConfig())
class FieldCNN(nn.Module):
    """The network of the file's head.

    Shapes:
        (B, channels, height, width) -> (B, outputs, height, width).

    Cost: 115 961 trainable parameters as registered.
    """

    def __init__(self, config: FieldCNNConfig) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for index in range(config.depth):
            channels = config.features if index else config.channels
            layers += [nn.Conv2d(channels, config.features, 3, padding=1), nn.GELU()]
        self.layers = nn.Sequential(*layers)
        self.head = nn.Conv2d(config.features, config.outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.head(self.layers(x))
        return y
