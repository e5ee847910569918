"""The results: scores, findings and verdicts."""

from __future__ import annotations

from enum import StrEnum
from typing import Final, Literal

import msgspec

from steelyard.records.judging import Judging, PeopleRate
from steelyard.records.record import Record

__all__ = [
    "UNREAD_FRESH",
    "AnsweredBy",
    "CandidateVerdict",
    "ChoiceVerdict",
    "ClaimVerdict",
    "DetectorResult",
    "Effect",
    "Finding",
    "GateVerdict",
    "MeanScore",
    "MeasurementResult",
    "Needs",
    "Note",
    "PassAtK",
    "SampleScore",
    "Score",
    "Service",
    "TracePoint",
    "Verdict",
    "VerdictWord",
]


UNREAD_FRESH: Final = "unread_fresh"  # the check of a note: fresh samples got fewer readable answers than public ones


class Score(Record, frozen=True, kw_only=True):
    """What a scorer gives one model output: a value in [0, 1].

    *Unparsed*: no answer was extracted, which counts as 0 and is reported separately. ``value`` None: the output is
    *open*, ambiguous, and neither right nor wrong. ``counts``: what it adds to a score that is no mean of values.
    """

    value: float | None
    parsed: bool = True
    note: str = ""
    counts: tuple[int, ...] = ()


Service = Literal["answered", "failed", "refused", "filtered", "too_long", "rejected", "tools", "timed_out", "ours"]
"""How a call was served: answered, *failed*, or what is no failure of the endpoint to serve an item.

These are refusals of the model, content filters, requests beyond the context or a limit of size, other requests that
the endpoint rejects (4xx), calls for tools instead of text, what ran over our own time limit, and faults of our side.
"""


class SampleScore(Record, frozen=True, kw_only=True):
    """One score at its place in the committed order.

    *missing* (no answer) and *open* (an ambiguous answer) have no value: results then have a lower and an upper bound.
    ``group`` is the sample's subtask, by which errors are clustered; ``service`` says how the call ended. The place of
    what is asked again (:attr:`Measurement.again`) is that of the sample's first answer × the repeats + the repeat.
    ``counts``: what the answer adds to a corpus score (:mod:`steelyard.scorers.corpus`); as an empty one if not read.
    """

    measurement: str
    position: int
    sample: str
    repeat: int
    status: Literal["scored", "unparsed", "open", "missing"]
    value: float | None
    scorer: str
    group: str = ""
    service: Service = "answered"
    seq: int
    counts: tuple[int, ...] = ()


class VerdictWord(StrEnum):
    """The fixed words of a verdict."""

    INCONSISTENT = "inconsistent"
    CONSISTENT = "consistent"
    UNVERIFIABLE = "unverifiable"
    INSUFFICIENT_POWER = "insufficient_power"
    NOT_TESTABLE = "not_testable"
    NOT_TESTED = "not_tested"

    @property
    def words(self) -> str:
        """The word as prose: ``insufficient power``."""
        return "unverifiable as stated" if self is VerdictWord.UNVERIFIABLE else self.value.replace("_", " ")


class Finding(Record, frozen=True, kw_only=True):
    """A detector's finding, with its error rate. ``null`` is the null hypothesis in one sentence."""

    detector: str
    check: str
    task: str = ""
    null: str = ""
    assumptions: tuple[str, ...] = ()
    statistic: float | None = None
    p: float | None = None
    e: float | None = None
    effect: float | None = None
    ci: tuple[float, float] | None = None
    n: int | None = None
    mde: float | None = None
    calls: int = 0
    tokens: int = 0
    message: str
    records: tuple[str, ...] = ()


class Note(Record, frozen=True, kw_only=True):
    """A remark that proves nothing by itself: it never changes an exit code."""

    detector: str
    check: str
    task: str = ""
    message: str


class Needs(Record, frozen=True, kw_only=True):
    """What a decision would still need, if the next samples are like those so far."""

    samples: int
    seconds: float | None = None


class TracePoint(Record, frozen=True, kw_only=True):
    """One point of a closing interval: samples read, right so far (or the sum of the scores), interval of the share."""

    n: int
    right: float
    low: float
    high: float


class AnsweredBy(Record, frozen=True, kw_only=True):
    """The networks that answered for one of a measurement's needs: one, or several trainings of a recipe.

    ``sha256`` are the digests of their weights, sorted.
    """

    need: str
    kind: str
    parameters: int
    sha256: tuple[str, ...]


class ClaimVerdict(Record, frozen=True, kw_only=True):
    """The verdict on one claim, as its retest gives it; proportions are fractions, ``claimed_text`` is as printed.

    ``asked`` and ``of`` count calls: each sample is asked ``repeats`` times.
    ``bounds``: the share of right answers if all open and missing ones are wrong, and if all are right. ``measured`` is
    None where these are so many that it would be no honest estimate (:mod:`steelyard.stats.bounds`).
    ``part_of`` is the number of items that the claim is about, where the samples are a part of them.
    ``measurement`` and ``prompt`` name its measurement and prompt format; both are empty without one. ``formats`` names
    the prompt formats that the claim may mean, in their order, where the vendor states none; the numbers are then those
    of ``prompt``, and a note says what each came to. ``cost`` is the money for the tokens, at the user's prices.
    ``answered_by`` names the networks of a model that names its checkpoints, the claimed one first. ``standard`` is
    where the score lies under all standard configurations, by simultaneous intervals, of a claim that is
    *unverifiable*. ``place`` is where an *inconsistent* one stands on its source: a rival's number shows there.
    """

    task: str
    claimed_text: str
    unit: str
    claimed: float | None
    tolerance: float
    measured: float | None = None
    bounds: tuple[float, float] | None = None
    ci: tuple[float, float] | None = None
    asked: int = 0
    of: int = 0
    repeats: int = 1
    missing: int = 0
    open: int = 0
    unparsed: int = 0
    verdict: VerdictWord
    reason: str = ""
    better: bool = False
    p: float | None = None
    log_e: float | None = None
    level: float | None = None
    needs: Needs | None = None
    implied_reruns: dict[str, int | None] = msgspec.field(default_factory=dict)
    measurement: str = ""
    prompt: str = ""
    formats: tuple[str, ...] = ()
    differences: tuple[str, ...] = ()
    part_of: int | None = None
    trace: tuple[TracePoint, ...] = ()
    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    reasoning_tokens: int = 0
    cached_tokens: int = 0
    cost: float | None = None
    seconds: float = 0.0
    line: int = 0
    note: str = ""
    place: str = ""
    answered_by: tuple[AnsweredBy, ...] = ()
    standard: tuple[float, float] | None = None


class BudgetVerdict(Record, frozen=True, kw_only=True):
    """What a gate on time or cost had read: a ``limit`` in seconds, or in money an answer, as a decimal text.

    *latency* is about the ``quantile`` of the times of this run's answers, *cost* about the mean of what they cost,
    *rule* about right answers: its limit is such as ``18 of 20``.
    ``seen`` is that of the answers read, None where it is not known. ``band`` is what must lie on one side of the limit
    for a colour, in the unit of the limit; its upper end is None where no answer bounds it.
    """

    kind: Literal["latency", "cost", "rule"]
    limit: str
    quantile: str = ""
    seen: float | None = None
    band: tuple[float, float | None] | None = None


class GateVerdict(Record, frozen=True, kw_only=True):
    """What one gate had read when it ended; proportions are fractions, ``at_least`` is a decimal text.

    Of at most ``of`` answers, out of a suite of ``items``, it read ``asked``. ``ci`` is the interval of the score. With
    a ``baseline`` (the digest of that run's seal) the gate is about the difference of the scores, model less baseline:
    it may be ``margin`` percentage points below 0. ``worse`` and ``better`` then count the items that only the baseline
    and only the model answered rightly, ``unpaired`` those without a score of the baseline, ``baseline_right`` its
    right answers to the items that were asked, and ``ci`` is the interval of the difference. ``family`` gates have one
    level together. ``steady``: answers do not vary, so that the gate is about this pass over the suite. ``people`` is
    set where a judge gave the scores: the gate is about what people would give, and ``ci`` holds the ends that decide.
    ``number`` counts the gates that the key began of this model with the same prompts, this one included; 0 where no
    ledger counts. ``strict_series``: all of them have one level together, of which this one has its share. ``budget``
    is set for a gate on time or cost: ``right`` then counts answers that came in time.
    """

    task: str
    measurement: str
    at_least: str = ""
    baseline: str = ""
    margin: str = ""
    right: int = 0
    asked: int = 0
    of: int = 0
    items: int = 0
    missing: int = 0
    open: int = 0
    worse: int = 0
    better: int = 0
    unpaired: int = 0
    baseline_right: int = 0
    family: int = 1
    steady: bool = False
    ci: tuple[float, float] | None = None
    people: PeopleRate | None = None
    number: int = 0
    strict_series: bool = False
    budget: BudgetVerdict | None = None


class CandidateVerdict(Record, frozen=True, kw_only=True):
    """What a choice read of one candidate: ``asked`` answers of the order, until its ``standing`` was decided.

    ``meets`` and ``below`` are about the target. ``ci`` is the interval of this pass's score, as fractions.
    """

    role: str
    model: str
    measurement: str
    standing: Literal["", "meets", "below"] = ""
    asked: int = 0
    right: int = 0
    missing: int = 0
    open: int = 0
    ci: tuple[float, float] | None = None


class ChoiceVerdict(Record, frozen=True, kw_only=True):
    """What one choice had read when it ended. ``candidates`` are in the sealed order, the cheapest first.

    ``target`` is a decimal text; ``by`` says what the order follows. ``chosen`` is the role of the first candidate that
    meets the target, empty where none is shown to; ``cheapest``: all before it are shown to be below. Of a suite of
    ``items`` at most ``of`` are asked of each. ``steady``: answers do not vary, so that the target is about this pass.
    """

    task: str
    target: str
    by: str
    chosen: str = ""
    cheapest: bool = False
    steady: bool = False
    items: int = 0
    of: int = 0
    candidates: tuple[CandidateVerdict, ...] = ()


class Effect(Record, frozen=True, kw_only=True):
    """How large what a detector looks for is: a difference of proportions, with its 95 % interval at every look.

    ``n`` pairs were read of ``of`` planned ones. ``within`` is the size that is no longer a small one, and ``mde`` the
    least that all ``of`` would show with power .9 (None: not even the largest one).
    """

    value: float | None
    ci: tuple[float, float]
    n: int
    of: int
    within: float
    mde: float | None = None


class DetectorResult(Record, frozen=True, kw_only=True):
    """The result of one test by itself, before the error budget of the whole report is applied.

    ``p`` None: the test is deterministic (arithmetic on a table), so its ``findings`` are reported as they are. With a
    p, they are reported if weighted Holm rejects, or if ``word`` is *inconsistent*: then a boundary was crossed that
    was sealed at the test's own share of the level. ``claim`` is the claim's verdict, for a claim retest.
    """

    test: str
    rule: str
    word: VerdictWord
    p: float | None = None
    reason: str = ""
    findings: tuple[Finding, ...] = ()
    notes: tuple[Note, ...] = ()
    claim: ClaimVerdict | None = None
    gate: GateVerdict | None = None
    choice: ChoiceVerdict | None = None
    effect: Effect | None = None


class PassAtK(Record, frozen=True, kw_only=True):
    """pass@k with its interval, all fractions; ``least`` and ``most`` are bounds where answers are missing."""

    k: int
    least: float
    most: float
    low: float
    high: float


class MeanScore(Record, frozen=True, kw_only=True):
    """The mean of scores in [0, 1], as fractions; ``mean`` is None where open and missing ones leave a range.

    ``bounds`` count those as 0 and as 1. ``ci`` holds both, at 95 %: by bets on the scores in their order, or clustered
    over subtasks where there are several and all was asked.
    """

    mean: float | None
    bounds: tuple[float, float]
    ci: tuple[float, float]


class MeasurementResult(Record, frozen=True, kw_only=True):
    """The result of one measurement by one scorer. Proportions are fractions; only a full score counts as right.

    ``measured`` and ``bounds`` are those of a claim. ``ci`` is Wilson's interval over samples, or over subtasks
    where there are several; where less than ``planned`` was asked, a confidence sequence. ``standard_error`` is
    clustered by ``clusters`` subtasks, where there are several: items of one subtask are not independent. ``asked`` and
    ``of`` count calls, as a claim's do. ``read_by`` names the tests that read it. ``cost`` is the money for the tokens,
    at the user's prices; ``answered_by`` is a claim's, too. ``model`` is the name of a model in another role than the
    subject's. ``mean`` is that of a scorer that gives shares. ``drawn`` is the plan's: how its samples were drawn.
    """

    measurement: str
    role: str
    model: str = ""
    task: str
    prompt: str
    scorer: str
    measured: float | None = None
    bounds: tuple[float, float] | None = None
    ci: tuple[float, float] | None = None
    right: int = 0
    asked: int = 0
    of: int = 0
    repeats: int = 1
    planned: int = 0
    missing: int = 0
    open: int = 0
    unparsed: int = 0
    cut_off: int = 0
    standard_error: float | None = None
    clusters: int = 0
    pass_at_k: tuple[PassAtK, ...] = ()
    read_by: tuple[str, ...] = ()
    differences: tuple[str, ...] = ()
    how_read: str = ""
    reason: str = ""
    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    reasoning_tokens: int = 0
    cached_tokens: int = 0
    cost: float | None = None
    seconds: float = 0.0
    answered_by: tuple[AnsweredBy, ...] = ()
    mean: MeanScore | None = None
    drawn: str = ""

    @property
    def label(self) -> str:
        """The task, and how the samples were drawn where a detector had them drawn: as a user reads it."""
        return f"{self.task}, {self.prompt if self.drawn == 'prompts' else self.drawn}" if self.drawn else self.task

    @property
    def is_mostly_cut_off(self) -> bool:
        """Whether at least half of the answers were cut off at their limit of tokens, and could not be read."""
        return 0 < self.asked <= 2 * min(self.cut_off, self.open + self.unparsed)


class Verdict(Record, frozen=True, kw_only=True):
    """The whole report: one word, one exit code, and the results behind them.

    ``names`` is the claimed name beside those of the endpoint, where they differ. ``order`` says who could have chosen
    the order of samples, and how often the key asked. ``results`` are of tests other than claim retests, but for those
    of ``not_recomputed`` (no plugin). ``judging`` is of a judge's answers, ``reference`` of an identity check's file.
    """

    verdict: VerdictWord
    exit: int
    model: str
    served: str
    names: str = ""
    order: tuple[str, ...] = ()
    alpha: float
    findings: tuple[Finding, ...] = ()
    notes: tuple[Note, ...] = ()
    claims: tuple[ClaimVerdict, ...] = ()
    measurements: tuple[MeasurementResult, ...] = ()
    results: tuple[DetectorResult, ...] = ()
    not_recomputed: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()
    judging: Judging | None = None
    reference: str = ""
