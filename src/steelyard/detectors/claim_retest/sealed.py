"""What a claim retest seals in the plan: the claim, its threshold, its levels and its integer stop tables."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

from steelyard.claims.decoding import states_decoding
from steelyard.detectors.claim_retest.repeats import HIDDEN_VARIANCE, MAX_VARIANCE, SAMPLED_VARIANCE, STACK_VARIANCE
from steelyard.detectors.claim_retest.subtasks import Subtasks, Weights
from steelyard.evidence.canonical import without_defaults
from steelyard.records import SECOND_PASS, Claim, Measurement, Plan, PlannedTest
from steelyard.records.record import Record

__all__ = [
    "SAMPLED",
    "SECOND",
    "ClaimTest",
    "beside_of",
    "claim_of",
    "decode",
    "decode_as",
    "encode",
    "measurement_of",
]

SAMPLED = "sampled"  # the arm of a measurement that checks how much sampled answers vary, of version 4
SECOND = SECOND_PASS

R = TypeVar("R", bound=Record)


class ClaimTest(Record, frozen=True, kw_only=True):
    """One claim's test. ``claim`` is its index in the sheet; ``accuse``, ``confirm`` and the tables count trials.

    *Inconsistent* means fewer than ``accuse`` right, *consistent* at least ``confirm``. ``grid``: of scores between 0
    and 1, both are totals, in so many steps from 0 to a full score, and no table is sealed: bets on their mean follow
    from the thresholds and the levels (:mod:`steelyard.stats.bounded_bets`). ``macro``: the mean is one over
    subtasks, which all weigh the same, or by ``weights``. ``difficulties``: bets on scores of 0 and 1 use those of
    the measurement (:mod:`steelyard.stats.difficulty_bets`), and no table is sealed either. Greedy measurements of a
    model that answers in-process use the sealed tables, if their repeat check shows no change. Where answers vary,
    the margins follow from the variance that repeated answers show, and a rule is sealed instead of a table
    (docs/statistics.md): for sampled answers, and for ``varies``, greedy answers of any other model.
    ``one_answer``: repeats bring the same text, as from a cache, so that they show nothing and count as one answer.
    ``two_passes``: where the answers would decide, they are asked again (:mod:`~.two_passes`), and margins follow from
    how they differ. ``measured``: the claim may be confirmed and is never rejected, and so many answers
    are read of it at most.
    ``version``: of the rule, since 5.
    ``claimed_repeats`` and ``claimed_samples`` are what the vendor's number is a mean of. ``whole`` is the number of
    items that the claim is about, where the samples are a part of them. ``certain``: the answers were recorded, so that
    whoever began the audit could know them: nothing is decided that a further answer could change. ``trainings`` is the
    number of trainings of a recipe that answer in turn.
    """

    claim: int
    tolerance: str
    claimed_repeats: int = 1
    claimed_samples: int | None = None
    whole: int | None = None
    varies: bool = False
    one_answer: bool = False
    certain: bool = False
    trainings: int = 1
    grid: int = 1
    macro: bool = False
    weights: Weights = ()
    difficulties: bool = False
    two_passes: bool = False
    measured: int = 0
    version: int = 4
    accuse: int = 0
    confirm: int = 0
    alpha_inconsistent: float = 0.0
    alpha_consistent: float = 0.0
    stop_inconsistent: tuple[int, ...] = ()
    stop_consistent: tuple[int, ...] = ()

    def is_fixed(self, measurement: Measurement) -> bool:
        """Whether the thresholds are those that are sealed: not if the margins depend on repeated answers."""
        return measurement.decoding == "greedy" and not self.varies

    def has_table(self, measurement: Measurement) -> bool:
        """Whether integer stop tables are sealed: of scores of 0 and 1 whose thresholds are fixed."""
        return self.has_counts and self.is_fixed(measurement)

    @property
    def has_counts(self) -> bool:
        """Whether right answers are counted, and nothing is bet on means or on known difficulties."""
        return self.grid == 1 and not self.difficulties

    def most(self, measurement: Measurement) -> int:
        """The total of full scores in all trials, in steps of the grid, each with its weight."""
        return Subtasks(measurement, macro=self.macro, of=self.weights).weight * measurement.repeats * self.grid

    def own_repeats(self, measurement: Measurement) -> int:
        """How many independent answers to a sample our own mean has."""
        return 1 if self.one_answer else measurement.repeats

    def least_variance(self, measurement: Measurement) -> float:
        """What the variance of our answers is at least, whatever their repeats show."""
        if not self.one_answer:
            return 0.0
        return MAX_VARIANCE if measurement.decoding == "sampled" else HIDDEN_VARIANCE

    def least_of_vendor(self, measurement: Measurement, claim: Claim) -> float:
        """What the variance of the vendor's answers is at least, since ours may repeat where its own would not."""
        if self.version < 5:
            return 0.0
        if measurement.decoding == "greedy":  # no mean of the vendor's passes averages out what two stacks differ by
            return STACK_VARIANCE * self.claimed_repeats
        return SAMPLED_VARIANCE if states_decoding(claim) else STACK_VARIANCE

    @property
    def drawn_samples(self) -> int | None:
        """The ``claimed_samples`` that version 4 took for drawn at random."""
        return self.claimed_samples if self.version < 5 else None

    @property
    def chosen_samples(self) -> int | None:
        """The ``claimed_samples`` that the vendor may have chosen in any way."""
        return self.claimed_samples if self.version >= 5 else None

    def is_paired(self, measurement: Measurement) -> bool:
        """Whether greedy answers vary and every sample is asked twice, so that its two answers show by how much."""
        return self.varies and measurement.repeats > 1


def encode(sealed: Record) -> dict[str, Any]:
    """The JSON object that goes into :attr:`~steelyard.records.PlannedTest.sealed`."""
    found: dict[str, Any] = without_defaults(sealed)
    return found


def decode(test: PlannedTest) -> ClaimTest:
    """What a planned claim retest seals; raises ValueError for anything that :func:`encode` would not have written."""
    return decode_as(test, ClaimTest)


def decode_as(test: PlannedTest, kind: type[R]) -> R:
    """As :func:`decode`, for a sealed part of another kind."""
    found = msgspec.convert(test.sealed, kind)
    if encode(found) != test.sealed:
        raise ValueError(f"test {test.id}: a default is spelled out")
    return found


def claim_of(test: PlannedTest, plan: Plan) -> Claim:
    """The claim that a test is about; raises ValueError where the plan's sheet has none there."""
    number = decode(test).claim
    if plan.sheet is None or not 0 <= number < len(plan.sheet.claims):
        raise ValueError(f"test {test.id}: the sheet has no claim {number}")
    return plan.sheet.claims[number]


def measurement_of(test: PlannedTest, plan: Plan) -> Measurement:
    """The measurement that a claim retest tests; raises ValueError where it reads none, or too many, of the plan."""
    return _read(test, plan)[0]


def beside_of(test: PlannedTest, plan: Plan, arm: str) -> Measurement | None:
    """What is asked beside the measurement: its second pass (``SECOND``), or the check of version 4 (``SAMPLED``)."""
    return next((each for each in _read(test, plan)[1:] if each.arm == arm), None)


def _read(test: PlannedTest, plan: Plan) -> list[Measurement]:
    read = [plan.by_id[reads.measurement] for reads in test.reads if reads.measurement in plan.by_id]
    if not 1 <= len(read) <= 2 or len({each.id for each in read}) < len(test.reads):
        raise ValueError(f"test {test.id}: a claim retest reads one measurement of the plan, and at most one beside it")
    return read
