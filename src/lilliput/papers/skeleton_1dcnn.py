"""Actions from body joints by one-dimensional convolutions over time, four views of a clip fused late."""

from __future__ import annotations

from datetime import date

from lilliput.papers import Claim, Kind, Paper, register_paper

_INPUT = "60 classes, 300 frames, 150 coordinates"
_BUILT = "[official code] counted by building the published networks"

register_paper(
    Paper(
        number=2,
        name="skeleton-1dcnn",
        title="Ensemble One-dimensional Convolution Neural Networks for Skeleton-based Action Recognition",
        date=date(2018, 1, 8),
        authors=2,
        by="Xu, Yangyang and Wang, Lei",
        arxiv="1801.02475",
        topics=("skeletons", "time-series", "ensembles"),
        summary="Recognises actions from sequences of body joints with one residual 1-D convolutional network, used "
        "in four ways: joints over time and frames over joints, five body parts, attention on channels and frames, "
        "and differences between frames. Their class scores are fused. For those who have a few dozen coordinates a "
        "frame and a small processor: wearables, gesture input, exercise counting.",
        claims=(
            Claim(
                "ntu60.cross-subject", "accuracy", 85.1, "%", "higher", "NTU RGB+D 60, cross-subject, four nets fused",
                Kind.OUT_OF_REACH, "[report] public reading notes that cite the paper",
                note="the data are handed out on application only",
            ),
            Claim(
                "ntu60.cross-view", "accuracy", 91, "%", "higher", "NTU RGB+D 60, cross-view, four nets fused",
                Kind.OUT_OF_REACH, "[unverified] about",
            ),
            Claim(
                "etri.accuracy", "accuracy", 83.0, "%", "higher", "ETRI-Activity3D, run again by others",
                Kind.OUT_OF_REACH, "[report] table in a third party's repository",
            ),
            Claim(
                "ensemble.gain", "accuracy, four nets fused against the base net", "higher", "", "higher",
                "three widely used skeleton sets", Kind.STAND_IN, "[abstract] late fusion of the four",
                note="here: on motion capture sequences with unseen recordings as test",
            ),
            Claim("base.params", "parameters", 1_878_076, "", "equal", _INPUT, Kind.STRUCTURE, _BUILT),
            Claim("difference.params", "parameters", 1_877_052, "", "equal", _INPUT, Kind.STRUCTURE, _BUILT),
            Claim("two-stream.params", "parameters", 3_832_952, "", "equal", _INPUT, Kind.STRUCTURE, _BUILT),
            Claim("body-part.params", "parameters", 9_098_540, "", "equal", _INPUT, Kind.STRUCTURE, _BUILT),
            Claim("attention.params", "parameters", 2_140_561, "", "equal", _INPUT, Kind.STRUCTURE, _BUILT),
            Claim("ensemble.params", "parameters", 16_949_105, "", "equal", _INPUT, Kind.STRUCTURE, _BUILT),
            Claim(
                "base.macs", "multiply-accumulates", 203_688_960, "", "equal", "300 frames, 150 coordinates",
                Kind.STRUCTURE, "[derived] from the layer table",
            ),
        ),
    )
)  # fmt: skip
