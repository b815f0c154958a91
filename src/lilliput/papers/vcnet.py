"""A small classifier wired like the visual cortex: areas, two streams, and predictions that flow back down."""

from __future__ import annotations

from datetime import date

from lilliput.papers import Claim, Kind, Paper, register_paper

register_paper(
    Paper(
        number=9,
        name="vcnet",
        title="The Geometry of Cortical Computation: Manifold Disentanglement and Predictive Dynamics in VCNet",
        date=date(2025, 8, 4),
        authors=3,
        arxiv="2508.02995",
        topics=("vision", "predictive-coding", "light-fields"),
        summary="An image classifier that copies the large-scale plan of the primate visual cortex: a chain of "
        "areas, one stream for what and one for where, and predictions from above that refine the areas below over "
        "a few steps. Tested on small grey textures and on light fields. For very small models that should be "
        "robust, and for those who want to read an area's state. No code was published: what is built here is a "
        "reconstruction.",
        claims=(
            Claim("spots10", "accuracy", 92.08, "%", "higher", "SPOTS-10, test part", Kind.OUT_OF_REACH, "[abstract]",
                  note="the picture files cannot be had here; the loader reads them where a user has them"),
            Claim("light-field", "accuracy", 74.42, "%", "higher", "Stanford light fields", Kind.OUT_OF_REACH,
                  "[abstract]"),
            Claim("peers", "accuracy against networks of comparable size", "higher", "", "higher",
                  "SPOTS-10 and Stanford light fields", Kind.STAND_IN, "[abstract]",
                  note="here: other small pictures, a plain network of equal parameters, also with noise"),
            Claim("feedback", "representation with predictive feedback against without", "better", "", "higher",
                  "a few recurrent steps", Kind.STAND_IN, "[abstract]",
                  note="here: prediction error and accuracy for each number of steps"),
            Claim("baseline.params", "parameters", 66_570, "", "equal", "the student network published with SPOTS-10",
                  Kind.STRUCTURE, "[derived] from that network's code"),
        ),
    )
)  # fmt: skip
