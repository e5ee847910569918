"""Which measurements are skipped because all their calls fail, though the endpoint is up; and whether a run can end so.

A refusal of the limit of tokens is no fault that waiting or a resume mends: the limit is sealed in the plan. Where
nothing but that was given up, and others were answered, the run comes to its end without it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from steelyard.models.token_limits import advice_on_limit
from steelyard.runner.pending import Pending
from steelyard.runner.schedule import Call, Schedule

__all__ = ["FAILURES_TO_SKIP", "GivingUp", "MayEnd"]

FAILURES_TO_SKIP: Final = 25  # different samples in a row, after which the row is skipped: they are not the cause

MayEnd = Callable[[frozenset[str]], bool]


@dataclass
class GivingUp:
    """The measurements of one runner that fail, and those that it gave up.

    ``may_end_without``: whether the run may come to its end without these measurements.
    """

    schedule: Schedule
    notify: Callable[[str], None]
    may_end_without: MayEnd
    # By measurement: since when nothing of it was answered, and which calls failed since.
    _failing: dict[str, tuple[float, set[Call]]] = field(default_factory=dict, init=False)
    _given_up: dict[str, bool] = field(default_factory=dict, init=False)  # and whether its limit of tokens was refused

    def __contains__(self, measurement: str) -> bool:
        return measurement in self._given_up

    @property
    def leaves_undone(self) -> bool:
        """Whether something was given up that a resume may still ask, or without which the run has come to nothing."""
        given_up = frozenset(self._given_up)
        return bool(given_up) and not (all(self._given_up.values()) and self.may_end_without(given_up))

    def answered(self, measurement: str) -> None:
        """A call of the measurement was answered: what failed before is forgotten."""
        self._failing.pop(measurement, None)

    def fails_as_a_whole(self, pending: Pending, said: str, started: float, now: float) -> bool:
        """Whether the measurement of a failed call is given up: all its calls fail, though the endpoint is up.

        Only different calls count that were sent one after another and never failed before: calls in flight together
        when a server went down show one event, and calls that failed while others succeeded show none. What is chosen
        because it failed before is asked to its end: a resumed run may have only such calls left. ``said``: what the
        endpoint said instead of an answer.
        """
        call = pending.call
        if self.schedule.is_renewed(call.measurement):
            return False
        since, failed = self._failing.setdefault(call.measurement, (now, set()))
        if started >= since and pending.failures == 1:
            failed.add(call)
        if len(failed) >= FAILURES_TO_SKIP and call.measurement not in self._given_up:
            how = f"{len(failed)} different samples of {call.measurement} failed in turn"
            self.give_up(call.measurement, how, said)
        return call.measurement in self._given_up

    def give_up(self, measurement: str, how: str, said: str) -> None:
        """Ask nothing more of a measurement, and tell the user so."""
        advice = advice_on_limit(said)
        self._given_up[measurement] = bool(advice)
        self.schedule.close(measurement)
        self.notify(f"{how} ({said}): skipped{f'; {advice}' if advice else ''}")
