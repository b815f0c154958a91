"""Small vision transformers that learn from small data: a convolutional tokeniser and pooling over the sequence."""

from __future__ import annotations

from datetime import date

from lilliput.papers import Claim, Kind, Paper, register_paper

_200 = "200 epochs"
_SIZE = "32x32 colour, 10 classes"
_ATTENTION = "without the two products of attention"

register_paper(
    Paper(
        number=24,
        name="cct",
        title="Escaping the Big Data Paradigm with Compact Transformers",
        date=date(2021, 4, 12),
        authors=6,
        arxiv="2104.05704",
        links=("https://github.com/SHI-Labs/Compact-Transformers",),
        topics=("vision", "transformers", "text"),
        summary="Three steps towards vision transformers that train from scratch on small data: small patches; a "
        "learned weighted mean over the output tokens in place of a class token; and a few convolutions with "
        "pooling in place of patches, which make position codes optional and free the input size. The smallest has "
        "0.28 million parameters. For those with thousands of labels, not millions.",
        claims=(
            Claim("cct_7_3x1.cifar10", "accuracy", 98.00, "%", "higher", "CCT-7/3x1, CIFAR-10, 5000 epochs",
                  Kind.OUT_OF_REACH, "[readme]"),
            Claim("cct_7_3x1.cifar100", "accuracy", 82.87, "%", "higher", "CCT-7/3x1, CIFAR-100, 5000 epochs",
                  Kind.OUT_OF_REACH, "[readme]"),
            Claim("cct_2_3x2.cifar10", "accuracy", 89.17, "%", "higher", f"CCT-2/3x2, CIFAR-10, {_200}",
                  Kind.OUT_OF_REACH, "[readme]"),
            Claim("cct_14_7x2.imagenet", "accuracy", 80.67, "%", "higher", "CCT-14/7x2, ImageNet-1k, 310 epochs",
                  Kind.OUT_OF_REACH, "[readme]"),
            Claim("cct_14_7x2.flowers", "accuracy", 99.76, "%", "higher", "CCT-14/7x2 at 384, Flowers-102, finetuned",
                  Kind.OUT_OF_REACH, "[readme]"),
            Claim("cct.gain", "accuracy of CCT-6/3x2 above ViT-Lite-6/4", 2.62, "points", "higher",
                  f"CIFAR-10, {_200}", Kind.STAND_IN, "[derived] 93.56 against 90.94 in the readme",
                  note="here: small pictures, networks of two layers"),
            Claim("cvt.gain", "accuracy of CVT-6/4 above ViT-Lite-6/4", 1.64, "points", "higher", f"CIFAR-10, {_200}",
                  Kind.STAND_IN, "[derived] 92.58 against 90.94 in the readme",
                  note="here: small pictures, networks of two layers"),
            Claim("cct_2_3x2.params", "parameters", 283_723, "", "equal", f"CCT-2/3x2, {_SIZE}", Kind.STRUCTURE,
                  "[official code]"),
            Claim("cct_4_3x2.params", "parameters", 482_123, "", "equal", f"CCT-4/3x2, {_SIZE}", Kind.STRUCTURE,
                  "[official code]"),
            Claim("cct_6_3x1.params", "parameters", 3_233_803, "", "equal", f"CCT-6/3x1, {_SIZE}", Kind.STRUCTURE,
                  "[official code]"),
            Claim("cct_7_3x1.params", "parameters", 3_760_139, "", "equal", f"CCT-7/3x1, {_SIZE}", Kind.STRUCTURE,
                  "[official code]"),
            Claim("cct_14_7x2.params", "parameters", 22_367_273, "", "equal", "CCT-14/7x2, 224x224, 1000 classes",
                  Kind.STRUCTURE, "[official code]"),
            Claim("vit_lite_7_4.params", "parameters", 3_716_874, "", "equal", f"ViT-Lite-7/4, {_SIZE}",
                  Kind.STRUCTURE, "[official code]"),
            Claim("cvt_7_4.params", "parameters", 3_716_619, "", "equal", f"CVT-7/4, {_SIZE}", Kind.STRUCTURE,
                  "[official code]"),
            Claim("cct_2_3x2.macs", "multiply-accumulates", 33_236_224, "", "equal", f"CCT-2/3x2, {_SIZE}",
                  Kind.STRUCTURE, "[official code]", note=_ATTENTION),
            Claim("cct_7_3x1.macs", "multiply-accumulates", 946_670_080, "", "equal", f"CCT-7/3x1, {_SIZE}",
                  Kind.STRUCTURE, "[official code]", note=_ATTENTION),
        ),
    )
)  # fmt: skip
