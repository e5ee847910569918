"""``steelyard judge``: one small file per command, loaded when it is called; without a command's name, ``run``."""

from __future__ import annotations

import click

from steelyard.cli.lazy_group import LazyGroup

__all__ = ["command"]

COMMANDS = {
    "calibrate": "hold a judge against people's labels: draw them, read them, correct the score",
    "check": "check that a judge was shown a run's answers, all of them, by a rubric",
    "run": "have a judge score a finished run (the default: steelyard judge RUN)",
}


class _OrRun(LazyGroup):
    """``steelyard judge RUN`` is ``steelyard judge run RUN``."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS:
            args = ["run", *args]
        return super().resolve_command(ctx, args)


@click.group(cls=_OrRun, package=__name__, summaries=COMMANDS)
def command() -> None:
    """Score answers by a judge, a model in its own role; hold that judge against people.

    steelyard judge RUN --model judge=URI scores a finished run by a rubric. A judge that was not calibrated decides
    nothing.
    """
