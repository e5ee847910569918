"""Options of commands that read from a platform."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

__all__ = ["at_option", "sealed_scores_option", "token_file_option"]

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

at_option: Decorator = click.option(
    "--at", "--server", "url", required=True, metavar="URL", help="The platform, such as https://evals.example.com."
)
token_file_option: Decorator = click.option(
    "--token-file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Read the token from this file, which you alone can read (default: the variable STEELYARD_TOKEN).",
)
sealed_scores_option: Decorator = click.option(
    "--sealed-scores-ok",
    is_flag=True,
    help="Believe scores that the platform took as sealed and did not compute. Without it a run with such scores is "
    "never called good.",
)
