"""Transformers as `torch.export` writes them: every way to make heads and attention is read, and none costs more."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lilliput.compiler.frontends.torch_export import from_torch
from lilliput.compiler.graph import Graph
from lilliput.compiler.interpret import run_float, runs_by_rows
from lilliput.compiler.op import Target
from lilliput.compiler.passes import simplify
from lilliput.compiler.program import compile_graph
from lilliput.compress.quantise import QuantiseSettings, quantise
from lilliput.core.errors import BadSetting, UnsupportedAttribute
from tests.compiler.compact_transformer import CompactTransformer
from tests.runtime.harness import run_c

TOKENS, DIM, HEADS = 9, 16, 2


class Layers(nn.Module):
    """The layers of an attention, and what is done with them."""

    def __init__(self, function: Callable[[Layers, Tensor], Tensor]) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.function = function
        self.qkv = nn.Linear(DIM, 3 * DIM, bias=False)
        self.q, self.k, self.v, self.proj = (nn.Linear(DIM, DIM) for _ in range(4))
        self.norm, self.token = nn.LayerNorm(DIM), nn.Parameter(torch.randn(1, 1, DIM))
        self.place = nn.Parameter(torch.randn(1, TOKENS + 1, DIM))

    def forward(self, x: Tensor) -> Tensor:
        return self.function(self, x)

    def three(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        return heads(self.q(x)), heads(self.k(x)), heads(self.v(x))


def heads(x: Tensor) -> Tensor:
    return x.view(x.shape[0], x.shape[1], HEADS, -1).transpose(1, 2)


def joined(x: Tensor) -> Tensor:
    return x.transpose(1, 2).flatten(2)


def chunked(m: Layers, x: Tensor) -> Tensor:
    q, k, v = (heads(part) for part in m.qkv(x).chunk(3, -1))
    return m.proj(joined(F.scaled_dot_product_attention(q, k, v)))


def split(m: Layers, x: Tensor) -> Tensor:
    q, k, v = (heads(part) for part in m.qkv(x).split(DIM, 2))
    return m.proj(joined(F.scaled_dot_product_attention(q, k, v, scale=0.2)))


def indexed(m: Layers, x: Tensor) -> Tensor:
    b, n, d = x.shape
    qkv = m.qkv(x).reshape(b, n, 3, HEADS, d // HEADS).permute(2, 0, 3, 1, 4)
    scores = (qkv[0] * (d // HEADS) ** -0.5) @ qkv[1].transpose(-2, -1)
    return m.proj((scores.softmax(-1) @ qkv[2]).transpose(1, 2).reshape(b, n, d))


def of_three_layers(m: Layers, x: Tensor) -> Tensor:
    q, k, v = m.three(x)
    scores = torch.matmul(q, k.transpose(2, 3)) / (DIM // HEADS) ** 0.5
    return m.proj(joined(torch.softmax(scores, dim=-1) @ v))


def einsums(m: Layers, x: Tensor) -> Tensor:
    q, k, v = m.three(x)
    shares = (torch.einsum("bhid, bhjd -> bhij", q, k) * 0.3).softmax(-1)
    return torch.einsum("bhij,bhjd->bihd", shares, v).flatten(2)


def einsums_of_tokens(m: Layers, x: Tensor) -> Tensor:
    """Heads beside the tokens, an order that fits no product, several labels summed."""
    q, k = (layer(x).view(x.shape[0], TOKENS, HEADS, -1) for layer in (m.q, m.k))
    return torch.einsum("bihd,bjhd->jib", q, k).permute(2, 1, 0)


def one_query(m: Layers, x: Tensor) -> Tensor:
    q = heads(m.token.expand(x.shape[0], -1, -1))
    return joined(F.scaled_dot_product_attention(q, heads(m.k(x)), heads(m.v(x)))).squeeze(1)


def class_token(m: Layers, x: Tensor) -> Tensor:
    x = torch.cat((m.token.expand(x.shape[0], -1, -1), x), dim=1) + m.place
    return m.norm(x)[:, 0]


def class_token_repeated(m: Layers, x: Tensor) -> Tensor:
    x = torch.cat((m.token.repeat(x.shape[0], 1, 1), x), dim=1)
    return m.norm(x + m.place[:, : x.size(1)]).mean(1)


def weighted_mean(m: Layers, x: Tensor) -> Tensor:
    shares = F.softmax(m.q(x)[..., :1], dim=1)
    return torch.matmul(shares.transpose(-1, -2), x).squeeze(-2)


def weighted_sum(m: Layers, x: Tensor) -> Tensor:
    return (F.softmax(m.q(x)[..., :1], dim=1) * x).sum(1)


def over_tokens(m: Layers, x: Tensor) -> Tensor:
    return m.q(x).softmax(1)


def with_gelu(m: Layers, x: Tensor) -> Tensor:
    return m.proj(F.gelu(m.q(x), approximate="tanh")) + m.k(F.gelu(x))


FUNCTIONS = (
    chunked, split, indexed, of_three_layers, einsums, einsums_of_tokens, one_query, class_token,
    class_token_repeated, weighted_mean, weighted_sum, over_tokens, with_gelu,
)  # fmt: skip
MODULES: dict[str, Callable[[], nn.Module]] = {
    **{function.__name__: lambda function=function: Layers(function) for function in FUNCTIONS},  # type: ignore[misc]
    "PyTorch's encoder": lambda: nn.TransformerEncoderLayer(DIM, HEADS, 32, batch_first=True, activation="gelu"),
}


@pytest.mark.parametrize("name", list(MODULES))
def test_the_meaning_is_the_module_s_and_int8_is_near_it(name: str) -> None:
    torch.manual_seed(1)
    module, x = MODULES[name]().eval(), torch.randn(6, TOKENS, DIM)
    graph = simplify(from_torch(module, x[:1]))
    with torch.no_grad():
        wanted = module(x)
        # The encoder's layers see the tokens where the batch should be: such a graph is run row by row.
        made = [run_float(graph, {graph.inputs[0]: row[None]})[graph.outputs[0]] for row in x]
    torch.testing.assert_close(torch.cat(made).reshape(wanted.shape), wanted, atol=1e-5, rtol=1e-4)
    result = quantise(graph, x.numpy(), QuantiseSettings(equalise=False))
    assert result.layers[-1].sqnr_db > 30
    compile_graph(result.graph, Target(dsp=True))


@pytest.fixture(scope="module")
def both_forms() -> list[Graph]:
    graphs = []
    for fused in (True, False):
        torch.manual_seed(0)
        net = CompactTransformer(16, 1, 16, fused=fused).eval()
        graphs.append(simplify(from_torch(net, torch.zeros(1, 1, 16, 16))))
    return graphs


def test_both_forms_of_attention_cost_the_same(both_forms: list[Graph]) -> None:
    x = np.random.default_rng(0).standard_normal((8, 16, 16, 1)).astype(np.float32)
    programs = [compile_graph(quantise(graph, x).graph, Target(dsp=True)) for graph in both_forms]
    first, second = (sorted(step.kernel.function for step in program.steps) for program in programs)
    assert first == second
    assert programs[0].plan.arena_bytes == programs[1].plan.arena_bytes


def test_tokens_are_made_and_heads_split_without_a_transpose_too_many(both_forms: list[Graph]) -> None:
    for graph in both_forms:
        assert not runs_by_rows(graph)  # so that biases are corrected
        # Of each block: queries, keys, values, and the heads that are joined again.
        assert sum(node.op == "transpose" for node in graph.nodes) == 2 * 4


@pytest.mark.parametrize("equation", ["bnd,bmd->bn", "bnd,bnd->bnd", "bnd,bmd", "...nd,...md->...nm"])
def test_an_einsum_that_is_no_product_is_refused(equation: str) -> None:
    def contract(m: Layers, x: Tensor) -> Tensor:
        return torch.einsum(equation, x, m.q(x))

    with pytest.raises(UnsupportedAttribute, match="einsum"):
        from_torch(Layers(contract), torch.zeros(1, TOKENS, DIM))


def test_causal_attention_sees_what_came_before(tmp_path: Path) -> None:
    def causal(m: Layers, x: Tensor) -> Tensor:
        return joined(F.scaled_dot_product_attention(*m.three(x), is_causal=True))

    model = Layers(causal).eval()
    graph = simplify(from_torch(model, torch.zeros(1, TOKENS, DIM)))
    x = torch.randn(3, TOKENS, DIM, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        torch.testing.assert_close(run_float(graph, {graph.inputs[0]: x})[graph.outputs[0]], model(x))
    program = compile_graph(quantise(graph, x.numpy()).graph)
    assert [step.kernel.function for step in program.steps].count("lp_masked_softmax_s8") == 1
    codes = np.random.default_rng(0).integers(-128, 128, (5, TOKENS, DIM)).astype(np.int8)
    np.testing.assert_array_equal(run_c(program, [codes], tmp_path)[0], program.run(codes)[0])


def test_a_mask_that_is_not_read_is_refused_with_the_line_of_the_user() -> None:
    def biased(m: Layers, x: Tensor) -> Tensor:
        return joined(F.scaled_dot_product_attention(*m.three(x), attn_mask=m.place[:, :TOKENS, :TOKENS]))

    with pytest.raises(UnsupportedAttribute, match=r"test_transformer.py:\d+\): attention with a mask of numbers"):
        from_torch(Layers(biased), torch.zeros(1, TOKENS, DIM))


class Words(nn.Module):
    """Vectors of words, attention among those that are there, and a mean over them: 0 is where a text has ended."""

    def __init__(self, *, written_out: bool = False) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.written_out = written_out
        self.vectors, self.qkv = nn.Embedding(40, DIM), nn.Linear(DIM, 3 * DIM)
        self.score, self.head = nn.Linear(DIM, 3), nn.Linear(DIM, 3)

    def forward(self, words: Tensor) -> Tensor:
        here = words != 0
        here = torch.cat([here[:, :1] | ~here.any(1, keepdim=True), here[:, 1:]], 1)
        x = self.vectors(words) * 4.0
        q, k, v = (heads(part) for part in self.qkv(x).chunk(3, -1))
        if self.written_out:
            scores = (q @ k.transpose(2, 3)) * (DIM // HEADS) ** -0.5
            y = scores.masked_fill(~here[:, None, None], torch.finfo(x.dtype).min).softmax(-1) @ v
        else:
            y = F.scaled_dot_product_attention(q, k, v, attn_mask=here[:, None, None])
        x = x + joined(y)
        weights = self.score(x).transpose(1, 2).masked_fill(~here[:, None], -1e9).softmax(2)
        made: Tensor = self.head((weights @ x).mean(1))
        return made


def texts(count: int, seed: int = 0) -> np.ndarray:
    """Numbers of words, each text of its own length, the first one empty."""
    rng = np.random.default_rng(seed)
    words = rng.integers(1, 40, (count, TOKENS)).astype(np.int32)
    words[np.arange(TOKENS) >= rng.integers(1, TOKENS + 1, count)[:, None]] = 0
    words[0] = 0
    return words


class TestWords:
    """Networks that take numbers of words, and masks of what is there."""

    @pytest.mark.parametrize("written_out", [False, True])
    def test_texts_are_read_with_their_masks(self, written_out: bool) -> None:
        model = Words(written_out=written_out).eval()
        graph = simplify(from_torch(model, torch.ones(1, TOKENS, dtype=torch.int64)))
        assert graph.values[graph.inputs[0]].dtype == "int32"
        assert sum(node.op == "masked_softmax" for node in graph.nodes) == 2
        words = torch.from_numpy(texts(20))
        y = run_float(graph, {graph.inputs[0]: words})[graph.outputs[0]]
        with torch.no_grad():
            torch.testing.assert_close(y, model(words.long()), atol=1e-5, rtol=1e-5)

    def test_integers_are_exact_in_c_and_near_the_float_network(self, tmp_path: Path) -> None:
        model = Words().eval()
        graph = simplify(from_torch(model, torch.ones(1, TOKENS, dtype=torch.int64)))
        integer = quantise(graph, texts(200, seed=1)).graph
        program, words = compile_graph(integer), texts(30)
        (wanted,) = program.run(words)
        (made,) = run_c(program, [words], tmp_path)
        np.testing.assert_array_equal(made, wanted)
        quant = program.outputs[0].quant
        assert quant is not None
        with torch.no_grad():
            real = model(torch.from_numpy(words).long()).numpy()
        error = quant.dequantise(wanted).reshape(real.shape) - real
        assert np.sqrt((error**2).mean()) < 0.05 * np.sqrt((real**2).mean())
        longer = words.copy()
        longer[words == 0] = 7  # words where none were change the answer: the masks did leave them out
        assert (program.run(longer)[0] != wanted).any(axis=1).sum() > 15

    def test_fractions_of_words_are_refused(self) -> None:
        graph = simplify(from_torch(Words().eval(), torch.ones(1, TOKENS, dtype=torch.int64)))
        with pytest.raises(BadSetting, match=r"float32\['N', 9\].*\n.*items are int32"):
            quantise(graph, texts(5).astype(np.float32))
