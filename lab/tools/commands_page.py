"""Writes docs/reference/commands.md from the commands' own ``--help``: ``python -m tools.commands_page``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from steelyard.cli import group

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "commands.md"
WIDTH = 80  # what a page shows without scrolling
INTRODUCTION = """# Commands

This page is generated from each command's `--help` (`make docs` does it).
[Exit codes](exit-codes.md) are the same for all commands.
"""


def help_texts(command: click.Command, name: str, parent: click.Context | None = None) -> Iterator[tuple[str, str]]:
    """Yield each command's full name and help text: a group first, then its commands in the order of its own help."""
    settings = {} if parent else {**command.context_settings, "max_content_width": WIDTH, "terminal_width": WIDTH}
    context = click.Context(command, info_name=name, parent=parent, **settings)
    yield context.command_path, command.get_help(context)
    if isinstance(command, click.Group):
        for child in command.list_commands(context):
            found = command.get_command(context, child)
            assert found is not None
            yield from help_texts(found, child, context)


def page() -> str:
    """The whole page as Markdown."""
    parts = [f"## {name}\n\n```text\n{text.rstrip()}\n```\n" for name, text in help_texts(group, "steelyard")]
    return "\n".join((INTRODUCTION, *parts))


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
