"""How far a model has come that writes items: a line a second on stderr, from two seconds on."""

from __future__ import annotations

import time
from collections.abc import Callable

import click

__all__ = ["shown_progress"]


def shown_progress(noun: str) -> Callable[[int, int], None]:
    """A function of the numbers that are done and of all; ``noun`` says of what, in the plural."""
    begun, last = time.monotonic(), [0.0]

    def shown(done: int, total: int) -> None:
        now = time.monotonic()
        if now - begun < 2 or (now - last[0] < 1 and done < total):
            return
        last[0] = now
        rate = done / (now - begun)
        click.echo(f"{done:,} of {total:,} {noun}, {rate:.1f}/s, {(total - done) / rate:.0f} s left", err=True)

    return shown
