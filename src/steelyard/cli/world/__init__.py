"""``steelyard world``: one small file per command, loaded when it is called."""

from __future__ import annotations

import importlib.util

import click

from steelyard.cli.lazy_group import LazyGroup
from steelyard.errors import MissingDependency

__all__ = ["command"]

COMMANDS = {
    "compare": "compare two kinds of world model on the same episodes, paired, with intervals",
    "eval": "test a world model; report scores with floors, ceilings and intervals",
    "plan": "trace one planned episode, with a film strip of what happened and what was imagined",
    "train": "train a world model from videos or in a simulated world",
}


class WorldGroup(LazyGroup):
    """The group of commands that need torch."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """As :class:`LazyGroup`; raises MissingDependency without torch."""
        if cmd_name in COMMANDS and importlib.util.find_spec("torch") is None:
            raise MissingDependency("world models need torch: pip install 'steelyard[world]'")
        return super().get_command(ctx, cmd_name)


@click.group(cls=WorldGroup, package=__name__, summaries=COMMANDS)
def command() -> None:
    """Train, test and compare world models."""
