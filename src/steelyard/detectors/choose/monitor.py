"""A choice at work: scores in any order of arrival → which candidates are below the target, and which one meets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

import msgspec

from steelyard.detectors.bars import OPEN, RIGHT, WRONG, mark_of
from steelyard.plugins import Progress
from steelyard.records import (
    CandidateVerdict,
    ChoiceVerdict,
    DetectorResult,
    Finding,
    Plan,
    PlannedTest,
    SampleScore,
    VerdictWord,
)
from steelyard.records.record import Record
from steelyard.stats.elimination import Candidate, Choice, Elimination, choice, needed, observe
from steelyard.stats.intervals import ENDLESS, confidence_sequence
from steelyard.stats.sequential import StopTable, samples_needed
from steelyard.util.compact import SmallIntegers

__all__ = ["ChooseMonitor", "ChooseOptions", "SealedChoice"]

_DECISIONS: Final = {"meets": "consistent", "below": "inconsistent", None: ""}


class ChooseOptions(Record, frozen=True, kw_only=True):
    """What a user sets: the share of right answers to reach, as a decimal text, and what orders the candidates."""

    target: str
    by: Literal["cost", "order"] = "order"


class SealedChoice(Record, frozen=True, kw_only=True):
    """The sealed part of a choice: the target, the roles from the cheapest on, and the stop tables of each candidate.

    ``steady``: the answers of no candidate vary, so that the target is about this pass, and ``needed`` right answers
    reach it. Else it is about each one's rate over passes. See :mod:`steelyard.stats.elimination`.
    """

    target: str
    by: str
    order: tuple[str, ...] = ()
    steady: bool = False
    needed: int = 0
    below: tuple[int, ...] = ()
    meets: tuple[int, ...] = ()


class ChooseMonitor:
    """Reads of each candidate the contiguous prefix of the committed order, and wants answers of one at a time.

    What a candidate's answers show does not depend on the others': so a verifier, who reads in another order than the
    run did, comes to the same.
    """

    def __init__(self, test: PlannedTest, plan: Plan) -> None:
        self.planned, self.plan, self.level = test, plan, plan.alpha * test.weight
        self.sealed = msgspec.convert(test.sealed, SealedChoice)
        self.measurements = [plan.by_id[reads.measurement] for reads in test.reads]
        self.table = StopTable(inconsistent=self.sealed.below, consistent=self.sealed.meets)
        self.population = self.measurements[0].population
        nothing = (Candidate(),) * len(self.measurements)
        self.state = Elimination(self.population, self.sealed.needed, self.table, nothing)
        self._number = {each.id: number for number, each in enumerate(self.measurements)}
        self._waiting = [SmallIntegers() for _ in self.measurements]
        self._open = [0] * len(self.measurements)

    def observe(self, score: SampleScore) -> None:
        """Take one score; its candidate is read on to the end of the contiguous prefix."""
        number = self._number[score.measurement]
        if score.position < 0 or not self.state.is_open(number):
            return
        waiting = self._waiting[number]
        waiting[score.position] = mark_of(score)
        while self.state.is_open(number):
            position = self.state.candidates[number].n
            mark = waiting.get(position)
            if mark is None:
                return
            self._open[number] += mark == OPEN
            self.state = observe(self.state, number, mark if mark in (WRONG, RIGHT) else None)
            waiting.forget_before(position + 1)

    @property
    def closed(self) -> frozenset[str]:
        """The measurements of candidates that are decided or dearer than one that meets, or that have answered all."""
        chosen = choice(self.state).candidate
        return frozenset(
            each.id
            for number, each in enumerate(self.measurements)
            if not self.state.is_open(number) or (chosen is not None and number > chosen)
        )

    @property
    def heads(self) -> Mapping[str, int | None]:
        """The first place that was not read of the candidate to ask; None for the dearer ones, which wait for it."""
        asked = needed(self.state)
        return {
            each.id: self.state.candidates[number].n if number in asked else None
            for number, each in enumerate(self.measurements)
        }

    def interval(self, number: int) -> tuple[float, float] | None:
        """The interval of a candidate's score, valid at every look; None before its first answer."""
        seen = self.state.candidates[number]
        if not seen.n:
            return None
        population = self.population if self.sealed.steady else ENDLESS
        return confidence_sequence(seen.n, seen.right, seen.right + seen.missing, population, self.plan.alpha)

    def progress(self) -> Progress:
        """The state of the candidate that is being asked, or else of the first."""
        return self.progress_of(self.measurements[next(iter(needed(self.state)), 0)].id)

    def progress_of(self, measurement: str) -> Progress:
        """The state of one candidate, for a display."""
        number = self._number[measurement]
        seen, left = self.state.candidates[number], None
        if seen.n and seen.standing is None:
            left = samples_needed(self.table, seen.n, seen.right, self.population, seen.right / seen.n)
        return Progress(
            decision=_DECISIONS[seen.standing],
            interval=self.interval(number),
            remaining=left,
            target=f"{float(self.sealed.target) * 100:g}",
            sign="≥",
            shortfalls=(-0.05, 0.05),
        )

    def find(self, inputs: Mapping[str, Any]) -> DetectorResult:
        """Chosen (*consistent*), all below (*inconsistent*) or none sure enough, and what was read of each."""
        found = choice(self.state)
        word = _word_of(found)
        target, p = f"{float(self.sealed.target) * 100:g} %", self.level / 2
        below = word is VerdictWord.INCONSISTENT
        none_meets = Finding(
            detector="choose",
            check="all_below_target",
            task=self.measurements[0].task,
            null=self.planned.null,
            assumptions=("the order of the samples and of the candidates was committed before the first answer",),
            p=p,
            n=found.calls,
            message=f"each of {len(self.measurements)} candidates is below {target}",
        )
        return DetectorResult(
            test=self.planned.id,
            rule=self.planned.rule,
            word=word,
            p=p if below else 1.0,
            reason="" if word is not VerdictWord.INSUFFICIENT_POWER else f"no candidate is shown to reach {target}",
            findings=(none_meets,) if below else (),
            choice=ChoiceVerdict(
                task=self.measurements[0].task,
                target=self.sealed.target,
                by=self.sealed.by,
                chosen="" if found.candidate is None else self.measurements[found.candidate].role,
                cheapest=found.cheapest,
                steady=self.sealed.steady,
                items=self.population,
                of=self.measurements[0].planned,
                candidates=tuple(self._candidate(number) for number in range(len(self.measurements))),
            ),
        )

    def _candidate(self, number: int) -> CandidateVerdict:
        seen, measurement = self.state.candidates[number], self.measurements[number]
        identity = self.plan.models[measurement.role].identity
        return CandidateVerdict(
            role=measurement.role,
            model=identity.name or identity.uri,
            measurement=measurement.id,
            standing=seen.standing or "",
            asked=seen.n,
            right=seen.right,
            missing=seen.missing - self._open[number],
            open=self._open[number],
            ci=self.interval(number),
        )


def _word_of(found: Choice) -> VerdictWord:
    if found.candidate is not None:
        return VerdictWord.CONSISTENT
    return VerdictWord.INSUFFICIENT_POWER if found.undecided else VerdictWord.INCONSISTENT
