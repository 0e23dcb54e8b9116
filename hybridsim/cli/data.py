"""`hybridsim data get`: a public set of real logs, checked file by file."""

from __future__ import annotations

from typing import Annotated

import typer

from hybridsim.cli.options import implementation
from hybridsim.cli.progress import progress

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Public sets of real logs.")


@app.callback()
def data() -> None:
    """Public sets of real logs, named in data/."""


@app.command()
def get(
    name: Annotated[str, typer.Argument(help="A set named in data/, such as so101.", show_default=False)],
) -> None:
    """Print the folder of a public set; fetch it first where it is not here yet.

    Looks in $HYBRIDSIM_DATA and ../shared/data, then in the cache, then on the network. Every file is
    checked by sha256, and one that differs is not kept.

    \b
    Example:
      hybridsim data get so101
    """  # noqa: D301
    fetch = implementation("hybridsim.fetch", "fetch")
    with progress(f"fetch {name}") as report:
        folder = fetch(name, progress=report)
    typer.echo(folder)
