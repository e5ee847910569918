"""Did one of these candidates give the whole table? From audits of each candidate against the same claims.

*Null*: one of the candidates gave every row of the table. For a candidate that did, its own audit accuses some row with
probability ≤ α (weighted Holm over its rows), so p of a candidate is its least p over rows after that correction
(:func:`steelyard.stats.multiplicity.adjusted_p`). The null names no candidate: p is the largest of theirs (an
intersection-union test; Berger 1982, "Multiparameter hypothesis testing and acceptance sampling"), however many there
are. Audits of one sheet may depend on one another in any way.

*Assembled* says more: after each candidate's Holm over all its rows, each of them fails a row that another one reaches.
Rows that nobody reaches (inflated, or known by heart) neither carry nor block it: they are listed apart.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from steelyard.errors import ExitCode, InputError
from steelyard.planning.questions import subject_of
from steelyard.planning.series import new_key_sentence, order_sentences
from steelyard.records import Claim, ClaimVerdict, Plan, Verdict, VerdictWord
from steelyard.records.record import Record
from steelyard.stats.multiplicity import adjusted_p
from steelyard.stats.series import series_share
from steelyard_forensics.assemble.settings import SettingDifference, check_rows, setting_differences

__all__ = ["Assembly", "Audited", "Candidate", "Cell", "TableRow", "assemble"]


class Audited(NamedTuple):
    """One candidate's audit, as it was verified: where it is, its plan and its verdict."""

    run: str
    plan: Plan
    verdict: Verdict


class Cell(Record, frozen=True, kw_only=True):
    """What one candidate's audit says of one row. ``p`` is after Holm over the candidate's rows; None: not tested."""

    verdict: VerdictWord
    measured: float | None = None
    ci: tuple[float, float] | None = None
    p: float | None = None


class TableRow(Record, frozen=True, kw_only=True):
    """One row of the vendor's table, with a cell for each candidate in their order."""

    task: str
    variant: str
    claimed: str
    unit: str
    cells: tuple[Cell, ...]

    @property
    def reached_by(self) -> tuple[int, ...]:
        """The candidates that are consistent with the row, by their numbers from 0."""
        return tuple(at for at, cell in enumerate(self.cells) if cell.verdict is VerdictWord.CONSISTENT)

    def failed_by(self, alpha: float) -> tuple[int, ...]:
        """The candidates that are rejected on the row, by their numbers from 0."""
        return tuple(at for at, cell in enumerate(self.cells) if cell.p is not None and cell.p <= alpha)


class Candidate(Record, frozen=True, kw_only=True):
    """A model that may have given the table. ``p``: of "it gave the whole table".

    ``order`` says what whoever ran its audit could have chosen, and how often this was asked.
    """

    run: str
    model: str
    subject: str
    p: float
    rows_tested: int
    order: tuple[str, ...] = ()


class Assembly(Record, frozen=True, kw_only=True):
    """The result: ``word`` is *inconsistent* where none of the candidates gave the whole table, at level ``alpha``.

    *Consistent*: one of them is consistent with every row (``whole``). ``assembled``: each candidate fails a row that
    another one reaches. ``nobody`` are the numbers of rows that every candidate fails; ``by_nobody``: they alone speak
    against all candidates. ``differences`` are settings in which the audits differ.
    """

    model: str
    alpha: float
    candidates: tuple[Candidate, ...]
    rows: tuple[TableRow, ...]
    p: float
    word: VerdictWord
    whole: tuple[int, ...] = ()
    assembled: bool = False
    nobody: tuple[int, ...] = ()
    by_nobody: bool = False
    differences: tuple[SettingDifference, ...] = ()

    @property
    def exit(self) -> ExitCode:
        """The exit code of the command."""
        if self.word is VerdictWord.INCONSISTENT:
            return ExitCode.INCONSISTENT
        return ExitCode.CONSISTENT if self.word is VerdictWord.CONSISTENT else ExitCode.UNDECIDED


def assemble(audits: Sequence[Audited]) -> Assembly:
    """Hold one table against several candidates.

    Raises InputError for fewer than two audits, one of another sheet, tolerance or level, two of one model, and a row
    that two of them asked other samples for or scored by other rules.
    """
    _check(audits)
    first, plans = audits[0].plan, [each.plan for each in audits]
    assert first.sheet is not None, "checked"
    claims, alpha = first.sheet.claims, first.alpha
    verdicts = [_in_order(audit) for audit in audits]
    check_rows([each.run for each in audits], plans, verdicts)
    columns = [_cells(plan, found) for plan, found in zip(plans, verdicts, strict=True)]
    rows = tuple(
        TableRow(
            task=claim.task,
            variant=claim.variant,
            claimed=claim.value,
            unit=claim.unit,
            cells=tuple(column[at] for column in columns),
        )
        for at, claim in enumerate(claims)
    )
    candidates = _told_apart([_candidate(audit, column) for audit, column in zip(audits, columns, strict=True)])
    numbers = range(len(candidates))
    p = max(each.p for each in candidates)
    whole = tuple(at for at in numbers if all(at in row.reached_by for row in rows))
    fails = {at for row in rows for at in row.failed_by(alpha) if set(row.reached_by) - {at}}
    word = VerdictWord.INSUFFICIENT_POWER
    if p <= alpha:
        word = VerdictWord.INCONSISTENT
    elif whole:
        word = VerdictWord.CONSISTENT
    nobody = tuple(at for at, row in enumerate(rows) if len(row.failed_by(alpha)) == len(candidates))
    others = [[column[at].p for at in range(len(rows)) if at not in nobody] for column in columns]
    left = max(min((p for p in column if p is not None), default=1.0) for column in others)
    return Assembly(
        model=first.sheet.model,
        alpha=alpha,
        candidates=candidates,
        rows=rows,
        p=p,
        word=word,
        whole=whole,
        assembled=word is VerdictWord.INCONSISTENT and fails == set(numbers),
        nobody=nobody,
        by_nobody=word is VerdictWord.INCONSISTENT and left > alpha,
        differences=setting_differences(plans, verdicts),
    )


def _candidate(audit: Audited, cells: Sequence[Cell]) -> Candidate:
    identity = audit.plan.subject.identity
    tested = [cell.p for cell in cells if cell.p is not None]
    return Candidate(
        run=audit.run,
        model=identity.name or identity.uri,
        subject=subject_of(identity),
        p=min(tested, default=1.0),
        rows_tested=len(tested),
        order=(*order_sentences(audit.plan), *filter(None, [new_key_sentence(audit.plan)])),
    )


def _told_apart(candidates: Sequence[Candidate]) -> tuple[Candidate, ...]:
    """Candidates of one name, each with its run behind it."""
    count = Counter(each.model for each in candidates)
    return tuple(
        msgspec.structs.replace(each, model=f"{each.model} ({each.run})") if count[each.model] > 1 else each
        for each in candidates
    )


def _in_order(audit: Audited) -> list[ClaimVerdict]:
    """The verdicts on the claims, in the sheet's order."""
    assert audit.plan.sheet is not None, "checked"
    left = list(audit.verdict.claims)
    found = []
    for claim in audit.plan.sheet.claims:
        at = next(n for n, each in enumerate(left) if (each.line, each.claimed_text) == (claim.line, claim.value))
        found.append(left.pop(at))
    return found


def _cells(plan: Plan, found: Sequence[ClaimVerdict]) -> list[Cell]:
    """A cell for each claim, in the sheet's order; p after the correction over the candidate's own rows."""
    p_values = [_p(plan, each) for each in found]
    tested = [p for p in p_values if p is not None]
    corrected = iter(adjusted_p(tested, [1.0] * len(tested)))
    return [
        Cell(
            verdict=each.verdict,
            measured=each.measured,
            ci=each.ci,
            p=None if p is None else float(f"{next(corrected):.10g}"),
        )
        for each, p in zip(found, p_values, strict=True)
    ]


def _p(plan: Plan, claim: ClaimVerdict) -> float | None:
    """The p-value of a claim, with the share of its level that a repeated audit of the same question has."""
    if claim.p is None:
        return None
    test = next(each for each in plan.tests if any(reads.measurement == claim.measurement for reads in each.reads))
    return min(1.0, claim.p / series_share(plan.number_of(test)))


def _check(audits: Sequence[Audited]) -> None:
    if len(audits) < 2:
        raise InputError("one table is held against two candidates or more: give a run of each")
    first = audits[0]
    if first.plan.sheet is None:
        raise InputError("is no audit of a claim sheet: steelyard audit makes one", where=first.run)
    seen: dict[str, str] = {}
    for audit in audits:
        plan = audit.plan
        if plan.sheet is None:
            raise InputError("is no audit of a claim sheet: steelyard audit makes one", where=audit.run)
        for at, (claim, other) in enumerate(zip(first.plan.sheet.claims, plan.sheet.claims, strict=False), 1):
            if _asked(claim) != _asked(other):
                raise InputError(
                    f"row {at} of its sheet ({other.task}, {other.value}) is another than in {first.run}: audit each "
                    "candidate with the same sheet",
                    where=audit.run,
                )
        if len(plan.sheet.claims) != len(first.plan.sheet.claims):
            raise InputError(f"its sheet has other rows than that of {first.run}: use the same sheet", where=audit.run)
        if (plan.tolerance, plan.alpha) != (first.plan.tolerance, first.plan.alpha):
            raise InputError(f"has another tolerance or level than {first.run}: audit both alike", where=audit.run)
        mine = _benchmarks(audit)
        if other_items := [
            task for task, benchmark in _benchmarks(first).items() if mine.get(task, benchmark) != benchmark
        ]:
            raise InputError(f"its questions of {other_items[0]} are others than in {first.run}", where=audit.run)
        subject = subject_of(plan.subject.identity)
        if subject in seen:
            raise InputError(f"is about the same model as {seen[subject]}: give one run of each", where=audit.run)
        seen[subject] = audit.run


def _benchmarks(audit: Audited) -> dict[str, str]:
    """By task, what identifies its items: two files of one's own may have one name."""
    questions = audit.plan.questions
    return {
        each.task: questions[each.question].benchmark
        for each in audit.plan.measurements
        if each.question in questions and not each.drawn
    }


def _asked(claim: Claim) -> tuple[object, ...]:
    # What the vendor says of its number decides the margins that it is held to.
    stated = claim.samples, claim.repeats, claim.shots, claim.average
    return claim.task, claim.variant, claim.metric, claim.value, claim.unit, claim.protocol, *stated
