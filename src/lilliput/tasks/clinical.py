"""Discharge summaries and their ICD codes from the published CSV files of MIMIC-III and MIMIC-IV.

    documents = read_mimic3(Path("mimic-iii"), lists=Path("caml"))      # {train,dev,test}_{50,full}_hadm_ids.csv
    top = documents.most_frequent(50)

The files are handed out to people with credentials only and may not be passed on, nor may any row made of them.

MIMIC-III   NOTEEVENTS.csv, DIAGNOSES_ICD.csv, PROCEDURES_ICD.csv, plain or gzipped
MIMIC-IV    discharge.csv, diagnoses_icd.csv, procedures_icd.csv, below the folder or its `hosp` and `note`

Source: the pipeline of TransICD and of CAML, as far as it is published. Where `stem` is off, words stay as they are; a
Snowball stemmer is used where the package `snowballstemmer` is installed.
"""

from __future__ import annotations

import csv
import gzip
import io
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np

from lilliput.core.errors import BadName, BadValue, MissingExtra, MissingFile
from lilliput.tasks.documents import Documents
from lilliput.tasks.splitting import split_items

NOTE_WORDS = (
    *("admission", "birth", "date", "discharge", "service", "sex", "patient", "name", "history", "hospital"),
    *("last", "first", "course", "past", "day", "one", "family", "chief", "complaint"),
)
"""Words of the form itself, which all summaries have."""
_STOP_TEXT = """
a about above after again against all am an and any are as at be because been before being below between both
but by can did do does doing don down during each few for from further had has have having he her here hers
him his how i if in into is it its itself just me more most my no nor not now of off on once only or other our
ours out over own same she should so some such than that the their theirs them then there these they this
those through to too under until up very was we were what when where which while who whom why will with you
your yours
"""
STOP_WORDS = frozenset(_STOP_TEXT.split())
"""Words of no meaning of their own."""
_PUNCTUATION = re.compile(r"[^\w\s-]|_")
_PARTS = ("train", "dev", "test")


def clean_note(text: str, *, stem: Callable[[str], str] | None = None) -> str:
    """A note as words with blanks between.

    Lower case; marks but the hyphen become blanks; words are stemmed; numbers, words of one or two letters and those
    of no meaning go; hyphens go; digits at the end of a word go, all others become the letter n.
    """
    kept = []
    for word in _PUNCTUATION.sub(" ", text.lower()).split():
        short = stem(word) if stem else word
        if short.isdigit() or len(short) <= 2 or short in STOP_WORDS or short in NOTE_WORDS:
            continue
        kept.append(short)
    joined = " ".join(kept).replace("-", "")
    return re.sub(r"\d", "n", re.sub(r"\d+\s", " ", joined + " ")).strip()


def snowball() -> Callable[[str], str]:
    """The English Snowball stemmer.

    Raises:
        MissingExtra: LP601, it is not installed.
    """
    try:
        import snowballstemmer
    except ImportError:
        raise MissingExtra("stemming needs snowballstemmer", fix="pip install snowballstemmer, or stem=False") from None
    word: Callable[[str], str] = snowballstemmer.stemmer("english").stemWord
    return word


def dotted(code: str, *, is_procedure: bool) -> str:
    """An ICD-9 code with its dot: behind two digits of a procedure, three of a diagnosis, four of one with E."""
    at = 2 if is_procedure else 4 if code.startswith("E") else 3
    return code if len(code) <= at else f"{code[:at]}.{code[at:]}"


def read_mimic3(folder: Path, *, lists: Path | None = None, of: str = "50", stem: bool = False) -> Documents:
    """Discharge summaries of MIMIC-III; those of one admission are one document.

    Args:
        folder: holds the CSV files.
        lists: folder of the published lists of admissions, `train_50_hadm_ids.csv` and so on; without it parts are
            dealt by patient.
        of: which lists: "50" or "full".
        stem: whether words are stemmed, as published.

    Raises:
        MissingFile: LP221. BadName: LP205, a column is missing. BadValue: LP207, an admission without a number.
    """
    codes: dict[str, dict[str, None]] = {}
    for name, is_procedure in (("DIAGNOSES_ICD.csv", False), ("PROCEDURES_ICD.csv", True)):
        for row in _rows(folder, name, ("HADM_ID", "ICD9_CODE")):
            if row["ICD9_CODE"]:
                of_one = codes.setdefault(_number(row["HADM_ID"], name), {})
                of_one[dotted(row["ICD9_CODE"], is_procedure=is_procedure)] = None
    notes: dict[tuple[str, str], list[str]] = {}
    for row in _rows(folder, "NOTEEVENTS.csv", ("SUBJECT_ID", "HADM_ID", "CATEGORY", "TEXT")):
        if row["CATEGORY"].strip() == "Discharge summary" and row["HADM_ID"].strip():
            key = _number(row["SUBJECT_ID"], "NOTEEVENTS.csv"), _number(row["HADM_ID"], "NOTEEVENTS.csv")
            notes.setdefault(key, []).append(row["TEXT"])
    return _documents(folder, notes, codes, _lists(lists, of) if lists else None, stem=stem)


def read_mimic4(folder: Path, *, stem: bool = False) -> Documents:
    """Discharge summaries of MIMIC-IV with their ICD-9 and ICD-10 codes, dealt by patient.

    Raises:
        MissingFile: LP221. BadName: LP205, a column is missing.
    """
    codes: dict[str, dict[str, None]] = {}
    for name, is_procedure in (("diagnoses_icd.csv", False), ("procedures_icd.csv", True)):
        for row in _rows(folder, name, ("hadm_id", "icd_code", "icd_version")):
            code, ninth = row["icd_code"].strip(), row["icd_version"].strip() == "9"
            if code:
                written = dotted(code, is_procedure=is_procedure) if ninth else _tenth(code, is_procedure=is_procedure)
                codes.setdefault(_number(row["hadm_id"], name), {})[written] = None
    notes: dict[tuple[str, str], list[str]] = {}
    for row in _rows(folder, "discharge.csv", ("subject_id", "hadm_id", "text")):
        if row["hadm_id"].strip():
            key = _number(row["subject_id"], "discharge.csv"), _number(row["hadm_id"], "discharge.csv")
            notes.setdefault(key, []).append(row["text"])
    return _documents(folder, notes, codes, None, stem=stem)


def _tenth(code: str, *, is_procedure: bool) -> str:
    return code if is_procedure or len(code) <= 3 else f"{code[:3]}.{code[3:]}"


def _documents(
    folder: Path,
    notes: Mapping[tuple[str, str], list[str]],
    codes: Mapping[str, Mapping[str, None]],
    lists: Mapping[str, int] | None,
    *,
    stem: bool,
) -> Documents:
    keys = [key for key in sorted(notes, key=lambda k: (int(k[0]), int(k[1]))) if lists is None or key[1] in lists]
    if not keys:
        raise MissingFile(f"{folder} has no discharge summaries", why="none of the admissions that are asked for")
    word = snowball() if stem else None
    labels = tuple(sorted({code for _, admission in keys for code in codes.get(admission, {})}))
    number = {code: i for i, code in enumerate(labels)}
    y = np.zeros((len(keys), len(labels)), bool)
    for row, (_, admission) in zip(y, keys, strict=True):
        row[[number[code] for code in codes.get(admission, {})]] = True
    texts = tuple(clean_note(" ".join(notes[key]), stem=word) for key in keys)
    if lists is not None:
        part = np.array([lists[admission] for _, admission in keys], np.int64)
    else:  # by patient, so that nobody is in two parts
        people = sorted({patient for patient, _ in keys})
        dealt = dict(zip(people, split_items(people, np.zeros(len(people), np.int64)).tolist(), strict=True))
        part = np.array([dealt[patient] for patient, _ in keys], np.int64)
    return Documents(tuple(admission for _, admission in keys), texts, y, labels, part)


def _lists(folder: Path, of: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for number, part in enumerate(_PARTS):
        path = folder / f"{part}_{of}_hadm_ids.csv"
        if not path.is_file():
            raise MissingFile(f"{path} is not there", fix="name the folder of the published lists of admissions")
        for line in path.read_text(encoding="utf-8").split():
            if found.setdefault(_number(line, path.name), number) != number:
                raise BadValue(f"{path}: admission {line} is in two parts")
    return found


def _rows(folder: Path, name: str, columns: tuple[str, ...]) -> Iterator[dict[str, str]]:
    places = [folder / sub / f"{name}{end}" for sub in ("", "hosp", "note") for end in ("", ".gz")]
    path = next((place for place in places if place.is_file()), None)
    if path is None:
        raise MissingFile(f"{folder} has no {name}", why="nor that file gzipped")
    csv.field_size_limit(1 << 30)  # notes are long
    with path.open("rb") as raw:
        stream = gzip.GzipFile(fileobj=raw) if path.suffix == ".gz" else raw
        rows = csv.DictReader(io.TextIOWrapper(stream, "utf-8", newline=""))
        missing = [column for column in columns if column not in (rows.fieldnames or ())]
        if missing:
            raise BadName(f"{path} has no column {missing[0]}", why=f"it has {', '.join(rows.fieldnames or ())}")
        for row in rows:
            yield {column: row[column] or "" for column in columns}


def _number(text: str, name: str) -> str:
    """Numbers of admissions, which some tools write as 123.0."""
    whole = text.strip().removesuffix(".0")
    if not whole.isdigit():
        raise BadValue(f"{name}: {text!r} is no number of an admission or a patient")
    return whole
