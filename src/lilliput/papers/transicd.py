"""Codes for long clinical documents: a small transformer, and for each code its own attention over the tokens."""

from __future__ import annotations

from datetime import date

from lilliput.papers import Claim, Kind, Paper, register_paper

_TEST = "MIMIC-III, 50 most frequent codes, test part"
_TABLE = "[readme] table of results"

register_paper(
    Paper(
        number=3,
        name="transicd",
        title="TransICD: Transformer Based Code-wise Attention Model for Explainable ICD Coding",
        date=date(2021, 3, 28),
        authors=3,
        by="Biswas and Pham and Zhang",
        links=("https://github.com/biplob1ly/TransICD",),
        topics=("text", "multi-label", "explanations", "medicine"),
        summary="Assigns many labels to one long document. A small transformer encoder reads the tokens; each label "
        "has its own attention over them, its own document vector and its own output, and the attention is shown as "
        "the evidence. A margin that grows for rare labels counters the imbalance. For anyone with long texts, many "
        "unequal labels and a need to show why.",
        claims=(
            Claim("auc-micro", "area under the ROC curve, micro", 92.3, "%", "higher", _TEST, Kind.OUT_OF_REACH, _TABLE,
                  note="±0.1; the data need credentials"),
            Claim("auc-macro", "area under the ROC curve, macro", 89.4, "%", "higher", _TEST, Kind.OUT_OF_REACH, _TABLE,
                  note="±0.1"),
            Claim("f1-micro", "F1, micro", 64.4, "%", "higher", _TEST, Kind.OUT_OF_REACH, _TABLE, note="±0.3"),
            Claim("f1-macro", "F1, macro", 56.2, "%", "higher", _TEST, Kind.OUT_OF_REACH, _TABLE,
                  note="±0.4; mean of the labels' F1, where others take the harmonic mean of precision and recall"),
            Claim("p-at-5", "precision at 5", 61.7, "%", "higher", _TEST, Kind.OUT_OF_REACH, _TABLE, note="±0.3"),
            Claim("attention.gain", "micro AUC, attention per code against mean over the tokens", 2.2, "points",
                  "higher", _TEST, Kind.STAND_IN, "[derived] 91.1 against 88.9 in the readme's table",
                  note="here: other multi-label text"),
            Claim("margin.gain", "micro AUC, with the margin against without", 1.2, "points", "higher", _TEST,
                  Kind.STAND_IN, "[derived] 92.3 against 91.1 in the readme's table"),
            Claim("margin.f1-macro.gain", "macro F1, with the margin against without", 6.8, "points", "higher", _TEST,
                  Kind.STAND_IN, "[derived] 56.2 against 49.4 in the readme's table"),
            Claim("transicd.params", "trainable parameters", 448_868, "", "equal", "50 codes, frozen embeddings",
                  Kind.STRUCTURE, "[official code]"),
            Claim("baseline.params", "trainable parameters", 402_994, "", "equal",
                  "50 codes, frozen embeddings, mean over the tokens", Kind.STRUCTURE, "[official code]"),
            Claim("encoder.params", "parameters", 396_544, "", "equal", "two encoder layers of width 128",
                  Kind.STRUCTURE, "[official code]"),
            Claim("attention.params", "parameters", 45_874, "", "equal", "attention of 50 codes", Kind.STRUCTURE,
                  "[official code]"),
        ),
    )
)  # fmt: skip
