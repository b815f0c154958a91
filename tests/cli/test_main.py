import inspect
import json
import os
import pkgutil
import signal
import subprocess
import sys

import pytest
import typer

from lilliput import cli
from lilliput.cli import main as main_module
from lilliput.core.errors import DoesNotFit, error_codes


def lilliput(*arguments, **options):
    command = [sys.executable, "-m", "lilliput.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)


def run_verb(monkeypatch, capsys, body, *arguments):
    """Run `lilliput try …` in this process, with `body` as what the verb does; exit code, stdout, stderr."""

    def make_app():
        app = typer.Typer(cls=main_module._Verbs, pretty_exceptions_enable=False)
        app.callback()(lambda: None)

        def verb(json: bool = False) -> None:
            body()

        app.command(name="try")(verb)
        return app

    monkeypatch.setattr(main_module, "make_app", make_app)
    code = main_module.run(["try", *arguments])
    return code, *capsys.readouterr()


def raising(error):
    def body():
        raise error

    return body


def test_help_does_not_import_torch_or_numpy_and_is_quick():
    """Processor time, not time on the clock: a test beside this one must not make it fail."""
    script = (
        "import sys, time; from lilliput.cli.main import run; code = run(['--help']); "
        "print(time.process_time(), *(name in sys.modules for name in ('torch', 'numpy', 'pydantic')))"
    )
    seconds = []
    for _ in range(3):
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
        used, torch, numpy, _ = done.stdout.splitlines()[-1].split()
        assert (torch, numpy) == ("False", "False")
        seconds.append(float(used))
    assert min(seconds) < 0.5


def verbs():
    names = [info.name for info in pkgutil.iter_modules(cli.__path__)]
    return [name for name in names if not name.startswith("_") and name not in main_module._NOT_VERBS]


def commands():
    """Every command as a path of words."""

    def walk(command, path):
        yield path
        for name, inner in getattr(command, "commands", {}).items():
            yield from walk(inner, (*path, name))

    return list(walk(typer.main.get_command(main_module.make_app()), ()))


@pytest.mark.parametrize("path", commands(), ids=" ".join)
def test_each_help_has_a_sentence_and_one_example(path, capsys):
    assert main_module.run([*path, "--help"]) == 0
    text = capsys.readouterr().out
    assert "Example: lilliput" in text
    assert text.count("Example:") == 1


@pytest.mark.parametrize("name", verbs())
def test_each_verb_keeps_the_contract(name):
    module = __import__(f"lilliput.cli.{name}", fromlist=["register"])
    assert list(inspect.signature(module.register).parameters) == ["app"]


def test_the_version_is_printed():
    done = lilliput("--version")
    assert (done.returncode, done.stdout) == (0, f"lilliput {main_module.lilliput.__version__}\n")


@pytest.mark.parametrize("code", list(error_codes()))
def test_each_error_ends_with_its_exit_code_and_its_text(monkeypatch, capsys, code):
    cls = error_codes()[code]
    found, out, err = run_verb(monkeypatch, capsys, raising(cls("what", why="why", fix="fix")))
    assert (found, out) == (cls.exit_code, "")
    assert found in main_module.EXIT_CODES
    assert err == f"{code}: what\n  why: why\n  fix: fix\n"


def test_with_json_an_error_is_one_object_on_stdout(monkeypatch, capsys):
    code, out, err = run_verb(monkeypatch, capsys, raising(DoesNotFit("too big", fix="smaller")), "--json")
    assert (code, err) == (1, "")
    assert json.loads(out) == {"error": {"code": "LP401", "what": "too big", "why": "", "fix": "smaller"}}


def test_ctrl_c_ends_with_6_and_says_that_the_state_is_kept(monkeypatch, capsys):
    code, out, err = run_verb(monkeypatch, capsys, raising(KeyboardInterrupt()))
    assert (code, out) == (6, "")
    assert err.startswith("LP700: interrupted")
    assert "what was finished is kept" in err


def test_a_verb_that_says_no_ends_with_1_in_silence(monkeypatch, capsys):
    assert run_verb(monkeypatch, capsys, raising(typer.Exit(1))) == (1, "", "")


@pytest.mark.parametrize("error", [ZeroDivisionError("division by zero"), OSError(5, "Input/output error"), EOFError()])
def test_any_other_error_is_our_bug_in_one_sentence_without_a_traceback(monkeypatch, capsys, error):
    monkeypatch.delenv("LILLIPUT_DEBUG", raising=False)
    code, out, err = run_verb(monkeypatch, capsys, raising(error))
    assert (code, out) == (70, "")
    assert err.startswith(f"LP999: this is a bug of Lilliput: {type(error).__name__}")
    assert "test_main.py:" in err
    assert "LILLIPUT_DEBUG=1" in err
    assert "report it" in err
    assert "Traceback" not in err


def test_the_traceback_is_there_when_asked_for(monkeypatch, capsys):
    monkeypatch.setenv("LILLIPUT_DEBUG", "1")
    _, _, err = run_verb(monkeypatch, capsys, raising(ZeroDivisionError()))
    assert "Traceback (most recent call last)" in err


def test_an_error_text_cannot_command_the_terminal(monkeypatch, capsys):
    _, _, err = run_verb(monkeypatch, capsys, raising(DoesNotFit("layer \x1b[2J")))
    assert err == "LP401: layer \\x1b[2J\n"


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["explan"], "No such command 'explan'"),
        (["explain", "--colour"], "No such option"),
        (["explain", "a", "b"], "unexpected extra argument"),
        (["list"], "Missing argument"),
        (["results", "--limit", "many"], "many"),
        (["results", "--limit", "0"], "0"),
    ],
)
def test_a_wrong_command_line_ends_with_2_in_our_style(capsys, arguments, text):
    assert main_module.run(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("LP105: ")
    assert text.lower() in err.lower()
    assert "--help` shows how" in err
    assert main_module.run([*arguments, "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "LP105"


def test_a_near_verb_is_suggested(capsys):
    main_module.run(["explan"])
    assert "explain" in capsys.readouterr().err


def test_a_reader_that_goes_away_is_no_error():
    command = [sys.executable, "-m", "lilliput.cli", "explain"]
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as closed:
        done = subprocess.run(command, stdout=closed, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (6, "")


def test_a_job_that_is_ended_by_the_system_ends_as_after_ctrl_c():
    script = (
        "import time, sys; from lilliput.cli import main, explain\n"
        "def wait(*a, **k):\n    print('ready', flush=True); time.sleep(60)\n"
        "explain._show_all = wait\nsys.argv = ['lilliput', 'explain']\nmain.main()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        err = process.stderr.read()
    assert process.returncode == 6
    assert err.startswith("LP700")
