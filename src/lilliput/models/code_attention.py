"""Many labels for a long text: a small transformer, and for each label its own attention over the words.

Paper   TransICD: Transformer Based Code-wise Attention Model for Explainable ICD Coding
Input   (B, words): numbers of words in a vocabulary, int64; `PADDING` where a text has ended
Output  (B, classes): logits, one a label
Differs from the published code: positions are added along the words. The code adds them along the batch, so that its
        network cannot see the order of words, and a document's logits depend on its row (`positions="legacy"`).

`pooling` says how words become a label's vector: `code`, each label by its own weights, or `mean`; `encoder` what
stands before: `transformer`, `gru` in both directions, or `none`, which is a bag of words.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lilliput.layers.attention import check_heads
from lilliput.models.entry import check_range, register_model
from lilliput.tasks.words import PADDING


@dataclass(frozen=True)
class CodeAttentionConfig:
    """Sizes; the published ones are those of `transicd`."""

    classes: int = 50
    max_len: int = 2500  # words
    vocabulary: int = 10_000  # words that have a number, `PADDING` included
    dim: int = 128
    layers: int = 2
    heads: int = 8
    hidden: int = 512
    expansion: int = 2  # of the attention's inner width
    dropout: float = 0.1
    attention_dropout: float = 0.1  # of the weights between words, which is most of the time of a long text
    freeze: bool = False  # whether the vectors of words stay as they are
    encoder: str = "transformer"
    pooling: str = "code"
    positions: str = "words"

    def __post_init__(self) -> None:
        check_range(self, 1, 100_000, "classes")
        check_range(self, 1, 1_000_000, "max_len")
        check_range(self, 2, 100_000_000, "vocabulary")
        check_range(self, 1, 65536, "dim", "heads", "hidden", "expansion")
        check_range(self, 1, 64, "layers")
        check_range(self, 0, 0.99, "dropout", "attention_dropout")
        check_heads(self.dim, self.heads)
        allowed = {
            "encoder": ("transformer", "gru", "none"),
            "pooling": ("code", "mean"),
            "positions": ("words", "legacy", "none"),
        }
        for name, values in allowed.items():
            if getattr(self, name) not in values:
                raise ValueError(f"`{name}` must be one of {', '.join(values)}, got {getattr(self, name)!r}")
        if self.encoder == "gru" and self.dim % 2:
            raise ValueError(f"`dim` must be even for a GRU in both directions, got {self.dim}")

    @property
    def input_shape(self) -> tuple[int]:
        """(words,)."""
        return (self.max_len,)

    def fit_to(self, input_shape: tuple[int, ...], classes: int) -> dict[str, int]:
        """There is nothing in pictures or sounds that has a vocabulary."""
        raise ValueError("it takes numbers of words")


class PostNormLayer(nn.Module):
    """A transformer layer that normalises behind each sum, with ReLU: the original one (arXiv:1706.03762).

    Shapes:
        x (B, N, D), present (B, N) -> (B, N, D).
    """

    def __init__(self, dim: int, heads: int, hidden: int, *, dropout: float, attention_dropout: float) -> None:
        super().__init__()
        self.heads, self.share = heads, attention_dropout
        self.qkv, self.project = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)
        self.widen, self.narrow = nn.Linear(dim, hidden), nn.Linear(hidden, dim)
        self.first, self.second = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.dropout = nn.Dropout(dropout)
        nn.init.xavier_uniform_(self.qkv.weight)

    def forward(self, x: Tensor, present: Tensor) -> Tensor:
        batch, words, dim = x.shape
        parts = self.qkv(x).reshape(batch, words, 3, self.heads, dim // self.heads).permute(2, 0, 3, 1, 4)
        share = self.share if self.training else 0.0
        mask = present[:, None, None, :]
        y = F.scaled_dot_product_attention(parts[0], parts[1], parts[2], attn_mask=mask, dropout_p=share)
        x = self.first(x + self.dropout(self.project(y.transpose(1, 2).reshape(batch, words, dim))))
        y = self.narrow(self.dropout(torch.relu(self.widen(x))))
        z: Tensor = self.second(x + self.dropout(y))
        return z


class BothWays(nn.Module):
    """A GRU along the words, and one back that begins at the last word and not in the padding behind it.

    Shapes:
        x (B, N, D), present (B, N), of which the first come first -> (B, N, D).
    """

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.along, self.back = (nn.GRU(dim, dim // 2, batch_first=True) for _ in range(2))

    def forward(self, x: Tensor, present: Tensor) -> Tensor:
        place = torch.arange(x.shape[1], device=x.device)
        turned = present.sum(1, keepdim=True) - 1 - place
        # The words turned round, each text by its own length; what lies behind it stays there.
        turned = torch.where(turned >= 0, turned, place)[:, :, None]
        made = self.back(x.gather(1, turned.expand_as(x)))[0]
        back = made.gather(1, turned.expand_as(made))
        return torch.cat([self.along(x)[0], back], 2)


class CodeAttention(nn.Module):
    r"""For each label a mean of the words by its own weights: S = tanh(H W₁ + b₁) W₂ + b₂, A = softmax over words.

    Shapes:
        H (B, N, D), present (B, N) -> weights (B, K, N), which are 0 where nothing is present.
    """

    def __init__(self, dim: int, expansion: int, classes: int) -> None:
        super().__init__()
        self.hidden, self.score = nn.Linear(dim, expansion * dim), nn.Linear(expansion * dim, classes)

    def forward(self, h: Tensor, present: Tensor) -> Tensor:
        scores: Tensor = self.score(torch.tanh(self.hidden(h))).transpose(1, 2)
        return scores.masked_fill(~present[:, None], torch.finfo(h.dtype).min).softmax(2)


def positions(count: int, dim: int) -> Tensor:
    """Sines and cosines of places, (count, dim)."""
    place = torch.arange(count, dtype=torch.float32)[:, None]
    rate = torch.exp(torch.arange(0, dim, 2, dtype=torch.float32) * (-math.log(10_000.0) / dim))
    table = torch.zeros(count, dim)
    table[:, 0::2], table[:, 1::2] = torch.sin(place * rate), torch.cos(place * rate[: dim // 2])
    return table


_SMALL = {"max_len": 64, "vocabulary": 2000, "dim": 32, "layers": 1, "heads": 4, "hidden": 64, "classes": 28}


@register_model("transicd", CodeAttentionConfig(freeze=True))
@register_model("transicd_mean", CodeAttentionConfig(freeze=True, pooling="mean"))
@register_model("code_attention", CodeAttentionConfig(**_SMALL))  # type: ignore[arg-type]
@register_model("mean_transformer", CodeAttentionConfig(**_SMALL, pooling="mean"))  # type: ignore[arg-type]
@register_model("code_gru", CodeAttentionConfig(**_SMALL, encoder="gru", pooling="mean"))  # type: ignore[arg-type]
@register_model("bag_of_vectors", CodeAttentionConfig(**_SMALL, encoder="none", pooling="mean"))  # type: ignore[arg-type]
class CodeAttentionClassifier(nn.Module):
    """Vectors of words, an encoder, a vector a label, and its logit.

    Shapes:
        (B, words) int64, at most `max_len` of them -> (B, classes).

    Cost: 448 868 trainable parameters at the published size, whose vectors of words are not trained.
    """

    table: Tensor

    def __init__(self, config: CodeAttentionConfig) -> None:
        super().__init__()
        self.config = config
        self.embedding = nn.Embedding(config.vocabulary, config.dim, padding_idx=PADDING)
        nn.init.normal_(self.embedding.weight, std=config.dim**-0.5)
        with torch.no_grad():
            self.embedding.weight[PADDING].zero_()
        self.embedding.weight.requires_grad_(not config.freeze)
        self.dropout = nn.Dropout(config.dropout)
        self.encoder = nn.ModuleList()
        if config.encoder == "transformer":
            self.register_buffer("table", positions(config.max_len, config.dim), persistent=False)
            self.encoder = nn.ModuleList(
                PostNormLayer(
                    config.dim,
                    config.heads,
                    config.hidden,
                    dropout=config.dropout,
                    attention_dropout=config.attention_dropout,
                )
                for _ in range(config.layers)
            )
        elif config.encoder == "gru":
            self.encoder = nn.ModuleList(BothWays(config.dim) for _ in range(config.layers))
        self.attention = (
            CodeAttention(config.dim, config.expansion, config.classes) if config.pooling == "code" else None
        )
        self.heads = nn.Linear(config.dim, config.classes)
        # What is added to a label's scores of all words changes no softmax.
        idle = {"attention.score.bias": config.pooling == "code", "embedding.weight": config.freeze}
        self.idle_parameters = tuple(name for name, is_idle in idle.items() if is_idle)

    def use_vectors(self, vectors: Tensor) -> None:
        """Take the vectors of words from elsewhere.

        Args:
            vectors: (vocabulary, dim), float32; the row of `PADDING` is never looked at.

        Raises:
            ValueError: another shape.
        """
        if vectors.shape != self.embedding.weight.shape:
            raise ValueError(f"`vectors` are {tuple(vectors.shape)}, not {tuple(self.embedding.weight.shape)}")
        with torch.no_grad():
            self.embedding.weight.copy_(vectors)

    def encode(self, words: Tensor) -> tuple[Tensor, Tensor]:
        """(B, N) -> what the encoder makes of each word, (B, N, D), and whether one is there, (B, N)."""
        if words.shape[1] > self.config.max_len:
            raise ValueError(f"texts of {words.shape[1]} words; the network takes {self.config.max_len}")
        present = words != PADDING
        # Of a text without words the first padding stands for one, so that nothing is divided by 0.
        present = torch.cat([present[:, :1] | ~present.any(1, keepdim=True), present[:, 1:]], 1)
        x = self.embedding(words) * math.sqrt(self.config.dim)
        if self.config.encoder == "transformer":
            x = self.dropout(x + self._places(x))
        x = self.dropout(x)
        for layer in self.encoder:
            x = layer(x, present)
        return x, present

    def _places(self, x: Tensor) -> Tensor:
        if self.config.positions == "none":
            return x.new_zeros(())
        if self.config.positions == "legacy":
            return self.table[torch.arange(len(x), device=x.device) % len(self.table)][:, None]
        return self.table[: x.shape[1]]

    def attend(self, words: Tensor) -> tuple[Tensor, Tensor]:
        """Logits (B, K), and the weights of the words for each label, (B, K, N); the same for all by the mean."""
        h, present = self.encode(words)
        if self.attention is None:
            even = (present / present.sum(1, keepdim=True)).to(h.dtype)[:, None]
            return self.heads((even @ h).squeeze(1)), even.expand(-1, self.config.classes, -1)
        weights: Tensor = self.attention(h, present)
        vectors = weights @ h
        logits = (vectors * self.heads.weight).sum(2) + self.heads.bias
        return logits, weights

    def forward(self, words: Tensor) -> Tensor:
        return self.attend(words)[0]
