import csv
import io
import json

import pytest

from lilliput.cli.main import run
from lilliput.core.store import Store


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "results.sqlite"
    with Store(path) as store:
        with store.start("train", task="digits", model="ds_cnn", settings={"lr": 0.1}) as training:
            training.metric("loss", 0.5, step=1)
            training.metric("loss", 0.25, step=2)
            training.metric("accuracy", 0.97, split="test", low=0.95, high=0.98, n=500)
            (tmp_path / "model").write_text("x")
            training.artifact(tmp_path / "model")
        store.start("run", paper="mcunet").fail("no")
    return path


def ask(capsys, *arguments):
    code = run(["results", *map(str, arguments)])
    return code, *capsys.readouterr()


def test_runs_are_listed_for_people_programs_and_scripts(capsys, path):
    code, out, _ = ask(capsys, "--store", path)
    assert code == 0
    assert "ds_cnn" in out
    assert "failed" in out
    runs = json.loads(ask(capsys, "--store", path, "--json")[1])["runs"]
    assert [entry["command"] for entry in runs] == ["run", "train"]
    assert runs[1]["settings"] == {"lr": 0.1}
    assert ask(capsys, "--store", path, "-q")[1].split() == [entry["id"] for entry in runs]


def test_runs_are_chosen(capsys, path):
    assert len(ask(capsys, "--store", path, "-q", "--paper", "mcunet")[1].split()) == 1
    assert len(ask(capsys, "--store", path, "-q", "--state", "done")[1].split()) == 1
    assert ask(capsys, "--store", path, "-q", "--task", "nothing")[1] == ""
    code, _, err = ask(capsys, "--store", path, "--state", "won")
    assert code == 2
    assert "the states are running, done, failed, interrupted" in err


def test_csv_is_printed(capsys, path):
    rows = list(csv.DictReader(io.StringIO(ask(capsys, "--store", path, "--csv")[1])))
    assert [row["value"] for row in rows if row["metric"] == "loss"] == ["0.5", "0.25"]


def test_one_run_is_shown_with_its_last_figures_and_files(capsys, path):
    run_id = ask(capsys, "--store", path, "-q", "--state", "done")[1].strip()
    code, out, _ = ask(capsys, "show", run_id[:8], "--store", path)
    assert code == 0
    assert "0.25" in out
    assert "0.5 " not in out
    assert "whole" in out
    found = json.loads(ask(capsys, "show", run_id, "--store", path, "--json")[1])
    assert len(found["metrics"]) == 3
    assert list(found["artifact_states"].values()) == ["whole"]


def test_an_unknown_run_ends_with_2(capsys, path):
    code, _, err = ask(capsys, "show", "zz", "--store", path)
    assert (code, err.splitlines()[0]) == (2, "LP100: no run is called 'zz'")


def test_runs_are_carried_from_one_store_to_another(capsys, path, tmp_path):
    file, other = tmp_path / "runs.jsonl", tmp_path / "other.sqlite"
    assert ask(capsys, "export", file, "--paper", "mcunet", "--store", path)[0] == 0
    assert json.loads(ask(capsys, "import", file, "--store", other, "--json")[1]) == {"added": 1, "known": 0}
    assert "mcunet" in ask(capsys, "--store", other)[1]


def test_a_damaged_store_ends_with_3(capsys, tmp_path):
    path = tmp_path / "bad.sqlite"
    path.write_bytes(b"hello" * 1000)
    code, _, err = ask(capsys, "--store", path)
    assert code == 3
    assert err.startswith("LP200")


def test_a_place_where_nothing_can_be_is_told(capsys, tmp_path):
    (tmp_path / "file").write_text("")
    code, _, err = ask(capsys, "--store", tmp_path / "file" / "results.sqlite")
    assert code == 2
    assert "LILLIPUT_HOME" in err
