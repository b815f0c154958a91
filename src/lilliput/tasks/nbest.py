"""Lists of what a recogniser may have heard, best first, and what was really said: HyPoradise's files, or one's own.

    items = read_nbest(Path("test_atis.json"))       or .json.gz
    items[0].hypotheses, items[0].scores, items[0].reference

A file is a JSON list of objects: `input`, a list of hypotheses, and where it is known `output`, what was said; optional
`id`, and `am_score` or `score`, a number for each hypothesis. Lists of another length than five are taken as they are.

Released lists are filled up to five with copies, so `distinct` is what a vote should count.

Source: HyPoradise (arXiv:2309.15701); the released test files.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from lilliput.core.errors import BadSetting, BadValue, CutShort, ImpossibleSize, NotThisFormat
from lilliput.core.files.reading import read_bytes

MAX_BYTES = 2 << 30  # unpacked
UNKNOWN = "<UNK>"
"""What the released generator writes where nothing was heard or said."""
_GZIP = b"\x1f\x8b"
_NO_LETTER = re.compile(r"[^\w\s]|\d|_")
_SCORES = ("am_score", "score")


@dataclass(frozen=True)
class NBest:
    """One utterance.

    Args:
        hypotheses: at least one, best first; an empty text is one too.
        reference: what was said; None where nobody knows.
        scores: of the hypotheses, higher is better; empty where the file has none.
        name: of the utterance; may be empty.
    """

    hypotheses: tuple[str, ...]
    reference: str | None = None
    scores: tuple[float, ...] = ()
    name: str = ""

    def distinct(self) -> NBest:
        """Each hypothesis once, where it stood first, with its score there."""
        first = {text: place for place, text in reversed(list(enumerate(self.hypotheses)))}
        places = sorted(first.values())
        scores = tuple(self.scores[place] for place in places) if self.scores else ()
        return replace(self, hypotheses=tuple(self.hypotheses[place] for place in places), scores=scores)


def as_it_is(text: str) -> str:
    """Words with one blank between; nothing else is changed."""
    return " ".join(text.split())


def letters_only(text: str) -> str:
    """As the released inference script cleans: lower case, without punctuation and digits."""
    return " ".join(_NO_LETTER.sub("", text.lower()).split())


NORMALISERS: Mapping[str, Callable[[str], str]] = {"none": as_it_is, "letters": letters_only}
"""By name. References and hypotheses go through the same one, and figures of different ones do not compare."""


def read_nbest(path: Path, *, normalise: str = "none") -> list[NBest]:
    """The utterances of a file, in its order.

    Args:
        path: JSON, packed by gzip or not.
        normalise: a name of `NORMALISERS`.

    Raises:
        BadSetting: LP101, no such normaliser. MissingFile: LP221. CutShort: LP202, a damaged .gz.
        ImpossibleSize: LP204, above 2 GiB. NotThisFormat: LP200, no JSON list of such objects.
        BadValue: LP207, a score that is not finite, or as many as there are not hypotheses.
    """
    if normalise not in NORMALISERS:
        raise BadSetting(f"normalise {normalise!r}", fix=f"there are {', '.join(NORMALISERS)}")
    try:
        found = json.loads(_text(path))
    except (ValueError, RecursionError) as error:
        raise NotThisFormat(f"{path} is no JSON: {error}") from None
    if not isinstance(found, list) or not found:
        raise NotThisFormat(f"{path} is no list of utterances", fix='[{"input": ["…", "…"], "output": "…"}, …]')
    return [_item(path, place, one, NORMALISERS[normalise]) for place, one in enumerate(found)]


def _text(path: Path) -> str:
    content = read_bytes(path, limit=MAX_BYTES)
    if content.startswith(_GZIP):
        try:
            with gzip.open(path, "rb") as file:
                content = file.read(MAX_BYTES + 1)
        except (OSError, EOFError) as error:
            raise CutShort(f"{path} cannot be unpacked: {error}") from None
        if len(content) > MAX_BYTES:
            raise ImpossibleSize(f"{path} unpacks to more than {MAX_BYTES} bytes")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise NotThisFormat(f"{path} is not text in UTF-8: byte {error.start}") from None


def _item(path: Path, place: int, given: Any, normal: Callable[[str], str]) -> NBest:
    where = f"{path}, utterance {place}"
    if not isinstance(given, dict) or not isinstance(given.get("input"), list) or not given["input"]:
        raise NotThisFormat(f"{where} has no list of hypotheses in `input`")
    if not all(isinstance(text, str) for text in given["input"]):
        raise NotThisFormat(f"{where} has a hypothesis that is no text")
    said = given.get("output")
    if said is not None and not isinstance(said, str):
        raise NotThisFormat(f"{where} has an `output` that is no text")
    scores = _scores(where, given, len(given["input"]))
    texts = tuple(normal(_heard(text)) for text in given["input"])
    return NBest(texts, None if said is None else normal(_heard(said)), scores, str(given.get("id", "")))


def _heard(text: str) -> str:
    return "" if text.strip() == UNKNOWN else text


def _scores(where: str, given: Mapping[str, Any], count: int) -> tuple[float, ...]:
    key = next((key for key in _SCORES if key in given), None)
    if key is None:
        return ()
    scores = given[key]
    numbers = isinstance(scores, list) and all(type(s) in (int, float) and math.isfinite(s) for s in scores)
    if not numbers or len(scores) != count:
        raise BadValue(f"{where}: `{key}` must be {count} finite numbers, one a hypothesis")
    return tuple(float(score) for score in scores)


def parted(items: Sequence[NBest], shares: Sequence[float], seed: int = 0) -> list[list[NBest]]:
    """Utterances in parts that have no reference in common, so that what was learnt is not asked for again.

    The part follows from a hash of what was said, so that it does not depend on the order or on the other utterances.

    Args:
        items: with references.
        shares: of the parts; they add up to 1.
        seed: another one parts them anew.

    Raises:
        BadValue: LP207, an utterance without a reference. ValueError: shares that do not add up to 1.
    """
    if any(share < 0 for share in shares) or abs(sum(shares) - 1) > 1e-9:
        raise ValueError(f"`shares` must add up to 1, got {tuple(shares)}")
    parts: list[list[NBest]] = [[] for _ in shares]
    for item in demanded(items):
        digest = hashlib.sha256(f"{seed}:{item.reference}".encode()).digest()
        at = int.from_bytes(digest[:8], "big") / 2**64
        part = 0
        while part < len(shares) - 1 and at >= shares[part]:
            at -= shares[part]
            part += 1
        parts[part].append(item)
    return parts


def demanded(items: Iterable[NBest]) -> list[NBest]:
    """The utterances, all of which have a reference. Raises BadValue, LP207, where one has none."""
    found = list(items)
    for place, item in enumerate(found):
        if item.reference is None:
            raise BadValue(
                f"utterance {item.name or place} has no reference",
                why="there is nothing to learn from or to measure by",
            )
    return found
