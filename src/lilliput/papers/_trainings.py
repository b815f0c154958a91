"""Published trainings by name, for any network and any task: `lilliput train my-folder --recipe cct-full`."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

from lilliput.core.errors import UnknownName
from lilliput.papers import papers


def published_training(name: str) -> Mapping[str, Any]:
    """The settings of a training that a paper was published with, by the fields of `TrainSettings`.

    Raises:
        UnknownName: LP100, no paper here has a training of that name.
    """
    known = {
        training: settings
        for paper in papers
        for training, settings in (papers[paper].recipe.trainings if papers[paper].recipe else {}).items()  # type: ignore[union-attr]
    }
    if name not in known:
        raise UnknownName.of("training", name, difflib.get_close_matches(name, known, cutoff=0) or list(known))
    return known[name]
