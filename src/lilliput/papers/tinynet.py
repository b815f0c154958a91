"""A rule for shrinking a good network: resolution, depth and width from the share of computation that is left."""

from __future__ import annotations

from datetime import date

from lilliput.papers import Claim, Kind, Paper, register_paper

_TOP = "ImageNet-1k"
_NET = "[official code] conversion of the published networks"

register_paper(
    Paper(
        number=11,
        name="tinynet",
        title="Model Rubik's Cube: Twisting Resolution, Depth and Width for TinyNets",
        date=date(2020, 10, 28),
        authors=6,
        arxiv="2010.14819",
        links=(
            "https://github.com/huawei-noah/ghostnet/tree/master/tinynet_pytorch",
            "https://gitee.com/mindspore/mindspore/tree/master/model_zoo/research/cv/tinynet",
        ),
        topics=("vision", "scaling", "architecture-search"),
        summary="Shrinks a network to a budget by a formula. Many shrunken copies are trained, the best trade-offs "
        "kept, and resolution and depth fitted as functions of the computation that is left; width then follows "
        "from the budget. For small budgets resolution and depth matter more than width. For anyone with a fixed "
        "budget who wants a good classifier without a search.",
        claims=(
            Claim("a.top1", "accuracy", 76.8, "%", "higher", f"TinyNet-A, {_TOP}", Kind.OUT_OF_REACH, "[readme]"),
            Claim("b.top1", "accuracy", 75.0, "%", "higher", f"TinyNet-B, {_TOP}", Kind.OUT_OF_REACH, "[readme]"),
            Claim("c.top1", "accuracy", 71.2, "%", "higher", f"TinyNet-C, {_TOP}", Kind.OUT_OF_REACH, "[readme]"),
            Claim("d.top1", "accuracy", 67.0, "%", "higher", f"TinyNet-D, {_TOP}", Kind.OUT_OF_REACH, "[readme]"),
            Claim("e.top1", "accuracy", 59.9, "%", "higher", f"TinyNet-E, {_TOP}", Kind.OUT_OF_REACH, "[readme]"),
            Claim("e.gain", "accuracy above the inverse of EfficientNet's formula at 24 M", 3.2, "points", "higher",
                  f"TinyNet-E, {_TOP}", Kind.STAND_IN, "[derived] 59.9 against 56.7",
                  note="here: small real pictures, both formulas solved to one budget"),
            Claim("a.params", "parameters", 6_187_972, "", "equal", "TinyNet-A, 1000 classes", Kind.STRUCTURE, _NET),
            Claim("b.params", "parameters", 3_730_562, "", "equal", "TinyNet-B, 1000 classes", Kind.STRUCTURE, _NET),
            Claim("c.params", "parameters", 2_457_234, "", "equal", "TinyNet-C, 1000 classes", Kind.STRUCTURE, _NET),
            Claim("d.params", "parameters", 2_338_446, "", "equal", "TinyNet-D, 1000 classes", Kind.STRUCTURE, _NET),
            Claim("e.params", "parameters", 2_042_972, "", "equal", "TinyNet-E, 1000 classes", Kind.STRUCTURE, _NET),
            Claim("a.macs", "multiply-accumulates", 336_867_712, "", "equal", "TinyNet-A, 192x192", Kind.STRUCTURE,
                  _NET),
            Claim("b.macs", "multiply-accumulates", 200_709_360, "", "equal", "TinyNet-B, 188x188", Kind.STRUCTURE,
                  _NET),
            Claim("c.macs", "multiply-accumulates", 99_536_432, "", "equal", "TinyNet-C, 184x184", Kind.STRUCTURE,
                  _NET),
            Claim("d.macs", "multiply-accumulates", 51_580_656, "", "equal", "TinyNet-D, 152x152", Kind.STRUCTURE,
                  _NET),
            Claim("e.macs", "multiply-accumulates", 24_356_848, "", "equal", "TinyNet-E, 106x106", Kind.STRUCTURE,
                  _NET),
        ),
    )
)  # fmt: skip
