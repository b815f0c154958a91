"""Modules of a modular student distilled one at a time, each inside a small model that stands for all the others."""

from __future__ import annotations

from datetime import date

from lilliput.papers import Claim, Kind, Paper, register_paper

register_paper(
    Paper(
        number=14,
        name="m2mkd",
        title="m2mKD: Module-to-Module Knowledge Distillation for Modular Transformers",
        date=date(2024, 2, 25),
        authors=8,
        by="Lo and Liang and Du and Fan and Wang and Huang and Ma and Fu",
        arxiv="2402.16918",
        links=("https://github.com/kamanphoebe/m2mKD",),
        topics=("distillation", "transformers", "mixture-of-experts", "vision"),
        summary="Trains the modules of a modular network before it is put together. Teacher and student are cut "
        "into the same number of modules; a pair is placed in turn into a small common model, and the student's "
        "module learns to give the answer that the teacher's gives there. Pairs are independent, so they train side "
        "by side, each with the memory of one module. For anyone with a dense trained network who wants a modular "
        "or sparse one, or whose machine is too small for the whole student.",
        claims=(
            Claim("nac.tiny-imagenet.gain", "accuracy above end-to-end training", 5.6, "points", "higher",
                  "neural attentive circuit, Tiny-ImageNet, best case", Kind.STAND_IN, "[abstract]",
                  note="here: small pictures; end-to-end training with equal passes is printed beside it"),
            Claim("nac.tiny-imagenet-r.gain", "accuracy above end-to-end training", 4.2, "points", "higher",
                  "neural attentive circuit, Tiny-ImageNet-R, best case", Kind.STAND_IN, "[abstract]",
                  note="here: the same pictures turned or noisy"),
            Claim("nac.imagenet.gain", "accuracy above end-to-end training", 1, "points", "higher",
                  "neural attentive circuit, ImageNet and ImageNet-R, average", Kind.OUT_OF_REACH,
                  "[abstract] about"),
            Claim("v-moe.imagenet.gain", "accuracy above end-to-end training", 3.5, "points", "higher",
                  "V-MoE-Base, ImageNet", Kind.OUT_OF_REACH, "[abstract]"),
            Claim("v-moe.params", "parameters", 483_325_768, "", "equal",
                  "V-MoE-Base, 12 blocks of 8 experts, 1000 classes", Kind.STRUCTURE, "[official code]"),
            Claim("v-moe.stitched.params", "parameters", 488_060_488, "", "equal",
                  "V-MoE-Base with the layers between modules kept", Kind.STRUCTURE, "[official code]"),
            Claim("v-moe.middle.params", "parameters", 122_031_384, "", "equal",
                  "student module of 3 blocks in the middle, meta width 1024", Kind.STRUCTURE, "[official code]"),
            Claim("vit-l.meta.params", "parameters", 52_402_152, "", "equal", "ViT-Large meta model of 4 blocks",
                  Kind.STRUCTURE, "[official code]"),
            Claim("vit-l.params", "parameters", 304_326_632, "", "equal", "ViT-Large/16 teacher", Kind.STRUCTURE,
                  "[official code]"),
            Claim("nac.tiny-imagenet.params", "parameters", 26_703_342, "", "equal",
                  "neural attentive circuit for Tiny-ImageNet, any graph", Kind.STRUCTURE, "[official code]"),
            Claim("nac.imagenet.params", "parameters", 37_589_294, "", "equal",
                  "neural attentive circuit for ImageNet", Kind.STRUCTURE, "[official code]"),
        ),
    )
)  # fmt: skip
