import io
import json
import os

import pytest
from rich.console import Console

from lilliput.core.errors import BadOutput
from lilliput.core.events import Event, JsonLines, PlainLines, TerminalBars, silent, tee, watch


def training(steps=30, seconds=1.0):
    """What a training would send, on a clock of its own."""
    yield Event("started", "train", total=steps, time=0.0)
    for step in range(1, steps + 1):
        yield Event("step", "train", step=step, total=steps, value=1 / step, time=step * seconds)
        if step % 5 == 0:
            yield Event("metric", "train", name="accuracy", value=step / 40, step=step, time=step * seconds)
    yield Event("done", "train", step=steps, time=steps * seconds)


def test_plain_lines_come_at_most_every_ten_seconds():
    out = io.StringIO()
    read = PlainLines(out)
    for event in training():
        read(event)
    lines = out.getvalue().splitlines()
    assert lines == [
        "train: started (30 steps)",
        "train: 10/30 (33 %), 1/s, 20 s left, accuracy 0.125",
        "train: 20/30 (66 %), 1/s, 10 s left, accuracy 0.375",
        "train: 30/30 (100 %), 1/s, 0 us left, accuracy 0.625",
        "train: done in 30 s, accuracy 0.75",
    ]


def test_plain_lines_of_two_works_do_not_silence_each_other():
    out = io.StringIO()
    read = PlainLines(out)
    for what in ("a", "b"):
        read(Event("started", what, total=2, time=0.0))
    for what in ("a", "b"):
        read(Event("step", what, step=1, time=11.0))
    assert [line[0] for line in out.getvalue().splitlines()] == ["a", "b", "a", "b"]


def test_notes_warnings_and_artefacts_are_said_at_once():
    out = io.StringIO()
    read = PlainLines(out)
    read(Event("note", "build", text="layout is channels last", time=0.0))
    read(Event("warning", "build", text="2 files skipped", time=0.1))
    read(Event("artifact", "build", text="report.md", time=0.2))
    read(Event("failed", "build", text="no room", time=0.3))
    assert out.getvalue().splitlines() == [
        "build: layout is channels last", "build: warning: 2 files skipped", "build: wrote report.md",
        "build: failed: no room",
    ]  # fmt: skip


def test_a_name_with_terminal_commands_is_shown_and_not_obeyed():
    out = io.StringIO()
    PlainLines(out)(Event("note", "x", text="\x1b[2Jgone\x07"))
    assert out.getvalue() == "x: \\x1b[2Jgone\\x07\n"


def test_a_resumed_work_counts_its_rate_from_where_it_began():
    out = io.StringIO()
    read = PlainLines(out)
    read(Event("started", "train", step=90, total=100, time=0.0))
    read(Event("step", "train", step=95, time=10.0))
    assert out.getvalue().splitlines() == [
        "train: started (100 steps, going on from 90)",
        "train: 95/100 (95 %), 2 s a step, 10 s left",
    ]


def test_json_lines_keep_all_that_was_said(tmp_path):
    path = tmp_path / "run" / "events.jsonl"
    events = list(training(steps=5))
    with JsonLines(path) as read:
        for event in events:
            read(event)
        assert len(path.read_text().splitlines()) == len(events)  # flushed before it is closed
    first = json.loads(path.read_text().splitlines()[0])
    assert first == {"kind": "started", "what": "train", "total": 5, "time": 0.0}


def test_json_lines_in_a_place_that_is_no_folder_is_bad_output(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(BadOutput, match="cannot be written"):
        JsonLines(tmp_path / "file" / "events.jsonl")


def test_bars_show_name_count_metric_and_the_end():
    out = io.StringIO()
    with TerminalBars(Console(file=out, force_terminal=True, width=120)) as read:
        for event in training():
            read(event)
        read(Event("note", "train", text="[red]not markup"))
    shown = out.getvalue()
    for part in ("train", "30/30", "accuracy 0.75", "done in 30 s", "[red]not markup"):
        assert part in shown


def test_tee_hands_each_event_to_all_in_order():
    seen = []
    emit = tee(lambda e: seen.append(("a", e.kind)), silent, lambda e: seen.append(("b", e.kind)))
    emit(Event("note", "x"))
    assert seen == [("a", "note"), ("b", "note")]


def test_watch_chooses_plain_lines_for_a_file_bars_for_a_terminal_and_nothing_when_quiet():
    out = io.StringIO()
    with watch(out) as emit:
        assert isinstance(emit, PlainLines)
    with watch(out, quiet=True) as emit:
        assert emit is silent
    leader, follower = os.openpty()
    with os.fdopen(follower, "w") as terminal, watch(terminal) as emit:
        assert isinstance(emit, TerminalBars)
    os.close(leader)
