import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest

import lilliput
from lilliput.core.errors import (
    BadSetting,
    DoesNotFit,
    Interrupted,
    MissingFile,
    NewerFormat,
    NotThisFormat,
    UnknownName,
)
from lilliput.core.store import ClaimRow, Store, default_path


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "results.sqlite") as store:
        yield store


def child(script: str, *arguments: object) -> subprocess.Popen:
    command = [sys.executable, "-c", textwrap.dedent(script), *map(str, arguments)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def test_a_run_is_stored_with_where_it_comes_from(store):
    with store.start("train", task="digits", model="ds_cnn", scale="smoke", settings={"lr": 1e-3}, seed=7) as run:
        assert store.run(run.id).state == "running"
        assert store.run(run.id).seconds is None
    found = store.run(run.id)
    assert (found.state, found.command, found.task, found.model, found.scale) == (
        "done",
        "train",
        "digits",
        "ds_cnn",
        "smoke",
    )
    assert (found.settings, found.seed, found.error) == ({"lr": 1e-3}, 7, "")
    assert found.versions["lilliput"] == lilliput.__version__
    assert found.machine["cores"] >= 1
    assert found.seconds >= 0
    assert found.peak_memory_bytes > 2**20


def test_metrics_come_back_in_order_with_their_intervals(store):
    with store.start("train") as run:
        run.metric("loss", 0.5, step=2)
        run.metric("loss", 0.9, step=1)
        run.metric("accuracy", 0.97, split="test", n=500, low=0.95, high=0.98)
        run.metric("flash", 1024, unit="B")
    found = [(m.name, m.split, m.step, m.value, m.n, m.low, m.high, m.unit) for m in store.metrics(run.id)]
    assert found == [
        ("accuracy", "test", None, 0.97, 500, 0.95, 0.98, ""),
        ("flash", "", None, 1024.0, None, None, None, "B"),
        ("loss", "", 1, 0.9, None, None, None, ""),
        ("loss", "", 2, 0.5, None, None, None, ""),
    ]


def test_a_figure_given_again_replaces_the_first(store):
    with store.start("train") as run:
        for value in (1.0, 2.0):
            run.metric("loss", value, step=1)
            run.metric("final", value)
    assert [m.value for m in store.metrics(run.id)] == [2.0, 2.0]


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_figure_that_is_not_finite_is_never_stored(store, value):
    with store.start("train") as run, pytest.raises(ValueError, match="only finite figures"):
        run.metric("loss", value)
    with store.start("train") as run, pytest.raises(ValueError, match="only finite figures"):
        run.metric("loss", 1.0, high=value)


def test_an_artefact_is_stored_relative_with_its_hash_and_watched(store, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "out").mkdir()
    for name in ("a", "b", "c"):
        (tmp_path / "out" / name).write_text("abc")
    with store.start("build") as run:
        run.artifact(Path("out"))
        with pytest.raises(MissingFile):
            run.artifact(Path("none"))
    assert [a.path for a in store.artifacts(run.id)] == ["out/a", "out/b", "out/c"]
    assert store.artifacts(run.id)[0].sha256 == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    (tmp_path / "out" / "b").write_text("!")
    (tmp_path / "out" / "c").unlink()
    assert store.artifact_states(run.id) == {"out/a": "whole", "out/b": "changed", "out/c": "gone"}


@pytest.mark.parametrize(
    ("error", "state", "text"),
    [
        (KeyboardInterrupt(), "interrupted", ""),
        (Interrupted("stopped"), "interrupted", ""),
        (RuntimeError("boom"), "failed", "RuntimeError: boom"),
        (DoesNotFit("too big"), "failed", "DoesNotFit: LP401: too big"),
    ],
)
def test_an_error_ends_the_run_as_what_it_was(store, error, state, text):
    with contextlib.suppress(type(error)), store.start("train") as run:
        raise error
    assert (store.run(run.id).state, store.run(run.id).error) == (state, text)


def test_an_ended_run_takes_nothing_more(store):
    with store.start("train") as run:
        pass
    with pytest.raises(ValueError, match="has ended"):
        run.metric("loss", 1)
    with pytest.raises(ValueError, match="has ended"):
        run.finish()


def test_runs_are_asked_by_what_they_are(store):
    for paper, state in (("mcunet", "done"), ("mcunet", "failed"), ("cct", "done")):
        run = store.start("run", paper=paper)
        run.finish() if state == "done" else run.fail("no")
    assert [run.paper for run in store.runs()] == ["cct", "mcunet", "mcunet"]
    assert len(store.runs(paper="mcunet")) == 2
    assert [run.error for run in store.runs(paper="mcunet", state="failed")] == ["no"]
    assert len(store.runs(limit=1)) == 1
    assert store.runs(command="build") == []


def test_a_run_is_found_by_the_beginning_of_its_id(store):
    with store.start("a") as run:
        pass
    assert store.run(run.id[:6]).id == run.id
    for name in ("zz", "../x", "*", "", "f" * 13):
        with pytest.raises(UnknownName, match="no run is called"):
            store.run(name)


def test_an_ambiguous_beginning_names_the_candidates(store):
    ids = [store.start("a").id for _ in range(17)]  # two of 17 share their first digit
    first = next(digit for digit in "0123456789abcdef" if sum(i[0] == digit for i in ids) > 1)
    with pytest.raises(UnknownName, match="more than one run begins with") as caught:
        store.run(first)
    assert "did you mean" in caught.value.fix


START = """
    import sys
    from pathlib import Path
    from lilliput.core.store import Store
    store = Store(Path(sys.argv[1]))
    run = store.start("train")
    run.metric("loss", 0.5, step=1)
    print(run.id, flush=True)
    sys.stdin.read()
    run.finish()
"""


def test_a_killed_process_leaves_an_interrupted_run_with_its_figures(store):
    process = child(START, store.path)
    with process:
        run_id = process.stdout.readline().strip()
        assert store.run(run_id).state == "running"  # a living process is not taken for a dead one
        process.kill()
        process.wait()
        assert store.run(run_id).state == "interrupted"
    assert [m.value for m in store.metrics(run_id)] == [0.5]
    assert store.runs(state="done") == []


def test_a_stopped_process_is_not_a_dead_one(store):
    process = child(START, store.path)
    with process:
        run_id = process.stdout.readline().strip()
        process.send_signal(signal.SIGSTOP)
        assert store.run(run_id).state == "running"
        process.send_signal(signal.SIGCONT)
        process.communicate("")
        assert store.run(run_id).state == "done"


def test_an_interrupted_run_goes_on_under_its_id_and_a_done_one_does_not(store):
    process = child(START, store.path)
    with process:
        run_id = process.stdout.readline().strip()
        with pytest.raises(BadSetting, match="running in another process"):
            store.resume(run_id)
        process.kill()
        process.wait()
    with store.resume(run_id) as run:
        assert store.run(run_id).state == "running"
        run.metric("loss", 0.4, step=1)
        run.metric("loss", 0.3, step=2)
    assert [m.value for m in store.metrics(run_id)] == [0.4, 0.3]
    assert store.run(run_id).state == "done"
    with pytest.raises(BadSetting, match="is done and cannot be resumed"):
        store.resume(run_id)


def test_a_run_outlives_the_closing_of_another_store_in_its_process(store):
    run = store.start("a")
    with Store(store.path) as second:
        assert second.run(run.id).state == "running"
    assert Store.run(store, run.id).state == "running"
    process = child("import sys; from pathlib import Path; from lilliput.core.store import Store\n"
                    "print(Store(Path(sys.argv[1])).runs()[0].state)", store.path)  # fmt: skip
    assert process.communicate()[0].strip() == "running"


WRITE = """
    import sys
    from pathlib import Path
    from lilliput.core.store import Store
    with Store(Path(sys.argv[1])) as store:
        for _ in range(5):
            with store.start("train") as run:
                for step in range(20):
                    run.metric("loss", step, step=step)
"""


def test_two_processes_write_at_once_into_a_new_store(tmp_path):
    path = tmp_path / "new" / "results.sqlite"
    writers = [child(WRITE, path) for _ in range(3)]
    for writer in writers:
        writer.communicate()
        assert writer.returncode == 0
    with Store(path) as store:
        runs = store.runs()
        assert [run.state for run in runs] == ["done"] * 15
        assert all(len(store.metrics(run.id)) == 20 for run in runs)


def test_threads_share_a_store(store):
    with store.start("train") as run:
        threads = [threading.Thread(target=lambda k=k: run.metric("x", k, step=k)) for k in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(store.metrics(run.id)) == 16


def test_a_forked_child_does_not_end_the_run_of_its_parent(store):
    run = store.start("train")
    if os.fork() == 0:
        os._exit(0 if store.run(run.id).state == "running" else 1)
    assert os.waitstatus_to_exitcode(os.wait()[1]) == 0
    run.finish()
    assert store.run(run.id).state == "done"


DAMAGES = {
    "not a database": lambda data: b"hello" * 1000,
    "a pickle": lambda data: b"\x80\x04\x95" + b"\0" * 5000,
    "cut": lambda data: data[: len(data) // 2],
    "overwritten": lambda data: data[:4096] + b"\xff" * (len(data) - 4096),
    "header only": lambda data: data[:100],
}


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_store_is_refused_with_what_to_do(tmp_path, name):
    path = tmp_path / "results.sqlite"
    with Store(path) as store:
        for _ in range(20):
            with store.start("train", settings={"x": "y" * 500}) as run:
                run.metric("loss", 1)
    path.write_bytes(DAMAGES[name](path.read_bytes()))
    with pytest.raises(NotThisFormat) as caught:
        ask_everything(path)
    assert caught.value.code == "LP200"
    assert "damaged or is not one" in caught.value.what
    assert caught.value.fix.startswith("move it away (`mv ")


def ask_everything(path):
    with Store(path) as store:
        for run in store.runs():
            store.metrics(run.id)
        with store.start("train") as run:
            run.metric("loss", 1)


def test_a_changed_byte_gives_an_answer_or_our_error(tmp_path):
    path = tmp_path / "results.sqlite"
    with Store(path) as store, store.start("train", settings={"x": 1}) as run:
        run.metric("loss", 1)
    good = path.read_bytes()
    for place in range(0, len(good), 499):
        path.write_bytes(good[:place] + bytes([good[place] ^ 0xA5]) + good[place + 1 :])
        with contextlib.suppress(NotThisFormat, NewerFormat):
            ask_everything(path)


def test_another_programs_database_is_not_touched(tmp_path):
    path = tmp_path / "other.sqlite"
    with contextlib.closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE mine (x)")
        other.commit()
    before = path.read_bytes()
    with pytest.raises(NotThisFormat, match="is an SQLite file, but not a result store"):
        Store(path)
    assert path.read_bytes() == before


def test_a_newer_store_is_refused_by_its_version(store):
    store.close()
    with contextlib.closing(sqlite3.connect(store.path)) as other:
        other.execute("PRAGMA user_version = 2")
    with pytest.raises(NewerFormat, match="version 2; this program knows 1"):
        Store(store.path)


def test_claims_are_replaced_as_a_whole_and_keep_their_order(store):
    rows = [
        {"row": "b", "metric": "top1", "claimed": 0.707, "direction": "higher", "kind": "stand-in"},
        ClaimRow(paper="", row="a", metric="sram", claimed=None, direction="lower", kind="structure"),
    ]
    store.put_claims("mcunet", rows)
    store.put_claims("cct", rows[:1])
    assert [(c.paper, c.row, c.claimed) for c in store.claims("mcunet")] == [
        ("mcunet", "b", 0.707),
        ("mcunet", "a", None),
    ]
    assert len(store.claims()) == 3
    store.put_claims("mcunet", rows[1:])
    assert [c.row for c in store.claims("mcunet")] == ["a"]


def test_a_claim_without_its_parts_or_twice_is_a_programmers_error_and_changes_nothing(store):
    row = {"row": "a", "metric": "m", "claimed": 1, "direction": "higher", "kind": "structure"}
    store.put_claims("p", [row])
    with pytest.raises(ValueError, match="a claim needs kind"):
        store.put_claims("p", [{k: v for k, v in row.items() if k != "kind"}])
    with pytest.raises(ValueError, match="claims of 'p'"):
        store.put_claims("p", [row, row])
    assert len(store.claims("p")) == 1


def test_the_usual_place_follows_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("LILLIPUT_HOME", str(tmp_path / "home"))
    assert default_path() == tmp_path / "home" / "results.sqlite"
    monkeypatch.delenv("LILLIPUT_HOME")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setattr(sys, "platform", "linux")
    assert default_path() == tmp_path / "data" / "lilliput" / "results.sqlite"


def test_settings_that_json_does_not_have_are_refused_before_anything_is_stored(store):
    with pytest.raises((ValueError, TypeError)):
        store.start("train", settings={"x": float("nan")})
    with pytest.raises(TypeError):
        store.start("train", settings={"x": object()})
    assert store.runs() == []
