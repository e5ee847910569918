"""``steelyard watch``: one small file per command, loaded when it is called."""

from __future__ import annotations

import click

from steelyard.cli.lazy_group import LazyGroup

__all__ = ["command"]

COMMANDS = {
    "begin": "ask a baseline of ten passes or more, and seal it",
    "look": "ask one pass more and say where the watch stands: one call for cron",
    "show": "show where a watch stands, and ask nothing",
}


@click.group(cls=LazyGroup, package=__name__, summaries=COMMANDS)
def command() -> None:
    """Watch a served model: a small probe on a schedule, with one false-alarm level for all years.

    A false alarm comes in at most 5 % of watches, if the passes of the baseline are like the later ones and do not hang
    together: use --spread where days differ.

    steelyard watch begin SUITE --model URI --out WATCH asks the baseline; then cron calls steelyard watch look WATCH.
    steelyard verify WATCH computes everything again.
    """
