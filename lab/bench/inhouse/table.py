"""What the parts print with: one Markdown table with its title, and shares with their Monte-Carlo interval."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import click
from click.core import ParameterSource

from steelyard.stats.intervals import clopper_pearson

__all__ = ["SEED", "Printed", "command", "share", "where"]

SEED = 20261126


@dataclass(frozen=True)
class Printed:
    """A table: its title, the names of its columns and its rows; the first column is words, the others numbers."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]

    def __str__(self) -> str:
        rule = ["--", *["--:"] * (len(self.columns) - 1)]
        lines: Iterable[Sequence[str]] = [self.columns, rule, *self.rows]
        body = "\n".join(f"| {' | '.join(line)} |" for line in lines)
        return f"{self.title}\n\n{body.replace('| -- |', '|---|').replace(' --: ', '--:')}\n"


def share(count: int, runs: int) -> str:
    """A share of runs with its 95 % interval."""
    low, high = clopper_pearson(count, runs)
    return f"{_short(count / runs)} [{_short(low)}, {_short(high)}]"


def _short(value: float) -> str:
    text = f"{value:.3f}"
    return text[1:] if text.startswith("0.") else text


_OF_THE_OUTCOME: Final = ("markdown", "reports", "section", "workers", "jobs", "records", "seconds", "only")


def command(module: str) -> str:
    """The command that is running, with the options of which its numbers depend; where they go is none of these."""
    context = click.get_current_context(silent=True)
    if context is None:
        return f"`python -m {module}`"
    given = []
    for each in context.command.params:
        is_given = context.get_parameter_source(each.name) is ParameterSource.COMMANDLINE
        if is_given and each.name not in _OF_THE_OUTCOME:
            value = context.params[each.name]
            given.append(each.opts[0] if value is True else f"{each.opts[0]} {value}")
    return f"`{' '.join([f'python -m {module}', *given])}`"


def where() -> str:
    """Date, machine, Python and seed."""
    return f"{datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, Python {platform.python_version()}, seed {SEED}"
