"""Options that the commands of ``steelyard serve`` share."""

from __future__ import annotations

from pathlib import Path

import click

__all__ = ["data_option", "run_as_option", "tell"]

data_option = click.option(
    "--data",
    type=click.Path(path_type=Path),
    default=Path("steelyard-data"),
    show_default=True,
    help="The folder of the platform: database, runs, keys.",
)
run_as_option = click.option(
    "--run-as",
    metavar="USER",
    default="",
    help="As root: whose rights the database gets (default: the owner of --data, else nobody).",
)


def tell(line: str) -> None:
    """Say on stderr what takes a moment."""
    click.echo(line, err=True)
