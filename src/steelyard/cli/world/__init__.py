"""``steelyard world``: one small file a command, loaded when it is called."""

from __future__ import annotations

import importlib
import importlib.util

import click

from steelyard.errors import MissingDependency

__all__ = ["command"]

COMMANDS = {
    "compare": "compare two kinds of world model on the same episodes, paired, with intervals",
    "eval": "test a world model; report scores with floors, ceilings and intervals",
    "plan": "trace one planned episode, with a film strip of what happened and what was imagined",
    "train": "train a world model from videos or in a simulated world",
}


class WorldGroup(click.Group):
    """A group that imports a command's module only when the command is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All commands, sorted."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import ``steelyard.cli.world.NAME`` and give its ``command``; MissingDependency without torch."""
        if cmd_name not in COMMANDS:
            return None
        if importlib.util.find_spec("torch") is None:
            raise MissingDependency("world models need torch: pip install 'steelyard[world]'")
        module: click.Command = importlib.import_module(f"steelyard.cli.world.{cmd_name}").command
        return module

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list without importing any command."""
        with formatter.section("Commands"):
            formatter.write_dl(sorted(COMMANDS.items()))


@click.group(cls=WorldGroup)
def command() -> None:
    """Train, test and compare world models."""
