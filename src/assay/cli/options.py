"""Options that several commands share, and how their words are read."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from assay.errors import InputError

__all__ = [
    "api_key_option",
    "data_option",
    "json_option",
    "key_option",
    "print_json",
    "read_duration",
    "signer_at",
    "task_option",
]

F = TypeVar("F", bound=Callable[..., Any])

data_option = click.option(
    "--data",
    type=click.Path(path_type=Path),
    envvar="ASSAY_DATA",
    help="A local mirror of the data sets: <hub id>/<config>/<split>.jsonl. Also ASSAY_DATA.",
)
task_option = click.option(
    "--task",
    "task_files",
    type=click.Path(path_type=Path),
    multiple=True,
    help="A task of your own that claims can name: a task file (.yaml) or questions (.jsonl, .csv, .parquet).",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print the result for machines.")
key_option = click.option(
    "--key",
    type=click.Path(path_type=Path),
    help="Sign with this key (default: the one that assay key new made, if any).",
)
api_key_option = click.option(
    "--api-key-env", metavar="NAME", help="The environment variable that holds the endpoint's API key."
)

UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0}


def read_duration(text: str | None) -> float | None:
    """``90s``, ``15m``, ``2h`` or plain seconds → seconds; raises InputError for anything else."""
    if text is None:
        return None
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smh]?)", text.strip())
    if not match or not float(match[1]):
        raise InputError(f"--budget takes a duration such as 90s, 15m or 2h, not {text!r}")
    return float(match[1]) * UNITS[match[2] or "s"]


def signer_at(key: Path | None) -> Any:
    """The signer of a named key, or of the default key where one was made, else None (the run stays unsigned)."""
    from assay.evidence.keys import default_key_path, load_signer

    if key is None and not default_key_path().is_file():
        return None
    return load_signer(key)


def print_json(document: Any) -> None:
    """Print one JSON document on stdout, without infinities, safe for any terminal."""
    import json

    click.echo(json.dumps(document, indent=2, allow_nan=False, ensure_ascii=True))
