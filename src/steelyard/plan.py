"""Claim sheet → plan: what will be asked, how much of it, in which order, and what will count as what.

The plan is sealed before the first call. Everything that could be bent afterwards to reach a wished result stands in
it: the samples (as a Merkle root), their order, the tests with their integer stop tables, the shares of the budget.
"""

from __future__ import annotations

import math
import re
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from fractions import Fraction
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from steelyard.compact import Digests
from steelyard.errors import InputError
from steelyard.evidence.canonical import canonical, sha256_hex
from steelyard.evidence.merkle import Tree
from steelyard.plugins import ActingScorer
from steelyard.records import (
    Capabilities,
    Claim,
    ClaimSheet,
    GenerateRequest,
    Limits,
    ModelIdentity,
    Plan,
    PlanRow,
    Probe,
    Sample,
    SkippedClaim,
)
from steelyard.util.software import software

if TYPE_CHECKING:
    from steelyard.tasks import ChosenProtocol, Task
    from steelyard.tasks.catalogue import Catalogue
    from steelyard.tasks.definition import Cell

__all__ = ["Options", "Prepared", "build_plan", "order_material", "prepare_row", "seal_row"]

# A remote greedy endpoint may batch requests and so vary; in-process, one sequence at a time, it cannot, and a small
# probe shows as much. Sampled rows need their within-sample variance, which is what the larger probe measures.
REMOTE_PROBE = Probe(samples=20, repeats=3)
LOCAL_PROBE = Probe(samples=2, repeats=3)
SAMPLED_PROBE = Probe(samples=50, repeats=3)
SAMPLED_TEMPERATURE = 0.7
TEMPERATURE = re.compile(
    r"\b(?:temperature|temp)\b\s*(?:of|=|:)?\s*(?P<value>\d+(?:\.\d+)?)|\bt\s*[=:]\s*(?P<short>\d+(?:\.\d+)?)"
)
HOTTEST = 2.0  # what endpoints accept; a larger number was not a temperature
# Enough cells that sampling noise of our own pass is no larger than the tolerance is meant to be.
SAMPLED_CELLS = 1000


@dataclass(frozen=True)
class Options:
    """What the user may choose; everything else is the plan's to decide."""

    alpha: float = 0.05
    tolerance: str = "2"
    limit: int | None = None
    budget_seconds: float | None = None
    concurrency: int | None = None
    data: Path | None = None
    task_files: tuple[Path, ...] = ()
    with_texts: bool = False
    limits: Limits = field(default_factory=Limits)
    attempt_timeout: float = 120.0
    max_attempts: int = 5
    repeats: int | None = None  # answers to each sample, where the run measures and tests no claim


@dataclass(frozen=True)
class Prepared:
    """A row's samples in hand: rendered lazily, with the digest of each.

    ``withheld``: a fixed public set, whose texts stay out of the seal, since publishing them would contaminate it;
    a generator gives fresh ones for any seed.
    """

    row: PlanRow
    samples: Sequence[Sample]
    digests: Sequence[str]
    withheld: bool = True


def build_plan(
    sheet: ClaimSheet,
    identity: ModelIdentity,
    capabilities: Capabilities,
    options: Options,
    prove_order: Callable[[dict[str, Any]], str] | None = None,
    estimate: bool = False,
) -> tuple[Plan, dict[str, Prepared]]:
    """Plan every claim of the sheet against one model; ``estimate``: measure the tasks that it names, test nothing.

    ``prove_order`` signs the order's material (the auditor's key); without it the order is drawn at random.
    Raises InputError for options that cannot be used.
    """
    from steelyard.tasks.catalogue import Catalogue

    catalogue = Catalogue(options.task_files)
    candidates: list[tuple[Claim, PlanRow, Prepared]] = []
    skipped: list[SkippedClaim] = []
    if options.data is not None and not options.data.is_dir():
        raise InputError("there is no such folder: --data names a mirror of the data sets", where=options.data)
    _tolerance(options.tolerance)  # refused before any claim is looked at
    for number, claim in enumerate(sheet.claims):
        try:
            candidates.append(_plan_claim(number, claim, catalogue, capabilities, options, estimate))
        except _Skip as skip:
            skipped.append(SkippedClaim(claim=number, task=claim.task, verdict=skip.verdict, reason=skip.reason))
    if unused := catalogue.unused():
        raise InputError(f"no claim names the task {unused[0]!r} that --task gives: write its name as a claim's task")
    roots = {row.id: row.samples_root for _, row, _ in candidates}
    created = datetime.now(UTC).isoformat(timespec="seconds")
    proof = prove_order(order_material(sheet, identity, roots, created)) if prove_order else ""
    secret = proof or secrets.token_hex(32)
    prepared = {}
    for claim, row, samples in candidates:
        sealed = seal_row(row, claim, options.alpha, len(candidates), secret)
        prepared[row.id] = replace(samples, row=sealed)
    plan = Plan(
        software=software(),
        created=created,
        sheet=sheet,
        model=identity,
        alpha=options.alpha,
        tolerance=options.tolerance,
        rows=tuple(samples.row for samples in prepared.values()),
        skipped=tuple(skipped),
        order_proof=proof,
        budget_us=None if options.budget_seconds is None else int(options.budget_seconds * 1e6),
        max_attempts=options.max_attempts,
        attempt_timeout_us=int(options.attempt_timeout * 1e6),
        limits=options.limits,
        concurrency=min(options.concurrency or capabilities.concurrency, capabilities.concurrency),
        adaptive=options.concurrency is None and capabilities.concurrency > 1,
        texts="sealed"
        if options.with_texts or not any(samples.withheld for samples in prepared.values())
        else "withheld",
        plugins={row.scorer: version("steelyard") for _, row, _ in candidates},
    )
    return plan, prepared


def order_material(sheet: ClaimSheet, identity: ModelIdentity, roots: dict[str, str], created: str) -> dict[str, Any]:
    """What the order's proof signs: one order a day for the same claims about the same model.

    Remarks and layout of the sheet are left out, since they could be varied to grind for a pleasant order; the day is
    in, so that an order which was published with a bundle does not tell a vendor the next audit's.
    """
    claims = [[claim.task, claim.value, claim.unit] for claim in sheet.claims]
    return {"claims": claims, "model": [identity.uri, identity.sha256], "samples": roots, "day": created[:10]}


def prepare_row(row: PlanRow, catalogue: Catalogue, data: Path | None) -> Prepared:
    """Load the samples of a planned row again, for a resume; raises InputError where they are not the sealed ones."""
    task = catalogue.find(row.task)
    if task is None:
        raise InputError(f"the task {row.task} of the plan is not here: name its file again with --task")
    samples = _asked(task.prepare(row.cell, data, shots=row.shots), row.temperature, row.chat)
    digests, root = _digests(samples)
    if root != row.samples_root:
        raise InputError(
            f"the samples of {row.task} are not those that the plan sealed: name the same data again with --data"
        )
    return Prepared(row=row, samples=samples, digests=digests)


class _Skip(Exception):
    def __init__(self, verdict: Any, reason: str) -> None:
        super().__init__(reason)
        self.verdict = verdict
        self.reason = reason


def _plan_claim(
    number: int,
    claim: Claim,
    catalogue: Catalogue,
    capabilities: Capabilities,
    options: Options,
    estimate: bool,
) -> tuple[Claim, PlanRow, Prepared]:
    task = _task_of(claim, catalogue)
    protocol = task.protocol_for(claim)
    kind = _kind(task, protocol, capabilities, estimate)
    if not estimate:
        if protocol.refused:
            raise _Skip("not_testable", protocol.refused)
        _check_testable(claim, task.chance, _tolerance(options.tolerance))
    decoding, temperature, told = _decoding(claim, kind)
    chat, as_told = _chat(task.cell(protocol.cell), capabilities)
    told = (*told, *as_told, *_other_average(claim))
    samples = _asked(_load(task, protocol, options.data), temperature, chat)
    if not samples:
        raise _Skip("not_tested", "the task has no samples")
    digests, samples_root = _digests(samples)
    population = len(samples)
    told = (*told, *_incomplete(task, population))
    limit = None if options.limit is None else min(options.limit, population)
    row = PlanRow(
        id=f"{number:02d}-{re.sub(r'[^A-Za-z0-9._-]', '-', task.id)[:100]}",
        claim=number,
        task=task.id,
        cell=protocol.cell,
        shots=protocol.shots,
        chat=chat,
        differences=(*protocol.differences, *told),
        scorer=_scorer(task, protocol),
        kind=kind,
        decoding=decoding,
        temperature=temperature,
        population=population,
        repeats=(options.repeats or 1) if estimate else _repeats(decoding, population),
        limit=limit,
        samples_root=samples_root,
        order_seed="",
        chance=task.chance,
        tolerance=options.tolerance,
        threshold=0,
        alpha_inconsistent=options.alpha,
        alpha_consistent=options.alpha,
        stop_inconsistent=(),
        stop_consistent=(),
        weight=1.0,
        share=1.0,
        # Where nothing is tested nothing rests on a probe, and its calls would come out of the user's limits.
        probe=Probe() if estimate else _probe(decoding, capabilities, limit or population),
        claimed_repeats=claim.repeats if isinstance(claim.repeats, int) else 1,
        claimed_samples=claim.samples if claim.samples is not None and claim.samples < population else None,
        public=task.public,
        estimate=estimate,
    )
    withheld = task.public and task.definition.generator is None
    return claim, row, Prepared(row=row, samples=samples, digests=digests, withheld=withheld)


def _task_of(claim: Claim, catalogue: Catalogue) -> Task:
    """The task that a claim is about, where it is one that can be asked at all."""
    if several := re.search(r"(?i)\b(?:maj|cons|best|pass)\s*(?:@|-?of-?)\s*(?!1\b)\w+", claim.metric):
        raise _Skip("not_testable", f"the metric {several[0]} takes several answers to a sample; here each has one")
    if not claim.is_proportion:
        raise _Skip("not_tested", f"a value in {claim.unit} is not a share of right answers")
    task = catalogue.find(claim.task)
    if task is None:
        raise _no_task(claim.task, catalogue)
    return task


def _kind(
    task: Task, protocol: ChosenProtocol, capabilities: Capabilities, estimate: bool
) -> Literal["generate", "loglikelihood"]:
    """Whether text or log-likelihoods are asked for; a model that gives none is told how to be asked in writing."""
    _check_offered(task.cell(protocol.cell), capabilities)
    if task.cell(protocol.cell).generates:
        return "generate"
    if not capabilities.loglikelihood:
        reason = capabilities.loglikelihood_reason or "this model gives no log-likelihoods"
        written = next((name for name, cell in task.cells.items() if cell.generates), "")
        how = f"--prompt {written}" if estimate else f"protocol: {{prompt: {written}}}"
        raise _Skip("not_testable", f"{reason}; ask in writing with {how}" if written else reason)
    return "loglikelihood"


def _check_offered(cell: Cell, capabilities: Capabilities) -> None:
    """A language model is asked nothing about a world, a world model nothing in words, nor about a world it has not."""
    offers = capabilities.offers
    needs = cell.needs or ("language",)
    missing = [need for need in needs if offers is not None and need not in offers]
    if not missing:
        return
    if "language" in missing:
        raise _Skip("not_testable", "this asks for text, and a world model writes none: audit a language model for it")
    if "language" in (offers or ()):
        raise _Skip("not_testable", f"this asks a world model ({missing[0]}): audit one with --model world:PATH")
    has = ", ".join(offers or ()) or "nothing"
    raise _Skip("not_testable", f"this needs {' and '.join(missing)}; the world model given has {has}")


def _scorer(task: Task, protocol: ChosenProtocol) -> str:
    """The identifier of the scorer, where its marks can be made here."""
    from steelyard.scorers import open_scorer

    scorer = open_scorer(task.scorer_for(protocol.cell))
    if isinstance(scorer, ActingScorer) and (why_not := scorer.why_not()):
        raise _Skip("not_testable", why_not)
    return scorer.identifier


def _probe(decoding: str, capabilities: Capabilities, asked: int) -> Probe:
    probe = SAMPLED_PROBE if decoding == "sampled" else LOCAL_PROBE if capabilities.deterministic else REMOTE_PROBE
    return Probe(samples=min(probe.samples, asked), repeats=probe.repeats)


def _repeats(decoding: str, population: int) -> int:
    return 1 if decoding == "greedy" else max(1, min(8, math.ceil(SAMPLED_CELLS / population)))


def _no_task(name: str, catalogue: Catalogue) -> _Skip:
    from steelyard.claims.facts import lookup

    known = lookup(name)
    if known is not None and known.why_not:
        return _Skip("not_testable", known.why_not)
    return _Skip("not_tested", f"no task of this name is here{catalogue.near(name)}")


def seal_row(row: PlanRow, claim: Claim, alpha: float, rows: int, secret: str) -> PlanRow:
    """Give a row its share of the error budget and of the time, its order seed, and its integer stop tables."""
    from steelyard.stats.sequential import stop_table, threshold

    weight = 1.0 / rows
    changes: dict[str, Any] = {
        "order_seed": sha256_hex(f"{secret}:{row.id}".encode()),
        "weight": weight,
        "share": weight,
        "alpha_inconsistent": alpha * weight,
        "alpha_consistent": alpha,
        "stop_inconsistent": (),
        "stop_consistent": (),
    }
    if row.estimate:
        return msgspec.structs.replace(row, **changes, threshold=1)  # and no tables: nothing stops it
    half_unit = claim.printed_unit / claim.scale / 2
    level = threshold(row.cells, claim.number / claim.scale, half_unit, Fraction(row.tolerance) / 100)
    changes["threshold"] = level
    if row.has_table:
        table = stop_table(row.cells, level, alpha * weight, alpha)
        changes |= {"stop_inconsistent": table.inconsistent, "stop_consistent": table.consistent}
    return msgspec.structs.replace(row, **changes)


def _check_testable(claim: Claim, chance: float, tolerance: Fraction) -> None:
    if not 0 <= claim.number <= claim.scale:
        raise _Skip("not_testable", f"{claim.value} lies outside 0 to {claim.scale}: no share of right answers can")
    room = claim.number / claim.scale - claim.printed_unit / claim.scale / 2 - Fraction(str(chance))
    if room > tolerance:
        return
    floor = f"chance ({chance * 100:g} %)" if chance else "zero"
    mend = f"; testable with --tolerance {float(room) * 50:.1g}" if room > Fraction(1, 1000) else ""
    raise _Skip(
        "not_testable",
        f"the claim less a tolerance of {float(tolerance) * 100:g} points is not above {floor}, "
        f"so guessing would do{mend}",
    )


def _load(task: Task, protocol: ChosenProtocol, data: Path | None) -> Sequence[Sample]:
    from steelyard.tasks import DataMissing

    try:
        return task.prepare(protocol.cell, data, shots=protocol.shots)
    except DataMissing as missing:
        raise _Skip("not_tested", str(missing)) from None


def _chat(cell: Cell, capabilities: Capabilities) -> tuple[bool, tuple[str, ...]]:
    """Whether to ask by chat, and in words where that is not the cell's own way, because the endpoint has no other."""
    if not cell.generates:
        return False, ()
    if cell.chat and not capabilities.chat:
        return False, ("Asked as a plain completion: this endpoint has no chat.",)
    if not cell.chat and not capabilities.completions:
        return True, ("Asked as one chat message: this endpoint gives no plain completions.",)
    return cell.chat, ()


def _other_average(claim: Claim) -> tuple[str, ...]:
    if claim.average not in ("macro", "weighted"):
        return ()
    return (f"The vendor's number is a {claim.average} average over subtasks; every sample counts alike here.",)


def _incomplete(task: Task, population: int) -> tuple[str, ...]:
    """A mirror that lacks samples is not the benchmark: said where the facts know its size."""
    from steelyard.claims.facts import lookup

    benchmark = lookup(task.id) if task.definition.hub is not None else None
    size = benchmark.whole_size if benchmark is not None else None
    if size is None or size == population:
        return ()
    return (f"Only {population:,} samples are here; the benchmark has {size:,}.",) if population < size else ()


def _decoding(claim: Claim, kind: str) -> tuple[Any, float, tuple[str, ...]]:
    """Greedy unless the vendor says that it sampled; an unstated temperature is declared, not hidden."""
    words = claim.protocol.decoding.lower()
    stated = TEMPERATURE.search(words)
    temperature = float(stated["value"] or stated["short"]) if stated else 0.0 if "greedy" in words else None
    if temperature is not None and temperature > HOTTEST:
        temperature = None
    averaged = claim.repeats == "several" or (isinstance(claim.repeats, int) and claim.repeats > 1)
    if kind == "loglikelihood" or temperature == 0 or not (temperature or averaged or "sampl" in words):
        return "greedy", 0.0, ()
    if temperature is None:
        told = f"the vendor sampled at a temperature that it does not state; ours is {SAMPLED_TEMPERATURE}"
        return "sampled", SAMPLED_TEMPERATURE, (told,)
    return "sampled", temperature, ()


class _Asked(Sequence[Sample]):
    """Samples asked at a temperature or as chat: rendered lazily, like the ones beneath."""

    def __init__(self, samples: Sequence[Sample], changes: dict[str, Any]) -> None:
        self._samples = samples
        self._changes = changes

    def __len__(self) -> int:
        return len(self._samples)

    def __getitem__(self, index: Any) -> Any:
        sample = self._samples[index]
        request = msgspec.structs.replace(sample.request, **self._changes)
        return msgspec.structs.replace(sample, request=request)


def _asked(samples: Sequence[Sample], temperature: float, chat: bool) -> Sequence[Sample]:
    first = samples[0].request if len(samples) else None
    changes: dict[str, Any] = {"temperature": temperature} if temperature else {}
    if isinstance(first, GenerateRequest) and first.chat is not chat:
        changes["chat"] = chat
    return _Asked(samples, changes) if changes else samples


def _digests(samples: Sequence[Sample]) -> tuple[Digests, str]:
    """The digest of every sample and the Merkle root over them, in one pass that holds one sample at a time."""
    digests, tree = Digests(), Tree()
    for sample in samples:
        digest = sha256_hex(canonical(sample))
        digests.append(digest)
        tree.append(digest.encode())
    return digests, tree.root().hex()


def _tolerance(text: str) -> Fraction:
    try:
        tolerance = Fraction(text) / 100
    except (ValueError, ZeroDivisionError):
        raise InputError(f"--tolerance takes percentage points, such as 2 or 0.7, not {text!r}") from None
    if not 0 < tolerance < 1:
        raise InputError(f"--tolerance must lie between 0 and 100 percentage points, not {text}")
    return tolerance
