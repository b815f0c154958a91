"""Clinical notes from CSV files with the published columns and made-up text."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from lilliput.core.errors import BadName, BadValue, MissingFile
from lilliput.tasks.clinical import clean_note, dotted, read_mimic3, read_mimic4

NOTES = """"ROW_ID","SUBJECT_ID","HADM_ID","CHARTDATE","CHARTTIME","CATEGORY","TEXT"
1,10,100.0,2101-01-01,,"Discharge summary","The patient had chest-pain, and 2 stents.
Fever of 39.5 noted"
2,10,100,2101-01-02,,"Discharge summary","Addendum: stable"
3,10,100,2101-01-02,,"Radiology","never read"
4,11,101,2101-01-02,,"Discharge summary","Ankle, broken"
5,12,,2101-01-02,,"Discharge summary","no admission"
6,13,103,2101-01-02,,"Discharge summary","Second ankle"
"""
DIAGNOSES = """"ROW_ID","SUBJECT_ID","HADM_ID","SEQ_NUM","ICD9_CODE"
1,10,100,1,"41401"
2,10,100,2,"0010"
3,11,101,1,"E8497"
4,11,101,2,""
5,13,103,1,"41401"
"""
PROCEDURES = '"ROW_ID","SUBJECT_ID","HADM_ID","SEQ_NUM","ICD9_CODE"\n1,10,100,1,"3606"\n2,10,100,2,"41401"\n'


def mimic3(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "NOTEEVENTS.csv.gz").write_bytes(gzip.compress(NOTES.encode()))
    (folder / "DIAGNOSES_ICD.csv").write_text(DIAGNOSES)
    (folder / "PROCEDURES_ICD.csv").write_text(PROCEDURES)
    return folder


def test_notes_become_words() -> None:
    assert clean_note("The patient's BP was 120/80; x-ray: chest-pain, day 3.") == "xray chestpain"
    assert clean_note("hba1c 7 covid19 improved") == "hbanc covid improved"
    assert clean_note("running dogs", stem=lambda word: word.rstrip("s")[:4]) == "runn dog"


def test_codes_get_their_dots() -> None:
    assert dotted("41401", is_procedure=False) == "414.01"
    assert dotted("E8497", is_procedure=False) == "E849.7"
    assert dotted("3606", is_procedure=True) == "36.06"
    assert dotted("V58", is_procedure=False) == "V58"


def test_an_admission_is_a_document_with_its_codes(tmp_path: Path) -> None:
    found = read_mimic3(mimic3(tmp_path))
    assert found.ids == ("100", "101", "103")
    assert found.texts[0] == "chestpain stents fever noted addendum stable"
    assert found.labels == ("001.0", "36.06", "41.401", "414.01", "E849.7")
    codes = [[label for label, has in zip(found.labels, row, strict=True) if has] for row in found.y]
    assert codes == [["001.0", "36.06", "41.401", "414.01"], ["E849.7"], ["414.01"]]
    assert found.most_frequent(1).labels == ("414.01",)


def test_published_lists_say_the_parts(tmp_path: Path) -> None:
    lists = tmp_path / "caml"
    lists.mkdir()
    for part, admission in (("train", "103"), ("dev", "100"), ("test", "101")):
        (lists / f"{part}_50_hadm_ids.csv").write_text(f"{admission}\n")
    found = read_mimic3(mimic3(tmp_path / "m"), lists=lists)
    assert dict(zip(found.ids, found.part.tolist(), strict=True)) == {"100": 1, "101": 2, "103": 0}
    (lists / "test_50_hadm_ids.csv").write_text("101\n100\n")
    with pytest.raises(BadValue, match="admission 100 is in two parts"):
        read_mimic3(tmp_path / "m", lists=lists)
    with pytest.raises(MissingFile, match=r"train_full_hadm_ids\.csv is not there"):
        read_mimic3(tmp_path / "m", lists=lists, of="full")


def test_mimic_iv_is_read_with_both_kinds_of_codes(tmp_path: Path) -> None:
    (tmp_path / "hosp").mkdir()
    (tmp_path / "note").mkdir()
    (tmp_path / "note" / "discharge.csv").write_text(
        "note_id,subject_id,hadm_id,note_type,note_seq,charttime,storetime,text\n"
        '1,5,50,DS,1,,,"Cough"\n2,6,60,DS,1,,,"Fracture"\n'
    )
    (tmp_path / "hosp" / "diagnoses_icd.csv").write_text(
        "subject_id,hadm_id,seq_num,icd_code,icd_version\n5,50,1,J189,10\n6,60,1,8208,9\n"
    )
    (tmp_path / "hosp" / "procedures_icd.csv").write_text(
        "subject_id,hadm_id,seq_num,chartdate,icd_code,icd_version\n6,60,1,,0QS604Z,10\n"
    )
    found = read_mimic4(tmp_path)
    assert found.labels == ("0QS604Z", "820.8", "J18.9")
    assert found.y.tolist() == [[False, False, True], [True, True, False]]


def test_missing_columns_and_files_are_named(tmp_path: Path) -> None:
    mimic3(tmp_path)
    (tmp_path / "PROCEDURES_ICD.csv").write_text('"HADM_ID","CODE"\n1,2\n')
    with pytest.raises(BadName, match="has no column ICD9_CODE\n  why: it has HADM_ID, CODE"):
        read_mimic3(tmp_path)
    (tmp_path / "PROCEDURES_ICD.csv").unlink()
    with pytest.raises(MissingFile, match=r"has no PROCEDURES_ICD\.csv"):
        read_mimic3(tmp_path)
    (tmp_path / "PROCEDURES_ICD.csv").write_text('"HADM_ID","ICD9_CODE"\nabc,3606\n')
    with pytest.raises(BadValue, match="'abc' is no number of an admission"):
        read_mimic3(tmp_path)
