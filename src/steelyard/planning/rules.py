"""What scorers and detectors need, by their names: samples are prepared, and models are asked, for that."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from steelyard.plugins import find, names

__all__ = ["asks_next_tokens", "compares_texts", "draws_texts"]

_TEXT_RULES: Final = ("answer", "citation", "contains", "exact", "numeric", "regex", "similarity")
_NEXT_TOKENS: Final = "next-token log-probs"  # of a detector's access
_DRAWN_TEXTS: Final = "sampled text"  # likewise


def compares_texts(scorer: str) -> bool:
    """Whether a scorer compares an answer with the target as a text, and so needs the text of the right choice.

    ``scorer`` is its identifier, its name, or what a user gives to ``--scorer``.
    """
    return re.split(r"[\[@:]", scorer, maxsplit=1)[0] in _TEXT_RULES


def asks_next_tokens(detectors: Sequence[str]) -> bool:
    """Whether one of these detectors reads log-probabilities of next tokens; one that is not installed does not."""
    return _needs(detectors, _NEXT_TOKENS)


def draws_texts(detectors: Sequence[str]) -> bool:
    """Whether one of these detectors reads texts that the model draws; one that is not installed does not."""
    return _needs(detectors, _DRAWN_TEXTS)


def _needs(detectors: Sequence[str], access: str) -> bool:
    known = names("detector")
    return any(access in find("detector", name).access for name in detectors if name in known)
