"""``steelyard suite``: one small file per command, loaded when it is called."""

from __future__ import annotations

import click

from steelyard.cli.lazy_group import LazyGroup

__all__ = ["command"]

COMMANDS = {
    "check": "ask whether a model has learned from what was released",
    "encrypt": "encrypt the items at rest, for named readers",
    "erase": "erase the items of one subject for good, on record",
    "new": "make a suite from tables, chat logs or documents",
    "reader": "make the key of one who may read an encrypted suite",
    "refresh": "put twins in the place of items that were seen, as another version",
    "review": "review the items of a suite: keep, edit, drop, tag",
    "seal": "fix a version: signed, split into released and kept items",
    "show": "show a suite: its items, who may see it, and who has seen it",
    "vary": "write variants of the items, of which each endpoint is asked one",
}


@click.group(cls=LazyGroup, package=__name__, summaries=COMMANDS)
def command() -> None:
    """Make and keep private suites: your own questions, which no vendor can have seen."""
