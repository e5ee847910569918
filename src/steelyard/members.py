"""The project's other distributions: what each brings by name, so that one that is missing is named with its command.

The core imports none of them. What a member brings comes in by entry points (``steelyard.commands``,
``steelyard.plugins``); this table only says whose a name is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Final

__all__ = ["MEMBERS", "Member", "member_of_command", "member_of_plugin"]


@dataclass(frozen=True, kw_only=True)
class Member:
    """One distribution: ``commands`` with their help lines, and ``plugins`` as prefixes of ``KIND.NAME``."""

    name: str
    commands: Mapping[str, str]
    plugins: tuple[str, ...] = ()

    @property
    def is_installed(self) -> bool:
        """Whether its package can be imported; importing nothing."""
        return find_spec(f"steelyard_{self.name}") is not None

    @property
    def how_to_install(self) -> str:
        """The command that brings it."""
        return f"pip install 'steelyard[{self.name}]'"


MEMBERS: Final = (
    Member(
        name="forensics",
        commands={
            "assemble": "hold one table against several models: did one of them give all of its rows?",
            "detect": "run one detector over finished runs: sealed, and nothing is asked",
            "gauntlet": "how often the detectors are wrong, on vendors that are known to be honest or not",
            "identify": "is what an endpoint serves the file that you have? by texts, and by next tokens",
            "panel": "keep sealed reference runs of models of many families, against which another is held",
        },
        plugins=(
            "api.",
            "detector.cue_gap",
            "detector.format_spread",
            "detector.identity",
            "detector.next_token",
            "detector.order",
            "result.",
            "scorer.next_token_distance",
            "weights.gguf",
        ),
    ),
    Member(
        name="server",
        commands={
            "remote": "push sealed runs to the team's platform, and gate CI on what it verified",
            "serve": "serve the team's platform: verdicts that were pushed, verified again",
            "worker": "do the jobs of the team's platform: audits and runs that it starts itself",
        },
    ),
    Member(
        name="world",
        commands={"world": "train, test and compare world models: they learn from video, predict and plan"},
        plugins=("generator.world_", "model.world", "scorer.world_"),
    ),
)


def member_of_command(name: str) -> Member | None:
    """The member that brings a command of the command line; None for any other name."""
    return next((member for member in MEMBERS if name in member.commands), None)


def member_of_plugin(name: str) -> Member | None:
    """The member that brings the plugin ``KIND.NAME``; None for any other."""
    return next((member for member in MEMBERS if name.startswith(member.plugins or ("\0",))), None)
