"""A recogniser in the loop: strings of digits that speakers whom it never heard say, and its lists of guesses.

    lists = digit_lists(DigitListSettings(), folder)

The recogniser learns random digits of four speakers. What it then makes of dates that two others say are the lists:
real recordings, real mistakes, and a grammar that it knows nothing of and a corrector can learn.

Source: N-best lists as HyPoradise (arXiv:2309.15701) has them of large recognisers, here of one of some
70 000 parameters.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from lilliput.core.events import Emit, silent
from lilliput.models import create_model
from lilliput.tasks.digit_strings import FRONT, any_digits, dates, spoken, words
from lilliput.tasks.nbest import NBest
from lilliput.tasks.spoken_digits import TEST_SPEAKER, VALIDATION_SPEAKER, Clips, bundled_clips
from lilliput.train.ctc import StringItems, ctc_objective, judge_strings, n_best
from lilliput.train.data import TrainData
from lilliput.train.loop import fit
from lilliput.train.settings import TrainSettings


@dataclass(frozen=True)
class DigitListSettings:
    """How a recogniser is trained, and what it is asked.

    Args:
        learnt: strings of random digits that it learns from.
        change: of their speed and pitch, since other people speak otherwise.
        epochs, batch_size, lr: of its training.
        asked: dates that it is asked.
        hypotheses: guesses a list.
        seed: of all.
    """

    learnt: int = 2000
    change: float = 0.2
    epochs: int = 10
    batch_size: int = 32
    lr: float = 3e-3
    asked: int = 900
    hypotheses: int = 5
    seed: int = 0


def digit_lists(
    settings: DigitListSettings, *, clips: Clips | None = None, emit: Emit = silent, checkpoint_dir: Path | None = None
) -> list[NBest]:
    """Lists of guesses for spoken dates, with what was said.

    Args:
        settings: of the recogniser and the dates.
        clips: recordings of digits; none: those that come with the package.
        emit: gets the events of the recogniser's training.
        checkpoint_dir: where that can be taken up again.
    """
    clips = bundled_clips() if clips is None else clips
    unheard = (VALIDATION_SPEAKER, TEST_SPEAKER)
    heard = sorted({str(name) for name in clips.speaker} - set(unheard))
    model = _recogniser(settings, clips, heard, emit, checkpoint_dir)
    said = dates(settings.asked, seed=settings.seed)
    x = features(spoken(said, clips, unheard, seed=settings.seed + 1))
    found = []
    model.eval()
    with torch.no_grad():
        for start in range(0, len(x), 64):
            shares = model(x[start : start + 64]).softmax(2).double().numpy()
            for place, row in enumerate(shares, start):
                guesses = n_best(row, settings.hypotheses)
                texts = tuple(words(guess) for guess, _ in guesses)
                found.append(NBest(texts, words(said[place]), tuple(score for _, score in guesses), f"date-{place}"))
    return found


def features(audio: np.ndarray) -> Tensor:
    """(N, samples) int16 -> (N, 1, frames, bands), what the device's own front end gives."""
    parts = [FRONT.dequantise(FRONT.integer(audio[start : start + 64])) for start in range(0, len(audio), 64)]
    return torch.from_numpy(np.concatenate(parts)).permute(0, 3, 1, 2).contiguous()


def _recogniser(
    settings: DigitListSettings, clips: Clips, heard: list[str], emit: Emit, checkpoint_dir: Path | None
) -> nn.Module:
    strings = any_digits(settings.learnt, seed=settings.seed)
    items = StringItems(features(spoken(strings, clips, heard, change=settings.change, seed=settings.seed)), strings)
    held = max(1, settings.learnt // 10)
    torch.manual_seed(settings.seed)
    model = create_model("ctc_digits", frames=items.x.shape[2], bands=items.x.shape[3])
    wanted = TrainSettings(
        epochs=settings.epochs, batch_size=settings.batch_size, lr=settings.lr, grad_clip=1.0, keep="last",
        seed=settings.seed,
    )  # fmt: skip
    data = TrainData(
        StringItems(items.x[held:], strings[held:]), StringItems(items.x[:held], strings[:held])
    )  # fmt: skip
    fit(model, data, wanted, emit=emit, objective=ctc_objective, judge=judge_strings, checkpoint_dir=checkpoint_dir)
    return model
