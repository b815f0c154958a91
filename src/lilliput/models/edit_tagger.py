"""Edits of a text, word by word: each place keeps what it has, or takes one of a few phrases that were offered for it.

Paper   none: the small corrector beside HyPoradise (arXiv:2309.15701), whose own are large language models
Input   (B, slots, candidates, words + features): of each candidate the numbers of its words, 0 where there is none, and
        its features, of which the first is above 0 where there is such a candidate at all
Output  (B, slots, candidates): logits; candidates that are not there have -10000

The first candidate of a slot is what stands there. A convolution along the slots sees these; each candidate is then
scored by itself, beside what was seen.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from lilliput.models.entry import check_range, register_model

ABSENT = -1e4


@dataclass(frozen=True)
class EditTaggerConfig:
    """Sizes of the network."""

    slots: int = 24
    candidates: int = 8
    words: int = 3  # of a candidate
    features: int = 8
    vocabulary: int = 2000
    dim: int = 48
    hidden: int = 64
    layers: int = 2  # each sees one slot more on either side
    dropout: float = 0.2

    def __post_init__(self) -> None:
        check_range(self, 1, 4096, "slots", "candidates", "words", "features", "dim", "hidden")
        check_range(self, 1, 64, "layers")
        check_range(self, 2, 10_000_000, "vocabulary")
        check_range(self, 0, 0.99, "dropout")

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """(slots, candidates, words + features)."""
        return self.slots, self.candidates, self.words + self.features

    def example(self, batch: int, generator: torch.Generator) -> Tensor:
        """Random words and features; the first candidate of each slot is there."""
        shape = (batch, self.slots, self.candidates)
        numbers = torch.randint(self.vocabulary, (*shape, self.words), generator=generator)
        features = torch.randn(*shape, self.features, generator=generator)
        features[:, :, 0, 0] = 1.0
        return torch.cat([numbers, features], 3)

    def fit_to(self, input_shape: tuple[int, ...], classes: int) -> dict[str, int]:
        """There is nothing in pictures or sounds that has candidates."""
        raise ValueError("it takes candidates for the words of a text")


@register_model("edit_tagger", EditTaggerConfig())
class EditTagger(nn.Module):
    """The network of the file's head.

    Shapes:
        (B, slots, candidates, words + features) -> (B, slots, candidates), any number of slots.

    Raises:
        ValueError: another number of words and features.
    """

    def __init__(self, config: EditTaggerConfig) -> None:
        super().__init__()
        self.config = config
        self.vectors = nn.Embedding(config.vocabulary, config.dim, padding_idx=0)
        nn.init.normal_(self.vectors.weight, std=config.dim**-0.5)
        with torch.no_grad():
            self.vectors.weight[0].zero_()
        self.places = nn.Parameter(1 + 0.1 * torch.randn(config.words, config.dim))  # of words within a phrase
        self.along = nn.ModuleList(nn.Conv1d(config.dim, config.dim, 3, padding=1) for _ in range(config.layers))
        self.slot, self.phrase = nn.Linear(config.dim, config.hidden), nn.Linear(config.dim, config.hidden, bias=False)
        self.told = nn.Linear(config.features, config.hidden, bias=False)
        self.score = nn.Linear(config.hidden, 1, bias=False)  # what all candidates had alike would change nothing
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x: Tensor) -> Tensor:
        if x.shape[3] != self.config.words + self.config.features:
            wanted = f"{self.config.words} words and {self.config.features} features"
            raise ValueError(f"candidates have {x.shape[3]} numbers, not {wanted}")
        numbers, features = x[..., : self.config.words].long(), x[..., self.config.words :].float()
        phrases = self.dropout((self.vectors(numbers) * self.places).sum(3))  # (B, S, C, D)
        seen = phrases[:, :, 0].transpose(1, 2)
        for layer in self.along:
            seen = seen + torch.relu(layer(seen))
        about = self.slot(self.dropout(seen.transpose(1, 2)))[:, :, None] + self.phrase(phrases) + self.told(features)
        logits: Tensor = self.score(self.dropout(torch.relu(about)))[..., 0]
        return logits.masked_fill(features[..., 0] <= 0, ABSENT)
