"""What scorers and detectors need, by their names: samples are prepared, and models are asked, for that."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from steelyard.plugins import find, names
from steelyard.scorers.powers import named_has_power

__all__ = ["asks_next_tokens", "compares_texts", "draws_texts", "reads_calls"]

_NEXT_TOKENS: Final = "next-token log-probs"  # of a detector's access
_DRAWN_TEXTS: Final = "sampled text"  # likewise


def compares_texts(scorer: str) -> bool:
    """Whether a scorer compares an answer with the target as a text, and so needs the text of the right choice.

    ``scorer`` is its identifier, its name, or what a user gives to ``--scorer``.
    """
    return named_has_power(scorer, "compares_texts")


def reads_calls(rule: str) -> bool:
    """Whether the detector of a rule (``budget@2``) reads what calls took; one that is not installed does not.

    It says so by a class attribute ``reads_calls``, and each test that it opens takes calls.
    """
    name = rule.partition("@")[0]
    return name in names("detector") and getattr(find("detector", name), "reads_calls", False) is True


def asks_next_tokens(detectors: Sequence[str]) -> bool:
    """Whether one of these detectors reads log-probabilities of next tokens; one that is not installed does not."""
    return _needs(detectors, _NEXT_TOKENS)


def draws_texts(detectors: Sequence[str]) -> bool:
    """Whether one of these detectors reads texts that the model draws; one that is not installed does not."""
    return _needs(detectors, _DRAWN_TEXTS)


def _needs(detectors: Sequence[str], access: str) -> bool:
    known = names("detector")
    return any(access in find("detector", name).access for name in detectors if name in known)
