"""``steelyard suite reader``: a key of one's own, with which an encrypted suite is read."""

from __future__ import annotations

from pathlib import Path

import click

__all__ = ["command"]


@click.command()
@click.option(
    "--out", type=click.Path(path_type=Path), help="Where to write it; default: $STEELYARD_READER or your own."
)
def command(out: Path | None) -> int:
    """Make a reader's key (age, X25519), readable by you alone; give its public half to those who make suites."""
    from steelyard.suites.encrypting import new_identity

    path, public = new_identity(out)
    click.echo(f"public key  {public}")
    click.echo(f"file        {path}")
    return 0
