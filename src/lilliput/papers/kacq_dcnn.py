"""Heart disease from a small table: splines on edges, a simulated quantum channel, explanations and prediction sets."""

from __future__ import annotations

from datetime import date

from lilliput.papers import Claim, Kind, Paper, register_paper

_TEST = "Heart Failure Prediction, 918 rows, 276 of them the test part, 4 qubits and 1 layer"
_SELECTED = "the best epoch was chosen on the test part"

register_paper(
    Paper(
        number=6,
        name="kacq-dcnn",
        title="KACQ-DCNN: Uncertainty-Aware Interpretable Kolmogorov-Arnold Classical-Quantum Dual-Channel Neural "
        "Network for Heart Disease Detection",
        date=date(2024, 10, 9),
        authors=5,
        by="Jahin and Masud and Mridha and Aung and Dey",
        arxiv="2410.07446",
        topics=("tables", "kan", "quantum", "uncertainty", "medicine"),
        summary="Classifies rows of a small table with two channels side by side: a recurrent one, and one around "
        "three simulated four-qubit circuits, both built from layers that learn a spline on each edge. Explanations "
        "of single answers and sets with a promised coverage come with it. For engineers with little tabular data "
        "who want such layers, circuits and honest uncertainty under one roof.",
        claims=(
            Claim("accuracy", "accuracy", 92.03, "%", "higher", _TEST, Kind.REPRODUCED, "[paper]", note=_SELECTED),
            Claim("f1", "F1, macro", 92.00, "%", "higher", _TEST, Kind.REPRODUCED, "[paper]", note=_SELECTED),
            Claim("auc", "area under the ROC curve", 94.77, "%", "higher", _TEST, Kind.REPRODUCED, "[paper]",
                  note=_SELECTED),
            Claim("mcc", "Matthews correlation", 0.8385, "", "higher", _TEST, Kind.REPRODUCED, "[paper]",
                  note=_SELECTED),
            Claim("bilstm-kan.accuracy", "accuracy", 0.8804, "", "higher",
                  "the classical channel alone, the same rows", Kind.REPRODUCED, "[notebook]", note=_SELECTED),
            Claim("q-dense-kan.accuracy", "accuracy", 0.88, "", "higher", "the quantum channel alone, the same rows",
                  Kind.REPRODUCED, "[notebook]", note=_SELECTED),
            Claim("gradient-boosting.accuracy", "accuracy", 0.9130, "", "higher",
                  "gradient boosting with defaults, 80/20 split, seed 101", Kind.REPRODUCED,
                  "[code] benchmark file", note="another split than the network's"),
            Claim("catboost.d", "Cohen's d of the accuracy against CatBoost", 4.98, "", "higher",
                  "ten paired scores, 9 degrees of freedom", Kind.REPRODUCED, "[paper]",
                  note="the published pairs come from training sets of different size"),
            Claim("coverage", "empirical coverage of prediction sets", "about 0.80 at a nominal 0.9", "", "equal",
                  "split-conformal, figures of the paper", Kind.REPRODUCED, "[paper] read off its figures",
                  note="under-covers; sets calibrated on held-out rows must reach the nominal share"),
            Claim("params", "parameters", 2_844_277, "", "equal", "11 features", Kind.STRUCTURE,
                  "[derived] by the layer formulas, shapes checked against a published weight file"),
            Claim("quantum-channel.params", "parameters", 1_629_652, "", "equal", "11 features", Kind.STRUCTURE,
                  "[derived] by the layer formulas"),
            Claim("classical-channel.params", "parameters", 1_214_560, "", "equal", "11 features", Kind.STRUCTURE,
                  "[derived] by the layer formulas"),
        ),
    )
)  # fmt: skip
