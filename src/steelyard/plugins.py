"""Every extension point of Steelyard, in one file. Built-ins come in by the same door: see pyproject.toml.

A plugin is a Python package with an entry point in the group ``steelyard.plugins``, named ``KIND.NAME``::

    [project.entry-points."steelyard.plugins"]
    "model.mine" = "my_package:open_mine"       # steelyard audit SHEET --model mine:anything
    "scorer.mine" = "my_package:MyScorer"       # scorer: {name: mine, …} in a task's file
    "detector.mine" = "my_package:MyDetector"   # steelyard audit SHEET --detect mine

============  =====================================================  =========================================
kind          what the entry point gives                             protocol
============  =====================================================  =========================================
``model``     ``open(rest_of_uri, settings) -> Model``               :class:`Model`
``scorer``    a class, called with the options of the task's file    :class:`Scorer`
``tasks``     a ``pathlib.Path`` to a folder of ``*.yaml`` tasks     see docs/adding-a-benchmark.md
``generator`` ``generate(seed, count, **options) -> list[dict]``     :class:`Generator`
``detector``  a class, called without arguments                      :class:`Detector`
``result``    a class, called without arguments                      :class:`ResultVerifier`
``weights``   see ``cli/verify.py``, ``--model``                     a function
``api``       what ``steelyard.NAME`` is                             a function or a class
============  =====================================================  =========================================
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any, NamedTuple, Protocol, cast, runtime_checkable

from steelyard.errors import ExitCode, InputError, MissingDependency
from steelyard.members import member_of_plugin
from steelyard.records import (
    Capabilities,
    Claim,
    ClaimSheet,
    DetectorResult,
    GenerateRequest,
    LoglikelihoodRequest,
    Measurement,
    ModelIdentity,
    ModelOutput,
    Plan,
    PlannedModel,
    PlannedTest,
    RepeatCheck,
    RequestedTest,
    Sample,
    SampleScore,
    Score,
    Served,
)

__all__ = [
    "GROUP",
    "Chooser",
    "ComparingMonitor",
    "Detector",
    "ExecutingScorer",
    "Finder",
    "Formats",
    "Generator",
    "HealthCheckedModel",
    "MeasurementRequest",
    "Model",
    "Monitor",
    "Planner",
    "Progress",
    "ReopenedScorer",
    "ResultRequest",
    "ResultVerified",
    "ResultVerifier",
    "Scorer",
    "ShareScorer",
    "StoppableScorer",
    "TargetChecker",
    "TruncatedReader",
    "detector_of",
    "distribution_of",
    "find",
    "names",
]

GROUP = "steelyard.plugins"


@runtime_checkable
class Model(Protocol):
    """A model that can be asked. One request gives one :class:`~steelyard.records.ModelOutput`.

    Faults of the wire are outcomes, not exceptions. Concurrency, retries, deadlines and order belong to the runner. A
    model may be asked concurrently up to ``capabilities.concurrency``. ``identify`` may call the endpoint (the user
    named it) but never with a sample. A model that names ``capabilities.checkpoints`` has those answer that a request
    names, and answers with JSON that names them by need: ``{"answered_by": {NEED: SHA-256 of the weights}, …}``. One
    that also says which tokens are likeliest next is a :class:`steelyard.models.next_token.NextTokenModel`.
    """

    async def identify(self) -> tuple[ModelIdentity, Capabilities]:
        """Say what this is and can do; raise :class:`~steelyard.errors.ModelUnavailable` where nothing answers."""
        ...

    async def generate(self, request: GenerateRequest) -> ModelOutput:
        """Answer with text."""
        ...

    async def loglikelihood(self, request: LoglikelihoodRequest) -> ModelOutput:
        """Answer with one log-likelihood (nats) per continuation."""
        ...

    async def close(self) -> None:
        """Free sockets, threads and memory."""
        ...


@runtime_checkable
class HealthCheckedModel(Model, Protocol):
    """A model with a health check, so that the runner can tell a failing sample from an endpoint that is down."""

    async def ping(self) -> ModelOutput:
        """Send a request that is not a sample. A model without this method is assumed to be up."""
        ...


@runtime_checkable
class StoppableScorer(Protocol):
    """A scorer whose running work can be ended from another thread."""

    def stop(self) -> None:
        """End what is running within a second, with any error; nothing starts after it. Safe to call twice."""
        ...


@runtime_checkable
class Scorer(Protocol):
    """A pure function of an output. ``identifier``: rule and version (``numeric@7``); see ``scorers/powers.py``."""

    @property
    def identifier(self) -> str:
        """Name, options and version: any change of the rule changes it."""
        ...

    def score(self, sample: Sample, output: ModelOutput) -> Score:
        """Score one output; a score without a value is *open*: the output cannot be read in one way."""
        ...


@runtime_checkable
class ReopenedScorer(Protocol):
    """A scorer with options: its identifier spells them in brackets, and a verifier opens it from them again."""

    @classmethod
    def from_options(cls, options: str) -> Scorer:
        """The scorer whose identifier has these options, as written between the brackets; InputError where none has."""
        ...


@runtime_checkable
class TruncatedReader(Scorer, Protocol):
    """A scorer that scores an output that was cut off, and leaves open what more text could have changed.

    For any other scorer an output that was cut off is *open*.
    """

    reads_truncated: bool


@runtime_checkable
class ShareScorer(Scorer, Protocol):
    """A scorer whose values may lie between 0 and 1: a gate, which counts what is right, refuses them."""

    gives_shares: bool


@runtime_checkable
class TargetChecker(Scorer, Protocol):
    """A scorer that takes not every text for a right answer, such as JSON alone."""

    def target_fault(self, target: str) -> str:
        """Why a right answer cannot be compared, as the end of a sentence; empty where it can."""
        ...


@runtime_checkable
class ExecutingScorer(Scorer, Protocol):
    """A scorer that runs something, such as model-written code: once for each output, in a thread of its own.

    The score goes into the journal (:class:`~steelyard.records.RecordedScore`), and is read from there ever after: so
    a verdict stays a pure function of the journal, although what ran may not be one. See :class:`StoppableScorer`.
    """

    executes: bool

    def unavailable_reason(self) -> str:
        """Say why this cannot run here and how to fix it, or nothing: a plan asks before anything is sent."""
        ...


class Generator(Protocol):
    """A seeded source of items: the same seed gives the same items on every machine; another seed gives twins."""

    def __call__(self, seed: str, count: int, **options: Any) -> Sequence[Mapping[str, Any]]:
        """Give ``count`` rows with at least ``question`` and ``answer``."""
        ...


class Formats(NamedTuple):
    """The prompt formats that a claim may mean, in the task's order: those to ask, and those that cannot be asked here.

    ``to_ask`` is empty where there is no choice. ``others``: where the vendor states its format, the rest. ``instead``:
    the split to measure beside a claim about one whose answers are withheld. ``usual``: formats and other numbers of
    worked examples, where the vendor states none.
    """

    to_ask: tuple[str, ...] = ()
    not_asked: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    instead: str = ""
    usual: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, kw_only=True)
class MeasurementRequest:
    """What a detector asks of a planner: answers of a model to a task, under a ``name`` of its own.

    With ``claim`` the prompt format, shots and decoding are those that the vendor's claim means; ``prompt``, ``shots``
    are then of its :meth:`Planner.formats`, or none. ``seed`` other than the task's gives fresh twins of a generated
    task. ``limit`` is the most samples asked, in place of the user's; ``arm`` and ``beside`` say what a further
    measurement is, and beside which one it stands. ``drawn`` asks samples that are made from a seed which nobody can
    foresee (:mod:`steelyard.planning.drawn`). ``effort`` is one of the model's other reasoning efforts. ``again`` asks
    samples of that one again, ``repeats`` times: so many that got no answer, and as many that got one
    (:class:`Chooser`). ``two_passes``: where answers vary, the detector asks a second pass itself, so that no repeat
    check is needed. ``scorer`` is an identifier, in place of the task's own rule; ``window`` is a part of the task, as
    a plan seals it.
    """

    name: str
    task: str
    claim: Claim | None = None
    role: str = "subject"
    prompt: str = ""
    shots: int | None = None
    temperature: float | None = None
    effort: str | None = None
    repeats: int | None = None
    limit: int | None = None
    repeat_check: RepeatCheck | None = None
    arm: str = ""
    seed: str | None = None
    drawn: str = ""
    beside: str = ""
    again: int = 0
    two_passes: bool = False
    scorer: str = ""
    window: str = ""


@runtime_checkable
class Planner(Protocol):
    """What a detector plans with: the sheet, the models, and :meth:`measure`, by which it asks for answers.

    A verifier runs a detector's planning again with a planner that takes what needs data from the sealed plan. So a
    detector plans from nothing else.
    """

    @property
    def sheet(self) -> ClaimSheet | None:
        """The vendor's claims; None where nothing is claimed."""
        ...

    @property
    def requested(self) -> Sequence[RequestedTest]:
        """The tests that the user asked for without a claim: those of all detectors."""
        ...

    @property
    def models(self) -> Mapping[str, PlannedModel]:
        """The models by role; ``subject`` is always there."""
        ...

    @property
    def tolerance(self) -> str:
        """How far below a claim still counts as the claim, in percentage points, as the user wrote it."""
        ...

    @property
    def served(self) -> Sequence[Served]:
        """What was served so far, in order: also the requests of the detectors that planned before."""
        ...

    def formats(self, request: str, claim: Claim) -> Formats:
        """The prompt formats that a claim may mean: several where the vendor states none.

        ``request`` is the name of the claim's own request. Formats that cannot be asked here are recorded in the plan.
        """
        ...

    def measure(self, request: MeasurementRequest) -> Served | None:
        """Serve a request; None where it cannot be served (the plan says why)."""
        ...

    def measurement(self, served: Served) -> Measurement:
        """What is asked for a request that is served; its order and share are not drawn yet."""
        ...


@runtime_checkable
class Finder(Protocol):
    """One test at work: it takes scores as they come, in any order of arrival, and says what they show."""

    def observe(self, score: SampleScore) -> None:
        """Take one score of a measurement that the test reads."""
        ...

    def find(self, inputs: Mapping[str, Any]) -> DetectorResult:
        """What the scores so far show: a function of the sealed test, the scores and the inputs alone."""
        ...


@dataclass(frozen=True)
class Progress:
    """Where a test is while answers come, for a display.

    ``remaining``: answers until a decision, if what comes is like what came. ``target`` is what the interval closes on,
    as text. ``cannot``: what no answer here can show, as a sentence. ``sign`` stands before the target (``≥``: a bar,
    not a claim); dry runs forecast at ``shortfalls``, as proportions. ``confirms_only``: why the test may confirm a
    claim and never accuse. ``arms``: the ways in which a claim is asked, one after another, where it may mean several.
    """

    decision: str = ""
    interval: tuple[float, float] | None = None
    remaining: int | None = None
    arms: tuple[str, ...] = ()
    target: str = ""
    cannot: str = ""
    sign: str = ""
    shortfalls: tuple[float, float] = (0.0, 0.10)
    confirms_only: str = ""


@runtime_checkable
class Monitor(Finder, Protocol):
    """A finder that may stop early: it says which measurements it needs no more answers of."""

    @property
    def closed(self) -> frozenset[str]:
        """The ids of measurements of which this test reads no further answer. It never shrinks."""
        ...

    @property
    def heads(self) -> Mapping[str, int | None]:
        """By measurement, the first place not read yet: answers run little ahead. None: it is not asked yet."""
        ...

    def progress(self) -> Progress:
        """Where the test is."""
        ...


@runtime_checkable
class ComparingMonitor(Monitor, Protocol):
    """A monitor that decides on each of its measurements: it says of each where it is, for a display and a dry run.

    One that is not to be asked yet has no head (:attr:`Monitor.heads`), whichever model it asks: so candidates are
    asked one after another. Calls run little ahead of what was read, since few calls are the point.
    """

    def progress_of(self, measurement: str) -> Progress:
        """Where the test is with one of its measurements."""
        ...


@runtime_checkable
class Chooser(Monitor, Protocol):
    """A monitor that chooses which samples are asked again (:attr:`~steelyard.records.Measurement.again`).

    Asking again begins when what they are asked beside is over: its tests need no more, or :meth:`has_read` says so.
    """

    def has_read(self, measurement: str) -> bool:
        """Whether all that was planned of a measurement was read, or it stands still."""
        ...

    def left(self, measurement: str) -> Sequence[int]:
        """The places that are to be asked again and have no score yet, in random order.

        They follow from committed order and scores alone; while further ones come, places are added, never taken back.
        """
        ...


@runtime_checkable
class Detector(Protocol):
    """A test of a vendor's claims, or of the model that is served: what it asks, and what the answers show.

    ``version`` is that of the rule: a change of thresholds, margins or measurements raises it. ``access`` names what it
    needs (``sheet``, ``text``, ``prompt log-probs``, …). One with ``probes`` set to True asks beside the claims: such
    tests share a part of level and time of their own (``--detect-weight``). One with ``reads_calls`` opens finders that
    take what calls took (:class:`~steelyard.auditing.spending.CallReader`). ``former``: of an earlier rule, or None.
    """

    name: str
    version: int
    access: tuple[str, ...]

    def plan(self, planner: Planner) -> Sequence[PlannedTest]:
        """The tests, with relative weights (0: no p-value); pure, since a verifier runs it again."""
        ...

    def seal(self, test: PlannedTest, plan: Plan) -> PlannedTest:
        """Give a test what follows from its share of the level in ``plan`` and from its measurements; pure."""
        ...

    def forecast(self, test: PlannedTest, plan: Plan, shortfall: float) -> int | None:
        """Answers until a decision if the truth is ``shortfall`` (a proportion) below the null; None: not known."""
        ...

    def open(self, test: PlannedTest, plan: Plan) -> Finder:
        """Start reading for one test; a :class:`Monitor` where it may stop early.

        Raises ValueError for a test whose sealed part is not this rule's.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class ResultVerified:
    """A sealed result that holds: ``found`` is what was sealed, ``headline`` its conclusion in one sentence.

    ``signed_by`` is the key, empty where it is unsigned; ``trusted``: it is the one that was required.
    ``not_recomputed`` names a rule that this version has not.
    """

    folder: Path
    found: Any
    headline: str
    signed_by: str
    trusted: bool
    not_recomputed: str = ""

    @property
    def holds(self) -> bool:
        """Always True: what does not hold raises VerificationError."""
        return True

    @property
    def exit_code(self) -> ExitCode:
        """3 where something was not recomputed, else 0: what was found is no matter of the evidence."""
        return ExitCode.UNDECIDED if self.not_recomputed else ExitCode.CONSISTENT


@dataclass(frozen=True, kw_only=True)
class ResultRequest:
    """What ``steelyard verify`` was asked of a sealed result in ``folder``; the rest are its options."""

    folder: Path
    require_key: Path | None = None
    panel: Path | None = None
    tested: tuple[Path, ...] = ()
    references: tuple[str, ...] = ()
    as_json: bool = False


@runtime_checkable
class ResultVerifier(Protocol):
    """Verifies one kind of sealed result of a test over finished runs; its name is that of the sealed file's stem."""

    def check(self, folder: Path, require_key: Path | None) -> ResultVerified:
        """Compute the result again from what it holds; raises VerificationError naming the first check that fails."""
        ...

    def verify(self, request: ResultRequest) -> int:
        """As :meth:`check`, with the runs that it read where they are given; prints what was checked, and exits so."""
        ...


@cache
def _entries() -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group=GROUP)}


def names(kind: str) -> list[str]:
    """The names that are installed for one kind, sorted."""
    return sorted(name.partition(".")[2] for name in _entries() if name.startswith(kind + "."))


def find(kind: str, name: str) -> Any:
    """Load the plugin ``kind.name``; raises InputError naming what there is, or the member that brings it."""
    entry = _entries().get(f"{kind}.{name}")
    if entry is None:
        if member := member_of_plugin(f"{kind}.{name}"):
            raise MissingDependency(f"the {kind} {name!r} comes with: {member.how_to_install}")
        shown = [each for each in names(kind) if kind != "scorer" or not each.startswith(("world_", "imported"))]
        local = "; Ollama is openai:llama3@http://localhost:11434/v1, vLLM openai:NAME@http://localhost:8000/v1"
        example = local if kind == "model" else ""
        raise InputError(f"no {kind} is called {name!r}; there are: {', '.join(shown) or 'none'}{example}")
    return entry.load()


def distribution_of(kind: str, name: str) -> str:
    """``distribution version`` of an installed plugin; empty where no distribution gives it."""
    entry = _entries().get(f"{kind}.{name}")
    return "" if entry is None or entry.dist is None else f"{entry.dist.name} {entry.dist.version}"


def detector_of(rule: str) -> Detector | None:
    """The detector that applies a rule (``claim_retest@4``), or its ``former(version)`` does; None where none does."""
    name, _, version = rule.partition("@")
    detector: Any = find("detector", name)() if name in names("detector") else None
    if detector is None or str(detector.version) == version:
        return cast("Detector | None", detector)
    return cast("Detector | None", getattr(detector, "former", lambda version: None)(version))
