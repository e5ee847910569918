"""What scorers and detectors need, by their names: samples are prepared, and models are asked, for that."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, Final

from steelyard.errors import InputError
from steelyard.plugins import detector_of, find, names
from steelyard.records import Plan
from steelyard.scorers import open_identifier
from steelyard.scorers.powers import name_of, named_has_power

__all__ = ["asks_next_tokens", "compares_texts", "draws_texts", "former_sentence", "reads_calls"]

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


def former_sentence(plan: Plan) -> str:
    """By which former versions of detectors and scorers a plan decides, with today's; empty where it does by none."""
    today = {}
    for each in filter(detector_of, plan.detectors):
        today[each] = f"{name_of(each)}@{find('detector', name_of(each))().version}"
    for each in sorted({name for measurement in plan.measurements for name in measurement.scorers}):
        with suppress(InputError):  # one that is not installed is named where it is needed
            inner: Any = getattr(scorer := open_identifier(each), "inner", scorer)
            today[each] = replace(inner, former=False).identifier if getattr(inner, "former", False) else each
    said = "; ".join(f"{name}, a former rule (today's is {own})" for name, own in today.items() if name != own)
    return f"Decided by {said}." if said else ""


def _needs(detectors: Sequence[str], access: str) -> bool:
    known = names("detector")
    return any(access in find("detector", name).access for name in detectors if name in known)
