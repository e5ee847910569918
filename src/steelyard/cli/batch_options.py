"""The options of commands that can ask by a provider's batches."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

__all__ = ["batch_options"]

F = TypeVar("F", bound=Callable[..., Any])

_BATCH = (
    click.option(
        "--batch",
        is_flag=True,
        help="Ask by the provider's batches (openai:, anthropic:): half the price, up to a day for each. For chats of "
        "one model; not with --budget, --rpm, --tpm or --ray.",
    ),
    click.option(
        "--batch-growth",
        metavar="G",
        help="Each batch ends G times further in the committed order than the one before: 1.1 to 16 (default: 2). "
        "Less is cheaper and takes more batches.",
    ),
)


def batch_options(command: F) -> F:
    """Add the options of every command that can ask by a provider's batches."""
    for option in reversed(_BATCH):
        command = option(command)
    return command
