"""Texts as numbers of words: the published files of AG News and TREC, a vocabulary, and vectors of words.

    known = read_trec(Path("train_5500.label"))
    vocabulary = Vocabulary.of(known.texts, size=10_000)
    numbers = vocabulary.numbers(known.texts, length=64)  # (N, 64), PADDING behind the end
    table = read_vectors(Path("glove.6B.300d.txt"), vocabulary, width=300)

AG News is a CSV of `class,title,description`, classes from 1; TREC is a line `CLASS:fine the question ?` each.
"""

from __future__ import annotations

import csv
import io
import logging
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lilliput.core.errors import BadTask, BadValue
from lilliput.core.files.reading import read_bytes

UNKNOWN = 0
"""The number of every word that the vocabulary has not."""
PADDING = 1
"""The number that stands for no word."""
AG_NEWS = ("World", "Sports", "Business", "Sci/Tech")
_LIMIT = 8 * 1024**3  # bytes; the largest published table of vectors has 5.6 GB
_LOG = logging.getLogger(__name__)
_WORD = re.compile(r"\w+(?:'\w+)?|[^\w\s]")
_TREC = re.compile(r"([A-Z]+):(\w+) (.+)")


@dataclass(frozen=True, eq=False)
class LabelledTexts:
    """Texts and their classes.

    Args:
        texts: N of them, as they were written.
        y: (N,) int64, numbers of `labels`.
        labels: names of the classes.
    """

    texts: tuple[str, ...]
    y: NDArray[np.int64]
    labels: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.texts)


@dataclass(frozen=True)
class Vocabulary:
    """Words and their numbers; 0 and 1 are `UNKNOWN` and `PADDING`.

    Args:
        words: number 2 and up.
    """

    words: tuple[str, ...]

    @classmethod
    def of(cls, texts: Iterable[str], size: int) -> Vocabulary:
        """The most frequent words of some texts, `size` numbers in all; equally frequent ones by the alphabet."""
        counts = Counter(word for text in texts for word in words_of(text))
        kept = sorted(counts, key=lambda word: (-counts[word], word))[: max(size - 2, 0)]
        return cls(tuple(kept))

    def __len__(self) -> int:
        return len(self.words) + 2

    def numbers(self, texts: Sequence[str], length: int) -> NDArray[np.int64]:
        """Each text as (length,) numbers; longer ones are cut, with one warning for all of them.

        Shapes:
            -> (N, length).
        """
        number = {word: index for index, word in enumerate(self.words, 2)}
        rows = np.full((len(texts), length), PADDING, np.int64)
        cut = 0
        for row, text in zip(rows, texts, strict=True):
            found = [number.get(word, UNKNOWN) for word in words_of(text)]
            cut += len(found) > length
            row[: min(len(found), length)] = found[:length]
        if cut:
            _LOG.warning("%d of %d texts have more than %d words and are cut", cut, len(texts), length)
        return rows


def words_of(text: str) -> list[str]:
    """Words in lower case, and marks between them one by one."""
    return _WORD.findall(text.lower())


def read_ag_news(path: Path) -> LabelledTexts:
    """The texts of an AG News file: title and description as one.

    Raises:
        MissingFile: LP221. BadValue: LP207, a row that is not three fields with a class from 1 to 4. BadTask: LP103,
            there are none.
    """
    try:
        rows = list(csv.reader(io.StringIO(_text(path, "utf-8"), newline=""), strict=True))
    except csv.Error as error:
        raise BadValue(f"{path} is not a CSV file: {error}") from None
    if rows and rows[0] and not rows[0][0].isdigit():
        rows = rows[1:]  # a line of names
    texts, y = [], []
    for place, row in enumerate(rows, 1):
        if len(row) != 3 or row[0] not in ("1", "2", "3", "4"):
            raise BadValue(f"{path}: row {place} is not a class from 1 to 4, a title and a description")
        texts.append(f"{row[1]} {row[2]}")
        y.append(int(row[0]) - 1)
    return _whole(path, texts, np.array(y, np.int64), AG_NEWS)


def read_trec(path: Path) -> LabelledTexts:
    """The questions of a TREC file with their coarse classes, in the order of the alphabet.

    Raises:
        MissingFile: LP221. BadValue: LP207, a line of another form. BadTask: LP103, there are none.
    """
    found = []
    for place, line in enumerate(_text(path, "latin-1").splitlines(), 1):
        matched = _TREC.fullmatch(line.strip())
        if matched is None:
            raise BadValue(f"{path}: line {place} is not CLASS:fine and a question")
        found.append((matched[1], matched[3]))
    labels = tuple(sorted({label for label, _ in found}))
    y = np.array([labels.index(label) for label, _ in found], np.int64)
    return _whole(path, [text for _, text in found], y, labels)


def read_vectors(path: Path, vocabulary: Vocabulary, width: int) -> NDArray[np.float32]:
    """Published vectors of the words of a vocabulary, from text lines `word v1 … vwidth`; zeros for those not there.

    Shapes:
        -> (len(vocabulary), width), float32.

    Raises:
        MissingFile: LP221. BadValue: LP207, a line of another width, or values that are no finite numbers.
    """
    number = {word: index for index, word in enumerate(vocabulary.words, 2)}
    table = np.zeros((len(vocabulary), width), np.float32)
    for place, line in enumerate(_text(path, "utf-8").split("\n"), 1):
        parts = line.rstrip().split(" ")
        if parts == [""] or (place == 1 and len(parts) == 2):  # a head of two counts, as some tables have it
            continue
        if len(parts) <= width:
            raise BadValue(f"{path}: line {place} has {len(parts) - 1} numbers, not {width}")
        word = " ".join(parts[:-width])
        if word in number:
            try:
                table[number[word]] = [float(part) for part in parts[-width:]]
            except ValueError:
                raise BadValue(f"{path}: line {place} holds something that is no number") from None
    if not np.isfinite(table).all():
        raise BadValue(f"{path} holds a number that is not finite")
    return table


def _text(path: Path, encoding: str) -> str:
    try:
        return read_bytes(path, limit=_LIMIT).decode(encoding)
    except UnicodeDecodeError as error:
        raise BadValue(f"{path} is not {encoding} text: byte {error.start}") from None


def _whole(path: Path, texts: Sequence[str], y: NDArray[np.int64], labels: tuple[str, ...]) -> LabelledTexts:
    if not texts:
        raise BadTask(f"{path}: there are no texts")
    return LabelledTexts(tuple(texts), y, labels)
