"""Abnormal graphs among many small ones, told by how their node signals spread over the graph's spectrum."""

from __future__ import annotations

from datetime import date

from lilliput.papers import Claim, Kind, Paper, register_paper

_TEN = "average over ten bioassay sets of 27 to 41 thousand molecules, against the best rival"

register_paper(
    Paper(
        number=5,
        name="rqgnn",
        title="Rayleigh Quotient Graph Neural Networks for Graph-level Anomaly Detection",
        date=date(2023, 10, 4),
        authors=3,
        by="Dong and Zhang and Wang",
        arxiv="2310.02861",
        links=("https://github.com/xydong127/RQGNN",),
        topics=("graphs", "anomalies"),
        summary="Finds the few abnormal graphs among many small ones, learning from labels. The Rayleigh quotient "
        "of each node feature says how its energy lies in the graph's spectrum; it is one input of the classifier "
        "and also weights the pooling of a bank of learned spectral filters. No eigenvalues are computed. For "
        "screening molecules, fraud, intrusion and fleets of devices.",
        claims=(
            Claim("f1.gain", "macro F1 above the best rival", 6.74, "points", "higher", _TEN, Kind.STAND_IN,
                  "[abstract]", note="here: rare-class assays of Tox21 and HIV"),
            Claim("auc.gain", "area under the ROC curve above the best rival", 1.44, "points", "higher", _TEN,
                  Kind.STAND_IN, "[abstract]", note="here: rare-class assays of Tox21 and HIV"),
            Claim("params-27", "trained parameters", 25_066, "", "equal", "27 node labels, hidden 64, filters frozen",
                  Kind.STRUCTURE, "[official code] whose filters are not registered and so not trained"),
            Claim("params-46", "trained parameters", 35_174, "", "equal", "46 node labels, hidden 64, filters frozen",
                  Kind.STRUCTURE, "[official code]"),
            Claim("params-64", "trained parameters", 46_082, "", "equal", "64 node labels, hidden 64, filters frozen",
                  Kind.STRUCTURE, "[official code]"),
            Claim("filters-27", "parameters of the filter bank", 17_604, "", "equal", "27 node labels, 4 filters of 6",
                  Kind.STRUCTURE, "[official code]"),
            Claim("filters-46", "parameters of the filter bank", 50_968, "", "equal", "46 node labels, 4 filters of 6",
                  Kind.STRUCTURE, "[official code]"),
            Claim("loss", "class-balanced focal loss", 0.4018720388, "", "equal",
                  "logits (2,-1), (0.5,0.3), (-1,1.5), labels 0,1,1, classes of 900 and 100, gamma 1.5",
                  Kind.STRUCTURE, "[official code]"),
            Claim("invariance", "largest change of a score when nodes are numbered otherwise", 0, "", "equal",
                  "evaluation mode", Kind.STRUCTURE, "[official code]"),
        ),
    )
)  # fmt: skip
