"""Compact transformers: ViT-Lite, CVT and CCT, small enough to learn from small data.

Paper   Escaping the Big Data Paradigm with Compact Transformers (arXiv:2104.05704)
Input   (B, channels, height, width): RGB, normalised
Output  (B, classes): logits
Differs from the paper's code: positions of a `_sine` network are fixed, as their name says; the published builder of
        CVT and CCT drops the request and learns them all the same. `official=True` repeats that. Heights and widths
        may differ; there, pictures are square.

Three steps lead from one to the next. ViT-Lite takes small patches and reads the classes off a token of their own. CVT
has no such token: the classes come from a learnt weighted mean of all tokens. CCT takes its tokens from a few
convolutions, each with a rectifier and a pooling, so that neighbouring tokens share pixels.

Names: `cct_LAYERS_KERNELxCONVOLUTIONS_SIDE`, `cvt_` and `vit_LAYERS_PATCH_SIDE`.
"""

from __future__ import annotations

import itertools
from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from lilliput.layers.attention import initialise
from lilliput.models.backbone import Backbone, FeatureInfo, Stage
from lilliput.models.encoder import SIZES, EncoderConfig, TokenEncoder, check_multiple, register_variants
from lilliput.models.entry import check_range

_CHANNELS = 64
"""Of each convolution of a tokeniser but its last."""


@dataclass(frozen=True)
class PictureConfig(EncoderConfig):
    """What all three have in common."""

    channels: int = 3
    height: int = 32
    width: int = 32

    def __post_init__(self) -> None:
        super().__post_init__()
        check_range(self, 1, 65536, "channels")
        check_range(self, 1, 8192, "height", "width")

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """(channels, height, width)."""
        return self.channels, self.height, self.width

    @property
    @abstractmethod
    def grid(self) -> tuple[int, int]:
        """Tokens in height and in width."""

    def fit_to(self, input_shape: tuple[int, ...], classes: int) -> dict[str, int]:
        """Changes that fit the network to a task's shape."""
        if len(input_shape) != 3:
            raise ValueError("it takes (channels, height, width)")
        channels, height, width = input_shape
        return {"channels": channels, "height": height, "width": width, "classes": classes}


@dataclass(frozen=True)
class PatchConfig(PictureConfig):
    """Sizes of a ViT-Lite or a CVT."""

    patch: int = 4  # pixels a side; height and width are multiples of it

    def __post_init__(self) -> None:
        super().__post_init__()
        check_range(self, 1, 8192, "patch")
        check_multiple("height", self.height, self.patch)
        check_multiple("width", self.width, self.patch)

    @property
    def grid(self) -> tuple[int, int]:
        """Patches in height and in width."""
        return self.height // self.patch, self.width // self.patch


@dataclass(frozen=True)
class CCTConfig(PictureConfig):
    """Sizes of a CCT."""

    kernel: int = 3  # of each convolution of the tokeniser
    convs: int = 2
    stride: int = 0  # 0: half the kernel less one, at least 1, as the named networks
    padding: int = -1  # -1: half the kernel, at least 1, as the named networks

    def __post_init__(self) -> None:
        super().__post_init__()
        check_range(self, 1, 64, "kernel")
        check_range(self, 1, 16, "convs")
        check_range(self, 0, 64, "stride")
        check_range(self, -1, 64, "padding")
        if min(self.grid) < 1:
            raise ValueError(
                f"a picture of {self.height}x{self.width} gives no token: {self.convs} convolutions of "
                f"{self.kernel}x{self.kernel} with padding {self.steps[1]} leave nothing of it"
            )

    @property
    def steps(self) -> tuple[int, int]:
        """Stride and padding of each convolution."""
        stride = self.stride or max(1, self.kernel // 2 - 1)
        return stride, self.padding if self.padding >= 0 else max(1, self.kernel // 2)

    @property
    def grid(self) -> tuple[int, int]:
        """Places in height and in width behind the last pooling."""
        return self._tokens(self.height), self._tokens(self.width)

    def _tokens(self, side: int) -> int:
        stride, padding = self.steps
        for _ in range(self.convs):
            side = (side + 2 * padding - self.kernel) // stride + 1
            if side < 1:
                return 0
            side = (side - 1) // 2 + 1  # the pooling
        return side


class CompactTransformer(Backbone):
    """Tokens, encoder, pooling, classifier; a family says where its tokens come from.

    Shapes:
        (B, channels, height, width) -> (B, classes).
    """

    has_class_token = False
    idle_parameters = ("encoder.sequence_pool.score.bias",)
    """Published, and without effect: a softmax over the tokens takes away what is added to all of them."""
    always_learns_positions = False
    """Whether the published code learns positions even where it is asked for fixed ones, or for none."""

    def __init__(self, config: Any) -> None:
        super().__init__()
        self.config = config
        self.grid: tuple[int, int] = config.grid
        self.tokeniser = self.new_tokeniser(config)
        self.tokeniser.apply(initialise)
        self.encoder = TokenEncoder(
            config,
            self.grid[0] * self.grid[1],
            class_token=self.has_class_token,
            learns_positions=config.official and self.always_learns_positions,
        )
        self.classifier = self.make_classifier(config.classes)
        self.feature_info = FeatureInfo([Stage("tokens", config.dim, round(config.height / self.grid[0]))])

    @abstractmethod
    def new_tokeniser(self, config: Any) -> nn.Module:
        """What turns (B, channels, height, width) into (B, dim, *grid)."""

    @property
    def num_features(self) -> int:
        """Features of a token."""
        return self.config.dim  # type: ignore[no-any-return]

    def new_classifier(self, classes: int) -> nn.Module:
        """A linear layer."""
        linear = nn.Linear(self.num_features, classes)
        initialise(linear)
        return linear

    def stages(self, x: Tensor) -> Iterator[Tensor]:
        """The encoder's output, each token at its place in the picture."""
        tokens = self.forward_features(x)
        places = tokens[:, 1:] if self.has_class_token else tokens
        yield places.transpose(1, 2).reshape(len(x), -1, *self.grid)

    def forward_features(self, x: Tensor) -> Tensor:
        """(B, channels, height, width) -> (B, tokens, dim); the class token, where there is one, comes first."""
        y: Tensor = self.encoder(self.tokeniser(x).flatten(2).transpose(1, 2))
        return y

    def pool(self, x: Tensor) -> Tensor:
        """The class token, or the weighted mean of all."""
        return self.encoder.pool(x)

    def attention_map(self, x: Tensor) -> Tensor:
        """How much each place of a picture counts in its pooled features.

        Shapes:
            (B, channels, height, width) -> (B, *grid); each map adds up to 1.

        Raises:
            ValueError: the network has a class token, so that nothing is pooled.
        """
        return self.encoder.weights(self.forward_features(x)).reshape(len(x), *self.grid)


def _patches(family: str) -> list[tuple[str, PatchConfig]]:
    return [
        (f"{family}_{layers}_4_32{end}", PatchConfig(**SIZES[layers], pos=pos))
        for layers in (2, 4, 6, 7)
        for end, pos in (("", "learnable"), ("_sine", "sine"))
    ]


def _convs(layers: int, kernel: int, convs: int, side: int, classes: int, pos: str = "learnable") -> CCTConfig:
    return CCTConfig(height=side, width=side, classes=classes, kernel=kernel, convs=convs, pos=pos, **SIZES[layers])


@register_variants(("vit_lite", PatchConfig()), *_patches("vit"))
class ViTLite(CompactTransformer):
    """A transformer of small patches with a class token.

    Shapes:
        (B, channels, height, width) -> (B, classes).

    Cost: 15 337 216 multiply-accumulates and 214 666 trainable parameters as `vit_2_4_32`.
    """

    has_class_token = True

    def new_tokeniser(self, config: PatchConfig) -> nn.Module:
        """One linear layer for each patch."""
        return nn.Conv2d(config.channels, config.dim, config.patch, config.patch)


@register_variants(("cvt", PatchConfig()), *_patches("cvt"))
class CVT(CompactTransformer):
    """A transformer of small patches with pooling over the sequence.

    Shapes:
        (B, channels, height, width) -> (B, classes).

    Cost: 15 090 944 multiply-accumulates and 214 539 trainable parameters as `cvt_2_4_32`.
    """

    always_learns_positions = True

    def new_tokeniser(self, config: PatchConfig) -> nn.Module:
        """One linear layer for each patch."""
        return nn.Conv2d(config.channels, config.dim, config.patch, config.patch)


@register_variants(
    ("cct", CCTConfig()),
    *(
        (f"cct_{layers}_3x{convs}_32{end}", _convs(layers, 3, convs, 32, 10, pos))
        for layers, convs in ((2, 2), (4, 2), (6, 1), (6, 2), (7, 1), (7, 2))
        for end, pos in (("", "learnable"), ("_sine", "sine"))
    ),
    ("cct_7_3x1_32_c100", _convs(7, 3, 1, 32, 100)),
    ("cct_7_3x1_32_sine_c100", _convs(7, 3, 1, 32, 100, "sine")),
    ("cct_7_7x2_224", _convs(7, 7, 2, 224, 102)),
    ("cct_7_7x2_224_sine", _convs(7, 7, 2, 224, 102, "sine")),
    ("cct_14_7x2_224", _convs(14, 7, 2, 224, 1000)),
    ("cct_14_7x2_384", _convs(14, 7, 2, 384, 1000)),
    ("cct_14_7x2_384_fl", _convs(14, 7, 2, 384, 102)),
)
class CCT(CompactTransformer):
    """A transformer whose tokens come from convolutions, with pooling over the sequence.

    Shapes:
        (B, channels, height, width) -> (B, classes).

    Cost: 35 341 568 multiply-accumulates, of which 2 105 344 in attention, and 283 723 trainable parameters as
        `cct_2_3x2_32`.
    """

    always_learns_positions = True

    def new_tokeniser(self, config: CCTConfig) -> nn.Module:
        """Convolution, rectifier and pooling, some times over."""
        stride, padding = config.steps
        wide = [config.channels, *[_CHANNELS] * (config.convs - 1), config.dim]
        layers: list[nn.Module] = []
        for before, after in itertools.pairwise(wide):
            conv = nn.Conv2d(before, after, config.kernel, stride, padding, bias=False)
            layers += [conv, nn.ReLU(), nn.MaxPool2d(3, 2, 1)]
        return nn.Sequential(*layers)
