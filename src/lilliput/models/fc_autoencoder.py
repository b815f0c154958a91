"""Fully connected auto-encoder: an input that it cannot give back is an anomaly.

Paper   MLPerf Tiny's anomaly benchmark (arXiv:2106.07597), which this equals in structure
Input   (B, features): 5 frames of 128 log-mel bands, end to end, in the benchmark
Output  (B, features): the reconstruction; the score of an item is its mean squared error
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

from torch import Tensor, nn

from lilliput.models.entry import check_range, register_model


@dataclass(frozen=True)
class FCAutoencoderConfig:
    """Sizes of the auto-encoder; the defaults are the benchmark's."""

    features: int = 640
    width: int = 128
    depth: int = 4  # hidden layers on each side of the code
    code: int = 8

    def __post_init__(self) -> None:
        check_range(self, 1, 65536, "features", "width", "code")
        check_range(self, 1, 1000, "depth")

    @property
    def input_shape(self) -> tuple[int]:
        """(features,)."""
        return (self.features,)

    def fit_to(self, input_shape: tuple[int, ...], classes: int) -> dict[str, int]:
        """Changes that fit the network to a task's shape; it has no classes, so that `classes` is not used."""
        return {"features": math.prod(input_shape)}


@register_model("fc_autoencoder", FCAutoencoderConfig())
class FCAutoencoder(nn.Module):
    """The network of the file's head: each layer but the last is followed by a normalisation and ReLU.

    Shapes:
        (B, features) -> (B, features).

    Cost: 264 192 multiply-accumulates and 267 928 trainable parameters as registered.
    """

    def __init__(self, config: FCAutoencoderConfig) -> None:
        super().__init__()
        side = [config.width] * config.depth
        widths = [config.features, *side, config.code, *side]
        hidden = (_dense(a, b) for a, b in itertools.pairwise(widths))
        self.body = nn.Sequential(*hidden)
        self.head = nn.Linear(widths[-1], config.features)
        self.apply(_initialise)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.head(self.body(x))
        return y


def _dense(features_in: int, features: int) -> nn.Sequential:
    norm = nn.BatchNorm1d(features, eps=1e-3, momentum=0.01)
    return nn.Sequential(nn.Linear(features_in, features), norm, nn.ReLU())


def _initialise(module: nn.Module) -> None:
    if isinstance(module, nn.Linear):
        nn.init.xavier_uniform_(module.weight)
        nn.init.zeros_(module.bias)
