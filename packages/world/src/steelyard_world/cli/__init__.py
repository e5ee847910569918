"""``steelyard world``: one small file per command, loaded when it is called."""

from __future__ import annotations

import importlib.util
from copy import copy
from typing import Any, Final

import click

from steelyard.cli.lazy_group import LazyGroup
from steelyard.errors import MissingDependency

__all__ = ["command"]

_TORCH_IS_MISSING: Final = object()
COMMANDS = {
    "compare": "compare two kinds of world model on the same episodes, paired, with intervals",
    "eval": "test a world model; report scores with floors, ceilings and intervals",
    "plan": "trace one planned episode, with a film strip of what happened and what was imagined",
    "train": "train a world model from videos or in a simulated world",
}


class WorldGroup(LazyGroup):
    """The group of commands that need torch to run; their ``--help`` needs none."""

    def invoke(self, ctx: click.Context) -> Any:
        """As :class:`LazyGroup`; a command without torch raises MissingDependency once its arguments are read."""
        if importlib.util.find_spec("torch") is None:
            ctx.obj = _TORCH_IS_MISSING
        return super().invoke(ctx)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """As :class:`LazyGroup`."""
        found = super().get_command(ctx, cmd_name)
        if found is not None and ctx.obj is _TORCH_IS_MISSING:
            found = copy(found)
            found.callback = _say_what_is_missing
        return found


def _say_what_is_missing(**_: object) -> None:
    raise MissingDependency("world models need torch: pip install 'steelyard[world]'")


@click.group(cls=WorldGroup, package=__name__, summaries=COMMANDS)
def command() -> None:
    """Train, test and compare world models."""
