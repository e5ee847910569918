"""Journal → scores: a pure function, so that anyone can recompute every score from the bundle.

Everything here streams: a journal of a million calls is scored in the memory of the calls that still wait for a score.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import NamedTuple

import msgspec

from steelyard.auditing.service import CONTENT_FILTER, service_of
from steelyard.auditing.stated import AS_ASKED, Stated, stated_of
from steelyard.errors import VerificationError
from steelyard.evidence import layout
from steelyard.evidence.canonical import canonical, sha256_hex
from steelyard.planning.again import request_again
from steelyard.plugins import ExecutingScorer, Scorer, TruncatedReader
from steelyard.records import (
    Attempt,
    GenerateRequest,
    Image,
    Measurement,
    ModelOutput,
    NextTokenRequest,
    Outcome,
    Plan,
    RecordedScore,
    Sample,
    SampleScore,
    Score,
)
from steelyard.scorers.corpus import counts_without_answer
from steelyard.scorers.powers import has_power
from steelyard.scorers.reading.foreign_marks import score_without_marks
from steelyard.scorers.reading.loops import ends_in_loop
from steelyard.storage.journal.lines import JournalRecord
from steelyard.util.compact import Naturals
from steelyard.util.reasoning import split_reasoning, without_ending

__all__ = [
    "Scorers",
    "Unscored",
    "executes",
    "output_of",
    "read_score",
    "sample_of",
    "score",
    "score_attempts",
    "score_recorded",
    "scorers_of",
    "unscored_attempts",
]

_ASSUMED = "the claim states no decoding, and greedily such a model answers worse than its maker asks it: state it"
_SHORT = 400  # characters: a message that is cut off within as many was not meant to reason
_FEW_TOKENS = 3  # of an answer with nothing in it: its end, or a line break

Call = tuple[str, str, int]  # measurement, sample, repeat: what an attempt and a score are about

Scorers = Mapping[str, tuple[Scorer, ...]]  # by measurement


class Unscored(NamedTuple):
    """An attempt that one scorer has not scored: its text is withheld, or what must run has not run."""

    attempt: Attempt
    scorer: Scorer


def executes(scorer: Scorer) -> bool:
    """Whether this scorer runs something, once, so that its scores are read from the journal ever after."""
    # Asked for each answer: the attribute alone first, since isinstance with a protocol is slow in Python 3.11.
    return bool(getattr(scorer, "executes", False)) and isinstance(scorer, ExecutingScorer)


def score(
    scorer: Scorer, attempt: Attempt, sample: Sample, output: ModelOutput, stated: Stated = AS_ASKED
) -> SampleScore:
    """Score the final attempt of one call; an attempt that brought no answer is *missing*, never silently wrong.

    So is an output on which a scorer fails: a fault of ours must count neither for nor against the model.
    ``stated``: see :func:`read_score`.
    """
    if attempt.outcome.answered:
        with suppress(Exception):
            found = read_score(scorer, sample, output, stated)
            status = "open" if found.value is None else "scored" if found.parsed else "unparsed"
            counts = found.counts or counts_without_answer(scorer, sample)
            return _score(attempt, scorer.identifier, status, found.value, sample.group, counts)
    return _score(attempt, scorer.identifier, "missing", None, sample.group, counts_without_answer(scorer, sample))


def read_score(scorer: Scorer, sample: Sample, output: ModelOutput, stated: Stated = AS_ASKED) -> Score:
    """Score what is the answer in an output: reasoning is not read, and nothing is held against a model that was cut.

    *Open* is what the endpoint's content filter stopped, reasoning that no answer followed, a call of a tool that
    nobody offered, and an output that was cut off, unless the scorer knows that more text could not have changed what
    it read; a long message that was cut off is never wrong. Wrong is one that the model ended with nothing in it, but
    not where the endpoint counts tokens that did not come (a server may keep reasoning to itself, and not say so),
    unless a text that is no turn was stopped at a stop string. An output that ended at the limit which its claim
    ``stated`` is whole. In plans of before, a loop is wrong, and where the claim states no decoding, a model that
    reasons, or repeats itself, has nothing wrong.
    """
    if isinstance(sample.request, NextTokenRequest):  # its text is a list of ours, whatever its tokens look like
        return scorer.score(sample, output)
    is_chat = isinstance(sample.request, GenerateRequest) and sample.request.chat
    answer, reasoning, _ = split_reasoning(output.text)
    answer = without_ending(answer)
    if answer != output.text:
        output = msgspec.structs.replace(output, text=answer)
    if output.finish_reason == CONTENT_FILTER:
        return Score(value=None, note="the endpoint's content filter")
    if output.outcome is Outcome.TRUNCATED and stated.cuts(output):
        if not answer.strip():
            return Score(value=0.0, parsed=False, note="no answer within the token limit that the claim states")
        output = msgspec.structs.replace(output, outcome=Outcome.OK)
    if output.outcome is Outcome.OK and isinstance(sample.request, GenerateRequest) and not answer.strip():
        if reasoning or output.reasoning or output.reasoning_tokens:
            return Score(value=None, note="reasoning, and no answer")
        is_stopped = bool(sample.request.stop) and not is_chat and output.finish_reason == "stop"
        if output.completion_tokens > _FEW_TOKENS + len(output.text) and not is_stopped:
            return Score(value=None, note="the endpoint counts tokens of an answer that it did not send")
        return Score(value=0.0, parsed=False, note="the model ended its answer with nothing in it")
    if output.outcome is not Outcome.TRUNCATED:
        found = _of_whole(scorer, sample, output, reasoned=bool(reasoning or output.reasoning))
        if not is_chat or _is_right(found):
            return found
        if _ends_in_call(answer) and not has_power(scorer, "answers_with_calls"):
            return Score(value=None, note="a call of a tool that nobody offered")
        if not stated.decoding and (reasoning or output.reasoning or output.reasoning_tokens):
            return Score(value=None, note=_ASSUMED)
        return found
    found = scorer.score(sample, output) if isinstance(scorer, TruncatedReader) else Score(value=None)
    if is_chat and len(answer) > _SHORT and not _is_right(found):
        found = Score(value=None, note="cut off after an answer that it might have corrected")
    if found.value is None and not stated.loops and ends_in_loop(answer or reasoning):
        if not stated.decoding:
            return Score(value=None, note=_ASSUMED)
        return Score(value=0.0, parsed=False, note="the output ends in a loop")
    return found


def _of_whole(scorer: Scorer, sample: Sample, output: ModelOutput, *, reasoned: bool) -> Score:
    """The score of an output that was not cut off, whatever marks of its model stand around its answer."""

    def read(text: str) -> Score:
        return scorer.score(sample, output if text == output.text else msgspec.structs.replace(output, text=text))

    reads_answers = isinstance(scorer, TruncatedReader)
    return score_without_marks(
        output.text,
        sample.target,
        read,
        reads_answers=reads_answers,
        gives_shares=bool(getattr(scorer, "gives_shares", False)),
        reasoned=reasoned,
    )


def _ends_in_call(answer: str) -> bool:
    """Whether a text ends in a call of a tool, as some models write those that they believe to have."""
    answer = answer.rstrip()
    return answer.endswith("</tool_call>") or "[TOOL_CALLS]" in answer[answer.rfind("\n") + 1 :]


def _is_right(found: Score) -> bool:
    return found.value is None or found.value >= 1


def score_recorded(attempt: Attempt, recorded: RecordedScore) -> SampleScore:
    """The score that the journal holds for a call; without a value it is *open*, or the scorer failed: *missing*."""
    status = "scored" if recorded.parsed else "unparsed"
    if recorded.value is None or not attempt.outcome.answered:
        status = "open" if recorded.open and attempt.outcome.answered else "missing"
        return _score(attempt, recorded.scorer, status, None, recorded.group)
    return _score(attempt, recorded.scorer, status, recorded.value, recorded.group)


def _score(
    attempt: Attempt, scorer: str, status: str, value: float | None, group: str, counts: tuple[int, ...] = ()
) -> SampleScore:
    return SampleScore(
        measurement=attempt.measurement,
        position=attempt.position,
        sample=attempt.sample,
        repeat=attempt.repeat,
        status=status,  # type: ignore[arg-type]
        value=value,
        scorer=scorer,
        group=group,
        service=service_of(attempt),
        seq=attempt.seq,
        counts=counts,
    )


class _Ended:
    """The calls that were ended: by their place in the committed order (a bit each), the check's repeats by name."""

    def __init__(self) -> None:
        self._places: dict[str, Naturals] = {}
        self._repeats: set[Call] = set()

    def add(self, attempt: Attempt) -> None:
        if attempt.position < 0:
            is_new = (call := _call(attempt)) not in self._repeats
            self._repeats.add(call)
        else:
            is_new = self._places.setdefault(attempt.measurement, Naturals()).add(attempt.position)
        if not is_new:
            raise VerificationError(f"record {attempt.seq} and one before it both end the call {attempt.sample}")


def score_attempts(
    plan: Plan, records: Iterable[JournalRecord], scorers: Scorers, texts: Mapping[str, str]
) -> Iterator[SampleScore | Unscored]:
    """Score every finished call by each scorer of its measurement, in the order of the journal.

    A call that an executing scorer scores comes when its recorded score stands there. Where a text was withheld, what
    is unscored is given instead: its score can be read, not recomputed. An output whose score was never recorded comes
    last, as *missing*. Raises VerificationError for records that do not belong together, and for a recorded score that
    no output has.
    """
    measurements, stated = plan.by_id, stated_of(plan)
    waiting = _Waiting(scorers)
    ended = _Ended()
    for record in records:
        if isinstance(record, RecordedScore):
            if attempt := waiting.take_recorded(record):
                yield score_recorded(attempt, record)
        elif isinstance(record, Attempt) and record.final:
            measurement = measurements.get(record.measurement)
            if measurement is None or (record.position >= measurement.trials and not measurement.again):
                raise VerificationError(
                    f"record {record.seq}: the plan has no place {record.position} in {record.measurement}"
                )
            ended.add(record)
            yield from _scores_of(
                record, scorers[record.measurement], waiting, texts, measurement, stated[measurement.id]
            )
    for attempt, scorer in waiting.rest():
        sample = sample_of(attempt, texts, of=measurements[attempt.measurement])
        yield _score(attempt, scorer.identifier, "missing", None, sample.group if sample else "")


def _scores_of(
    attempt: Attempt,
    scorers: Iterable[Scorer],
    waiting: _Waiting,
    texts: Mapping[str, str],
    measurement: Measurement,
    stated: Stated,
) -> Iterator[SampleScore | Unscored]:
    sample = sample_of(attempt, texts, of=measurement)
    if sample is not None and _images_of(sample) and not measurement.images:
        raise VerificationError(f"record {attempt.seq}: its sample shows images, and the plan says that none does")
    for scorer in scorers:
        if executes(scorer) and attempt.outcome.answered:
            if recorded := waiting.take_attempt(attempt, scorer):
                yield score_recorded(attempt, recorded)
            continue
        output = None if sample is None else output_of(attempt, texts)
        if sample is None or output is None:
            yield Unscored(attempt, scorer)
        else:
            yield score(scorer, attempt, sample, output, stated)


def unscored_attempts(records: Iterable[JournalRecord], scorers: Scorers) -> Iterator[Unscored]:
    """The outputs that still wait for an executing scorer: a resume scores these first, and a sealed run has none."""
    executing = {name: [each for each in by if executes(each)] for name, by in scorers.items()}
    if not any(executing.values()):
        return
    waiting = _Waiting(scorers)
    for record in records:
        if isinstance(record, RecordedScore):
            waiting.take_recorded(record)
        elif isinstance(record, Attempt) and record.final and record.outcome.answered:
            for scorer in executing.get(record.measurement, ()):
                waiting.take_attempt(record, scorer)
    yield from waiting.rest()


class _Waiting:
    """Brings outputs and recorded scores together, whichever stands first: segments are read one after another."""

    def __init__(self, scorers: Scorers) -> None:
        self._scorers = {(name, scorer.identifier): scorer for name, by in scorers.items() for scorer in by}
        self._attempts: dict[tuple[Call, str], Attempt] = {}
        self._recorded: dict[tuple[Call, str], RecordedScore] = {}

    def take_attempt(self, attempt: Attempt, scorer: Scorer) -> RecordedScore | None:
        """The recorded score of an output, where it stood before it; else the output waits."""
        key = _call(attempt), scorer.identifier
        recorded = self._recorded.pop(key, None)
        if recorded is None:
            self._attempts[key] = attempt
        return recorded

    def take_recorded(self, recorded: RecordedScore) -> Attempt | None:
        """The output that a recorded score is about, where it stood before it; else the score waits."""
        key = _call(recorded), recorded.scorer
        place = f"the score in record {recorded.seq}"
        scorer = self._scorers.get((recorded.measurement, recorded.scorer))
        if scorer is None or not executes(scorer):
            raise VerificationError(
                f"{place}: the plan has no measurement {recorded.measurement} whose scores {recorded.scorer} records"
            )
        if key in self._recorded:
            raise VerificationError(f"{place} and one before it are about the same call {recorded.sample}")
        if recorded.value is not None and not 0 <= recorded.value <= 1:
            raise VerificationError(f"{place}: {recorded.value} is not between 0 and 1")
        attempt = self._attempts.pop(key, None)
        if attempt is None:
            self._recorded[key] = recorded
        return attempt

    def rest(self) -> Iterator[Unscored]:
        """The outputs without a score; raises VerificationError where a recorded score is without an output."""
        for recorded in self._recorded.values():
            raise VerificationError(
                f"the score in record {recorded.seq}: the call {recorded.sample} has no answer that waits for it"
            )
        for (_, identifier), attempt in self._attempts.items():
            yield Unscored(attempt, self._scorers[attempt.measurement, identifier])


def _call(record: Attempt | RecordedScore) -> Call:
    return record.measurement, record.sample, record.repeat


def sample_of(attempt: Attempt, texts: Mapping[str, str], *, of: Measurement | None = None) -> Sample | None:
    """The sample that was asked about; None where its text is withheld. ``of``: its measurement, which may ask again.

    Raises VerificationError where it is not the one named, or not in its sealed form.
    """
    text = texts.get(attempt.item)
    if text is None:
        return None
    try:
        sample = msgspec.json.decode(text, type=Sample)
    except msgspec.DecodeError:
        raise VerificationError(f"record {attempt.seq}: its item is not a sample") from None
    if any(image.data for image in _images_of(sample)):
        raise VerificationError(f"record {attempt.seq}: its item holds an image, which stands in {layout.MEDIA} alone")
    if sample.id != attempt.sample:
        raise VerificationError(f"record {attempt.seq}: its item is {sample.id}, not {attempt.sample}")
    request = sample.request
    if of is not None and of.again:
        request = request_again(request, attempt.repeat, of.temperature)
    if attempt.request != sha256_hex(canonical(request)):
        raise VerificationError(f"record {attempt.seq}: the request is not the one that its sample asks for")
    return sample


def _images_of(sample: Sample) -> tuple[Image, ...]:
    return sample.request.images if isinstance(sample.request, GenerateRequest) else ()


def output_of(attempt: Attempt, texts: Mapping[str, str]) -> ModelOutput | None:
    """What came back; None where its text is withheld."""
    text = texts.get(attempt.answer) if attempt.answer else ""
    # Of reasoning that stands apart, it counts only whether there is any, and only where there is no answer.
    reasoning = texts.get(attempt.reasoning) if attempt.reasoning and text is not None and not text.strip() else ""
    if text is None or reasoning is None:
        return None
    return ModelOutput(
        outcome=attempt.outcome,
        text=text,
        reasoning=reasoning,
        logprobs=attempt.logprobs,
        finish_reason=attempt.finish_reason,
        completion_tokens=attempt.completion_tokens,
        reasoning_tokens=attempt.reasoning_tokens,
    )


def scorers_of(plan: Plan) -> dict[str, tuple[Scorer, ...]]:
    """Each measurement's scorers, opened from the identifiers that the plan sealed."""
    from steelyard.scorers import open_identifier

    return {each.id: tuple(open_identifier(name) for name in each.scorers) for each in plan.measurements}
