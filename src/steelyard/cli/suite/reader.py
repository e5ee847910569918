"""``steelyard suite reader``: a key of one's own, with which an encrypted suite is read."""

from __future__ import annotations

from pathlib import Path

import click

__all__ = ["command"]


@click.command()
@click.option("--out", type=click.Path(path_type=Path), help="Where it is; default: $STEELYARD_READER or your own.")
@click.option(
    "--open", "text", default="", metavar="TEXT",
    help="Make no key: open this text of a platform's page Account with the key that is there, and print the code.",
)  # fmt: skip
def command(out: Path | None, text: str) -> int:
    """Make a reader's key (age, X25519), readable by you alone; give its public half to those who make suites."""
    if text:
        from steelyard.suites.reader_proof import opened_proof
        from steelyard.util.text import one_line

        click.echo(one_line(opened_proof(text, out), 200))
        return 0
    from steelyard.suites.encrypting import new_identity

    path, public = new_identity(out)
    click.echo(f"public key  {public}")
    click.echo(f"file        {path}")
    return 0
