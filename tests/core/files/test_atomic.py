import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from lilliput.core.errors import BadOutput, MissingFile, NoRoom, NotThisFormat, OutsideFolder, WrongChecksum
from lilliput.core.files import MANIFEST, check_folder, write_bytes, write_folder, write_text


def make(target: Path, **files: str) -> None:
    with write_folder(target) as folder:
        for name, text in files.items():
            (folder / name).write_text(text)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_written_and_replaced(tmp_path):
    path = tmp_path / "a" / "b.txt"
    write_text(path, "one\n")
    write_bytes(path, b"two")
    assert path.read_bytes() == b"two"
    assert names(path.parent) == ["b.txt"]


def test_a_link_is_written_through_and_stays_a_link(tmp_path):
    (tmp_path / "real").write_text("old")
    (tmp_path / "link").symlink_to("real")
    write_text(tmp_path / "link", "new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "new"


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch, number):
    path = tmp_path / "a"
    write_text(path, "old")
    monkeypatch.setattr(os, "fsync", refuse(number))
    with pytest.raises(NoRoom) as caught:
        write_text(path, "new")
    assert str(caught.value).startswith("LP604: no room left to write")
    assert "df -h" in caught.value.fix
    assert path.read_text() == "old"
    assert names(tmp_path) == ["a"]


@pytest.mark.parametrize("number", [errno.EACCES, errno.EROFS])
def test_a_place_that_may_not_be_written_is_bad_output(tmp_path, monkeypatch, number):
    monkeypatch.setattr(os, "replace", refuse(number))
    with pytest.raises(BadOutput, match="cannot be written"):
        write_text(tmp_path / "a", "new")
    assert names(tmp_path) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_is_bad_output(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(BadOutput):
        write_text(tmp_path / "a", "new")
    with pytest.raises(BadOutput):
        make(tmp_path / "b", x="1")


def test_a_file_where_a_folder_should_be_is_bad_output(tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(BadOutput):
        write_text(tmp_path / "file" / "a", "x")
    with pytest.raises(BadOutput):
        make(tmp_path / "file" / "a", x="1")
    with pytest.raises(BadOutput, match="is a file, and a folder is to be written"):
        make(tmp_path / "file", x="1")
    with pytest.raises(BadOutput, match="is a folder"):
        write_text(tmp_path, "x")
    assert (tmp_path / "file").read_text() == "mine"


def test_a_folder_appears_with_its_manifest_and_is_replaced_whole(tmp_path):
    target = tmp_path / "out" / "x"
    make(target, a="1", b="2")
    assert names(target) == [MANIFEST, "a", "b"]
    assert check_folder(target) == ("a", "b")
    manifest = json.loads((target / MANIFEST).read_text())
    assert manifest["format"] == "lilliput/manifest"
    assert manifest["files"]["a"]["bytes"] == 1
    make(target, c="3")
    assert names(target) == [MANIFEST, "c"]
    assert names(target.parent) == ["x"]


def test_the_same_content_gives_the_same_bytes(tmp_path):
    for name in ("one", "two"):
        make(tmp_path / name, b="2", a="1")
    assert (tmp_path / "one" / MANIFEST).read_bytes() == (tmp_path / "two" / MANIFEST).read_bytes()


def test_a_folder_that_is_not_ours_is_never_replaced(tmp_path):
    target = tmp_path / "thesis"
    target.mkdir()
    (target / "chapter1.tex").write_text("years")
    with pytest.raises(BadOutput) as caught:
        make(target, a="1")
    assert "holds something that this command did not make" in caught.value.what
    assert "--out" in caught.value.fix
    (target / MANIFEST).write_text('{"format": "other/manifest"}')
    with pytest.raises(BadOutput):
        make(target, a="1")
    assert (target / "chapter1.tex").read_text() == "years"
    assert names(tmp_path) == ["thesis"]


def test_an_empty_folder_is_taken(tmp_path):
    (tmp_path / "x").mkdir()
    make(tmp_path / "x", a="1")
    assert check_folder(tmp_path / "x") == ("a",)


@pytest.mark.parametrize("error", [RuntimeError("no"), KeyboardInterrupt()])
def test_a_block_that_fails_leaves_everything_as_it_was(tmp_path, error):
    make(tmp_path / "x", a="old")

    def fail():
        with write_folder(tmp_path / "x") as folder:
            (folder / "a").write_text("new")
            raise error

    with pytest.raises(type(error)):
        fail()
    assert (tmp_path / "x" / "a").read_text() == "old"
    assert names(tmp_path) == ["x"]


def test_a_full_disk_inside_the_block_is_no_room(tmp_path):
    with pytest.raises(NoRoom), write_folder(tmp_path / "x"):
        raise OSError(errno.ENOSPC, "No space left on device", "anything")
    assert names(tmp_path) == []


def test_an_error_about_another_file_passes_as_it_is(tmp_path):
    with pytest.raises(PermissionError), write_folder(tmp_path / "x"):
        raise PermissionError(errno.EACCES, "Permission denied", "/somewhere/else")


def test_each_failing_call_of_the_system_leaves_the_old_folder(tmp_path, monkeypatch):
    """Fail the first call of each kind, then the second, and so on, until the write succeeds."""
    make(tmp_path / "x", a="old", b="old")
    kinds = ("fsync", "rename", "mkdir", "open")
    for kind in kinds:
        for nth in range(40):
            with monkeypatch.context() as patch:
                patch.setattr(os, kind, refuse(errno.ENOSPC, after=nth, real=getattr(os, kind)))
                try:
                    make(tmp_path / "x", a="new", b="new")
                except (NoRoom, BadOutput):
                    state = {(tmp_path / "x" / name).read_text() for name in "ab"}
                    assert state == {"old"}, (kind, nth)
                    # Taking away opens folders too; what stays then is taken away by the next write.
                    assert names(tmp_path) == ["x"] or kind == "open", (kind, nth)
                else:
                    break
        else:
            pytest.fail(f"{kind} never got through")
        make(tmp_path / "x", a="old", b="old")
        assert names(tmp_path) == ["x"]


KILLED = """
    import os, signal, sys
    from pathlib import Path
    from lilliput.core.files import atomic, write_folder

    target, at = Path(sys.argv[1]), int(sys.argv[2])
    calls = 0

    def counted(real):
        def call(*args, **options):
            global calls
            calls += 1
            if calls == at:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*args, **options)
        return call

    for name in ("mkdir", "rename", "fsync", "open"):
        setattr(os, name, counted(getattr(os, name)))
    with write_folder(target) as folder:
        (folder / "a").write_text("new")
        (folder / "b").write_text("new")
"""


def test_a_process_killed_at_any_moment_leaves_one_whole_folder(tmp_path):
    target = tmp_path / "x"
    make(target, a="old", b="old")
    for at in range(1, 60):
        command = [sys.executable, "-c", textwrap.dedent(KILLED), str(target), str(at)]
        done = subprocess.run(command, check=False)
        # The next write finds the old folder or the new one, whole, and takes the leftovers away.
        make(tmp_path / "y", a="1")
        if not target.exists():
            assert list(tmp_path.glob(".x.lilliput-old-*"))
            with pytest.raises(RuntimeError), write_folder(target):
                raise RuntimeError
        check_folder(target)
        assert len({(target / name).read_text() for name in "ab"}) == 1
        make(target, a="old", b="old")
        assert names(tmp_path) == ["x", "y"]
        if done.returncode == 0:
            assert at > 10
            return
        assert done.returncode == -signal.SIGKILL
    pytest.fail("the process was never allowed to end")


def test_the_work_of_a_living_process_is_not_taken_for_a_leftover(tmp_path):
    with write_folder(tmp_path / "x") as first:
        (first / "a").write_text("1")
        make(tmp_path / "x", a="2")
        assert first.is_dir()
    assert (tmp_path / "x" / "a").read_text() == "1"


def test_a_full_file_system_is_no_room(tmp_path):
    """On a real file system of 64 KiB, where this machine lets us make one."""
    small = tmp_path / "small"
    small.mkdir()
    unshare = shutil.which("unshare")
    if unshare is None:
        pytest.skip("no unshare here")
    script = textwrap.dedent(f"""
        import os
        from pathlib import Path
        from lilliput.core.errors import NoRoom
        from lilliput.core.files import check_folder, write_folder
        target = Path({str(small)!r}) / "x"
        with write_folder(target) as folder:
            (folder / "a").write_bytes(b"1")
        try:
            with write_folder(target) as folder:
                (folder / "a").write_bytes(b"2" * 100_000)
        except NoRoom as error:
            assert check_folder(target) == ("a",)
            assert os.listdir(target.parent) == ["x"]
            print(error.code)
    """)
    mount = f'mount -t tmpfs -o size=64k none {small} || exit 99; exec "$0" -c "$1"'
    command = [unshare, "--mount", "--map-root-user", "sh", "-c", mount, sys.executable, script]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode == 99 or "unshare failed" in done.stderr:
        pytest.skip("this machine does not let us mount")
    assert (done.stdout, done.stderr) == ("LP604\n", "")


def test_a_changed_a_missing_and_an_outside_file_are_told_apart(tmp_path):
    target = tmp_path / "x"
    make(target, a="1", b="2")
    (target / "own.txt").write_text("a user's own file is left alone")
    assert check_folder(target) == ("a", "b")
    (target / "a").write_text("!")
    with pytest.raises(WrongChecksum, match="its manifest says"):
        check_folder(target)
    (target / "a").unlink()
    with pytest.raises(MissingFile):
        check_folder(target)


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "a/../../secret", "link"])
def test_a_manifest_cannot_point_outside(tmp_path, name):
    (tmp_path / "secret").write_text("s")
    target = tmp_path / "x"
    make(target, a="1")
    (target / "link").symlink_to("../secret")
    manifest = {"format": "lilliput/manifest", "version": 1, "files": {name: {"bytes": 1, "sha256": "0"}}}
    (target / MANIFEST).write_text(json.dumps(manifest))
    with pytest.raises(OutsideFolder, match="outside its folder"):
        check_folder(target)


def test_a_manifest_without_its_list_is_refused(tmp_path):
    for content in ({}, {"files": []}, {"files": {"a": "x"}}):
        (tmp_path / MANIFEST).write_text(json.dumps({"format": "lilliput/manifest", "version": 1, **content}))
        with pytest.raises(NotThisFormat):
            check_folder(tmp_path)


def refuse(number: int, *, after: int = 0, real=None):
    """A stand-in for a call of the system that fails, once, after `after` calls that go through."""
    count = 0

    def call(*args, **options):
        nonlocal count
        count += 1
        if real is not None and count != after + 1:
            return real(*args, **options)
        raise OSError(number, os.strerror(number))

    return call
