"""Journal → scores → verdict → reports → seal: the pure half of an audit, and the files that it leaves."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from steelyard.auditing.judged import VerdictReader, is_judging
from steelyard.auditing.ledger_end import Ended, end_in_ledger
from steelyard.auditing.scoring import Unscored, score_attempts, scorers_of, unscored_attempts
from steelyard.auditing.service import service_of
from steelyard.auditing.spending import Spending, measured_by_call
from steelyard.auditing.timestamps import check_is_stamped
from steelyard.auditing.usage import Usage, counted
from steelyard.auditing.verdict import decide
from steelyard.errors import InputError, VerificationError
from steelyard.evidence import layout
from steelyard.evidence.canonical import canonical, canonical_in_full
from steelyard.evidence.timestamp import stamp_in
from steelyard.records import Attempt, CallSpent, DetectorResult, Plan, SampleScore, Verdict
from steelyard.scorers.corpus import counts_fit
from steelyard.storage.journal.lines import JournalRecord, segment_of
from steelyard.storage.journal.reader import read_lines, read_segment, segment_names
from steelyard.storage.journal.texts import open_index
from steelyard.storage.run_folder import RunFolder
from steelyard.util.atomic_file import whole_file, write_file

if TYPE_CHECKING:
    from steelyard.evidence.keys import KeySigner

__all__ = [
    "Results",
    "checkpoint",
    "finalize",
    "read_scores",
    "renderer",
    "results_of",
    "unscored",
    "write_reports",
]


@dataclass(frozen=True)
class Results:
    """What follows from a journal: how many scores, and the verdict.

    ``withheld``: how many of the scores were read from scores.jsonl, their texts being withheld.
    """

    plan: Plan
    scores: int
    withheld: int
    verdict: Verdict


def results_of(
    run: RunFolder,
    each: Callable[[SampleScore], object] = lambda _: None,
    each_call: Callable[[CallSpent], object] = lambda _: None,
) -> Results:
    """Everything after the journal, recomputed from it in one pass; ``each`` is given every score in its order.

    ``each_call`` is given what calls took, where a test reads that.

    Raises VerificationError for a journal that does not fit its plan, InputError for a test that cannot be read.
    """
    plan = run.plan
    usage: dict[str, Usage] = {}
    verdicts = VerdictReader() if is_judging(plan) else None
    reading = _Reading(run, each if verdicts is None else verdicts.beside(each))
    spending, calls = Spending(measured_by_call(plan)), list[CallSpent]()

    def took(record: JournalRecord) -> None:
        if (call := spending.read(record)) is not None:
            calls.append(call)
            each_call(call)

    records = counted((record for record, _ in read_lines(run.path)), usage, took)
    scores = reading.scores(score_attempts(plan, records, scorers_of(plan), open_index(run.path)))
    stamp, report = stamp_in(run.path), _sealed_report(run)
    verdict = decide(plan, scores, usage, _sealed_results(report), stamp, calls)  # which goes through the scores
    if verdicts is not None:
        verdict = msgspec.structs.replace(verdict, judging=verdicts.judging(run, report))
    return Results(plan, reading.count, reading.withheld, verdict)


def _sealed_report(run: RunFolder) -> dict[str, Any]:
    """The sealed report, for what cannot be computed here; empty where there is none yet."""
    from steelyard.reports.machine import sealed_report

    try:
        report = sealed_report(run.path)
    except VerificationError:
        return {}
    return report if isinstance(report, dict) else {}


def _sealed_results(report: dict[str, Any]) -> dict[str, DetectorResult]:
    """The results of tests as a sealed report holds them: for tests whose plugin is not installed here."""
    try:
        results = [msgspec.convert(each, DetectorResult) for each in report.get("tests", [])]
    except (ValueError, TypeError, AttributeError):
        return {}
    return {result.test: result for result in results}


class _Reading:
    """Gives the scores that follow from a journal, and those as they were sealed whose texts are withheld."""

    def __init__(self, run: RunFolder, each: Callable[[SampleScore], object]) -> None:
        self.count = self.withheld = 0
        self._sealed = read_scores(run)
        self._sealed_read = 0
        self._each = each

    def scores(self, found: Iterable[SampleScore | Unscored]) -> Iterator[SampleScore]:
        for each in found:
            score = self._sealed_score(each) if isinstance(each, Unscored) else each
            self.count += 1
            self._each(score)
            yield score

    def _sealed_score(self, unscored: Unscored) -> SampleScore:
        """The line of scores.jsonl at this place; a score that is taken as sealed is still that of its attempt."""
        sealed = next(islice(self._sealed, self.count - self._sealed_read, None), None)
        self._sealed_read = self.count + 1
        self.withheld += 1
        attempt = unscored.attempt
        place = (attempt.measurement, attempt.position, attempt.sample, attempt.repeat, unscored.scorer.identifier)
        if (
            sealed is None
            or (sealed.measurement, sealed.position, sealed.sample, sealed.repeat, sealed.scorer) != place
            or (sealed.status == "missing") == attempt.outcome.answered
            or sealed.service != service_of(attempt)
            or sealed.seq != attempt.seq
            or (sealed.value is None) != (sealed.status in ("missing", "open"))
            or not 0 <= (sealed.value or 0) <= (sealed.status == "scored")
            or not counts_fit(unscored.scorer, sealed)
        ):
            raise VerificationError(
                f"{layout.SCORES}: the score of record {attempt.seq}, whose text is withheld, does not belong to it"
            )
        return sealed


def finalize(run: RunFolder, signer: KeySigner | None = None, word: Ended = "sealed") -> Verdict:
    """Write scores and reports of a finished run, and seal the bundle.

    Where the plan began in the key's ledger, its end is written there (``word``), and the bundle gets the ledger as it
    is then. Raises InputError where the ledger or the time stamp is not there, where another copy of the run was sealed
    with other answers, and where outputs still wait for an executing scorer: what is sealed cannot be scored any more.
    """
    from steelyard.evidence.bundle import seal_bundle

    check_is_stamped(run)
    if waiting := unscored(run):
        raise InputError(
            f"the answer of {waiting.sample} is not scored yet: steelyard resume goes on with it", where=run.path
        )
    with whole_file(run.path / layout.SCORES) as file:
        found = results_of(run, lambda score: file.write(canonical_in_full(score) + b"\n"))
    write_reports(run.path, run, found.verdict)
    if run.plan.ledger is not None:
        end_in_ledger(run, signer, word)
    seal_bundle(run.path, {"renderer": renderer()}, signer)
    return found.verdict


def unscored(run: RunFolder) -> Attempt | None:
    """The first output that its executing scorer has not scored; None where there is none."""
    waiting = next(unscored_attempts((record for record, _ in read_lines(run.path)), scorers_of(run.plan)), None)
    return None if waiting is None else waiting.attempt


def write_reports(folder: Path, run: RunFolder, verdict: Verdict) -> None:
    """Write report.json, report.md and report.html of a run into a folder, which need not be the run's."""
    from steelyard.reports import html, machine, markdown

    write_file(folder / layout.REPORT, canonical(machine.render(verdict)) + b"\n")
    write_file(folder / layout.REPORT_MARKDOWN, markdown.render(verdict, run.plan).encode())
    write_file(folder / layout.REPORT_PAGE, html.render(verdict, run.plan, run.plan_sha256).encode())


def checkpoint(run: RunFolder, signer: KeySigner | None = None) -> None:
    """Note how far the journal's segments went at a stop, signed where there is a key: rewriting them then shows."""
    from steelyard.evidence.checkpoints import checkpoint_line
    from steelyard.evidence.merkle import Tree

    sizes = {}
    for worker in segment_names(run.path):
        tree = Tree()
        for _, line in read_segment(run.path, worker):
            tree.append(line)
        sizes[segment_of(worker)] = (tree.size, tree.root())
    path = run.path / layout.CHECKPOINTS
    before = path.read_bytes() if path.is_file() else b""
    write_file(path, before + checkpoint_line(sizes, time.time_ns() // 1000, signer))


def renderer() -> dict[str, str]:
    """What drew the pictures: another version may draw the same numbers as other bytes."""
    from importlib.metadata import version

    return {name: version(name) for name in ("vl-convert-python", "jinja2")}


def read_scores(run: RunFolder) -> Iterator[SampleScore]:
    """Stream the scores as they were sealed; raises InputError where the run is not finalized yet."""
    path = run.path / layout.SCORES
    if not path.is_file():
        raise InputError("there are no scores here yet: the run is not finished", where=run.path)
    with layout.open_regular(run.path, layout.SCORES) as file:
        for number, line in enumerate(layout.lines(file, layout.SCORES), 1):
            try:
                yield _scores.decode(line)
            except (msgspec.DecodeError, RecursionError) as error:
                raise VerificationError(f"{layout.SCORES} line {number}: not a score ({error})") from None


_scores: Final = msgspec.json.Decoder(SampleScore)
