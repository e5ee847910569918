"""A run as a comparison reads it: for each measurement the score of every sample, with what is open left open."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from steelyard.auditing.finalize import results_of
from steelyard.errors import InputError
from steelyard.evidence import layout
from steelyard.evidence.verify import verify_integrity
from steelyard.records import SUBJECT, Attempt, Measurement, Origin, PlannedModel, SampleScore
from steelyard.storage.journal.lines import Stop
from steelyard.storage.journal.reader import read_lines
from steelyard.storage.run_folder import RunFolder, place_and_role

__all__ = ["JUDGE", "MeasuredScores", "SampleAnswers", "ScoredRun", "Usage", "read_run"]

JUDGE: Final = "judge"  # the role of a model that scores, and so answers no sample of its own
_NOT_COMPARED: Final = (JUDGE, "reference")

Ending = Literal["", "scores", "budget"]


@dataclass(frozen=True, slots=True)
class SampleAnswers:
    """What one sample came to: the mean score over its repeats if open and missing ones are 0, and if they are 1.

    ``item`` is the digest of what was asked, ``answers`` those of what came back, in the order of repeats; an answer of
    log-likelihoods is these numbers. ``first`` is the score of the first answer, None where it is open or missing;
    ``is_unparsed``: no answer could be extracted from it. ``completion_tokens`` are those of all answers.
    ``asked_us`` is when the first was asked; 0 where nothing says so.
    """

    low: float
    high: float
    group: str
    item: str
    answers: tuple[object, ...]
    first: float | None = None
    is_unparsed: bool = False
    completion_tokens: int = 0
    asked_us: int = 0

    @property
    def is_open(self) -> bool:
        """Whether an answer is open or missing, so that the score is not known."""
        return self.low != self.high


@dataclass(frozen=True)
class Usage:
    """What the calls of a measurement took: of every attempt the tokens and the money, of each answer the time.

    ``milliseconds`` and ``tokens`` (prompt and completion together) are of the answered calls, sorted. ``cost`` is at
    the user's prices; None where the run knew none.
    """

    milliseconds: tuple[float, ...] = ()
    tokens: tuple[int, ...] = ()
    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: float | None = None


@dataclass(frozen=True)
class MeasuredScores:
    """The samples of one measurement by one scorer, by their id, as far as the committed order was asked without a gap.

    ``ended``: why less was asked than planned; ``scores`` means that a test of these very scores may have stopped it.
    """

    measurement: Measurement
    scorer: str
    samples: Mapping[str, SampleAnswers]
    ended: Ending = ""
    trainings: int = 1
    usage: Usage = field(default_factory=Usage)


@dataclass(frozen=True)
class ScoredRun:
    """One run, of one model in one role. ``withheld`` counts scores that were read as sealed, without their texts."""

    name: str
    path: Path
    plan_sha256: str
    created: str
    role: str
    model: PlannedModel
    judge: PlannedModel | None
    origin: Origin
    is_sealed: bool
    has_ended: bool
    withheld: int
    measured: tuple[MeasuredScores, ...]

    @property
    def model_name(self) -> str:
        """The name under which the model is asked."""
        return self.model.identity.name or self.model.identity.uri


def read_run(given: str) -> list[ScoredRun]:
    """Read ``RUN``, the folder of a run or an audit, or ``RUN#ROLE``; one with several models gives one for each.

    Scores are computed again from the journal. Raises InputError for what is no such folder, has no scores or lacks
    the role, VerificationError for a seal that does not hold and for a journal that does not fit its plan.
    """
    path, role = place_and_role(given)
    run = RunFolder.open(path)
    if run.is_sealed:
        verify_integrity(run.path)
    if run.plan.origin.kind == "gateway":
        raise InputError("a gateway's recording has no scores to compare: measure with steelyard run", where=path)
    roles = [each for each in run.plan.models if each not in _NOT_COMPARED]
    roles.sort(key=lambda each: (each != SUBJECT, each))
    if role and role not in run.plan.models:
        raise InputError(f"has no model in the role {role!r}; there are: {', '.join(run.plan.models)}", where=path)
    collected = _Collected()
    results = results_of(run, collected.score)
    for record, _ in read_lines(run.path):
        if isinstance(record, Attempt):
            collected.attempt(record)
        elif isinstance(record, Stop):
            collected.stops += 1
    found = [_of_role(run, each, collected, results.withheld) for each in ([role] if role else roles)]
    asked = [each for each in found if each.measured]
    if not asked:
        raise InputError("has no scored answers to compare: resume it with steelyard resume", where=path)
    return asked


class _Collected:
    """The scores and the final attempts of a run, by measurement."""

    def __init__(self) -> None:
        self.scores: dict[tuple[str, str], list[SampleScore]] = {}
        self.attempts: dict[tuple[str, str, int], Attempt] = {}
        self.every: dict[str, list[Attempt]] = {}
        self.stops = 0

    def score(self, score: SampleScore) -> None:
        if score.position >= 0:
            self.scores.setdefault((score.measurement, score.scorer), []).append(score)

    def attempt(self, attempt: Attempt) -> None:
        self.every.setdefault(attempt.measurement, []).append(attempt)
        if attempt.final:
            self.attempts[attempt.measurement, attempt.sample, attempt.repeat] = attempt


def _of_role(run: RunFolder, role: str, collected: _Collected, withheld: int) -> ScoredRun:
    plan, several = run.plan, sum(each not in _NOT_COMPARED for each in run.plan.models) > 1
    folder = run.path.resolve().name
    return ScoredRun(
        name=f"{folder}#{role}" if several else folder,
        path=run.path,
        plan_sha256=run.plan_sha256,
        created=plan.created,
        role=role,
        model=plan.models[role],
        judge=plan.models.get(JUDGE),
        origin=plan.origin,
        is_sealed=run.is_sealed,
        has_ended=run.is_sealed or (run.path / layout.SCORES).exists(),
        withheld=withheld,
        measured=tuple(_measured(run, role, collected)),
    )


def _measured(run: RunFolder, role: str, collected: _Collected) -> Iterator[MeasuredScores]:
    """Each measurement that asks for a task itself, by each of its scorers: no arms, and nothing asked again."""
    plan = run.plan
    for measurement in plan.measurements:
        if measurement.role != role or measurement.again or measurement.arm or measurement.beside:
            continue
        usage = _usage(collected.every.get(measurement.id, []), plan.models[role])
        trainings = max((len(several) for several in plan.checkpoints_of(measurement)), default=1)
        for scorer in measurement.scorers:
            scores = sorted(collected.scores.get((measurement.id, scorer), ()), key=lambda each: each.position)
            gap = next((place for place, each in enumerate(scores) if each.position != place), len(scores))
            if not gap:
                continue
            ended: Ending = ""
            if gap < measurement.planned:
                ended = "scores" if plan.readers_of(measurement.id) else "budget"
            samples = _samples(scores[:gap], collected)
            yield MeasuredScores(measurement, scorer, samples, ended, trainings, usage)


def _samples(scores: list[SampleScore], collected: _Collected) -> dict[str, SampleAnswers]:
    by_sample: dict[str, list[SampleScore]] = {}
    for score in scores:
        by_sample.setdefault(score.sample, []).append(score)
    found = {}
    for name, several in by_sample.items():
        several.sort(key=lambda each: each.repeat)
        attempts = [collected.attempts[each.measurement, name, each.repeat] for each in several]
        found[name] = SampleAnswers(
            low=sum(each.value or 0.0 for each in several) / len(several),
            high=sum(1.0 if each.value is None else each.value for each in several) / len(several),
            group=several[0].group,
            item=attempts[0].item,
            answers=tuple(each.answer or each.logprobs for each in attempts),
            first=several[0].value,
            is_unparsed=several[0].status == "unparsed",
            completion_tokens=sum(each.completion_tokens for each in attempts),
            asked_us=attempts[0].started_us,
        )
    return found


def _usage(attempts: list[Attempt], model: PlannedModel) -> Usage:
    answered = [each for each in attempts if each.final and each.outcome.answered]
    prompt, completion, cached, reasoning = (
        sum(getattr(each, name) for each in attempts)
        for name in ("prompt_tokens", "completion_tokens", "cached_tokens", "reasoning_tokens")
    )
    return Usage(
        milliseconds=tuple(sorted(each.elapsed_us / 1000 for each in answered if each.elapsed_us)),
        tokens=tuple(sorted(each.prompt_tokens + each.completion_tokens for each in answered)),
        calls=len(attempts),
        prompt_tokens=prompt,
        completion_tokens=completion,
        cost=model.limits.cost_of(prompt, completion, cached, reasoning),
    )
