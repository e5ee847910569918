"""``steelyard panel``: one small file per command, loaded when it is called."""

from __future__ import annotations

import click

from steelyard.cli.lazy_group import LazyGroup

__all__ = ["command"]

COMMANDS = {
    "add": "verify a sealed run and add it to a panel, under its model's family",
    "difficulty": "write how difficult a task's items are to a panel's models, for audits with fewer calls",
    "list": "list the families and runs of a panel, and how many are missing",
}


@click.group(cls=LazyGroup, package=__name__, summaries=COMMANDS)
def command() -> None:
    """Keep a panel: sealed runs of models of many families, against which another model is held."""
