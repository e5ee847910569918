"""What a journal must be like beyond its chain: who writes which record, how attempts count up, and how a run ends.

All of it holds for whatever a runner, a gateway or an import writes, also after kills and resumes, and on several
machines. It streams: a bit and eight bytes an attempt, which are sorted at the end.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterator
from itertools import groupby
from typing import Final, Literal

from steelyard.errors import VerificationError
from steelyard.evidence import layout
from steelyard.records import (
    Attempt,
    BatchClosed,
    BatchCreated,
    BatchIntent,
    Exchange,
    Measurement,
    Plan,
    RecordedScore,
)
from steelyard.storage.journal.lines import Cut, JournalRecord, Session, Stop, segment_of
from steelyard.storage.journal.reader import read_segment, segment_names
from steelyard.storage.run_folder import RunFolder
from steelyard.util.compact import Naturals

__all__ = ["AttemptNumbering", "checked_records"]

Kind = Literal["asked", "gateway", "imported"]

# Which records follow the header in the main segment, by where the answers come from.
WRITTEN: Final[dict[Kind, tuple[type, ...]]] = {
    "asked": (Session, Attempt, RecordedScore, BatchIntent, BatchCreated, BatchClosed, Cut, Stop),
    "gateway": (Session, Exchange, Cut, Stop),
    "imported": (Attempt, RecordedScore),
}
BY_WORKERS: Final = (Attempt, RecordedScore, Cut)  # only what is asked by ourselves has segments beside the main one
# How a run stops that is then sealed. Tests and intervals are valid at any stop, so a user may finalize one early.
ENDS: Final = ("complete", "budget", "finalized")

# An attempt in one number, so that sorting the numbers sorts by call, session and attempt: 30, 16, 17 bits and one.
_FINAL: Final = 1
_NUMBER_BITS: Final = 17
_SESSION_BITS: Final = 16
_TRIAL_BITS: Final = 30
_SESSION_SHIFT: Final = 1 + _NUMBER_BITS
_TRIAL_SHIFT: Final = _SESSION_SHIFT + _SESSION_BITS
_NUMBER_MASK: Final = (1 << _NUMBER_BITS) - 1
_SESSION_MASK: Final = ((1 << _SESSION_BITS) - 1) << _SESSION_SHIFT


def checked_records(run: RunFolder) -> Iterator[tuple[JournalRecord, str]]:
    """Stream every (record, worker).

    Raises VerificationError where a record is one that nobody writes there, or a count is below 0.
    """
    kind = run.plan.origin.kind
    workers = segment_names(run.path)
    if len(workers) > 1 and kind != "asked":
        raise VerificationError(f"{segment_of(workers[1])}: a segment that a run of this kind has not")
    sessions = 0
    last: JournalRecord | None = None
    for worker in workers:
        written = BY_WORKERS if worker else WRITTEN[kind]
        for record, _ in read_segment(run.path, worker):
            place = f"{segment_of(worker)} record {record.seq}"
            if record.seq and not isinstance(record, written):
                raise VerificationError(f"{place}: a record of the kind {_name(record)} does not belong there")
            if _is_below_nothing(record):
                raise VerificationError(f"{place}: a count or time is below 0")
            sessions += isinstance(record, Session)
            if not sessions and kind != "imported" and isinstance(record, Attempt | Exchange):
                raise VerificationError(f"{place}: an attempt before any session began")
            yield record, worker
            last = record if not worker else last
    if kind == "asked":
        _check_end(run.plan, last)


def _name(record: JournalRecord) -> str:
    return str(record.__struct_config__.tag)


def _is_below_nothing(record: JournalRecord) -> bool:
    if isinstance(record, Attempt):
        counts = (record.prompt_tokens, record.completion_tokens, record.reasoning_tokens)
        return min(*counts, record.cached_tokens, record.started_us, record.elapsed_us) < 0
    if isinstance(record, Exchange):
        times = (record.started_us, record.first_byte_us, record.elapsed_us)
        return min(record.status, record.prompt_tokens, record.completion_tokens, *times) < 0
    if isinstance(record, Session):
        return min(record.started_us, record.active_us) < 0
    if isinstance(record, Stop):
        return min(record.active_us, record.at_us) < 0
    if isinstance(record, Cut):
        return record.bytes < 0
    if isinstance(record, BatchIntent | BatchCreated | BatchClosed):
        return min(record.number, record.at_us) < 0
    return isinstance(record, RecordedScore) and record.elapsed_us < 0


def _check_end(plan: Plan, last: JournalRecord | None) -> None:
    """A run that is sealed has stopped: with nothing left to ask, at a budget that its plan sets, or by its user."""
    if not isinstance(last, Stop) or last.reason not in ENDS:
        raise VerificationError(f"{layout.JOURNAL}: its last record is not the stop of a run that came to its end")
    if last.reason != "budget":
        return
    limited = any(model.limits.bounded for model in plan.models.values())
    if not limited and (plan.budget_us is None or last.active_us < plan.budget_us):
        raise VerificationError(
            f"{layout.JOURNAL} record {last.seq}: stopped by a budget that the plan does not set, or was not spent"
        )


class AttemptNumbering:
    """How the attempts of each call count: 1, 2, 3 … in each session, and none after the one that ends the call.

    The attempts of one call may lie in several segments, which do not say in what order they were made. Where such a
    run was also resumed, it is not known which session made which: then it is enough that they can be so numbered.
    """

    def __init__(self, measurements: tuple[Measurement, ...]) -> None:
        self._measurements = measurements
        self._begins: dict[str, int] = {}
        trials = 0
        for each in measurements:
            self._begins[each.id] = trials
            trials += each.trials + each.extra_calls
        if trials >> _TRIAL_BITS:
            raise VerificationError(f"{layout.PLAN}: more calls than can be counted")
        self._attempts = array("Q")
        self._ended = Naturals()
        self._retried = False  # whether any call has another attempt than one, number 1, that ends it
        self._segment = ""
        self._sessions = 0
        self._finals: Counter[str] = Counter()

    def begin_session(self) -> None:
        """A process began to work: its attempts count from 1 again."""
        self._sessions += 1
        if self._sessions >> _SESSION_BITS:
            raise VerificationError(f"{layout.JOURNAL}: more sessions than can be counted")

    def add(self, attempt: Attempt, trial: int, worker: str) -> None:
        """Take the next attempt; ``trial`` is its place among the calls, the repeat check's last."""
        if worker != self._segment:
            self._segment, self._ended = worker, Naturals()
        place = self._begins[attempt.measurement] + trial
        if place in self._ended:
            if attempt.final:
                raise VerificationError(f"record {attempt.seq} and one before it both end the call {attempt.sample}")
            raise VerificationError(
                f"record {attempt.seq}: an attempt after the one that ended the call {attempt.sample}"
            )
        if attempt.final:
            self._ended.add(place)
            self._finals[attempt.measurement] += 1
        if not 0 < attempt.attempt <= _NUMBER_MASK:
            raise VerificationError(f"record {attempt.seq}: there is no attempt number {attempt.attempt}")
        number = attempt.attempt << 1 | attempt.final
        self._retried = self._retried or not attempt.final or attempt.attempt != 1
        self._attempts.append(place << _TRIAL_SHIFT | self._sessions << _SESSION_SHIFT | number)

    def finish(self) -> None:
        """Raise VerificationError where the attempts of a call are not numbered as they are made."""
        if not self._retried:
            return  # a call that is ended twice shows where it is scored
        together = bool(self._segment) and self._sessions > 1
        attempts: Iterator[int] | array[int] = self._attempts
        if together:
            attempts = (attempt & ~_SESSION_MASK for attempt in self._attempts)
        most = self._sessions if together else 1
        before = 0
        for call, group in groupby(sorted(attempts), key=lambda attempt: attempt >> _SESSION_SHIFT):
            packed = list(group)
            trial = call >> _SESSION_BITS
            if not together and before & _FINAL and before >> _TRIAL_SHIFT == trial:
                raise VerificationError(f"{self._place(trial)}: an attempt after the one that ended the call")
            if not together and any(attempt & _FINAL for attempt in packed[:-1]):
                raise VerificationError(f"{self._place(trial)}: an attempt after the one that ended the call")
            if not _are_numbered([attempt >> 1 & _NUMBER_MASK for attempt in packed], most):
                raise VerificationError(
                    f"{self._place(trial)}: its attempts are not numbered 1, 2, 3 … in each session"
                )
            before = packed[-1]

    def ended(self, measurement: str) -> int:
        """How many calls of a measurement came to their end."""
        return self._finals[measurement]

    def _place(self, trial: int) -> str:
        found = next(each for each in reversed(self._measurements) if self._begins[each.id] <= trial)
        position = trial - self._begins[found.id]
        where = f"position {position}" if position < found.trials else "a repeat of the repeat check"
        return f"{layout.JOURNAL}: {found.id}, {where}"


def _are_numbered(numbers: list[int], most: int) -> bool:
    """Whether sorted numbers are at most so many countings 1, 2, 3 …, put together."""
    if len(numbers) == 1:
        return numbers[0] == 1
    if numbers[-1] > len(numbers):
        return False
    times = Counter(numbers)
    return times[1] <= most and all(1 <= times[number] <= times[number - 1] for number in range(2, numbers[-1] + 1))
