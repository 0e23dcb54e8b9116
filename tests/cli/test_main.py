"""Exit codes, one-line errors and help with examples; small functions stand in for the implementations."""

import errno
import os
import subprocess
import sys

import pytest
import typer

from hybridsim import __version__
from hybridsim.cli import demo, main
from hybridsim.errors import StudyError

COMMANDS = [["ingest"], ["inspect"], ["export"], ["calibrate"], ["evaluate"], ["data", "get"], ["demo"]]
COMMANDS += [
    ["train"],
    ["motion"],
    ["verify"],
    ["standin", "record"],
    ["standin", "run"],
    ["standin", "prove"],
    *(["fleet", name] for name in ("init", "ingest", "status", "promote", "rollback", "history", "collect")),
]


@pytest.fixture
def raising(monkeypatch):
    """Let `hybridsim demo` raise an error of the test's choice."""

    def install(error):
        def broken(**_):
            raise error

        monkeypatch.setattr(demo, "implementation", lambda *_: broken)

    return install


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_help_ends_well_and_shows_an_example(command, capsys):
    assert main.run([*command, "--help"]) == 0
    assert f"Example:\n    hybridsim {' '.join(command)} " in capsys.readouterr().out


def test_version(capsys):
    assert main.run(["--version"]) == 0
    assert capsys.readouterr().out == f"hybridsim {__version__}\n"


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (StudyError("study.toml:\n unknown key 'x'"), 1, "hybridsim: study.toml: unknown key 'x'"),
        (KeyboardInterrupt(), 130, "hybridsim: interrupted"),
        (
            OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "out"),
            1,
            "hybridsim: out: No space left on device",
        ),
        (
            PermissionError(errno.EACCES, os.strerror(errno.EACCES), "out"),
            1,
            "hybridsim: out: Permission denied",
        ),
    ],
)
def test_bad_luck_is_one_line_and_an_exit_code(raising, capsys, error, code, line):
    raising(error)
    assert main.run(["demo"]) == code
    captured = capsys.readouterr()
    assert captured.err.strip() == line
    assert captured.out == ""


def test_a_mistake_of_ours_is_not_hidden(raising):
    raising(ZeroDivisionError("ours"))
    with pytest.raises(ZeroDivisionError):
        main.run(["demo"])


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["calibrate"], "study"),
        (["calibrate", "missing.toml"], "missing.toml"),
        (["fly"], "fly"),
        (["ingest", "."], "--robot"),
        (["calibrate", "--engine", "dask", "x"], "dask"),
    ],
)
def test_wrong_usage_exits_2_and_names_it(arguments, named, capsys):
    assert main.run(arguments) == 2
    assert named in capsys.readouterr().err


@pytest.mark.parametrize(
    ("typed", "understood"),
    [
        ("evaluate cal --logs a b --json s", "evaluate cal --logs a --logs b --json s"),
        ("evaluate cal --logs a --logs b c", "evaluate cal --logs a --logs b --logs c"),
        ("calibrate --logs a study", "calibrate --logs a study"),
        ("ingest a --store s", "ingest a --store s"),
    ],
)
def test_logs_takes_several_folders(typed, understood):
    assert main.repeat_logs(typed.split()) == understood.split()


def test_a_missing_implementation_says_so(monkeypatch, capsys):
    monkeypatch.setattr(
        demo, "implementation", lambda *_: main.ingest.implementation("hybridsim.nowhere", "f")
    )
    assert main.run(["demo"]) == 1
    assert "this version has no hybridsim.nowhere" in capsys.readouterr().err


def test_the_installed_program_prints_no_traceback():
    result = subprocess.run(
        [sys.executable, "-c", "from hybridsim.cli.main import main; main()", "data", "get", "nope"],
        capture_output=True,
        text=True,
    )
    assert result.returncode == 1
    assert result.stderr.startswith("hybridsim: data: no set 'nope'; available: ")
    assert result.stderr.count("\n") == 1


def test_every_command_is_tested():
    assert {command[0] for command in COMMANDS} == set(typer.main.get_command(main.app).commands)
