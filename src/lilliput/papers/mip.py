"""Networks that write networks, with inputs of constant length and outputs that change ordinary weights."""

from __future__ import annotations

from datetime import date

from lilliput.papers import Claim, Kind, Paper, register_paper

register_paper(
    Paper(
        number=13,
        name="mip",
        title="Magnitude Invariant Parametrizations Improve Hypernetwork Learning",
        date=date(2023, 4, 15),
        authors=3,
        arxiv="2304.07645",
        topics=("hypernetworks", "training"),
        summary="A hypernetwork writes the weights of another network from a small input. The paper shows that "
        "these weights grow and shrink with the input's length, which makes training slow or unstable, and mends it "
        "in two steps: the input is put on a curve of constant length, and the output is a change to ordinary "
        "trained weights. For anyone who wants one stored generator with a knob in place of a family of networks.",
        claims=(
            Claim("convergence", "loss after equal steps, with both changes against none", "lower", "", "lower",
                  "all of the paper's tasks", Kind.STAND_IN, "[abstract] faster convergence",
                  note="the curves' figures are not published; here: rotated digits, several optimisers"),
            Claim("stability", "spread of the loss over seeds, with both changes against none", "lower", "", "lower",
                  "all of the paper's tasks", Kind.STAND_IN, "[abstract] more stable training"),
            Claim("robustness", "gain over activations, widths, depths and optimisers", "in each", "", "higher",
                  "all of the paper's tasks", Kind.STAND_IN, "[abstract]"),
            Claim("proportional", "length of the weights at input 1 against input 0.1, without the changes", 10, "",
                  "equal", "ReLU or LeakyReLU, no biases, no normalisation, at the start", Kind.STRUCTURE,
                  "[report] the paper's derivation"),
            Claim("encoding", "length of the encoded input", 1, "", "equal", "one input anywhere in [0, 1]",
                  Kind.STRUCTURE, "[code]"),
            Claim("example.generated", "weights written by the hypernetwork", 60_480, "", "equal",
                  "example of the official library: four convolutions", Kind.STRUCTURE, "[official code]"),
            Claim("example.params", "parameters of the hypernetwork", 7_811_664, "", "equal",
                  "example of the official library: hidden 16-64-128, ten inputs", Kind.STRUCTURE, "[official code]"),
        ),
    )
)  # fmt: skip
