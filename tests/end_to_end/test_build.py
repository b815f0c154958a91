"""`lilliput build` on real data: what it leaves, that it is true, that it repeats, that it survives being killed."""

from __future__ import annotations

import filecmp
import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from lilliput.boards import get_board
from lilliput.boards.compiled import read_compiled
from lilliput.boards.firmware import build_image
from lilliput.core.errors import DoesNotFit
from lilliput.core.files import check_folder, read_json
from tests.end_to_end.conftest import QUICK, SMALL, environment, run_lilliput


def report_of(folder: Path) -> dict[str, object]:
    return read_json(folder / "report.json", "report")


def same_tree(a: Path, b: Path) -> list[str]:
    """Names of files that differ or are on one side only."""
    found = filecmp.dircmp(a, b)
    differing = [*found.left_only, *found.right_only, *found.funny_files]
    _, mismatch, errors = filecmp.cmpfiles(a, b, found.common_files, shallow=False)
    for name in found.common_dirs:
        differing += [f"{name}/{inner}" for inner in same_tree(a / name, b / name)]
    return [*differing, *mismatch, *errors]


def test_the_folder_holds_all_that_was_promised(built: Path) -> None:
    names = check_folder(built)
    for name in (
        "report.json", "report.md", "memory.svg", "model/config.json", "model/model.safetensors", "model/graph.json",
        "model/model.int8.safetensors", "check/vectors.safetensors", "firmware/src/lilliput_model.c",
        "firmware/CMakeLists.txt", "firmware/library.json", "firmware/library.properties",
        "firmware/idf_component.yml", "firmware/zephyr/module.yml",
    ):  # fmt: skip
        assert name in names
    assert not list(built.parent.glob(".*.work"))


def test_the_reports_bytes_are_those_of_the_linked_image(built: Path) -> None:
    report, compiled = report_of(built), read_compiled(built)
    image = build_image(compiled.program, compiled.board)
    assert report["flash_bytes"] == image.flash_bytes
    assert report["code_bytes"] == image.code_bytes
    assert report["sram_bytes"] == image.static_bytes + report["stack_bytes"]  # type: ignore[operator]
    assert report["arena_bytes"] == compiled.program.plan.arena_bytes == image.arena_bytes
    assert 0 < report["stack_bytes"] < 2048  # type: ignore[operator]


def test_the_proof_and_the_accuracy_are_about_the_same_items(built: Path) -> None:
    report = report_of(built)
    assert report["proof"] == {"rows": 24, "output_bytes": 24 * 4, "differing_bytes": 0}
    measured = {row["what"]: row for row in report["accuracy"]}  # type: ignore[attr-defined]
    assert measured["int8 on nucleo-f446re"]["n"] == 24
    assert measured["float"]["n"] == measured["int8"]["n"] > 24
    assert measured["int8"]["low"] <= measured["int8"]["value"] <= measured["int8"]["high"]
    assert abs(measured["float"]["value"] - measured["int8"]["value"]) < 0.05
    assert measured["float"]["value"] > 0.4  # two epochs beat the largest class


def test_instructions_by_layer_add_up(built: Path) -> None:
    report = report_of(built)
    layers = report["layers"]
    total = sum(layer["instructions"] for layer in layers)  # type: ignore[attr-defined]
    assert 0.98 * report["instructions"] < total <= report["instructions"]  # type: ignore[operator]
    assert sum(layer["macs"] for layer in layers) == report["macs"]  # type: ignore[attr-defined]
    assert any(layer["peak"] for layer in layers)  # type: ignore[attr-defined]


def test_the_same_build_gives_the_same_bytes(built: Path, tmp_path: Path) -> None:
    extra = {"PYTHONHASHSEED": "7"}
    run_lilliput(["build", *SMALL, *QUICK], tmp_path, extra=extra)
    assert same_tree(built, tmp_path / "build" / built.name) == []


def test_a_build_that_is_killed_goes_on_and_ends_the_same(built: Path, tmp_path: Path) -> None:
    folder = tmp_path / "build"
    command = [sys.executable, "-m", "lilliput.cli", "build", *SMALL, *QUICK]
    chance = np.random.default_rng(5)
    for _ in range(5):
        process = subprocess.Popen(
            command, cwd=tmp_path, env=environment(tmp_path), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            process.wait(timeout=float(chance.uniform(2.0, 9.0)))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
        finished = folder / built.name
        # Whole or not there: a folder that is there has its manifest, and every file in it is as the manifest says.
        assert not finished.exists() or check_folder(finished)
    run_lilliput(["build", *SMALL, *QUICK], tmp_path)
    assert same_tree(built, folder / built.name) == []
    assert [path.name for path in folder.iterdir() if ".lilliput-" in path.name] == []


def test_an_interrupted_run_is_in_the_store_as_interrupted(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "lilliput.cli", "build", *SMALL, *QUICK, "--set", "train.epochs=200"],
        cwd=tmp_path, env=environment(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        # Tests that a shell started in its background have inherited that the signal is ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL) and None,
    )  # fmt: skip
    checkpoints = tmp_path / "build" / ".wrist-activity-nucleo-f446re.work" / "checkpoints"
    deadline = time.monotonic() + 60
    while not list(checkpoints.glob("*")) and time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    try:
        words, _ = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 6, words
    assert "the same command goes on" in words
    listed = json.loads(run_lilliput(["results", "--json"], tmp_path).stdout)
    assert [run["state"] for run in listed["runs"]] == ["interrupted"]


def test_check_says_yes_and_finds_what_was_changed(built: Path, tmp_path: Path) -> None:
    answer = json.loads(run_lilliput(["check", str(built), "--json"], tmp_path).stdout)
    assert (answer["differing_bytes"], answer["sources_changed"], answer["figures_changed"]) == (0, [], {})
    broken = tmp_path / "broken"
    shutil.copytree(built, broken)
    source = broken / "firmware" / "src" / "lilliput_model.c"
    source.write_text(source.read_text().replace("_run(void *arena)", "_run(void * arena)"))
    done = run_lilliput(["check", str(broken)], tmp_path, check=False)
    assert done.returncode == 3
    assert "LP210" in done.stderr


def test_exec_on_host_and_board_give_the_same_outputs(built: Path, tmp_path: Path) -> None:
    compiled = read_compiled(built)
    np.save(tmp_path / "x.npy", compiled.inputs[0])
    facts = {}
    for where in ("host", "board"):
        arguments = ["exec", str(built), "--on", where, "--input", "x.npy", "--output", f"{where}.npy", "--json"]
        facts[where] = json.loads(run_lilliput(arguments, tmp_path).stdout)
        np.testing.assert_array_equal(np.load(tmp_path / f"{where}.npy"), compiled.outputs[0])
    assert facts["board"]["instructions"] == report_of(built)["instructions"]
    assert facts["host"]["instructions"] is None


def test_a_network_that_does_not_fit_names_what_does(built: Path) -> None:
    from lilliput.build import build_settings, plan_build
    from lilliput.tasks import get_task

    task = get_task("wrist-activity")
    budget = ["budget.sram=4KiB", "config.width=96", "config.blocks=1"]
    with pytest.raises(DoesNotFit, match="SRAM needed, the budget on nucleo-f446re has 4 096 B") as caught:
        plan_build(task, get_board("nucleo-f446re"), build_settings(task, overrides=budget))
    assert "the memory peak is at" in caught.value.why
    assert "--set config.width=" in caught.value.fix
