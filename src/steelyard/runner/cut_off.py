"""Attempts that the run itself ended before their answer came: the words of their journal record."""

from __future__ import annotations

from typing import Final

from steelyard.records import Attempt, ModelOutput, Outcome

__all__ = ["cut_output", "is_cut_off"]

_BY_END: Final[dict[str | None, str]] = {
    "deadline": "cut off at the run's deadline",
    "endpoint_down": "cut off: the endpoint is down",
}
_OTHERWISE: Final = "cut off: the run was stopped"


def cut_output(end: str | None) -> ModelOutput:
    """What is recorded of a call that was in flight when a run came to this end."""
    return ModelOutput(outcome=Outcome.TIMEOUT, detail=_BY_END.get(end, _OTHERWISE))


def is_cut_off(attempt: Attempt) -> bool:
    """Whether an attempt was cut off by its run, so that nobody knows how long its answer would have taken."""
    is_unanswered = attempt.outcome is Outcome.TIMEOUT and not attempt.final
    return is_unanswered and attempt.detail in (*_BY_END.values(), _OTHERWISE)
