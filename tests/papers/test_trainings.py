"""Trainings that papers were published with, by name."""

from __future__ import annotations

import pytest

from lilliput.core.errors import UnknownName
from lilliput.papers import papers
from lilliput.papers._trainings import published_training
from lilliput.train.settings import TrainSettings

NAMES = [name for paper in papers for name in getattr(papers[paper].recipe, "trainings", ())]


@pytest.mark.parametrize("name", NAMES)
def test_each_is_settings_of_a_training(name: str) -> None:
    settings = TrainSettings(**published_training(name))
    assert settings != TrainSettings()
    assert settings.seed == 0, "which run it is, is for the user to say"


def test_names_are_told_apart() -> None:
    assert len(NAMES) == len(set(NAMES)) >= 2


def test_a_near_name_is_suggested() -> None:
    with pytest.raises(UnknownName, match=r"no training is called 'cct-ful'\n.*did you mean cct-full"):
        published_training("cct-ful")
