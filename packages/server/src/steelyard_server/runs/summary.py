"""What the pages show of a run, taken from what a verifier computed again: never from what the run says of itself.

Texts are bounded and on one line already (:func:`steelyard.util.text.one_line`), and pages escape them all the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, get_args

from steelyard.errors import SteelyardError
from steelyard.evidence import layout
from steelyard.evidence.forms import is_sha256
from steelyard.records import SUBJECT, Plan, Record, Verdict, VerdictWord
from steelyard.util.text import one_line

if TYPE_CHECKING:
    from pathlib import Path

    from steelyard.api.results import VerifyResult

__all__ = [
    "KINDS",
    "AskedSamples",
    "ClaimRow",
    "RunFile",
    "RunKind",
    "RunSummary",
    "Said",
    "SuiteUse",
    "Taken",
    "summary_of",
]

RunKind: TypeAlias = Literal["audit", "run", "gate", "choice", "identity", "import", "recording"]
KINDS: Final[tuple[str, ...]] = get_args(RunKind)

MAX_ROWS: Final = 500
MAX_FINDINGS: Final = 200
_MAX_TASKS: Final = 5
_MAX_USES: Final = 50
_MAX_LINES: Final = 100_000  # of one use
_MAX_SAMPLES: Final = 50
_DECIDED: Final = (VerdictWord.CONSISTENT, VerdictWord.INCONSISTENT)


class ClaimRow(Record, frozen=True, kw_only=True):
    """A row of the table: a claim, a gate, or what was only measured, whose ``word`` is "".

    ``measurement`` is that of its answers; "" in rows of runs that were taken in before it was noted.
    """

    task: str
    claimed: str = ""
    measured: str
    interval: str
    asked: str
    word: str = ""
    words: str
    detail: str = ""
    measurement: str = ""


class RunFile(Record, frozen=True, kw_only=True):
    """A file of the sealed folder; ``sha256`` as it was received."""

    name: str
    size: int
    sha256: str


class Taken(Record, frozen=True, kw_only=True):
    """What the calls to the model under test took, whatever became of them, and how many of its answers were right.

    ``tasks`` names at most five of what was asked; ``cost`` is money at the prices that the run was given, in their
    currency, None where a price is unknown; ``tokens`` are those of questions and answers, 0 where nobody counted.
    ``verdicts`` are the claims and gates that were decided, and ``run_cost`` and ``run_tokens`` what all calls of the
    run took, those that decided nothing and those of other models among them.
    """

    tasks: tuple[str, ...] = ()
    right: int = 0
    asked: int = 0
    calls: int = 0
    tokens: int = 0
    cost: float | None = None
    verdicts: int = 0
    run_cost: float | None = None
    run_tokens: int = 0


class SuiteUse(Record, frozen=True, kw_only=True):
    """Which items of a private suite, by its digest and the lines of its file, a run sent to whom.

    ``recipient`` is the address of an endpoint as the plan names it, "" for a model in the process of whoever ran it.
    """

    suite: str
    recipient: str
    lines: tuple[int, ...]


class Said(Record, frozen=True, kw_only=True):
    """What a verification said: a name and its value in words."""

    name: str
    text: str


class AskedSamples(Record, frozen=True, kw_only=True):
    """A task that a run asked its models, and the digest of the samples: runs of the same one can be compared."""

    task: str
    digest: str


class RunSummary(Record, frozen=True, kw_only=True):
    """A verified run.

    ``own_questions`` are names of public benchmarks under which the run asked questions of the user's own.

    ``seal`` is the SHA-256 of its ``bundle.dsse.json`` and names it here; ``plan`` that of the sealed plan. ``verdict``
    and ``exit`` were computed again. ``verified_exit`` is what ``steelyard verify`` returns: 0, or 3 where something
    could not be checked, which ``said`` names. ``pages_compared``: report.html is the page that the journal gives.
    ``scores_taken``: how many scores were not computed here, since their texts are withheld, or since code, weights or
    another harness made them. Whoever sealed the run could have written any.
    """

    seal: str
    root: str
    plan: str
    kind: str
    subject: str
    served: str
    vendor: str = ""
    names: str = ""
    planned_at: str
    made_with: str
    verdict: str
    headline: str
    exit: int
    records: int
    answers: int
    signed_by: str = ""
    verified_exit: int
    verified_with: str
    pages_compared: bool
    scores_taken: int = 0
    own_questions: tuple[str, ...] = ()
    taken: Taken = Taken()
    samples: tuple[AskedSamples, ...] = ()
    said: tuple[Said, ...]
    rows: tuple[ClaimRow, ...] = ()
    rows_left: int = 0
    tests: tuple[str, ...] = ()
    findings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    order: tuple[str, ...] = ()
    files: tuple[RunFile, ...] = ()
    suites: tuple[SuiteUse, ...] = ()
    size: int


def summary_of(result: VerifyResult) -> RunSummary:
    """Take what the pages show from a bundle that holds."""
    from steelyard.planning.own_names import own_under_public_names
    from steelyard.reports import choices, headlines, words
    from steelyard.util.software import software

    found, integrity = result.recomputed, result.integrity
    verdict, plan = found.verdict, found.plan
    files = _files(result.folder)
    rows = [*_rows(verdict)]
    about, served = choices.subject_of(verdict)
    recording = plan.origin.kind == "gateway"
    return RunSummary(
        seal=integrity.bundle.sha256,
        root=integrity.root,
        plan=str(integrity.bundle.predicate["plan"]),
        kind=_kind(plan, verdict),
        subject=one_line(about, 200) or "(no name)",
        served=one_line(served, 400),
        vendor=one_line(plan.sheet.vendor, 80) if plan.sheet else "",
        names=one_line(verdict.names, 400),
        planned_at=one_line(plan.created, 40),
        made_with=one_line(plan.software, 60),
        verdict="" if recording or headlines.only_measures(verdict) else verdict.verdict.value,
        headline="A gateway's recording: calls of another harness." if recording else _headline(plan, verdict),
        exit=verdict.exit,
        records=integrity.records,
        answers=integrity.answers,
        signed_by=integrity.signed_by,
        verified_exit=int(result.exit_code),
        verified_with=software(),
        pages_compared=found.pages,
        scores_taken=found.withheld + found.executed,
        own_questions=own_under_public_names(plan)[:_MAX_TASKS],
        taken=_taken(verdict, rows),
        samples=_samples(plan),
        said=tuple(Said(name=name, text=one_line(text, 600)) for name, text in _said(result)),
        rows=tuple(rows[:MAX_ROWS]),
        rows_left=max(0, len(rows) - MAX_ROWS),
        tests=tuple(words.test_sentence(each) for each in words.further_tests(verdict)[:MAX_FINDINGS]),
        findings=tuple(words.remark(each) for each in verdict.findings[:MAX_FINDINGS]),
        notes=tuple(words.remark(each) for each in verdict.notes[:MAX_FINDINGS]),
        order=tuple(one_line(each, 600) for each in verdict.order[:20]),
        files=files,
        suites=tuple(_suites(plan, result.folder)),
        size=sum(each.size for each in files),
    )


def _headline(plan: Plan, verdict: Verdict) -> str:
    """That of the report; of questions under another name than their own it is said here whatever the report knows."""
    from steelyard.planning.own_names import not_the_benchmark, own_under_public_names
    from steelyard.reports.headlines import headline

    found, of_own = headline(verdict)[:1000], not_the_benchmark(own_under_public_names(plan)[:_MAX_TASKS])
    return found if "Asked were questions of the user's own" in found or not of_own else f"{of_own} {found}"[:1000]


def _kind(plan: Plan, verdict: Verdict) -> RunKind:
    """What a run is, to tell runs apart by."""
    from steelyard.reports import choices, gates, identity_checks

    if plan.origin.kind == "gateway":
        return "recording"
    if plan.origin.kind == "imported":
        return "import"
    if gates.is_gated(verdict):
        return "gate"
    if choices.is_choice(verdict):
        return "choice"
    if identity_checks.is_identity_check(verdict):
        return "identity"
    return "audit" if plan.sheet is not None else "run"


def _samples(plan: Plan) -> tuple[AskedSamples, ...]:
    """Of what is asked for a task itself: no arms of a detector, and nothing asked again."""
    asked = {
        (each.task, each.items or each.samples_root): None
        for each in plan.measurements
        if not (each.again or each.arm or each.beside or each.drawn) and plan.origin.kind != "gateway"
    }
    return tuple(AskedSamples(task=one_line(task, 80), digest=digest[:200]) for task, digest in [*asked][:_MAX_SAMPLES])


def _said(result: VerifyResult) -> Iterator[tuple[str, str]]:
    yield from result.facts()
    found = result.recomputed
    if found.withheld:
        yield "taken as sealed", f"{found.withheld:,} scores, since their texts are withheld"
    if found.executed:
        yield "not recomputed", f"{found.executed:,} scores that running code, weights or another harness made"
    for task in sorted(found.tasks_not_here)[:20]:
        said = f"prompt, scorer and chance score of {one_line(task, 80)}, a task that is not here"
        yield "as sealed", f"{said}, and whether a claim about it may be accused"
    for name in sorted(found.accusing)[:20]:
        yield "as sealed", f"that {one_line(name, 80)} may accuse, with other shots than its claim states"
    for task, drawer in sorted(found.other_drawers.items())[:20]:
        yield "images not drawn again", f"those of {one_line(task, 80)} are by {one_line(drawer, 80)}"
    for message in result.integrity.messages[1:]:  # the first is of the signer, whom nobody here named
        yield "seal", message


def _taken(verdict: Verdict, rows: Iterable[ClaimRow]) -> Taken:
    """Of the measurements of the subject, less texts and orders in which nothing is right or wrong; and of all.

    A second pass has no score of its own: it is among the calls, and what it answered is not counted twice.
    """
    from steelyard.reports.measured import by_measurement, is_marked

    called = [each for each in by_measurement(verdict) if each.calls]
    asked = [each for each in called if each.role == SUBJECT and is_marked(each)]
    return Taken(
        tasks=tuple(dict.fromkeys(one_line(each.task, 80) for each in asked))[:_MAX_TASKS],
        right=sum(each.right for each in asked if each.bounds is not None),
        asked=sum(each.asked for each in asked if each.bounds is not None),
        calls=sum(each.calls for each in asked),
        tokens=sum(each.prompt_tokens + each.completion_tokens for each in asked),
        cost=_sum_of([each.cost for each in asked]),
        verdicts=sum(each.word in _DECIDED for each in rows),
        run_cost=_sum_of([each.cost for each in called]),
        run_tokens=sum(each.prompt_tokens + each.completion_tokens for each in called),
    )


def _suites(plan: Plan, folder: Path) -> Iterator[SuiteUse]:
    """What was sent of private suites, from the journal: every attempt counts, whether it was answered or not."""
    if not any(each.suite for each in plan.measurements):
        return
    from steelyard.storage.journal.reader import replay

    asked = {
        each.id: (each.suite, _recipient(plan.models[each.role].identity.uri) if each.role in plan.models else "")
        for each in plan.measurements
        if is_sha256(each.suite)
    }
    lines: dict[tuple[str, str], set[int]] = {place: set() for place in asked.values()}
    for attempt in replay(folder).attempts:
        number = attempt.sample.rpartition("/")[2]
        if attempt.measurement in asked and number.isdecimal() and len(number) < 10:
            lines[asked[attempt.measurement]].add(int(number))
    for (suite, recipient), numbers in sorted(lines.items())[:_MAX_USES]:
        yield SuiteUse(suite=suite, recipient=recipient, lines=tuple(sorted(numbers)[:_MAX_LINES]))


def _recipient(uri: str) -> str:
    """Who gets what a model of this URI is asked, in normal form; the URI itself where it cannot be read."""
    from steelyard.api.models import recipient_of
    from steelyard.util.addresses import normal_endpoint

    try:
        return one_line(normal_endpoint(recipient_of(uri)), 400)
    except (SteelyardError, ValueError):
        return one_line(uri, 400)


def _sum_of(costs: Sequence[float | None]) -> float | None:
    """None where one is unknown, or nothing was asked."""
    known = [cost for cost in costs if cost is not None]
    return sum(known) if known and len(known) == len(costs) else None


def _rows(verdict: Verdict) -> Iterator[ClaimRow]:
    from steelyard.reports import choices, gates, words
    from steelyard.reports.measured import measured_words, only_measured

    for claim in verdict.claims:
        row = words.claim_words(claim)
        yield ClaimRow(
            task=row.task, claimed=row.claimed, measured=row.measured, interval=row.interval, asked=row.asked,
            word=row.verdict.value, words=row.verdict_words, detail=row.detail, measurement=claim.measurement,
        )  # fmt: skip
    for each in gates.gates_of(verdict):
        gate = gates.gate_words(each, verdict)
        yield ClaimRow(
            task=gate.task, claimed=gate.bar, measured=gate.seen, interval=gate.interval, asked=gate.asked,
            word=gate.word.value, words=gate.colour, detail=gate.reason,
            measurement=each.gate.measurement if each.gate else "",
        )  # fmt: skip
    for each in choices.choices_of(verdict):
        asked = each.choice.candidates if each.choice else ()
        for candidate, of in zip(choices.candidate_words(each, verdict), asked, strict=True):
            yield ClaimRow(
                task=candidate.model, measured=candidate.cells[0], interval=candidate.cells[1],
                asked=candidate.cells[2], word=candidate.word.value, words=candidate.standing,
                measurement=of.measurement,
            )  # fmt: skip
    for result in only_measured(verdict):
        only = measured_words(result)
        yield ClaimRow(
            task=only.task, measured=only.measured, interval=only.interval, asked=only.asked, words="measured",
            detail=only.detail, measurement=result.measurement,
        )  # fmt: skip


def _files(run: Path) -> tuple[RunFile, ...]:
    found = []
    for name in layout.run_files(run):
        digest, _ = layout.digest_and_lines(run, name)
        found.append(RunFile(name=name, size=(run / name).stat().st_size, sha256=digest))
    return tuple(found)
