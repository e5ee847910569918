"""The frozen records that flow one way: Claim → Plan → Sample → Attempt → Score → Finding → Verdict.

Everything that is written to disk is one of these, encoded as canonical JSON (keys sorted, RFC 8785). Proportions are
fractions in [0, 1] throughout; only what a vendor printed is kept as text, because its decimals are its precision.
Durations are whole microseconds, so that two machines write the same bytes.
"""

from __future__ import annotations

from enum import StrEnum
from fractions import Fraction
from typing import Literal

import msgspec

__all__ = [
    "Answer",
    "Attempt",
    "Capabilities",
    "Claim",
    "ClaimSheet",
    "ClaimVerdict",
    "ComparedWith",
    "Exchange",
    "Finding",
    "GenerateRequest",
    "Limits",
    "LoglikelihoodRequest",
    "Mark",
    "Marked",
    "ModelIdentity",
    "Needs",
    "Note",
    "Origin",
    "Outcome",
    "Plan",
    "PlanRow",
    "Probe",
    "Protocol",
    "RateHint",
    "Request",
    "Sample",
    "Score",
    "SkippedClaim",
    "TracePoint",
    "Verdict",
    "VerdictWord",
]


class Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The base of every record: frozen, unknown fields refused (msgspec does not inherit ``kw_only``)."""


# ── what the vendor says ────────────────────────────────────────────────────────────────────────────────────────────


class Protocol(Record, frozen=True, kw_only=True):
    """How the vendor says it measured; empty means unstated."""

    prompt: str = ""
    decoding: str = ""
    subset: str = ""
    judge: str = ""
    harness: str = ""


class ComparedWith(Record, frozen=True, kw_only=True):
    """A rival's number printed beside the claim; ``value`` as printed."""

    model: str
    value: str = ""


class Claim(Record, frozen=True, kw_only=True):
    """One number of a vendor's table. ``value`` is text: 69.80 keeps its two decimals."""

    task: str
    value: str
    unit: Literal["percent", "fraction", "elo", "points"] = "percent"
    metric: str = ""
    samples: int | None = None
    repeats: int | Literal["several"] | None = None
    average: Literal["", "micro", "macro", "weighted"] = ""
    shots: int | None = None
    variant: str = ""
    protocol: Protocol = msgspec.field(default_factory=Protocol)
    compared_with: tuple[ComparedWith, ...] = ()
    note: str = ""
    line: int = 0

    @property
    def decimals(self) -> int:
        """Digits after the point, as printed."""
        return len(self.value.partition(".")[2])

    @property
    def number(self) -> Fraction:
        """The printed number, exact, in its own unit."""
        return Fraction(self.value)

    @property
    def printed_unit(self) -> Fraction:
        """One unit of the last printed digit, in the claim's own unit: 69.8 → 1/10."""
        return Fraction(1, 10**self.decimals)

    @property
    def is_proportion(self) -> bool:
        """Whether the value is a share of something (percent or fraction), so that it can be tested as one."""
        return self.unit in ("percent", "fraction")

    @property
    def scale(self) -> int:
        """What one whole is in the claim's unit: 100 for percent, 1 for a fraction."""
        return 100 if self.unit == "percent" else 1


class ClaimSheet(Record, frozen=True, kw_only=True):
    """A vendor's table, read from one YAML file. ``digest`` is the SHA-256 of the file's bytes."""

    model: str
    vendor: str = ""
    date: str = ""
    source: str = ""
    served_as: str = ""
    footnotes: tuple[str, ...] = ()
    claims: tuple[Claim, ...] = ()
    path: str = ""
    digest: str = ""


# ── what is asked, and what comes back ──────────────────────────────────────────────────────────────────────────────


class GenerateRequest(Record, frozen=True, kw_only=True, tag="generate", tag_field="kind"):
    """Ask for text. ``prefix`` (the shots, shared by many samples) and ``prompt`` are two separate batches in-process.

    ``chat`` sends prefix + prompt as one user message; otherwise it is a plain completion. Temperature 0 is greedy.
    """

    prefix: str = ""
    prompt: str
    chat: bool = False
    system: str = ""
    max_tokens: int = 256
    stop: tuple[str, ...] = ()
    temperature: float = 0.0
    seed: int | None = None


class LoglikelihoodRequest(Record, frozen=True, kw_only=True, tag="loglikelihood", tag_field="kind"):
    """Ask how likely each continuation is after prefix + context; one batch each, in this order."""

    prefix: str = ""
    context: str
    continuations: tuple[str, ...]


Request = GenerateRequest | LoglikelihoodRequest


class Sample(Record, frozen=True, kw_only=True):
    """One item of a task, rendered: what will be asked and what counts as right.

    ``target`` is the right answer's text, or for a choice its index as text; ``group`` is the subtask or cluster.
    """

    id: str
    request: Request
    target: str
    choices: tuple[str, ...] = ()
    group: str = ""


class Outcome(StrEnum):
    """How one attempt ended: exactly one of these."""

    OK = "ok"
    RATE_LIMITED = "rate_limited"
    SERVER_ERROR = "server_error"
    CLIENT_ERROR = "client_error"
    MALFORMED = "malformed"
    EMPTY = "empty"
    TRUNCATED = "truncated"
    REFUSED = "refused"
    TIMEOUT = "timeout"
    DROPPED = "dropped"

    @property
    def answered(self) -> bool:
        """Whether this is the model's own answer, which is scored and never asked again."""
        return self in (Outcome.OK, Outcome.TRUNCATED, Outcome.REFUSED)

    @property
    def retryable(self) -> bool:
        """Whether asking again may help: not after an answer, and not after the client's own error."""
        return not self.answered and self is not Outcome.CLIENT_ERROR


class RateHint(Record, frozen=True, kw_only=True):
    """What an endpoint's rate headers say is left of its limits, and in how many seconds that is renewed."""

    requests: int | None = None
    requests_reset: float | None = None
    tokens: int | None = None
    tokens_reset: float | None = None


class Answer(Record, frozen=True, kw_only=True):
    """What one attempt brought back. A model never raises for these: it returns the outcome.

    ``logprobs``: one sum of token log-probabilities per continuation, in nats. ``detail`` is one line, free of secrets.
    ``worker`` names the machine that asked, where a run has several: its journal segment takes the record.
    """

    outcome: Outcome
    text: str = ""
    logprobs: tuple[float, ...] = ()
    finish_reason: str = ""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    model: str = ""
    detail: str = ""
    retry_after: float | None = None
    rate: RateHint | None = None
    worker: str = ""
    busy: bool = False  # the endpoint says that it has too much to do (429, 503, 529)
    hopeless: bool = False  # if this is the endpoint's word on everything, no patience helps: key or credit is refused


class Capabilities(Record, frozen=True, kw_only=True):
    """What a model can do here, and why not where it cannot.

    ``offers`` is held against what a way of asking ``needs``: ``language`` for a model of text, and for a world model
    such as ``world two-room``. None: this cannot be known, so it is asked.
    """

    generate: bool = True
    chat: bool = False
    completions: bool = True
    loglikelihood: bool = False
    loglikelihood_reason: str = ""
    deterministic: bool = False  # greedy answers are reproducible by construction (one sequence at a time, in-process)
    concurrency: int = 1  # how many requests may be in flight
    offers: tuple[str, ...] | None = ("language",)


class ModelIdentity(Record, frozen=True, kw_only=True):
    """What can be known of the model under test: for a file its SHA-256, for an endpoint what it says of itself."""

    uri: str
    name: str = ""
    sha256: str = ""
    backend: str = ""
    machine: str = ""
    details: dict[str, str] = {}


# ── the plan, sealed before the first call ──────────────────────────────────────────────────────────────────────────


class Probe(Record, frozen=True, kw_only=True):
    """Determinism probe: the first ``samples`` of the order are asked ``repeats`` times, before everything else."""

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


class Origin(Record, frozen=True, kw_only=True):
    """Where the answers come from: asked by us, passed through our gateway, or taken from another harness's log.

    For a log: which ``harness`` (with its version) wrote it, the file's name and its SHA-256. We did not see its calls.
    """

    kind: Literal["asked", "gateway", "imported"] = "asked"
    harness: str = ""
    file: str = ""
    sha256: str = ""


class PlanRow(Record, frozen=True, kw_only=True):
    """One claim that will be tested: what is asked, in which order, and what will count as what.

    ``population`` counts samples; the committed order runs over population × repeats cells, and ``threshold`` (M0) and
    the stop tables count cells. Greedy rows whose probe shows no change use the sealed tables. Sampled rows, and greedy
    ones that turn out not to be deterministic, widen the margin by the noise of one pass (``claimed_repeats``) from the
    probe's own repeats, and test at half the level: a rule, so no table can be sealed for them. So do rows whose vendor
    scored only ``claimed_samples``, by the noise of that choice. ``estimate``: no claim is tested, every sample is
    asked, and there are no tables: nothing stops it.
    """

    id: str
    claim: int
    task: str
    cell: str
    shots: int = 0
    chat: bool = False
    differences: tuple[str, ...] = ()
    scorer: str
    kind: Literal["generate", "loglikelihood"]
    decoding: Literal["greedy", "sampled"] = "greedy"
    temperature: float = 0.0
    population: int
    repeats: int = 1
    limit: int | None = None
    samples_root: str
    order_seed: str
    chance: float = 0.0
    tolerance: str
    threshold: int
    alpha_inconsistent: float
    alpha_consistent: float
    stop_inconsistent: tuple[int, ...]
    stop_consistent: tuple[int, ...]
    weight: float
    share: float
    probe: Probe = msgspec.field(default_factory=Probe)
    claimed_repeats: int = 1
    claimed_samples: int | None = None
    public: bool = True
    estimate: bool = False

    @property
    def cells(self) -> int:
        """Samples × repeats: what the committed order runs over and the test counts."""
        return self.population * self.repeats

    @property
    def planned(self) -> int:
        """How many of the cells are to be asked at most."""
        return self.cells if self.limit is None else min(self.cells, self.limit * self.repeats)

    @property
    def has_table(self) -> bool:
        """Whether integer stop tables are sealed: not where the margin follows from what a probe will measure."""
        return self.decoding == "greedy" and self.claimed_samples is None

    @property
    def probe_repeats(self) -> range:
        """The repeat numbers of a probe's extra asks: apart from the order's own, which count from 0."""
        extra = self.probe.repeats if self.decoding == "sampled" else self.probe.repeats - 1
        return range(self.repeats, self.repeats + max(extra, 0)) if self.probe.samples else range(0)


class SkippedClaim(Record, frozen=True, kw_only=True):
    """A claim that is not asked about, and why."""

    claim: int
    task: str
    verdict: Literal["not_testable", "not_tested"]
    reason: str


class Plan(Record, frozen=True, kw_only=True):
    """Everything that decides, fixed before the first call. Its canonical bytes are what is sealed."""

    format: str = "steelyard-plan/1"
    software: str
    created: str
    sheet: ClaimSheet
    model: ModelIdentity
    alpha: float
    tolerance: str
    rows: tuple[PlanRow, ...]
    skipped: tuple[SkippedClaim, ...] = ()
    order_proof: str = ""
    origin: Origin = msgspec.field(default_factory=Origin)
    budget_us: int | None = None
    limits: Limits = msgspec.field(default_factory=Limits)
    max_attempts: int = 5
    attempt_timeout_us: int = 120_000_000
    concurrency: int = 1
    adaptive: bool = False  # whether ``concurrency`` is a ceiling below which the runner finds the server's capacity
    texts: Literal["withheld", "sealed"] = "withheld"
    plugins: dict[str, str] = {}


# ── what happened ───────────────────────────────────────────────────────────────────────────────────────────────────


class Attempt(Record, frozen=True, kw_only=True, tag="attempt", tag_field="type"):
    """One attempt at one call, as the journal keeps it.

    ``item``, ``request`` and ``answer`` are SHA-256 digests of the sample, of what was sent and of what came back.
    ``position`` is the place in the committed order; −1 is a probe's repeat, which no test reads. ``final``: no further
    attempt will be made.
    """

    seq: int
    prev: str
    row: str
    position: int
    sample: str
    item: str
    repeat: int
    attempt: int
    request: str
    outcome: Outcome
    final: bool
    answer: str = ""
    logprobs: tuple[float, ...] = ()
    finish_reason: str = ""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    model: str = ""
    detail: str = ""
    started_us: int
    elapsed_us: int


class Marked(Record, frozen=True, kw_only=True, tag="marked", tag_field="type"):
    """A mark that was made once, by an act, and is read from the journal ever after: model-written code that ran in
    the sandbox, or the mark that another harness's log gives. It belongs to the final attempt of one call.

    No ``value``: the act itself failed, which is a fault of ours: the call is *missing*.
    """

    seq: int = 0
    prev: str = ""
    row: str
    sample: str
    repeat: int
    scorer: str
    value: float | None
    parsed: bool = True
    note: str = ""
    elapsed_us: int = 0


class Exchange(Record, frozen=True, kw_only=True, tag="exchange", tag_field="type"):
    """One call of another harness that went through the gateway: what was sent and what came back, by digest.

    ``request`` and ``reply`` are SHA-256 digests of the bodies, as text. ``first_byte_us``: when the reply began.
    """

    seq: int = 0
    prev: str = ""
    path: str
    request: str
    status: int
    outcome: Outcome
    reply: str = ""
    streamed: bool = False
    prompt_tokens: int = 0
    completion_tokens: int = 0
    model: str = ""
    detail: str = ""
    started_us: int
    first_byte_us: int = 0
    elapsed_us: int


class Mark(Record, frozen=True, kw_only=True):
    """A scorer's mark: a value in [0, 1], or *unparsed* (no answer extracted: value 0, counted apart)."""

    value: float
    parsed: bool = True
    note: str = ""


class Score(Record, frozen=True, kw_only=True):
    """The mark of one answer in the committed order. *missing* has no value: the plan's rule gives bounds both ways."""

    row: str
    position: int
    sample: str
    repeat: int
    status: Literal["scored", "unparsed", "missing"]
    value: float | None
    scorer: str
    seq: int


# ── what it shows ───────────────────────────────────────────────────────────────────────────────────────────────────


class VerdictWord(StrEnum):
    """The fixed words of a verdict."""

    INCONSISTENT = "inconsistent"
    CONSISTENT = "consistent"
    INSUFFICIENT_POWER = "insufficient_power"
    NOT_TESTABLE = "not_testable"
    NOT_TESTED = "not_tested"

    @property
    def words(self) -> str:
        """The word as prose: ``insufficient power``."""
        return self.value.replace("_", " ")


class Finding(Record, frozen=True, kw_only=True):
    """What a detector showed, with its error rate. ``null`` is the null hypothesis in one sentence."""

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
    """What a decision would still cost, if the samples to come are like those seen."""

    samples: int
    seconds: float | None = None


class TracePoint(Record, frozen=True, kw_only=True):
    """One look while the interval closes: samples read, right so far, interval of the proportion."""

    n: int
    right: int
    low: float
    high: float


class ClaimVerdict(Record, frozen=True, kw_only=True):
    """The verdict on one claim; all proportions are fractions, ``claimed_text`` is as printed."""

    task: str
    claimed_text: str
    unit: str
    claimed: float | None
    tolerance: float
    measured: float | None = None
    ci: tuple[float, float] | None = None
    asked: int = 0
    of: int = 0
    missing: int = 0
    unparsed: int = 0
    verdict: VerdictWord
    reason: str = ""
    better: bool = False
    p: float | None = None
    log_e: float | None = None
    level: float | None = None
    needs: Needs | None = None
    implied_reruns: dict[str, int | None] = {}
    row: str = ""
    cell: str = ""
    differences: tuple[str, ...] = ()
    trace: tuple[TracePoint, ...] = ()
    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    seconds: float = 0.0
    line: int = 0
    note: str = ""


class Verdict(Record, frozen=True, kw_only=True):
    """The whole report: one word, one exit code, and what they rest on."""

    verdict: VerdictWord
    exit: int
    model: str
    served: str
    alpha: float
    findings: tuple[Finding, ...] = ()
    notes: tuple[Note, ...] = ()
    claims: tuple[ClaimVerdict, ...] = ()
    limits: tuple[str, ...] = ()
