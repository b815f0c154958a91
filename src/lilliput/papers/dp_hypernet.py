"""Tasks one after the other, whose networks are written by a recurrent generator, layer after layer."""

from __future__ import annotations

from datetime import date

from lilliput.papers import Claim, Kind, Paper, register_paper

_BASE = "[official code] of the method that the paper extends"

register_paper(
    Paper(
        number=15,
        name="dp-hypernet",
        title="Continual Learning with Dependency Preserving Hypernetworks",
        date=date(2022, 9, 16),
        authors=4,
        arxiv="2209.07712",
        topics=("continual-learning", "hypernetworks"),
        summary="Learns tasks in a row without keeping their data. One network writes the weights of another from a "
        "small code for each task, and is held to what it wrote for earlier ones. Here it is recurrent and writes "
        "the layers in order, so that each depends on those before it; a regulariser and a way to grow belong to "
        "it. For anyone who wants many variants of one network, for sites or users, from one small store. No code "
        "was published.",
        claims=(
            Claim("accuracy", "accuracy above earlier hypernetworks", "higher", "", "higher",
                  "several continual picture classification settings", Kind.STAND_IN, "[abstract]",
                  note="the tables could not be read; here: split and permuted digits at equal parameters"),
            Claim("dependency", "influence of a layer's code on the layers written after it", "yes", "", "equal",
                  "recurrent generator", Kind.STRUCTURE, "[abstract]"),
            Claim("growth", "accuracy with growth against without", "higher", "", "higher", "continual settings",
                  Kind.STAND_IN, "[abstract]", note="the published rule for growing is not known"),
            Claim("base.split-mnist", "accuracy", 99.8, "%", "higher",
                  "split MNIST with task given, the method that the paper extends", Kind.OUT_OF_REACH, "[unverified]",
                  note="the full training digits are not among the data here"),
            Claim("base.permuted-mnist", "accuracy", 97.6, "%", "higher",
                  "10 permuted MNIST tasks with task given, the method that the paper extends", Kind.OUT_OF_REACH,
                  "[unverified]"),
            Claim("target.split.params", "parameters of the network written", 475_202, "", "equal",
                  "784-400-400-2 perceptron", Kind.STRUCTURE, _BASE),
            Claim("target.permuted.params", "parameters of the network written", 2_036_010, "", "equal",
                  "1024-1000-1000-10 perceptron", Kind.STRUCTURE, _BASE),
            Claim("chunked.split.params", "parameters of the generator with its codes", 465_672, "", "equal",
                  "split digits, feed-forward generator, chunks of 42000", Kind.STRUCTURE, _BASE),
            Claim("chunked.permuted.params", "parameters of the generator with its codes", 2_211_923, "", "equal",
                  "permuted digits, feed-forward generator, chunks of 85000", Kind.STRUCTURE, _BASE),
        ),
    )
)  # fmt: skip
