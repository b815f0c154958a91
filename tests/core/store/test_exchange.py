import csv
import io
import json

import pytest

from lilliput.core.errors import BadName, BadValue, CutShort, FileError, NewerFormat, NotThisFormat, OutOfRange
from lilliput.core.store import Store
from lilliput.core.store.exchange import CSV_COLUMNS, export_csv, export_file, export_lines, import_file


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "results.sqlite") as store:
        with store.start("run", paper="mcunet", settings={"b": 1, "a": [1, 2]}, seed=3) as run:
            run.metric("accuracy", 0.9, split="test", n=10, low=0.6, high=0.98)
            run.metric("loss", 0.1, step=4)
            (tmp_path / "file").write_text("x")
            run.artifact(tmp_path / "file")
        store.start("train").fail('=boom, "quoted"\nand more')
        yield store


@pytest.fixture
def other(tmp_path):
    with Store(tmp_path / "other.sqlite") as other:
        yield other


def test_runs_travel_whole_and_only_once(store, other, tmp_path):
    path = tmp_path / "runs.jsonl"
    export_file(store, path)
    assert import_file(other, path) == (2, 0)
    assert import_file(other, path) == (0, 2)
    assert {run.id: run for run in other.runs()} == {run.id: run for run in store.runs()}
    for run in store.runs():
        assert other.metrics(run.id) == store.metrics(run.id)
        assert other.artifacts(run.id) == store.artifacts(run.id)
        assert set(other.artifact_states(run.id).values()) <= {"elsewhere"}
    assert export_lines(other) == path.read_text()


def test_a_run_that_is_under_way_arrives_as_interrupted(store, other, tmp_path):
    run = store.start("train")
    export_file(store, tmp_path / "r.jsonl", [store.run(run.id)])
    import_file(other, tmp_path / "r.jsonl")
    assert other.run(run.id).state == "interrupted"


def test_csv_has_one_row_a_metric_and_one_for_a_run_without(store):
    rows = list(csv.DictReader(io.StringIO(export_csv(store))))
    assert tuple(rows[0]) == CSV_COLUMNS
    assert [(row["command"], row["metric"], row["value"], row["state"]) for row in rows] == [
        ("train", "", "", "failed"), ("run", "accuracy", "0.9", "done"), ("run", "loss", "0.1", "done"),
    ]  # fmt: skip
    assert rows[1]["low"] == "0.6"
    assert rows[2]["step"] == "4"


def change(path, edit):
    """Change the run's line as an object."""
    lines = path.read_text().splitlines()
    record = json.loads(lines[1])
    edit(record)
    path.write_text("\n".join([lines[0], json.dumps(record), *lines[2:]]) + "\n")


EDITS = {
    "an unknown field": (lambda r: r["run"].update(extra=1), OutOfRange),
    "a missing field": (lambda r: r["run"].pop("state"), OutOfRange),
    "an unknown state": (lambda r: r["run"].update(state="won"), OutOfRange),
    "text for a number": (lambda r: r["run"].update(seed="3"), OutOfRange),
    "an id that is a path": (lambda r: r["run"].update(id="../../../etc"), OutOfRange),
    "a seed of 80 bits": (lambda r: r["run"].update(seed=2**80 - 1), OutOfRange),
    "a metric without value": (lambda r: r["metrics"].append({"name": "x"}), OutOfRange),
    "metrics not a list": (lambda r: r.update(metrics={}), OutOfRange),
    "a metric of NaN": (lambda r: r["run"]["settings"].update(x=float("nan")), BadValue),
    "one more part": (lambda r: r.update(more=1), OutOfRange),
}


@pytest.mark.parametrize("name", EDITS)
def test_a_changed_line_is_refused_by_number_and_nothing_is_entered(store, other, tmp_path, name):
    edit, error = EDITS[name]
    path = tmp_path / "runs.jsonl"
    export_file(store, path)
    change(path, edit)
    with pytest.raises(error, match="line 2"):
        import_file(other, path)
    assert other.runs() == []


HEADER = b'{"format":"lilliput/runs","version":1}\n'


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"", CutShort),
        (b"\n", CutShort),
        (HEADER[:-1], CutShort),
        (HEADER + b'{"run":', CutShort),
        (HEADER + b'{"run":\n', CutShort),
        (HEADER + b"\n", CutShort),
        (HEADER.replace(b"1}", b"9}"), NewerFormat),
        (HEADER.replace(b"runs", b"else"), NotThisFormat),
        (HEADER + b"[]\n", OutOfRange),
        (HEADER + b'{"run": 1, "run": 2}\n', BadName),
        (b"\x80\x04pickle\n", NotThisFormat),
    ],
)
def test_a_damaged_file_has_its_code(other, tmp_path, content, error):
    path = tmp_path / "runs.jsonl"
    path.write_bytes(content)
    with pytest.raises(error) as caught:
        import_file(other, path)
    assert type(caught.value) is error


def test_a_file_cut_anywhere_is_refused_or_holds_whole_runs(store, tmp_path):
    data = export_lines(store).encode()
    path = tmp_path / "runs.jsonl"
    with Store(tmp_path / "cut.sqlite") as target:
        for end in range(0, len(data), 97):
            path.write_bytes(data[:end])
            with pytest.raises(FileError):
                import_file(target, path)
        assert target.runs() == []
