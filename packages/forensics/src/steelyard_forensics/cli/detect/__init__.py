"""``steelyard detect``: tests that run over finished runs; one small file each, loaded when it is called."""

from __future__ import annotations

import click

from steelyard.cli.lazy_group import LazyGroup

__all__ = ["command"]

# What can be run over finished runs, by the detector's name. A further one is a file beside this one, and a line here.
COMMANDS = {
    "published_outputs": "which benchmarks of a vendor's log were written by other weights?",
    "text_identity": "were two runs answered from the same distribution of texts?",
    "twin_gap": "is the public score better than that on authored twins, by more than a panel's models?",
}


@click.group(cls=LazyGroup, package=__name__, summaries=COMMANDS)
def command() -> None:
    """Run one detector over finished runs. Nothing is asked; what comes out is sealed, and steelyard verify checks it.

    Exit codes as for audits: 1 inconsistent, 0 consistent, 3 undecided or not testable.
    """
