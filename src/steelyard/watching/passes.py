"""What one pass came to, read from its run: the scores of its items, and how they were served."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from statistics import median_low

from steelyard.auditing.finalize import results_of
from steelyard.errors import VerificationError
from steelyard.records import Attempt, Measurement, Plan, SampleScore
from steelyard.records.watching import BaselineSet, PassFacts
from steelyard.stats.watching import MICRO, Baseline, make_baseline, pass_mean
from steelyard.storage.journal.reader import read_lines
from steelyard.storage.run_folder import RunFolder
from steelyard.util.text import one_line

__all__ = ["Scores", "baseline_from", "baseline_line", "facts_of", "measurement_of", "scores_of"]

Scores = Sequence[float | None]
_MOST_NAMES = 5
_LONGEST_NAME = 120


def measurement_of(plan: Plan) -> Measurement:
    """The one measurement of a pass; raises VerificationError where a plan has another number, or repeats."""
    if len(plan.measurements) != 1 or plan.tests or plan.measurements[0].repeats != 1:
        raise VerificationError("a pass of a watch has one measurement, which asks each item once, and no test")
    return plan.measurements[0]


def scores_of(run: RunFolder) -> list[float | None]:
    """The scores of a pass, one an item; an answer that cannot be read in one way is 0, one that never came None."""
    return [_value(each) for each in _read(run)]


def facts_of(run: RunFolder) -> PassFacts:
    """What a pass came to. Raises VerificationError for a journal that does not fit its plan."""
    found = _read(run)
    values = [_value(each) for each in found]
    answers = [
        record
        for record, _ in read_lines(run.path)
        if isinstance(record, Attempt) and record.final and record.outcome.answered and record.position >= 0
    ]
    return PassFacts(
        items=len(values),
        low=pass_mean(values, missing=0),
        high=pass_mean(values, missing=1),
        missing=values.count(None),
        open=sum(each is not None and each.status == "open" for each in found),
        served=tuple(sorted({one_line(each.model, _LONGEST_NAME) for each in answers if each.model})[:_MOST_NAMES]),
        reasons=run.plan.subject.capabilities.reasons,
        reasoned=sum(bool(each.reasoning or each.reasoning_tokens) for each in answers),
        prompt_tokens=sum(each.prompt_tokens for each in answers),
        answer_tokens=median_low(each.completion_tokens for each in answers) if answers else 0,
        milliseconds=median_low(each.elapsed_us for each in answers) // 1000 if answers else 0,
    )


def baseline_from(line: BaselineSet, passes: int, alpha: float) -> Baseline:
    """The baseline that a log has sealed, for :func:`steelyard.stats.watching.look`."""
    return Baseline(line.items, passes, alpha, line.mean / MICRO, line.spread / MICRO, line.bound, tuple(line.bets))


def baseline_line(scores: Sequence[Scores], alpha: float, seq: int, prev: str, at: str) -> BaselineSet:
    """The line that seals the baseline of these passes; raises ValueError as :func:`make_baseline` does."""
    made = make_baseline(scores, alpha)
    return BaselineSet(
        seq=seq,
        prev=prev,
        at=at,
        items=made.items,
        mean=round(made.mean * MICRO),
        spread=round(made.spread * MICRO),
        bound=made.bound,
        bets=made.bets,
    )


def _value(score: SampleScore | None) -> float | None:
    if score is None or score.status == "missing":
        return None
    return 0.0 if score.value is None else score.value


def _read(run: RunFolder) -> list[SampleScore | None]:
    """The scores of a pass by place of its order; None for what a budget left unasked."""
    measurement = measurement_of(run.plan)
    found: list[SampleScore | None] = [None] * measurement.population
    results_of(run, partial(_keep, found, measurement.scorers[0]))
    return found


def _keep(found: list[SampleScore | None], scorer: str, score: SampleScore) -> None:
    if score.scorer == scorer and score.repeat == 0 and 0 <= score.position < len(found):
        found[score.position] = score
