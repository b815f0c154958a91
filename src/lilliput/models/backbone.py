"""What a vision network offers beside its classes: maps by stage, pooled features, another classifier.

The names are those that users of image libraries know: `forward_features`, `forward_head`, `reset_classifier`,
`feature_info`, and `create_model(name, features_only=True)` for a network that gives its maps.
"""

from __future__ import annotations

import dataclasses
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn


@dataclass(frozen=True)
class Stage:
    """A named map inside a network.

    Args:
        name: as in "stage2" or "level0".
        channels: of the map.
        reduction: the input's side through the map's side, rounded.
    """

    name: str
    channels: int
    reduction: int


class FeatureInfo(tuple[Stage, ...]):
    """The maps of a network from large to small."""

    __slots__ = ()

    def channels(self) -> list[int]:
        """Channels of each map."""
        return [stage.channels for stage in self]

    def reduction(self) -> list[int]:
        """How many times smaller than the input each map is."""
        return [stage.reduction for stage in self]

    def names(self) -> list[str]:
        """The name of each map."""
        return [stage.name for stage in self]


class Backbone(nn.Module):
    """Base of the networks that tell classes apart by pooled features of maps.

    A network sets `feature_info` and its classifier, and says in three methods what it computes. The classifier is made
    by `make_classifier`, so that one that is put in later starts as the first one did; with 0 classes it passes on what
    it gets, and the network gives its pooled features.
    """

    feature_info: FeatureInfo
    classifier_name = "classifier"  # of the attribute that holds it
    config: Any  # of the registry: what rebuilds the network

    @property
    @abstractmethod
    def num_features(self) -> int:
        """How many pooled features the classifier takes."""

    @abstractmethod
    def new_classifier(self, classes: int) -> nn.Module:
        """A classifier for `classes` of 1 or more, with weights as at the start."""

    @abstractmethod
    def stages(self, x: Tensor) -> Iterator[Tensor]:
        """The maps that `feature_info` names, (B, channels, height, width) each, computed as they are asked for."""

    @abstractmethod
    def forward_features(self, x: Tensor) -> Tensor:
        """What is pooled: (B, num_features, height, width), or (B, tokens, num_features)."""

    @abstractmethod
    def pool(self, x: Tensor) -> Tensor:
        """`forward_features`' output -> (B, num_features)."""

    def forward_head(self, x: Tensor, pre_logits: bool = False) -> Tensor:
        """`forward_features`' output -> (B, classes), or (B, num_features) before the classifier."""
        pooled = self.pool(x)
        return pooled if pre_logits else self.get_classifier()(pooled)

    def forward(self, x: Tensor) -> Tensor:
        return self.forward_head(self.forward_features(x))

    def forward_intermediates(self, x: Tensor, indices: Sequence[int] | None = None) -> list[Tensor]:
        """The maps of those stages, or of all; no stage behind the last one asked for is computed.

        Raises:
            ValueError: an index that no stage has.
        """
        asked = stage_indices(self.feature_info, indices)
        found = {}
        for index, kept in enumerate(self.stages(x)):
            if index in asked:
                found[index] = kept
            if index == max(asked):
                break
        return [found[index] for index in asked]

    def get_classifier(self) -> nn.Module:
        """The last layer."""
        return self.get_submodule(self.classifier_name)

    def make_classifier(self, classes: int) -> nn.Module:
        """`new_classifier`, or nothing but a passage for 0 classes."""
        return self.new_classifier(classes) if classes else nn.Identity()

    def reset_classifier(self, classes: int) -> None:
        """A new last layer for another task; what `save_model` writes of the network says so too."""
        self.config = dataclasses.replace(self.config, classes=classes)
        like = next(self.parameters())
        setattr(self, self.classifier_name, self.make_classifier(classes).to(like.device, like.dtype))


class FeatureExtractor(nn.Module):
    """The maps of some stages of a network, as the first part of a detector or of a network that labels each pixel.

    Args:
        network: the network; its classifier is left out.
        indices: which stages, negative ones from the end; none: all.

    Shapes:
        (B, *input_shape) -> one (B, channels, height, width) a stage.

    Raises:
        ValueError: an index that no stage has.
    """

    def __init__(self, network: Backbone, indices: Sequence[int] | None = None) -> None:
        super().__init__()
        self.indices = stage_indices(network.feature_info, indices)
        self.feature_info = FeatureInfo(network.feature_info[index] for index in self.indices)
        network.reset_classifier(0)
        self.network, self.config = network, network.config

    def forward(self, x: Tensor) -> list[Tensor]:
        return self.network.forward_intermediates(x, self.indices)


def stage_indices(stages: FeatureInfo, indices: Sequence[int] | None) -> list[int]:
    """The indices from 0; all of them where none are given.

    Raises:
        ValueError: an index that no stage has, or none at all.
    """
    if indices is None:
        return list(range(len(stages)))
    for index in indices:
        if not -len(stages) <= index < len(stages):
            raise ValueError(f"there is no stage {index}: the network has {len(stages)}, {', '.join(stages.names())}")
    if not len(indices):
        raise ValueError("no stage is asked for")
    return [index % len(stages) for index in indices]
