"""Networks from functions to functions, whose linear maps are multigrid cycles with learned stencils."""

from __future__ import annotations

from datetime import date

from lilliput.papers import Claim, Kind, Paper, register_paper

_NET = "[official code]"
_HERE = "here: fields solved by our own solver, and those of 16x16 points"

register_paper(
    Paper(
        number=19,
        name="mgno",
        title="MgNO: Efficient Parameterization of Linear Operators via Multigrid",
        date=date(2023, 10, 16),
        authors=3,
        by="He and Liu and Xu",
        arxiv="2310.19809",
        topics=("operators", "physics", "multigrid"),
        summary="Learns maps from one field to another, such as permeability to pressure. It is written like a "
        "fully connected network whose weights are linear operators, and each operator is one multigrid cycle of "
        "small learned stencils: cheap, on all scales, with boundary conditions given by the padding. For "
        "surrogates of diffusion, flow and waves, also on small devices, as it is made of convolutions only.",
        claims=(
            Claim("darcy-smooth.l2", "relative L2 error", 0.153, "%", "lower", "Darcy flow, smooth set, 211x211",
                  Kind.STAND_IN, "[unverified]", note=_HERE),
            Claim("darcy-smooth.h1", "relative H1 error", 0.711, "%", "lower", "Darcy flow, smooth set, 211x211",
                  Kind.STAND_IN, "[unverified]", note=_HERE),
            Claim("darcy-rough.l2", "relative L2 error", 0.339, "%", "lower", "Darcy flow, rough set, 256x256",
                  Kind.STAND_IN, "[unverified]", note=_HERE),
            Claim("darcy-multiscale.l2", "relative L2 error", 0.715, "%", "lower",
                  "Darcy flow, multiscale set, 256x256", Kind.OUT_OF_REACH, "[unverified]"),
            Claim("fno.gain", "error of a Fourier operator against MgNO's", "higher", "", "higher",
                  "Darcy flow, with a quarter of the parameters", Kind.STAND_IN, "[unverified]", note=_HERE),
            Claim("darcy-smooth.params", "parameters", 678_093, "", "equal", "5 layers of 24 channels, 6 levels",
                  Kind.STRUCTURE, _NET),
            Claim("darcy-rough.params", "parameters", 572_661, "", "equal", "4 layers of 24 channels, 6 levels",
                  Kind.STRUCTURE, _NET),
            Claim("pipe.params", "parameters", 783_876, "", "equal", "pipe flow, 5 layers of 24 channels, 2 inputs",
                  Kind.STRUCTURE, _NET),
            Claim("navier-stokes.params", "parameters", 2_885_194, "", "equal",
                  "Navier-Stokes, 5 layers of 32 channels, biases and normalisation", Kind.STRUCTURE, _NET),
            Claim("helmholtz.params", "parameters", 1_933_797, "", "equal", "Helmholtz, constant channels",
                  Kind.STRUCTURE, _NET),
            Claim("cycle.params", "parameters", 165_312, "", "equal", "one cycle of 24 channels, 6 levels",
                  Kind.STRUCTURE, _NET),
            Claim("linear", "whether a cycle is linear in its input", "yes", "", "equal", "any cycle", Kind.STRUCTURE,
                  "[paper]"),
        ),
    )
)  # fmt: skip
