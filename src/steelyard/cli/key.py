"""``steelyard key``: create and show the key that signs plans and bundles."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from steelyard.cli.options import json_option
from steelyard.cli.output import print_json

if TYPE_CHECKING:
    from steelyard.evidence.keys import PublicKeyInfo

__all__ = ["command"]


@click.group()
def command() -> None:
    """Create and show the key that signs plans and bundles (Ed25519)."""


@command.command()
@click.option("--out", type=click.Path(path_type=Path), help="Where to write it; default: $STEELYARD_KEY or your own.")
@json_option
def new(out: Path | None, as_json: bool) -> int:
    """Create a new key, readable by you alone, with its public half and its ledger beside it.

    Give the public half to those who verify your runs: steelyard verify RUN --require-key KEY.pub.pem
    """
    from steelyard.evidence.new_key import create_key

    _print(create_key(out), as_json)
    return 0


@command.command()
@click.argument("path", type=click.Path(path_type=Path), required=False)
@json_option
def show(path: Path | None, as_json: bool) -> int:
    """Show the id and the public half of a key (PATH: a private or a public file; default: your own)."""
    from steelyard.evidence.keys import describe_key

    _print(describe_key(path), as_json)
    return 0


def _print(key: PublicKeyInfo, as_json: bool) -> None:
    from steelyard.evidence.ledger_file import ledger_path
    from steelyard.util.console import out

    shown = {
        "keyid": key.keyid,
        "public": key.public,
        "path": str(key.path),
        "public_path": str(key.public_path),
        "ledger": str(ledger_path(key.path)),
    }
    if as_json:
        print_json(shown)
        return
    labels = ("key id", "public key", "private file", "public file", "ledger")
    # soft_wrap: no line breaks inside ids and paths, so that they can be copied.
    for label, value in zip(labels, shown.values(), strict=True):
        out().print(f"{label:<13} {value}", soft_wrap=True)
