"""What a scorer may declare beside the protocols of :mod:`steelyard.plugins`, a plugin's as a built-in one.

Each power is a class attribute that is True: so a plan, which has identifiers alone, knows it without opening a scorer,
and a scorer whose name is like another one's is not taken for it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal, Protocol, runtime_checkable

from steelyard.plugins import Scorer, find, names

__all__ = ["Power", "ReferringScorer", "has_power", "name_of", "named_has_power"]

Power = Literal["answers_with_calls", "compares_texts", "reads_context", "reads_to_stop"]
"""``answers_with_calls``: a right answer may end in a call of a function, which is then no tool that nobody offered.

``compares_texts``: an answer is compared with the target as a text, so that the target of a sample with choices is the
text of the right one. ``reads_context``: it reads what an item of a suite is about. ``reads_to_stop``: it reads an
answer up to the request's stop strings, which are therefore set for a model that chats, too.
"""


@runtime_checkable
class ReferringScorer(Scorer, Protocol):
    """A scorer that reads outputs by the weights of a reference, which it is given before anything is asked.

    ``role`` is the reference's in the plan; ``reads_texts``: it needs the reference's requantisations, too.
    """

    role: str
    reads_texts: bool

    def refer(self, references: Mapping[str, Any]) -> None:
        """Use these weights, by role, from now on."""
        ...


def name_of(scorer: str) -> str:
    """The name of an identifier (``regex[…]@4``), or of what a user gives to ``--scorer`` (``numeric:strict``)."""
    return re.split(r"[\[@:]", scorer, maxsplit=1)[0]


def has_power(scorer: Scorer, power: Power) -> bool:
    """Whether a scorer declares a power."""
    return getattr(scorer, power, False) is True


def named_has_power(scorer: str, power: Power) -> bool:
    """Whether the scorer of this name or identifier declares a power; one that is not installed does not."""
    name = name_of(scorer)
    return name in names("scorer") and getattr(find("scorer", name), power, False) is True
