"""Journal → scores: a pure function, so that anyone can recompute every mark from the bundle.

Everything here streams: a journal of a million calls is scored in the memory of the calls that still wait for a mark.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress

import msgspec

from steelyard.errors import VerificationError
from steelyard.evidence.canonical import canonical, sha256_hex
from steelyard.plugins import Scorer
from steelyard.records import Attempt, ModelOutput, Plan, RecordedScore, Sample, SampleScore
from steelyard.storage.journal.lines import JournalRecord
from steelyard.util.compact import Naturals

__all__ = [
    "answer_of",
    "executes",
    "final_attempts",
    "sample_of",
    "score",
    "score_attempts",
    "score_recorded",
    "score_run",
    "scorers_of",
    "unscored_attempts",
]

Call = tuple[str, str, int]  # row, sample, repeat: what an attempt, a mark and a score are about


def executes(scorer: Scorer) -> bool:
    """Whether marks of this scorer are made once, by an act, and read from the journal ever after."""
    return bool(getattr(scorer, "executes", False))


def score(scorer: Scorer, attempt: Attempt, sample: Sample, answer: ModelOutput) -> SampleScore:
    """Mark the final attempt of one call; an attempt that brought no answer is *missing*, never silently wrong.

    So is an answer on which a scorer fails: a fault of ours must count neither for nor against the model.
    """
    if attempt.outcome.answered:
        with suppress(Exception):
            mark = scorer.score(sample, answer)
            return _score(attempt, scorer.identifier, "scored" if mark.parsed else "unparsed", mark.value)
    return _score(attempt, scorer.identifier, "missing", None)


def score_recorded(attempt: Attempt, marked: RecordedScore) -> SampleScore:
    """The score that a journalled mark gives its call; a mark without a value is an act that failed: *missing*."""
    if marked.value is None or not attempt.outcome.answered:
        return _score(attempt, marked.scorer, "missing", None)
    return _score(attempt, marked.scorer, "scored" if marked.parsed else "unparsed", marked.value)


def _score(attempt: Attempt, scorer: str, status: str, value: float | None) -> SampleScore:
    return SampleScore(
        row=attempt.row,
        position=attempt.position,
        sample=attempt.sample,
        repeat=attempt.repeat,
        status=status,  # type: ignore[arg-type]
        value=value,
        scorer=scorer,
        seq=attempt.seq,
    )


def final_attempts(records: Iterable[JournalRecord]) -> Iterator[Attempt]:
    """The attempt that ended each call; a call that no attempt ended was never finished and is not scored.

    Raises Broken where one call was ended twice: an answer was asked for again after a valid one.
    """
    ended = _Ended()
    for record in records:
        if isinstance(record, Attempt) and record.final:
            ended.add(record)
            yield record


class _Ended:
    """The calls that were ended: by their place in the committed order (a bit each), the probe's repeats by name."""

    def __init__(self) -> None:
        self._places: dict[str, Naturals] = {}
        self._probes: set[Call] = set()

    def add(self, attempt: Attempt) -> None:
        if attempt.position < 0:
            is_new = (call := _call(attempt)) not in self._probes
            self._probes.add(call)
        else:
            is_new = self._places.setdefault(attempt.row, Naturals()).add(attempt.position)
        if not is_new:
            raise VerificationError(f"record {attempt.seq} and one before it both end the call {attempt.sample}")


def score_run(
    plan: Plan, records: Iterable[JournalRecord], scorers: Mapping[str, Scorer], texts: Mapping[str, str]
) -> list[SampleScore | Attempt]:
    """All of :func:`score_attempts` in a list."""
    return list(score_attempts(plan, records, scorers, texts))


def score_attempts(
    plan: Plan, records: Iterable[JournalRecord], scorers: Mapping[str, Scorer], texts: Mapping[str, str]
) -> Iterator[SampleScore | Attempt]:
    """Score every finished call, in the order of the journal; a call that an act marks, when its mark stands there.

    Where a text was withheld the attempt itself is given: its score can be read, not recomputed. A mark that stands
    in the journal needs no texts. An answer that no act has marked comes last, as *missing*. Raises Broken for
    records that do not belong together, and for a mark that no answer has.
    """
    acting = {row for row, scorer in scorers.items() if executes(scorer)}
    cells = {row.id: row.cells for row in plan.rows}
    waiting = _Waiting(scorers)
    ended = _Ended()
    for record in records:
        if isinstance(record, RecordedScore):
            if attempt := waiting.take_recorded(record):
                yield score_recorded(attempt, record)
        elif isinstance(record, Attempt) and record.final:
            if record.position >= cells.get(record.row, 0):
                raise VerificationError(
                    f"record {record.seq}: the plan has no place {record.position} in a row {record.row}"
                )
            ended.add(record)
            sample = sample_of(record, texts)
            scorer = scorers[record.row]
            if record.row not in acting:
                answer = None if sample is None else answer_of(record, texts)
                yield record if sample is None or answer is None else score(scorer, record, sample, answer)
            elif not record.outcome.answered:
                yield _score(record, scorer.identifier, "missing", None)
            elif marked := waiting.take_attempt(record):
                yield score_recorded(record, marked)
    for attempt in waiting.rest():
        yield _score(attempt, scorers[attempt.row].identifier, "missing", None)


def unscored_attempts(records: Iterable[JournalRecord], scorers: Mapping[str, Scorer]) -> Iterator[Attempt]:
    """The answers that still wait for the mark of an act: a resume makes these first, and a sealed run has none."""
    acting = {row for row, scorer in scorers.items() if executes(scorer)}
    if not acting:
        return
    waiting = _Waiting(scorers)
    for record in records:
        if isinstance(record, RecordedScore):
            waiting.take_recorded(record)
        elif isinstance(record, Attempt) and record.final and record.row in acting and record.outcome.answered:
            waiting.take_attempt(record)
    yield from waiting.rest()


class _Waiting:
    """Brings answers and the marks of acts together, whichever stands first: segments are read one after another."""

    def __init__(self, scorers: Mapping[str, Scorer]) -> None:
        self._scorers = scorers
        self._attempts: dict[Call, Attempt] = {}
        self._marks: dict[Call, RecordedScore] = {}

    def take_attempt(self, attempt: Attempt) -> RecordedScore | None:
        """The mark of an answer, where it stood before it; else the answer waits."""
        call = _call(attempt)
        marked = self._marks.pop(call, None)
        if marked is None:
            self._attempts[call] = attempt
        return marked

    def take_recorded(self, marked: RecordedScore) -> Attempt | None:
        """The answer that a mark is about, where it stood before it; else the mark waits."""
        call = _call(marked)
        place = f"the mark in record {marked.seq}"
        scorer = self._scorers.get(marked.row)
        if scorer is None or not executes(scorer) or scorer.identifier != marked.scorer:
            raise VerificationError(
                f"{place}: the plan has no row {marked.row} whose marks are made by {marked.scorer}"
            )
        if call in self._marks:
            raise VerificationError(f"{place} and one before it are about the same call {marked.sample}")
        if marked.value is not None and not 0 <= marked.value <= 1:
            raise VerificationError(f"{place}: {marked.value} is no share of right")
        attempt = self._attempts.pop(call, None)
        if attempt is None:
            self._marks[call] = marked
        return attempt

    def rest(self) -> Iterator[Attempt]:
        """The answers without a mark; raises Broken where a mark is without an answer."""
        for marked in self._marks.values():
            raise VerificationError(
                f"the mark in record {marked.seq}: the call {marked.sample} has no answer that waits for it"
            )
        yield from self._attempts.values()


def _call(record: Attempt | RecordedScore) -> Call:
    return record.row, record.sample, record.repeat


def sample_of(attempt: Attempt, texts: Mapping[str, str]) -> Sample | None:
    """The sample that was asked about; None where its text is withheld. Raises Broken where it is not the one named."""
    text = texts.get(attempt.item)
    if text is None:
        return None
    try:
        sample = msgspec.json.decode(text, type=Sample)
    except msgspec.DecodeError:
        raise VerificationError(f"record {attempt.seq}: its item is not a sample") from None
    if sample.id != attempt.sample:
        raise VerificationError(f"record {attempt.seq}: its item is {sample.id}, not {attempt.sample}")
    if attempt.request != sha256_hex(canonical(sample.request)):
        raise VerificationError(f"record {attempt.seq}: the request is not the one that its sample asks for")
    return sample


def answer_of(attempt: Attempt, texts: Mapping[str, str]) -> ModelOutput | None:
    """What came back; None where its text is withheld."""
    text = texts.get(attempt.answer) if attempt.answer else ""
    if text is None:
        return None
    return ModelOutput(
        outcome=attempt.outcome, text=text, logprobs=attempt.logprobs, finish_reason=attempt.finish_reason
    )


def scorers_of(plan: Plan) -> dict[str, Scorer]:
    """Each row's scorer, opened from the identifier that the plan sealed."""
    from steelyard.scorers import open_identifier

    return {row.id: open_identifier(row.scorer) for row in plan.rows}
