"""The plan, sealed before the first call."""

from __future__ import annotations

from typing import Literal

import msgspec

from steelyard.records.claims import ClaimSheet
from steelyard.records.record import Record
from steelyard.records.requests import ModelIdentity

__all__ = ["Limits", "Origin", "Plan", "PlanRow", "RepeatCheck", "SkippedClaim"]


class RepeatCheck(Record, frozen=True, kw_only=True):
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
    probe: RepeatCheck = msgspec.field(default_factory=RepeatCheck)
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
    plugins: dict[str, str] = msgspec.field(default_factory=dict)
