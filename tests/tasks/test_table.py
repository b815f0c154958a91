"""Tables from CSV files: what is a number, a category, missing; and each way that a file can be none."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from lilliput.core.errors import (
    BadName,
    BadTask,
    BadValue,
    CutShort,
    LilliputError,
    MissingFile,
    NotThisFormat,
    OutOfRange,
)
from lilliput.tasks.table import MAX_WORDS, describe_table, read_table

TEXT = "age,sex,code,site,sick\n63,M,1,a,1\n41,F,2.0,a,0\n?,,1.0,b,1\n50.5,F,2,b,0\n"


def _file(folder: Path, text: str | bytes, name: str = "t.csv") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_columns_are_numbers_or_categories_and_missing_cells_stay_missing(tmp_path: Path) -> None:
    table = read_table(_file(tmp_path, TEXT), "sick", group="site", categories=("code",))
    assert [(c.name, c.kind) for c in table.columns] == [("age", "number"), ("sex", "category"), ("code", "category")]
    np.testing.assert_array_equal(table.column("age").values, [63, 41, np.nan, 50.5])
    assert table.column("sex").values.tolist() == ["M", "F", "", "F"]
    assert table.column("code").values.tolist() == ["1", "2", "1", "2"]
    assert (table.y.tolist(), table.labels) == ([1, 0, 1, 0], ("0", "1"))
    assert table.group is not None
    assert table.group.tolist() == ["a", "a", "b", "b"]


@pytest.mark.parametrize("how", ["semicolons", "tabs", "packed", "windows"])
def test_forms_of_the_same_file_give_the_same_table(tmp_path: Path, how: str) -> None:
    made = {
        "semicolons": TEXT.replace(",", ";").encode(),
        "tabs": TEXT.replace(",", "\t").encode(),
        "packed": gzip.compress(TEXT.encode()),
        "windows": b"\xef\xbb\xbf" + TEXT.replace("\n", "\r\n").encode(),
    }[how]
    found = read_table(_file(tmp_path, made, "t.csv.gz" if how == "packed" else "t.csv"), "sick")
    plain = read_table(_file(tmp_path, TEXT, "plain.csv"), "sick")
    assert [c.values.tolist() for c in found.columns[1:]] == [c.values.tolist() for c in plain.columns[1:]]
    assert found.y.tolist() == plain.y.tolist()


def test_zeros_can_be_said_to_be_missing(tmp_path: Path) -> None:
    path = _file(tmp_path, "x,y\n0,a\n3,b\n")
    assert read_table(path, "y").column("x").missing.tolist() == [False, False]
    assert read_table(path, "y", zero_is_missing=("x",)).column("x").missing.tolist() == [True, False]


def test_rows_to_be_answered_need_no_target(tmp_path: Path) -> None:
    table = read_table(_file(tmp_path, "x,z\n1,a\n2,b\n"), "y", has_target=False)
    assert [c.name for c in table.columns] == ["x", "z"]
    assert len(table) == 2


def test_rows_of_a_table_are_a_table(tmp_path: Path) -> None:
    table = read_table(_file(tmp_path, TEXT), "sick", group="site").rows(np.array([3, 0]))
    assert table.column("age").values.tolist() == [50.5, 63]
    assert table.y.tolist() == [0, 1]
    assert describe_table(table)["classes"] == {"0": 1, "1": 1}
    assert describe_table(table)["groups"] == ["a", "b"]


@pytest.mark.parametrize(
    ("text", "kind", "message"),
    [
        ("a,b\n1,2\n3\n", OutOfRange, "row 3: 1 cells under 2 column names"),
        ("a,a,y\n1,2,0\n", BadName, "two columns called 'a'"),
        ("a,,y\n1,2,0\n", BadName, "no name for column 2"),
        ("a,y\n1,0\ninf,1\n", BadValue, "row 3: 'a' is 'inf'; a number is finite"),
        ("a,y\n1,0\n1,\n", BadValue, "row 3 has no 'y'"),
        ("a,y\n1,0\n2,0\n", BadTask, "'y' is '0' in every row"),
        ("a,b,y\n,1,0\n,2,1\n", BadTask, r"column 'a' has no value\n.*--set 'leave_out=\[\"a\"\]'"),
        ("y\n1\n0\n", BadTask, "has nothing to predict 'y' from"),
        ("a,z\n1,0\n2,1\n", BadTask, "has no column 'y'"),
        (b"a,y\n\xff,1\n", NotThisFormat, "is not text in UTF-8: byte 4"),
        (b"a,y\n\0,1\n", NotThisFormat, "it holds zero bytes"),
        ("", NotThisFormat, "."),
        ("a,y\n", NotThisFormat, "."),
    ],
)
def test_a_file_that_is_none_is_refused(
    tmp_path: Path, text: str | bytes, kind: type[LilliputError], message: str
) -> None:
    with pytest.raises(kind, match=message):
        read_table(_file(tmp_path, text), "y")


def test_names_and_notes_are_no_categories(tmp_path: Path) -> None:
    rows = "".join(f"patient {i},{i % 2}\n" for i in range(MAX_WORDS + 1))
    with pytest.raises(BadTask, match=f"'who' has {MAX_WORDS + 1} different words"):
        read_table(_file(tmp_path, "who,y\n" + rows), "y")


def test_a_near_name_of_a_column_is_suggested(tmp_path: Path) -> None:
    with pytest.raises(BadTask, match=r"no column 'sik'\n.*did you mean sick"):
        read_table(_file(tmp_path, TEXT), "sik")


def test_damaged_and_missing_files_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(CutShort, match="cannot be unpacked"):
        read_table(_file(tmp_path, gzip.compress(TEXT.encode())[:-9], "t.csv.gz"), "sick")
    with pytest.raises(MissingFile):
        read_table(tmp_path / "none.csv", "sick")
