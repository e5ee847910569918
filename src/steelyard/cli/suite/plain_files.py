"""Which files of an encrypted suite's folder are as they were: named after encrypting, and after erasing."""

from __future__ import annotations

from collections.abc import Sequence

import click

__all__ = ["echo_plain_files"]

_SHOWN = 20


def echo_plain_files(names: Sequence[str], what: str) -> None:
    """Name the files that may hold texts of items, in one line; nothing where there are none."""
    from steelyard.util.text import one_line

    if names:
        more = f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else ""
        shown = ", ".join(one_line(name, 80) for name in names[:_SHOWN])
        click.echo(f"{what}, so look whether texts of items are in there: {shown}{more}")
