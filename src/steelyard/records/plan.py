"""The plan, sealed before the first call: models, measurements, their order, and the tests that read the scores.

Format 2. Measurements and tests are separate records. A measurement needs no test, one measurement may be read by
several tests, and one test may read several measurements.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final, Literal

import msgspec

from steelyard.records.claims import ClaimSheet
from steelyard.records.difficulties import DIFFICULTY_INPUT, Difficulties
from steelyard.records.limits import Limits
from steelyard.records.record import Record
from steelyard.records.requests import Capabilities, Checkpoint, ModelIdentity, RepeatCheck
from steelyard.records.roles import SUBJECT

__all__ = [
    "AGAINST_REFERENCE",
    "GATE_SERIES",
    "JUDGED_INPUTS",
    "PLAN_FORMAT",
    "LedgerPlace",
    "Measurement",
    "MeasurementKind",
    "NotPlanned",
    "Origin",
    "Part",
    "Plan",
    "PlanInput",
    "PlannedModel",
    "PlannedTest",
    "Question",
    "Reads",
    "RequestedTest",
    "Served",
    "is_identity_check",
]

PLAN_FORMAT: Final = "steelyard-plan/2"
AGAINST_REFERENCE: Final = ("identity", "next_token")  # the detectors that hold a model against a reference
GATE_SERIES: Final = "gate:"  # begins what a series of gates is counted by in place of a benchmark
JUDGED_INPUTS: Final = ("judged_run", "rubric")  # the kinds of inputs that a plan with a judge has

# The arm of what asks the trials of another measurement again, at another time.
SECOND_PASS: Final = "second"  # noqa: S105 - no password
SPLIT: Final = "split"  # the arm of what is measured beside a claim about a split whose answers are withheld

MeasurementKind = Literal["generate", "loglikelihood", "next_token"]  # of the requests of its samples

_CLAIM_REQUEST: Final = re.compile(r"claim/([0-9]{1,9})")
_OF_CLAIM: Final = re.compile(r"claim/([0-9]{1,9})(?:/.*)?")
_FORMAT_REQUEST: Final = re.compile(r"claim/[0-9]{1,9}/format/([^/]+)")


class PlannedModel(Record, frozen=True, kw_only=True):
    """One model of the plan, in a role: its identity, its capabilities and its limits.

    ``adaptive``: ``concurrency`` is a maximum, and the runner adapts to the server's capacity below it.
    ``batch_growth``: it is asked by its provider's batches, each of which ends so many times further in the committed
    order than the one before, as a decimal text; empty: call by call.
    """

    identity: ModelIdentity
    capabilities: Capabilities = msgspec.field(default_factory=Capabilities)
    limits: Limits = msgspec.field(default_factory=Limits)
    concurrency: int = 1
    adaptive: bool = False
    max_attempts: int = 5
    attempt_timeout_us: int = 120_000_000
    batch_growth: str = ""

    def varies(self, decoding: str, temperature: float) -> bool:
        """As its :meth:`Capabilities.varies`; recorded answers do not."""
        return self.identity.backend != "recording" and self.capabilities.varies(decoding, temperature)


class Origin(Record, frozen=True, kw_only=True):
    """Where the answers come from: our own requests, calls through our gateway, or another harness's log.

    For a log: the ``harness`` that wrote it, with its version, the file's name and its SHA-256. Steelyard did not see
    the calls of a log.
    """

    kind: Literal["asked", "gateway", "imported"] = "asked"
    harness: str = ""
    file: str = ""
    sha256: str = ""


class Part(Record, frozen=True, kw_only=True):
    """A part of a benchmark of ``of`` items: ``same`` of the samples are among them, each counted once."""

    of: int
    same: int


class Measurement(Record, frozen=True, kw_only=True):
    """Samples of a task that one model answers, in one prompt format and a committed order, with one scorer or more.

    ``population`` counts samples; the committed order runs over population × repeats *trials*. With ``order_by``
    "sample" it is an order of samples, and all trials of a sample follow one another. ``limit`` is the maximum number
    of samples asked. ``output_budget`` is the maximum number of tokens of an answer, in place of the prompt format's;
    ``budget_stated``: the claim's protocol states it, so that an output which it cuts off is scored as it stands.
    ``reasoning_effort`` is sent with every request. ``part`` is set where the samples are not all the items that the
    benchmark has. ``how_read`` says what had to be assumed to read a file of the user's own questions. ``suite`` is the
    digest of the private suite that they are (:mod:`steelyard.tasks.suite_file`). ``arm``, ``seed`` and ``beside`` are
    for further measurements that a detector requests. ``drawn``: how its samples are made anew from ``seed``, which
    follows from the order seed (:mod:`steelyard.planning.drawn`). ``again``: while the run goes on, so many samples of
    the measurement ``beside`` that got no answer, and as many that got one, are asked again, ``repeats`` times each; in
    the arm ``SECOND_PASS`` any trials of that one, once each.
    ``needs`` is what is asked of a model that names its checkpoints, the claimed one first. ``turns``: by place of the
    committed order, which of several checkpoints answers, counted from 0 (:mod:`steelyard.planning.turns`). ``groups``,
    where a claim is a macro average of subtasks of unequal sizes, is how many samples each subtask has. ``asks``,
    where tests are asked for without claims, is a digest of what the samples ask and of what is right, whatever their
    names and their order are: by it gates are counted. ``window``: the release and the dates whose items are asked, of
    a benchmark that grows (:class:`steelyard.tasks.window.Window`), or the subset; empty for the whole of it.
    ``images``: the samples show images. ``drawer``: what drew those of a generated task
    (:func:`steelyard.tasks.drawing.picture.drawer`). ``difficulties`` are those of the samples, where the user gave
    them: the order seed depends on them, so that they cannot be fitted to one order.
    """

    id: str
    role: str = SUBJECT
    task: str
    prompt: str
    shots: int = 0
    chat: bool = False
    kind: MeasurementKind
    decoding: Literal["greedy", "sampled"] = "greedy"
    temperature: float = 0.0
    output_budget: int | None = None
    budget_stated: bool = False
    reasoning_effort: str = ""
    scorers: tuple[str, ...]
    population: int
    samples_root: str
    items: str = ""
    asks: str = ""
    question: str = ""
    order_seed: str
    order_by: Literal["trial", "sample"] = "trial"
    repeats: int = 1
    repeat_check: RepeatCheck = msgspec.field(default_factory=RepeatCheck)
    limit: int | None = None
    share: float = 1.0
    chance: float = 0.0
    public: bool = True
    part: Part | None = None
    differences: tuple[str, ...] = ()
    how_read: str = ""
    suite: str = ""
    arm: str = ""
    seed: str = ""
    drawn: str = ""
    beside: str = ""
    again: int = 0
    needs: tuple[str, ...] = ()
    turns: tuple[int, ...] = ()
    groups: tuple[tuple[str, int], ...] = ()
    window: str = ""
    images: bool = False
    drawer: str = ""
    difficulties: Difficulties | None = None
    left_out: tuple[int, ...] = ()

    @property
    def label(self) -> str:
        """The task, and how the samples were drawn where a detector had them drawn: as a user reads it."""
        return f"{self.task}, {self.prompt if self.drawn == 'prompts' else self.drawn}" if self.drawn else self.task

    @property
    def difficulties_input(self) -> str:
        """The name in :attr:`Plan.inputs` of the file from which its difficulties come."""
        return f"{DIFFICULTY_INPUT}/{self.id}"

    @property
    def trials(self) -> int:
        """Samples × repeats: the length of the committed order, and what a test counts."""
        return self.population * self.repeats

    @property
    def planned(self) -> int:
        """The maximum number of trials that are asked."""
        return self.trials if self.limit is None else min(self.trials, self.limit * self.repeats)

    @property
    def extra_repeats(self) -> range:
        """The repeat numbers of the repeat check's extra requests: they follow the order's own, which start at 0."""
        check = self.repeat_check
        extra = check.repeats if self.decoding == "sampled" else check.repeats - 1
        return range(self.repeats, self.repeats + max(extra, 0)) if check.samples else range(0)

    @property
    def extra_calls(self) -> int:
        """How many requests the repeat check adds to the order's own."""
        return self.repeat_check.samples * len(self.extra_repeats)


class Reads(Record, frozen=True, kw_only=True):
    """The scores that a test reads: those of one measurement by one scorer."""

    measurement: str
    scorer: str


class PlannedTest(Record, frozen=True, kw_only=True):
    """One test, of any kind, with its share of the error budget.

    ``rule`` is the detector and the version of its rule (``claim_retest@4``): a change of thresholds or margins raises
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


class RequestedTest(Record, frozen=True, kw_only=True):
    """A test that a user asked for without a claim: which detector, of which task, and the detector's own options.

    ``options`` is a JSON object that the detector alone reads, strictly.
    """

    detector: str
    task: str
    prompt: str = ""
    shots: int | None = None
    temperature: float = 0.0
    options: dict[str, Any] = msgspec.field(default_factory=dict)


def is_identity_check(requested: Sequence[RequestedTest]) -> bool:
    """Whether requested tests hold the model against a reference. They accuse, and so are counted as audits are."""
    return any(each.detector in AGAINST_REFERENCE for each in requested)


class Question(Record, frozen=True, kw_only=True):
    """What a plan asks, as far as nobody can vary it: a benchmark of a subject; and how often its key asked it.

    ``number`` counts the audits of this question with this key, this one included, and ``order_number`` all its audits
    with the benchmark; ``of_subject`` its other plans about the subject, ``of_benchmark`` those of the benchmark about
    other subjects, ``never_ended`` those of both that have no end. ``order_proof`` fixes the order of samples, and
    ``tag_proofs`` show the tags of question, subject and benchmark in the key's ledger: VRF proofs in hexadecimal
    digits, empty in a plan that is not signed.
    """

    benchmark: str
    subject: str
    number: int = 1
    order_number: int = 1
    of_subject: int = 0
    of_benchmark: int = 0
    never_ended: int = 0
    order_proof: str = ""
    tag_proofs: tuple[str, ...] = ()


class LedgerPlace(Record, frozen=True, kw_only=True):
    """The line of the key's ledger that begins this plan: its number, from 0, and the digest of the line before it.

    ``opened_later``: the ledger was begun later than the key, so that earlier plans are unknown. ``timestamped``: the
    run has a time stamp over that line, older than its first attempt. ``carried``: how many plans that it did not begin
    itself, as of keys that are lost, the lines before it count on.
    """

    line: int
    previous: str
    opened_later: bool = False
    timestamped: bool = False
    carried: int = 0


class PlanInput(Record, frozen=True, kw_only=True):
    """Another input that a verifier needs, by its SHA-256: a panel's runs, a suite, covariates."""

    kind: str
    sha256: str


class Served(Record, frozen=True, kw_only=True):
    """A detector's request for a measurement (``request``: its name, ``claim/3``) and the scores that serve it.

    Requests whose samples are equal share one measurement. ``differences`` states, in sentences, how the
    measurement differs from the request. ``weights``: by subtask, what it weighs in the claim's average, where the
    samples have different weights and the claim does not itself say ``macro``. ``confirms_only``: why this may confirm
    a claim and never accuse (another number of worked examples, or another measure, than the vendor states).
    ``unverifiable``: why the claim cannot be reproduced as it is stated, such as a remark that no field holds.
    """

    request: str
    reads: Reads
    prompt: str
    differences: tuple[str, ...] = ()
    weights: tuple[tuple[str, int], ...] = ()
    confirms_only: str = ""
    unverifiable: str = ""

    @property
    def claim_number(self) -> int | None:
        """The number of the claim whose test asks for this, from 0; None for another request."""
        found = _OF_CLAIM.fullmatch(self.request)
        return None if found is None else int(found[1])


class NotPlanned(Record, frozen=True, kw_only=True):
    """A detector's request that gets no measurement, with the reason; ``detector`` is named where it probes."""

    request: str
    task: str
    verdict: Literal["not_testable", "not_tested"]
    reason: str
    detector: str = ""

    @property
    def claim_number(self) -> int | None:
        """The number of the claim that the request is for, from 0; None for another request."""
        found = _CLAIM_REQUEST.fullmatch(self.request)
        return None if found is None else int(found[1])

    @property
    def format(self) -> str:
        """The prompt format that the request is for, of a claim that states none; empty for another request."""
        found = _FORMAT_REQUEST.fullmatch(self.request)
        return found[1] if found else ""


class Plan(Record, frozen=True, kw_only=True):
    """Everything that determines the result, fixed before the first call. Its canonical bytes are sealed.

    ``sheet`` is None if no claims are tested: then the plan has measurements, and tests only where a user ``requested``
    them. ``detectors`` names the rules that planned the tests, including those that planned none. ``detect`` names
    those that the user named, whose undecided tests leave the whole undecided; ``detect_weight`` is the share of level
    and time that is for what detectors ask beside the claims, as a decimal text, empty where they ask nothing.
    ``tasks`` says where each task comes from that is asked: ``file``, or its distribution and version.
    ``output_tokens`` and ``reasoning_effort`` are the user's; without them each measurement's follow from its model.
    ``limit`` (of samples) and ``scorer`` are the user's too, the latter in place of the tasks' own, but not for a claim
    about a published benchmark. ``accept_model``: the user accepts that the endpoint's name is another model's than the
    claimed one; ``allow_part``: that a part of a benchmark is tested. ``loops``: what an answer is that
    was cut off in a loop, at a limit which no claim states. ``questions`` are by their digest; ``ledger`` is None where
    the plan is in none. ``plugins`` holds the distribution and version of every plugin that the plan uses,
    by ``kind.name``.
    """

    format: str
    software: str
    created: str
    sheet: ClaimSheet | None = None
    requested: tuple[RequestedTest, ...] = ()
    models: dict[str, PlannedModel]
    measurements: tuple[Measurement, ...] = ()
    detectors: tuple[str, ...] = ()
    detect: tuple[str, ...] = ()
    detect_weight: str = ""
    tests: tuple[PlannedTest, ...] = ()
    served: tuple[Served, ...] = ()
    not_planned: tuple[NotPlanned, ...] = ()
    inputs: dict[str, PlanInput] = msgspec.field(default_factory=dict)
    alpha: float
    tolerance: str = ""
    questions: dict[str, Question] = msgspec.field(default_factory=dict)
    ledger: LedgerPlace | None = None
    origin: Origin = msgspec.field(default_factory=Origin)
    budget_us: int | None = None
    tasks: dict[str, str] = msgspec.field(default_factory=dict)
    limit: int | None = None
    scorer: str = ""
    output_tokens: int | None = None
    reasoning_effort: str = ""
    accept_model: bool = False
    allow_part: bool = False
    loops: Literal["wrong", "open"] = "wrong"
    texts: Literal["withheld", "sealed"] = "withheld"
    plugins: dict[str, str] = msgspec.field(default_factory=dict)

    @property
    def subject(self) -> PlannedModel:
        """The model under test."""
        return self.models[SUBJECT]

    @property
    def has_tests(self) -> bool:
        """Whether there is something to decide: claims, or tests that a user asked for."""
        return self.sheet is not None or bool(self.requested)

    @property
    def kind(self) -> Literal["audit", "run"]:
        """What a ledger counts this as: an *audit* tests claims or identity, a *run* measures, or decides a gate."""
        return "audit" if self.tests and (self.is_identity_check or not self.requested) else "run"

    @property
    def is_identity_check(self) -> bool:
        """Whether the model is held against a reference, and no claim is tested."""
        return is_identity_check(self.requested)

    @property
    def named(self) -> tuple[str, ...]:
        """The detectors that the user named: beside the claims, or for a test without a claim."""
        return self.detect if self.sheet is not None else tuple(each.detector for each in self.requested)

    @property
    def by_id(self) -> dict[str, Measurement]:
        """The measurements by their id."""
        return {measurement.id: measurement for measurement in self.measurements}

    @property
    def is_bounded(self) -> bool:
        """Whether a budget (of time, tokens or cost) can end the run before every sample is asked."""
        return self.budget_us is not None or any(model.limits.bounded for model in self.models.values())

    @property
    def is_order_proved(self) -> bool:
        """Whether the orders follow from the key that signs the plan, and not from a random secret."""
        return any(question.order_proof for question in self.questions.values())

    def checkpoints_of(self, measurement: Measurement) -> tuple[tuple[Checkpoint, ...], ...]:
        """The checkpoints that answer a measurement: for each of its needs one, or several trainings of a recipe."""
        known = self.models[measurement.role].capabilities.checkpoints
        return tuple(known.get(need, ()) for need in measurement.needs)

    def number_of(self, test: PlannedTest) -> int:
        """How often the question of a test was audited with the plan's key, this audit included."""
        asked = {self.by_id[reads.measurement].question for reads in test.reads if reads.measurement in self.by_id}
        return max((self.questions[name].number for name in asked if name in self.questions), default=1)

    def gate_number_of(self, measurement: Measurement) -> int:
        """How many gates the plan's key began that ask this of this model in this way, this one included.

        0 where no ledger counts.
        """
        if self.ledger is None or measurement.question not in self.questions:
            return 0
        asked = GATE_SERIES + measurement.asks, self.questions[measurement.question].subject
        return next((each.number for each in self.questions.values() if (each.benchmark, each.subject) == asked), 0)

    def readers_of(self, measurement: str) -> tuple[PlannedTest, ...]:
        """The tests that read a measurement."""
        return tuple(test for test in self.tests if any(reads.measurement == measurement for reads in test.reads))
