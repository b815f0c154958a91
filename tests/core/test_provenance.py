import importlib.metadata
import re
import subprocess

import lilliput
from lilliput.core import provenance


def test_it_tells_versions_machine_command_and_date():
    origin = provenance.collect(["/usr/bin/lilliput", "build", "my task", "--seed", "3"])
    assert origin.versions["lilliput"] == lilliput.__version__
    assert origin.versions["torch"] == importlib.metadata.version("torch")
    assert origin.command_line == "lilliput build 'my task' --seed 3"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", origin.date)
    assert origin.machine.cores >= 1
    assert origin.machine.cpu
    assert origin.machine.memory_bytes is None or origin.machine.memory_bytes > 2**26


def test_the_command_is_named_the_same_when_it_is_run_as_a_module():
    origin = provenance.collect(["/somewhere/lilliput/cli/__main__.py", "run", "cct"])
    assert origin.command_line == "lilliput run cct"


def git(folder, *arguments):
    who = ["-c", "user.name=t", "-c", "user.email=t@t", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *who, "-C", str(folder), *arguments], check=True, capture_output=True)


def test_a_checkout_gives_its_commit_and_whether_it_was_changed(tmp_path):
    (tmp_path / "src" / "lilliput").mkdir(parents=True)
    source = tmp_path / "src" / "lilliput" / "x.py"
    source.write_text("a = 1\n")
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-q", "-m", "Start")
    commit, dirty = provenance._checkout.__wrapped__(tmp_path)
    assert re.fullmatch(r"[0-9a-f]{40}", commit)
    assert dirty is False
    source.write_text("a = 2\n")
    assert provenance._checkout.__wrapped__(tmp_path) == (commit, True)


def test_somebody_elses_repository_is_not_ours(tmp_path):
    git(tmp_path, "init", "-q")
    assert provenance._checkout.__wrapped__(tmp_path) == (None, None)


def test_a_folder_that_is_no_checkout_gives_none(tmp_path):
    (tmp_path / "src" / "lilliput").mkdir(parents=True)
    assert provenance._checkout.__wrapped__(tmp_path) == (None, None)
