"""A finished transformer, some of its attention replaced by state-space layers that start from its weights."""

from __future__ import annotations

from datetime import date

from lilliput.papers import Claim, Kind, Paper, register_paper

_LAYER = "replacement for one attention layer of Phi-2, width 2560"

register_paper(
    Paper(
        number=29,
        name="matvlm",
        title="MaTVLM: Hybrid Mamba-Transformer for Efficient Vision-Language Modeling",
        date=date(2025, 3, 17),
        authors=4,
        by="Li and Liao and Liu and Wang",
        arxiv="2503.13440",
        links=("http://github.com/hustvl/MaTVLM",),
        topics=("transformers", "state-space", "distillation", "vision-language"),
        summary="Takes a finished vision-language transformer, replaces the attention of some layers by state-space "
        "layers that start from the attention's own weights, and distils once against the original. The replaced "
        "layers keep a state of fixed size instead of a cache that grows with the text. For anyone who has a "
        "working causal transformer and must run it on long inputs in little memory.",
        claims=(
            Claim("speed", "tokens a second, hybrid against its teacher", 3.6, "x", "higher",
                  "long generated texts, best case", Kind.STAND_IN, "[abstract]",
                  note="the engines differ in the paper; here: one engine, a small character model"),
            Claim("memory", "GPU memory, hybrid against its teacher", -27.5, "%", "lower", "long generated texts",
                  Kind.STAND_IN, "[abstract]", note="here: bytes of state, which fall by the share replaced"),
            Claim("quality", "quality against its teacher and models of similar size", "competitive", "", "higher",
                  "vision-language benchmarks", Kind.STAND_IN, "[abstract]",
                  note="here: the loss of a small character model against its teacher's"),
            Claim("textvqa", "accuracy", 53.2, "%", "higher", "TextVQA, a quarter of the layers replaced",
                  Kind.OUT_OF_REACH, "[index]"),
            Claim("mmstar", "accuracy", 37.5, "%", "higher", "MMStar, a quarter of the layers replaced",
                  Kind.OUT_OF_REACH, "[index]"),
            Claim("layer.params", "parameters", 32_890_976, "", "equal", _LAYER, Kind.STRUCTURE, "[official code]"),
            Claim("attention.params", "parameters", 26_224_640, "", "equal", "one attention layer of Phi-2",
                  Kind.STRUCTURE, "[derived]", note="the replacement is the larger one"),
            Claim("layer.in-proj", "rows of the input projection", 10_272, "", "equal", _LAYER, Kind.STRUCTURE,
                  "[official code]"),
            Claim("layer.state", "state of a sequence", 471_040, "B", "equal", f"{_LAYER}, 16-bit", Kind.STRUCTURE,
                  "[official code]", note="an attention layer's cache takes as much at 46 tokens"),
        ),
    )
)  # fmt: skip
