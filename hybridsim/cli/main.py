"""The command `hybridsim`: its subcommands, its exit codes and its one-line errors."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from hybridsim import __version__
from hybridsim.cli import (
    calibrate,
    data,
    demo,
    evaluate,
    export,
    fleet,
    ingest,
    inspect,
    motion,
    standin,
    train,
    verify,
)
from hybridsim.errors import HybridSimError

# Plain help: drawing boxes would double the time that --help takes, and loses the examples' line breaks.
app = typer.Typer(name="hybridsim", no_args_is_help=True, add_completion=False, rich_markup_mode=None)
app.command()(ingest.ingest)
app.command()(inspect.inspect)
app.command()(export.export)
app.command()(calibrate.calibrate)
app.command()(evaluate.evaluate)
app.command()(train.train)
app.command()(motion.motion)
app.command()(verify.verify)
app.add_typer(data.app, name="data")
app.command()(demo.demo)
app.add_typer(standin.app, name="standin")
app.add_typer(fleet.app, name="fleet")

INTERRUPTED = 130  # 128 + SIGINT, what shells expect


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"hybridsim {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and leave.")
    ] = False,
) -> None:
    """A robot simulator that is right about your robot.

    \b
    Example:
      hybridsim demo
      hybridsim calibrate calibration/so101/study.toml --logs recordings/
    """  # noqa: D301 (typer's mark for lines to keep)


def main() -> None:
    """Run the command line; exits 0 only when the command did its job."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run one command line and return its exit code: 0 done, 1 bad input, 2 wrong usage, 130 interrupted."""
    try:
        command = typer.main.get_command(app)
        code = command.main(repeat_logs(arguments), prog_name="hybridsim", standalone_mode=False)
    except HybridSimError as error:
        return _fail(str(error))
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    except OSError as error:
        return _fail(_system(error))
    except Exception as error:
        if not hasattr(error, "format_message"):
            raise
        error.show()  # pyright: ignore[reportAttributeAccessIssue]  # a usage error, from whichever click
        return getattr(error, "exit_code", 2)
    if code == INTERRUPTED:
        return _fail("interrupted", INTERRUPTED)
    return code if isinstance(code, int) else 0


def repeat_logs(arguments: list[str]) -> list[str]:
    """`STUDY --logs A B` as the `STUDY --logs A --logs B` that the option parser knows.

    Only after the study or calibration was given: before it, the last folder could be either.
    """
    if len(arguments) < 2 or arguments[0] not in ("calibrate", "evaluate") or arguments[1].startswith("-"):
        return arguments
    spread: list[str] = []
    inside = False
    for word in arguments:
        inside = word == "--logs" or (inside and not word.startswith("-"))
        if inside and word != "--logs" and spread[-1] != "--logs":
            spread.append("--logs")
        spread.append(word)
    return spread


def _fail(message: str, code: int = 1) -> int:
    typer.echo(f"hybridsim: {message}", err=True)
    return code


def _system(error: OSError) -> str:
    """What the operating system refused, on one line."""
    what = error.strerror or str(error) or type(error).__name__
    return f"{error.filename}: {what}" if error.filename else what
