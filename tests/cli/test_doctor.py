import json

from lilliput.cli import doctor
from lilliput.cli.main import run


def test_all_that_is_there_is_named_with_its_version(capsys):
    code = run(["doctor", "--json"])
    found = json.loads(capsys.readouterr().out)
    checks = {check["name"]: check for check in found["checks"]}
    assert {"python", "torch", "threads", "zig", "gcc", "unicorn", "QEMU", "arm-gcc", "browser", "ray"} <= set(checks)
    assert checks["numpy"]["found"][0].isdigit()
    assert code == (0 if found["ready"] else 1)


def test_what_is_missing_comes_with_the_command_that_gets_it(capsys, monkeypatch):
    monkeypatch.setattr(doctor, "_version", lambda package: "" if package == "unicorn" else "1.0")
    monkeypatch.setattr(doctor.shutil, "which", lambda name: None)
    monkeypatch.setattr(doctor, "_asked", lambda command: "9.9")
    assert run(["doctor"]) == 1
    out = capsys.readouterr().out
    assert "MISSING  unicorn" in out
    assert "pip install 'lilliput[mcu]'" in out
    assert "qemu-system-arm" in out
    assert "something that `lilliput build` needs is missing" in out
    run(["doctor", "-q"])
    assert capsys.readouterr().out.split() == ["unicorn", "gcc", "QEMU", "QEMU-RISC-V", "arm-gcc", "browser"]


def test_what_is_only_useful_does_not_make_the_answer_no(capsys, monkeypatch):
    monkeypatch.setattr(doctor, "_version", lambda package: "" if package == "ray" else "1.0")
    monkeypatch.setattr(doctor.shutil, "which", lambda name: None)
    monkeypatch.setattr(doctor, "_asked", lambda command: "9.9")
    assert run(["doctor"]) == 0
    assert "ready for `lilliput build`" in capsys.readouterr().out


def test_a_program_that_fails_or_is_not_there_is_not_found():
    assert doctor._asked(["/nonexistent"]) == ""
    assert doctor._asked(["false"]) == ""
    assert doctor._asked(["echo", "one"]) == "one"
