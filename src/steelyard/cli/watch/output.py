"""What the commands of a watch print."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from steelyard.watching.standing import Standing

__all__ = ["notify", "print_places", "print_watch"]


def notify(line: str) -> None:
    """Print a line on stderr, beside the progress of the passes."""
    from steelyard.util.console import err
    from steelyard.util.text import one_line

    err().print(one_line(line, 400))


def print_watch(standing: Standing, *, as_json: bool) -> None:
    """Print where a watch stands."""
    from steelyard.cli.output import print_json
    from steelyard.util.console import out
    from steelyard.watching import pages

    if as_json:
        print_json(pages.machine(standing))
    else:
        pages.print_standing(standing, out())


def print_places(watch: Path) -> None:
    """Print the commands that go on with a watch, to be copied."""
    named = shlex.quote(str(watch))
    click.echo(f"look    steelyard watch look {named}")
    click.echo(f"show    steelyard watch show {named}")
    click.echo(f"verify  steelyard verify {named}")
