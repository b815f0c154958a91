"""Memory networks whose controllers learn at once from predicted gradients, inside an episode."""

from __future__ import annotations

from datetime import date

from lilliput.papers import Claim, Kind, Paper, register_paper

register_paper(
    Paper(
        number=22,
        name="fast-slow-nmn",
        title="Fast & Slow Learning: Incorporating Synthetic Gradients in Neural Memory Controllers",
        date=date(2020, 11, 10),
        authors=4,
        by="Fernando and Denman and Sridharan and Fookes",
        arxiv="2011.05438",
        topics=("memory", "few-shot", "training"),
        summary="A network with an external memory has controllers that read and write it. Here each controller "
        "gets its training signal at once from a small feedback network that predicts gradients, so that it can "
        "change inside an episode, while the predictor and the rest learn over many. For few-shot adaptation with a "
        "memory of a few kilobytes, and for training whose memory does not grow with the sequence. No code was "
        "published.",
        claims=(
            Claim("classification", "accuracy above the methods of its time", "higher", "", "higher",
                  "public few-shot classification benchmarks", Kind.STAND_IN, "[abstract]",
                  note="the tables could not be read; here: Omniglot's small sets, with a prototype network beside it"),
            Claim("regression", "error below the methods of its time", "lower", "", "lower",
                  "public few-shot regression benchmarks", Kind.STAND_IN, "[abstract]",
                  note="here: sine tasks, which are generated"),
            Claim("decoupled", "adaptation to rare or new samples, decoupled against jointly trained controllers",
                  "better", "", "higher", "few-shot benchmarks", Kind.STAND_IN, "[abstract]",
                  note="here also: delayed recall of digits"),
            Claim("sharing", "learning of a memory network that shares another's feedback", "faster", "", "higher",
                  "several memory networks", Kind.STAND_IN, "[abstract]"),
            Claim("erase-add", "change of the slots that attention leaves out", 0, "", "equal",
                  "one write with all attention on one slot", Kind.STRUCTURE, "[derived] equations of the base memory"),
        ),
    )
)  # fmt: skip
