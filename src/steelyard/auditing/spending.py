"""Attempts → what each finished call took: a pure function of the journal.

A call whose attempt the run itself cut off may have been slow, whatever the next attempt took. A session that was
killed left nothing of its calls in flight, so that every call which ended after it may have been one of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Protocol, runtime_checkable

from steelyard.planning.rules import reads_calls
from steelyard.plugins import Finder
from steelyard.records import Attempt, CallSpent, Plan
from steelyard.runner.budget import Budget
from steelyard.runner.cut_off import is_cut_off
from steelyard.storage.journal.lines import JournalRecord, Session, Stop

__all__ = ["CallReader", "Spending", "measured_by_call"]

_TOKENS: Final = ("prompt_tokens", "completion_tokens", "reasoning_tokens", "cached_tokens")


@runtime_checkable
class CallReader(Finder, Protocol):
    """A test that reads what calls took; its detector says so (``reads_calls``)."""

    def observe_call(self, call: CallSpent) -> None:
        """Take one finished call of a measurement that the test reads."""
        ...


def measured_by_call(plan: Plan) -> frozenset[str]:
    """The measurements of which a test reads what calls took."""
    return frozenset(reads.measurement for test in plan.tests if reads_calls(test.rule) for reads in test.reads)


@dataclass
class Spending:
    """Adds up the attempts of each call of some measurements until it is finished."""

    measurements: frozenset[str]
    _open: dict[tuple[str, str, int], list[Attempt]] = field(default_factory=dict, init=False)
    _is_running: bool = field(default=False, init=False)
    _was_killed: bool = field(default=False, init=False)

    def read(self, record: JournalRecord) -> CallSpent | None:
        """Take the next record of a whole journal, in its reading order; see :meth:`add`.

        Which session made an attempt of a worker's segment is not known: it counts as made after a kill.
        """
        if isinstance(record, Session):
            self._was_killed = self._was_killed or self._is_running
            self._is_running = True
        elif isinstance(record, Stop):
            self._is_running = False
        return self.add(record) if isinstance(record, Attempt) else None

    def add(self, attempt: Attempt) -> CallSpent | None:
        """Take an attempt; what its call took, where it ended that."""
        if attempt.measurement not in self.measurements:
            return None
        call = attempt.measurement, attempt.sample, attempt.repeat
        if not attempt.final:
            self._open.setdefault(call, []).append(attempt)
            return None
        attempts = [*self._open.pop(call, ()), attempt]
        return CallSpent(
            measurement=attempt.measurement,
            position=attempt.position,
            repeat=attempt.repeat,
            answered=attempt.outcome.answered,
            elapsed_us=max(each.elapsed_us for each in attempts if each.final or is_cut_off(each)),
            time_unknown=self._was_killed or any(map(is_cut_off, attempts)),
            usage_unknown=self._was_killed or any(map(_is_unknown, attempts)),
            **{name: sum(getattr(each, name) for each in attempts) for name in _TOKENS},
        )


def _is_unknown(attempt: Attempt) -> bool:
    """Whether an attempt may have used tokens that it does not report: also where one of two counts of a text is none.

    A count that is no number, or beyond any text, was read as 0.
    """
    is_half = not attempt.prompt_tokens or not attempt.completion_tokens
    return Budget.usage_unknown(attempt) or (attempt.outcome.answered and bool(attempt.answer) and is_half)
