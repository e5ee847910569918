"""The plan, sealed before the first call: who is asked what, in which order, and which tests read the answers.

Format 2. *What is asked* (a measurement) and *what is concluded from it* (a test) are separate records: a measurement
without a test measures, one measurement may be read by several tests, and one test may read several measurements.
"""

from __future__ import annotations

from typing import Any, Final, Literal

import msgspec

from steelyard.records.claims import ClaimSheet
from steelyard.records.record import Record
from steelyard.records.requests import Capabilities, ModelIdentity

__all__ = [
    "PLAN_FORMAT",
    "SUBJECT",
    "Limits",
    "Measurement",
    "NotPlanned",
    "Origin",
    "Plan",
    "PlanInput",
    "PlannedModel",
    "PlannedTest",
    "Reads",
    "RepeatCheck",
    "Served",
]

PLAN_FORMAT: Final = "steelyard-plan/2"
SUBJECT: Final = "subject"  # the role of the model under test


class RepeatCheck(Record, frozen=True, kw_only=True):
    """Do answers vary? The first ``samples`` of the order are asked ``repeats`` times, before everything else."""

    samples: int = 0
    repeats: int = 1


class Limits(Record, frozen=True, kw_only=True):
    """What the user allows an endpoint: rates a minute, and budgets that asking stops short of.

    Prices are the user's own, per million tokens, in whatever currency ``cost`` is meant in.
    """

    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    tokens: int | None = None
    cost: float | None = None
    price_prompt: float | None = None
    price_completion: float | None = None

    @property
    def bounded(self) -> bool:
        """Whether a budget of tokens or cost can end the run."""
        return self.tokens is not None or self.cost is not None


class PlannedModel(Record, frozen=True, kw_only=True):
    """One model of the plan, in a role: who it is, what it can do, and how it may be asked.

    ``adaptive``: ``concurrency`` is a ceiling below which the runner finds the server's capacity by itself.
    """

    identity: ModelIdentity
    capabilities: Capabilities = msgspec.field(default_factory=Capabilities)
    limits: Limits = msgspec.field(default_factory=Limits)
    concurrency: int = 1
    adaptive: bool = False
    max_attempts: int = 5
    attempt_timeout_us: int = 120_000_000


class Origin(Record, frozen=True, kw_only=True):
    """Where the answers come from: asked by us, passed through our gateway, or taken from another harness's log.

    For a log: which ``harness`` (with its version) wrote it, the file's name and its SHA-256. We did not see its calls.
    """

    kind: Literal["asked", "gateway", "imported"] = "asked"
    harness: str = ""
    file: str = ""
    sha256: str = ""


class Measurement(Record, frozen=True, kw_only=True):
    """What is asked of one model: samples of a task, one prompt format, in a committed order, scored one way or more.

    ``population`` counts samples; the committed order runs over population × repeats *trials*. With
    ``order_by`` "sample" the order is one of samples, all trials of one following one another. ``limit`` is the
    number of samples asked at most. ``output_budget`` is the number of tokens that an answer may have, where it is
    not the prompt format's own. ``arm``, ``seed`` and ``beside`` are for what a detector asks beside the claims.
    """

    id: str
    role: str = SUBJECT
    task: str
    prompt: str
    shots: int = 0
    chat: bool = False
    kind: Literal["generate", "loglikelihood"]
    decoding: Literal["greedy", "sampled"] = "greedy"
    temperature: float = 0.0
    output_budget: int | None = None
    scorers: tuple[str, ...]
    population: int
    samples_root: str
    order_seed: str
    order_by: Literal["trial", "sample"] = "trial"
    repeats: int = 1
    repeat_check: RepeatCheck = msgspec.field(default_factory=RepeatCheck)
    limit: int | None = None
    share: float = 1.0
    chance: float = 0.0
    public: bool = True
    differences: tuple[str, ...] = ()
    arm: str = ""
    seed: str = ""
    beside: str = ""

    @property
    def trials(self) -> int:
        """Samples × repeats: what the committed order runs over and a test counts."""
        return self.population * self.repeats

    @property
    def planned(self) -> int:
        """How many of the trials are to be asked at most."""
        return self.trials if self.limit is None else min(self.trials, self.limit * self.repeats)

    @property
    def extra_repeats(self) -> range:
        """The repeat numbers of the repeat check's extra asks: apart from the order's own, which count from 0."""
        check = self.repeat_check
        extra = check.repeats if self.decoding == "sampled" else check.repeats - 1
        return range(self.repeats, self.repeats + max(extra, 0)) if check.samples else range(0)


class Reads(Record, frozen=True, kw_only=True):
    """Which scores a test reads: those of one measurement by one scorer."""

    measurement: str
    scorer: str


class PlannedTest(Record, frozen=True, kw_only=True):
    """One test, of any kind, with its share of the error budget.

    ``rule`` is the detector and the version of its rule (``claim_retest@1``): a change of thresholds or margins raises
    the version. ``null`` is the null hypothesis in one sentence. ``weight`` 0: no p-value, so no share. ``inputs``
    names entries of :attr:`Plan.inputs`. ``sealed`` is a JSON object that the rule's detector alone decodes, strictly.
    """

    id: str
    rule: str
    weight: float = 0.0
    null: str = ""
    reads: tuple[Reads, ...] = ()
    inputs: tuple[str, ...] = ()
    sealed: dict[str, Any] = msgspec.field(default_factory=dict)


class PlanInput(Record, frozen=True, kw_only=True):
    """Something else that a verifier needs, by its SHA-256: a panel's runs, a suite, covariates."""

    kind: str
    sha256: str


class Served(Record, frozen=True, kw_only=True):
    """A detector's request for a measurement (``request``: its name, ``claim/3``) and the scores that serve it.

    Requests whose samples are equal share one measurement. ``differences`` says, in sentences, how what is asked
    differs from what was requested.
    """

    request: str
    reads: Reads
    prompt: str
    differences: tuple[str, ...] = ()


class NotPlanned(Record, frozen=True, kw_only=True):
    """A detector's request that is not asked, and why."""

    request: str
    task: str
    verdict: Literal["not_testable", "not_tested"]
    reason: str


class Plan(Record, frozen=True, kw_only=True):
    """Everything that decides, fixed before the first call. Its canonical bytes are what is sealed.

    ``sheet`` is None where no claims are tested: then the plan is about its measurements alone. ``detectors`` names the
    rules that planned the tests, also those that found nothing to test. ``plugins`` holds the
    distribution and version of every plugin that the plan rests on, by ``kind.name``.
    """

    format: str
    software: str
    created: str
    sheet: ClaimSheet | None = None
    models: dict[str, PlannedModel]
    measurements: tuple[Measurement, ...] = ()
    detectors: tuple[str, ...] = ()
    tests: tuple[PlannedTest, ...] = ()
    served: tuple[Served, ...] = ()
    not_planned: tuple[NotPlanned, ...] = ()
    inputs: dict[str, PlanInput] = msgspec.field(default_factory=dict)
    alpha: float
    tolerance: str = ""
    order_proof: str = ""
    origin: Origin = msgspec.field(default_factory=Origin)
    budget_us: int | None = None
    texts: Literal["withheld", "sealed"] = "withheld"
    plugins: dict[str, str] = msgspec.field(default_factory=dict)

    @property
    def subject(self) -> PlannedModel:
        """The model under test."""
        return self.models[SUBJECT]

    @property
    def by_id(self) -> dict[str, Measurement]:
        """The measurements by their id."""
        return {measurement.id: measurement for measurement in self.measurements}

    @property
    def is_bounded(self) -> bool:
        """Whether a budget (of time, tokens or cost) can end the run before all is asked."""
        return self.budget_us is not None or any(model.limits.bounded for model in self.models.values())

    def readers_of(self, measurement: str) -> tuple[PlannedTest, ...]:
        """The tests that read a measurement."""
        return tuple(test for test in self.tests if any(reads.measurement == measurement for reads in test.reads))
