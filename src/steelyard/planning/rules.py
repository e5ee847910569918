"""What a scorer compares an answer with, by its name: its samples are prepared for that."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["compares_texts"]

_TEXT_RULES: Final = ("answer", "citation", "contains", "exact", "numeric", "regex", "similarity")


def compares_texts(scorer: str) -> bool:
    """Whether a scorer compares an answer with the target as a text, and so needs the text of the right choice.

    ``scorer`` is its identifier, its name, or what a user gives to ``--scorer``.
    """
    return re.split(r"[\[@:]", scorer, maxsplit=1)[0] in _TEXT_RULES
