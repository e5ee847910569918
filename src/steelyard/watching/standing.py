"""Where a watch stands: E after every look, from the log alone."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Literal

from steelyard.errors import ExitCode
from steelyard.records.watching import PassFacts
from steelyard.stats.watching import Baseline, Watch, likely_start, look
from steelyard.watching.changes import Change, changes_between, deep_fall
from steelyard.watching.log import Pass, WatchLog
from steelyard.watching.passes import baseline_from

__all__ = ["Look", "Standing", "Word", "standing_of"]

Word = Literal["baseline", "quiet", "alarm"]


@dataclass(frozen=True)
class Look:
    """One look, and E after it: with missing answers as right, which decides, and as wrong, which is only reported.

    A look that is lost or open is no bet: E stays as it was. As wrong it counts as a pass without a right answer.
    """

    number: int
    at: str
    facts: PassFacts | None
    lost: str = ""
    log_e: float = 0.0
    log_e_if_wrong: float = 0.0
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True)
class Standing:
    """Where a watch stands after its looks.

    ``alarm`` is the number of the look at which E reached its level, ``alarm_if_wrong`` that at which it would have if
    all missing answers and lost looks had been wrong; ``since`` is an estimate of the look since which it is worse,
    without an error rate.
    """

    log: WatchLog
    baseline: Baseline | None = None
    looks: tuple[Look, ...] = ()
    alarm: int | None = None
    alarm_if_wrong: int | None = None
    since: int | None = None

    @property
    def word(self) -> Word:
        """The state: the baseline is not whole yet, nothing was shown, or it was shown that the model is worse."""
        if self.baseline is None:
            return "baseline"
        return "quiet" if self.alarm is None else "alarm"

    @property
    def last(self) -> Look | None:
        """The last look that ended; None before there is one."""
        return next((each for each in reversed(self.looks) if each.facts is not None), None)

    @property
    def level(self) -> float:
        """E at which an alarm is raised: 5/(4α)."""
        return 1.25 / self.log.opened.alpha

    @property
    def lost(self) -> tuple[Pass, ...]:
        """The passes that began and have no end."""
        return tuple(each for each in self.log.passes if each.end is not None and each.facts is None)

    @property
    def incomplete(self) -> bool:
        """Whether the last pass is open, is lost, or has missing answers: the plan of the watch was not met."""
        last = self.log.passes[-1] if self.log.passes else None
        return last is not None and (last.facts is None or last.facts.missing > 0)

    @property
    def exit(self) -> ExitCode:
        """4 where the last pass is not whole; 1 in alarm; 3 while the baseline is not whole; 0 where it is quiet."""
        if self.incomplete:
            return ExitCode.PLAN_NOT_MET
        codes = {"alarm": ExitCode.INCONSISTENT, "baseline": ExitCode.UNDECIDED, "quiet": ExitCode.CONSISTENT}
        return codes[self.word]

    @property
    def dated_back(self) -> tuple[tuple[Pass, Pass], ...]:
        """Passes that begin, by their time, before the pass before them ended: each with that pass in front."""
        pairs = pairwise(self.log.passes)
        return tuple((before, after) for before, after in pairs if _time(after.begun.at) < _time(_last_time(before)))

    @property
    def longest_gap(self) -> timedelta:
        """The longest time between the beginnings of two looks that followed one another."""
        times = [_time(each.begun.at) for each in self.log.of("look")]
        return max((after - before for before, after in pairwise(times)), default=timedelta())


def standing_of(log: WatchLog) -> Standing:
    """Compute where a watch stands. E is rounded down at each look, so every machine raises the alarm at the same."""
    if log.baseline is None:
        return Standing(log)
    baseline = baseline_from(log.baseline, log.opened.passes, log.opened.alpha)
    before = [each.facts for each in log.of("baseline") if each.facts is not None]
    right, wrong, looks = Watch(), Watch(), list[Look]()
    alarm, alarm_if_wrong, counted, means = None, None, list[int](), list[int]()
    for each in log.of("look"):
        found = Look(each.begun.number, each.begun.at, each.facts)
        if each.facts is not None:
            right, wrong = look(baseline, right, each.facts.high), look(baseline, wrong, each.facts.low)
            counted.append(found.number)
            means.append(each.facts.high)
            other = changes_between(before, each.facts)
            found = replace(found, changes=(*other, *deep_fall(baseline.bound, each.facts.high)))
        elif each.end is not None:
            wrong = look(baseline, wrong, 0)
            found = replace(found, lost=each.end.reason)  # type: ignore[union-attr]
        alarm = found.number if alarm is None and right.alarm is not None else alarm
        alarm_if_wrong = found.number if alarm_if_wrong is None and wrong.alarm is not None else alarm_if_wrong
        looks.append(replace(found, log_e=_finite(right), log_e_if_wrong=_finite(wrong)))
    until = means[: counted.index(alarm) + 1] if alarm in counted else means
    since = counted[likely_start(baseline, until) - 1] if alarm is not None else None
    return Standing(log, baseline, tuple(looks), alarm, alarm_if_wrong, since)


def _time(at: str) -> datetime:
    return datetime.fromisoformat(at)


def _last_time(each: Pass) -> str:
    return each.begun.at if each.end is None else each.end.at


def _finite(watch: Watch) -> float:
    """The logarithm of E; E is never 0 while some of it is cash."""
    return watch.log_e if watch.log_e > -math.inf else -99.0
