"""Compact transformers for text: the networks of `cct.py` with words in place of pixels.

Paper   Escaping the Big Data Paradigm with Compact Transformers (arXiv:2104.05704)
Input   (B, words): numbers of words in a vocabulary, int64; `PADDING` where a text has ended
Output  (B, classes): logits
Differs from the paper's code: that does not run with positions, whose table has a row too many. Here token i has row
        i + 1 of that table, and its first row, zeros, is for tokens that are only padding. Padding counts in nothing,
        the pooling included; `official=True` pools over it, as the published code does.

A text that is longer than `max_len` is cut, with one warning; one without words is one padding token.
`text_cvt_6` is half as wide as the other two of six layers, as published.
"""

from __future__ import annotations

import logging
from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lilliput.layers.attention import initialise
from lilliput.models.encoder import SIZES, EncoderConfig, TokenEncoder, check_multiple, register_variants
from lilliput.models.entry import check_range
from lilliput.tasks.words import PADDING

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class TextConfig(EncoderConfig):
    """What the three for text have in common."""

    classes: int = 4
    pos: str = "sine"
    max_len: int = 64  # words
    vocabulary: int = 10_000  # words that have a number, `PADDING` included
    words: int = 300  # numbers in the vector of a word
    freeze: bool = False  # whether the vectors of words stay as they are

    def __post_init__(self) -> None:
        super().__post_init__()
        check_range(self, 1, 65536, "max_len", "words")
        check_range(self, 2, 100_000_000, "vocabulary")

    @property
    def input_shape(self) -> tuple[int]:
        """(words,)."""
        return (self.max_len,)

    @property
    @abstractmethod
    def steps(self) -> Steps:
        """How tokens are made of words."""

    @property
    def tokens(self) -> int:
        """Tokens of a text of full length."""
        kernel, stride, padding, pools = self.steps
        count = (self.max_len + 2 * padding - kernel) // stride + 1
        return count // 2 + 1 if pools else count

    def fit_to(self, input_shape: tuple[int, ...], classes: int) -> dict[str, int]:
        """There is nothing in pictures or sounds that has a vocabulary."""
        raise ValueError("it takes numbers of words")


class Steps(NamedTuple):
    """The convolution over the words of a text, and whether pairs of its outputs are pooled."""

    kernel: int
    stride: int
    padding: int
    pools: bool


@dataclass(frozen=True)
class TextPatchConfig(TextConfig):
    """Sizes of a ViT-Lite or a CVT for text."""

    patch: int = 4  # words a token; `max_len` is a multiple of it

    def __post_init__(self) -> None:
        super().__post_init__()
        check_range(self, 1, 65536, "patch")
        check_multiple("max_len", self.max_len, self.patch)

    @property
    def steps(self) -> Steps:
        """Patch after patch."""
        return Steps(self.patch, self.patch, 0, pools=False)


@dataclass(frozen=True)
class TextCCTConfig(TextConfig):
    """Sizes of a CCT for text."""

    kernel: int = 4  # words that a convolution sees; 1, 2 and 4 are published

    def __post_init__(self) -> None:
        super().__post_init__()
        check_range(self, 1, 64, "kernel")

    @property
    def steps(self) -> Steps:
        """As published."""
        return Steps(self.kernel, max(1, self.kernel // 2 - 1), max(1, self.kernel // 2), pools=True)


class TextTransformer(nn.Module):
    """Vectors of words, tokens of some of them, encoder, pooling, classifier.

    Shapes:
        (B, words) int64, at most `max_len` of them -> (B, classes).
    """

    has_class_token = False
    idle_parameters = ("encoder.sequence_pool.score.bias",)
    """Published, and without effect: a softmax over the tokens takes away what is added to all of them."""

    def __init__(self, config: Any) -> None:
        super().__init__()
        self.config = config
        steps: Steps = config.steps
        self.embedding = nn.Embedding(config.vocabulary, config.words, padding_idx=PADDING)
        self.embedding.weight.requires_grad_(not config.freeze)
        self.tokeniser = nn.Conv2d(
            1, config.dim, (steps.kernel, config.words), (steps.stride, 1), (steps.padding, 0), bias=False
        )
        initialise(self.tokeniser)
        self.encoder = TokenEncoder(config, config.tokens, class_token=self.has_class_token)
        self.classifier: nn.Module = nn.Linear(config.dim, config.classes) if config.classes else nn.Identity()
        initialise(self.classifier)
        self._told = False

    def use_vectors(self, vectors: Tensor, *, freeze: bool = False) -> None:
        """Take the vectors of words from elsewhere; row `PADDING` is never looked at.

        Args:
            vectors: (vocabulary, words), float32.
            freeze: leave them as they are in training.

        Raises:
            ValueError: another shape.
        """
        shape = tuple(self.embedding.weight.shape)
        if tuple(vectors.shape) != shape:
            raise ValueError(f"`vectors` are {tuple(vectors.shape)}; the network takes {shape}")
        with torch.no_grad():
            self.embedding.weight.copy_(vectors)
        self.embedding.weight.requires_grad_(not freeze)

    def forward(self, words: Tensor) -> Tensor:
        words = self._whole(words)
        x, present = self._tokens(words, self._present(words))
        x = self.encoder(x, present)
        pooled = self.encoder.pool(x, None if self.config.official else present)
        y: Tensor = self.classifier(pooled)
        return y

    def _whole(self, words: Tensor) -> Tensor:
        """(B, words) -> (B, max_len): cut, or filled with padding."""
        missing = self.config.max_len - words.shape[1]
        if missing < 0 and not self._told:
            _LOG.warning("texts of %d words are cut to %d", words.shape[1], self.config.max_len)
            self._told = True
        return F.pad(words, (0, missing), value=PADDING)

    def _present(self, words: Tensor) -> Tensor:
        """Which words are there: (B, max_len). Of a text without words, the first padding."""
        present = words != PADDING
        if self.config.official:
            return present
        first = present[:, :1] | ~present.any(dim=1, keepdim=True)
        return torch.cat([first, present[:, 1:]], dim=1)

    def _tokens(self, words: Tensor, present: Tensor) -> tuple[Tensor, Tensor]:
        """Tokens (B, N, dim), zero where no word is in reach, as there is no bias; and whether one is: (B, N)."""
        kernel, stride, padding, pools = self.config.steps
        vectors = self.embedding(words) * present.unsqueeze(-1)
        x = self.tokeniser(vectors.unsqueeze(1)).squeeze(3)
        reach = present.unsqueeze(1).to(x.dtype)
        reach = F.conv1d(reach, reach.new_ones(1, 1, kernel), None, stride, padding)
        if pools:
            x = F.max_pool1d(F.relu(x), 2, 2, 1)
            reach = F.max_pool1d(reach, 2, 2, 1)
        return x.transpose(1, 2), reach.squeeze(1) > 0


@register_variants(*((f"text_vit_{n}", TextPatchConfig(**SIZES[n])) for n in (2, 4, 6)))
class TextViTLite(TextTransformer):
    """Patches of words and a class token.

    Shapes:
        (B, words) int64 -> (B, classes).
    """

    has_class_token = True


@register_variants(
    ("text_cvt_2", TextPatchConfig(**SIZES[2])),
    ("text_cvt_4", TextPatchConfig(**SIZES[4])),
    ("text_cvt_6", TextPatchConfig(**{**SIZES[6], "dim": SIZES[2]["dim"]})),
)
class TextCVT(TextTransformer):
    """Patches of words and pooling over the sequence.

    Shapes:
        (B, words) int64 -> (B, classes).
    """


@register_variants(*((f"text_cct_{n}", TextCCTConfig(**SIZES[n])) for n in (2, 4, 6)))
class TextCCT(TextTransformer):
    """Tokens from a convolution over neighbouring words, and pooling over the sequence.

    Shapes:
        (B, words) int64 -> (B, classes).

    Cost: 352 901 trainable parameters without the vectors of words as `text_cct_2`.
    """
