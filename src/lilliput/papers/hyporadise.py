"""From a recogniser's list of guesses to one corrected sentence, written anew."""

from __future__ import annotations

from datetime import date

from lilliput.papers import Claim, Kind, Paper, register_paper

_TABLE = "[readme] table of results"
_LARGE = "trains a language model of 7 billion parameters"

register_paper(
    Paper(
        number=8,
        name="hyporadise",
        title="HyPoradise: An Open Baseline for Generative Speech Recognition with Large Language Models",
        date=date(2023, 9, 27),
        authors=6,
        by="Chen and Hu and Yang and Siniscalchi and Chen and Chng",
        arxiv="2309.15701",
        topics=("speech", "text", "language-models"),
        summary="A benchmark and methods for correcting speech recognition after the fact. The recogniser's five "
        "best guesses go in, one sentence comes out, and words may appear that no guess contains. For anyone who "
        "ships a small recogniser and wants fewer errors without touching its acoustic model.",
        claims=(
            Claim("atis.one-best", "word error rate", 8.3, "%", "equal", "ATIS, first guess", Kind.REPRODUCED, _TABLE,
                  note="depends on how the text is cleaned; the options are printed beside the figure"),
            Claim("atis.oracle", "word error rate", 5.2, "%", "equal", "ATIS, best guess of the list", Kind.REPRODUCED,
                  _TABLE),
            Claim("atis.llama-lora", "word error rate", 1.9, "%", "lower", "ATIS, LLaMA with LoRA", Kind.OUT_OF_REACH,
                  _TABLE, note=_LARGE),
            Claim("atis.t5-lora", "word error rate", 1.7, "%", "lower", "ATIS, T5 with LoRA", Kind.OUT_OF_REACH,
                  _TABLE),
            Claim("atis.below-oracle", "word error rate below that of the list's best guess", 3.3, "points", "higher",
                  "ATIS, LLaMA with LoRA", Kind.STAND_IN, "[derived] 5.2 against 1.9 in the readme's table",
                  note="here: correctors of a few million parameters, trained on a part of the same lists"),
            Claim("chime4.one-best", "word error rate", 11.1, "%", "equal", "CHiME-4, first guess", Kind.REPRODUCED,
                  _TABLE),
            Claim("chime4.oracle", "word error rate", 9.1, "%", "equal", "CHiME-4, best guess of the list",
                  Kind.REPRODUCED, _TABLE),
            Claim("chime4.llama-lora", "word error rate", 6.6, "%", "lower", "CHiME-4, LLaMA with LoRA",
                  Kind.OUT_OF_REACH, _TABLE, note=_LARGE),
            Claim("chime4.below-oracle", "word error rate below that of the list's best guess", 2.5, "points",
                  "higher", "CHiME-4, LLaMA with LoRA", Kind.STAND_IN,
                  "[derived] 9.1 against 6.6 in the readme's table"),
            Claim("lrs2.one-best", "word error rate", 10.1, "%", "equal", "LRS2, first guess", Kind.REPRODUCED, _TABLE,
                  note="the published lists are not those behind the table"),
            Claim("lrs2.oracle", "word error rate", 6.9, "%", "equal", "LRS2, best guess of the list", Kind.REPRODUCED,
                  _TABLE),
            Claim("lrs2.llama-lora", "word error rate", 8.8, "%", "lower", "LRS2, LLaMA with LoRA", Kind.OUT_OF_REACH,
                  _TABLE),
            Claim("wsj.llama-lora", "word error rate", 2.2, "%", "lower", "WSJ, LLaMA with LoRA", Kind.OUT_OF_REACH,
                  _TABLE),
            Claim("pairs", "pairs of guesses and transcript", 334_000, "", "higher", "all domains together",
                  Kind.OUT_OF_REACH, "[abstract] more than this"),
        ),
    )
)  # fmt: skip
