"""``steelyard remote``: one small file per command, loaded when it is called."""

from __future__ import annotations

import click

from steelyard.cli.lazy_group import LazyGroup

__all__ = ["command"]

COMMANDS = {
    "gate": "good or not: one exit code, for CI, of what the platform's verification said of runs",
    "push": "send a sealed run to the team's platform, which verifies it before it takes it",
    "push-suite": "bring a private suite to the team's platform, where its items are reviewed",
    "run": "have the platform carry out an audit or a run, and wait for the verdict",
    "status": "show what the platform's verification said of a run, or how far a job is",
}


@click.group(cls=LazyGroup, package=__name__, summaries=COMMANDS)
def command() -> None:
    """Use the team's platform (steelyard serve) from elsewhere, such as CI."""
