"""Copies of a small network side by side, each level invertible, so that features can be computed again backwards."""

from __future__ import annotations

from datetime import date

from lilliput.papers import Claim, Kind, Paper, register_paper

_ONE_K = "ImageNet-1k, 224x224, trained from scratch"
_SIZE = "1000 classes, one head"

register_paper(
    Paper(
        number=7,
        name="revcol",
        title="Reversible Column Networks",
        date=date(2022, 12, 22),
        authors=7,
        arxiv="2212.11696",
        links=("https://github.com/megvii-research/RevCol",),
        topics=("vision", "reversible", "training-memory"),
        summary="An architecture of several copies of a small hierarchical network. Each level of a copy gets the "
        "same level of the copy before it through an invertible scaling, so that features are carried on instead of "
        "squeezed, and can be recomputed backwards instead of being stored. For training under tight memory, for "
        "dense prediction, and for answers that can be read early.",
        claims=(
            Claim("t.top1", "accuracy", 82.2, "%", "higher", f"RevCol-T, {_ONE_K}", Kind.OUT_OF_REACH, "[readme]"),
            Claim("s.top1", "accuracy", 83.5, "%", "higher", f"RevCol-S, {_ONE_K}", Kind.OUT_OF_REACH, "[readme]"),
            Claim("b.top1", "accuracy", 84.1, "%", "higher", f"RevCol-B, {_ONE_K}", Kind.OUT_OF_REACH, "[readme]"),
            Claim("xl.top1", "accuracy", 88.2, "%", "higher", "RevCol-XL, ImageNet-1k after 22k", Kind.OUT_OF_REACH,
                  "[paper]"),
            Claim("h.top1", "accuracy", 90.0, "%", "higher", "RevCol-H, 640x640, 168 million private pictures",
                  Kind.OUT_OF_REACH, "[paper]"),
            Claim("h.coco", "box average precision", 63.8, "%", "higher", "RevCol-H, COCO minival", Kind.OUT_OF_REACH,
                  "[paper]"),
            Claim("h.ade20k", "mean intersection over union", 61.0, "%", "higher", "RevCol-H, ADE20k, best",
                  Kind.OUT_OF_REACH, "[paper]"),
            Claim("memory", "stored activations, reversible against plain training", "lower", "", "lower",
                  "growing number of columns", Kind.STAND_IN, "[paper] a trade of memory for computation",
                  note="the published code still stores each column's output, so memory grows with the columns"),
            Claim("t.params", "parameters", 30_456_168, "", "equal", f"RevCol-T, {_SIZE}", Kind.STRUCTURE,
                  "[official code]"),
            Claim("s.params", "parameters", 60_568_424, "", "equal", f"RevCol-S, {_SIZE}", Kind.STRUCTURE,
                  "[official code]"),
            Claim("b.params", "parameters", 138_616_408, "", "equal", f"RevCol-B, {_SIZE}", Kind.STRUCTURE,
                  "[official code]"),
            Claim("l.params", "parameters", 273_095_400, "", "equal", f"RevCol-L, {_SIZE}", Kind.STRUCTURE,
                  "[official code]"),
            Claim("t.macs", "multiply-accumulates", 4_517_355_520, "", "equal", "RevCol-T, 224x224", Kind.STRUCTURE,
                  "[official code]"),
            Claim("s.macs", "multiply-accumulates", 9_043_832_832, "", "equal", "RevCol-S, 224x224", Kind.STRUCTURE,
                  "[official code]"),
            Claim("b.macs", "multiply-accumulates", 16_585_449_984, "", "equal", "RevCol-B, 224x224", Kind.STRUCTURE,
                  "[official code]"),
        ),
    )
)  # fmt: skip
