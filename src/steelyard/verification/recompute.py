"""The second layer of verification: every score, test and verdict again, from the bundle alone, with Steelyard itself.

The first layer (:mod:`steelyard.evidence.verify`) shows that nothing was changed since the seal. This one shows that
what was sealed follows from the journal: an auditor who edits a score and seals again is caught here.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from steelyard.auditing.finalize import read_scores, renderer, results_of, unscored, write_reports
from steelyard.auditing.verdict import decide
from steelyard.errors import MissingDependency, VerificationError
from steelyard.evidence import layout
from steelyard.evidence.bundle import Bundle
from steelyard.evidence.timestamp import stamp_in
from steelyard.evidence.timestamp_place import check_older
from steelyard.members import member_of_plugin
from steelyard.records import Plan, SampleScore, Verdict
from steelyard.reports.sealed_pages import compare_pages
from steelyard.storage.journal.reader import segment_names
from steelyard.storage.run_folder import RunFolder
from steelyard.verification.answered_by import check_answered_by
from steelyard.verification.consistency import check_created
from steelyard.verification.journal import checked_records
from steelyard.verification.journal_content import check_journal
from steelyard.verification.plan import check_plan, check_scorers
from steelyard.verification.scores import Comparison, OpenMeasurements
from steelyard.verification.sources import check_sources

__all__ = ["Recomputed", "check_same", "recompute"]

# Log-likelihoods and intervals go through the C library's log and gamma; machines agree to many more digits than this.
RELATIVE_TOLERANCE = 1e-6
ADDED = {"cost", "error_rates"}  # earlier reports did not state them


@dataclass(frozen=True)
class Recomputed:
    """What was computed again, and what had to be taken from the journal.

    ``scores`` were computed from the texts, ``withheld`` taken as sealed (their texts are withheld), ``executed`` taken
    from the journal: scores that running code or another harness made, and nobody can make again here. ``wasted``
    counts attempts that brought tokens but nothing readable, ``disowned`` a recording's replies that hold a whole
    answer under the status of a failure. ``not_compared`` is why the report's pages could not be drawn again and held
    against the sealed ones, "" where they were and are equal. ``tasks_not_here``: by task, the measurements (and
    refused requests) that rest on a task file or plugin that is not here, so that prompt format, scorer, chance score
    and whether the claim may be accused are taken as sealed; ``accusing``: those of them whose claims state another
    number of worked examples than the plan shows. ``other_drawers``: by generated task, what drew its images, where
    something else draws them here: what they show was made again, and their bytes were not.
    """

    plan: Plan
    scores: int
    withheld: int
    verdict: Verdict
    not_compared: str
    executed: int = 0
    wasted: int = 0
    disowned: int = 0
    tasks_not_here: Mapping[str, Sequence[str]] = field(default_factory=dict)
    other_drawers: Mapping[str, str] = field(default_factory=dict)
    accusing: Sequence[str] = ()

    @property
    def pages(self) -> bool:
        """Whether the report's pages were drawn again and are equal to the sealed ones."""
        return not self.not_compared


def recompute(run: Path, bundle: Bundle | None = None) -> Recomputed:
    """Recompute everything after the journal; raises VerificationError naming the first thing that does not follow.

    Raises MissingDependency where what scores it comes with another distribution, which is not installed.

    ``bundle`` is the run's seal where it is open already (:attr:`steelyard.evidence.verify.Integrity.bundle`).
    """
    try:
        return _recompute(RunFolder.open(run), bundle or Bundle.open(run))
    except (LookupError, ValueError, TypeError, ArithmeticError, RecursionError) as error:
        # A bundle may come from anyone: whatever its numbers make our own code stumble over does not hold.
        raise VerificationError(
            f"{run}: its plan and journal cannot be computed: {type(error).__name__}: {error}"
        ) from None


def _recompute(run: RunFolder, bundle: Bundle) -> Recomputed:
    plan = run.plan
    check_created(plan)
    _check_segments(run)
    _check_members(plan)
    if plan.origin.kind == "gateway":
        return _recompute_recording(run, bundle)
    check_sources(run)
    as_sealed = check_plan(run, bundle)
    check_scorers(plan)
    journal = check_journal(run)
    check_answered_by(run)
    if (stamp := stamp_in(run.path)) is not None and journal.first_us is not None:
        check_older(stamp, journal.first_us, layout.TIMESTAMP)
    if waiting := unscored(run):
        raise VerificationError(f"record {waiting.seq}: the answer of {waiting.sample} was sealed without its score")
    comparison = Comparison(read_scores(run))
    left_open = OpenMeasurements(plan, journal.unfinished, journal.refused)

    def take(score: SampleScore) -> None:
        comparison.take(score)
        left_open.take(score)

    found = results_of(run, take, left_open.take_call)
    comparison.finish()
    left_open.finish()
    if found.withheld and plan.texts == "sealed":
        raise VerificationError(
            f"{layout.TEXTS}: the plan sealed them all, and those of {found.withheld} answers are not there"
        )
    from steelyard.reports import machine

    report = machine.sealed_report(run.path)
    check_same(report, json.loads(json.dumps(machine.render(found.verdict))), layout.REPORT)
    not_compared = compare_pages(
        run.path,
        lambda folder: write_reports(folder, run, found.verdict),
        sealed_by=plan.software,
        drawn_with=bundle.renderer,
        draws_with=renderer(),
    )
    scores = found.scores - found.withheld - journal.executed
    return Recomputed(
        plan,
        scores,
        found.withheld,
        found.verdict,
        not_compared,
        journal.executed,
        journal.wasted,
        tasks_not_here=as_sealed.tasks,
        other_drawers=as_sealed.drawers,
        accusing=as_sealed.accusing,
    )


def _recompute_recording(run: RunFolder, bundle: Bundle) -> Recomputed:
    """A gateway's recording has neither scores nor claims: its report follows from the journal alone."""
    from steelyard.gateway.seal import recompute_recording
    from steelyard.gateway.verify import check_replies

    for _ in checked_records(run):
        pass
    disowned = check_replies(run)
    not_compared = recompute_recording(run, bundle.renderer)
    return Recomputed(run.plan, 0, 0, decide(run.plan, (), {}), not_compared, disowned=disowned)


def _check_members(plan: Plan) -> None:
    """Raise MissingDependency where scores are another distribution's, and it is not installed."""
    for scorer in sorted({each for measurement in plan.measurements for each in measurement.scorers}):
        name = scorer.partition("@")[0].partition("[")[0]
        if (member := member_of_plugin(f"scorer.{name}")) and not member.is_installed:
            raise MissingDependency(f"the scorer {scorer} comes with: {member.how_to_install}")


def _check_segments(run: RunFolder) -> None:
    """Everything that the seal names is read here: what lay in another segment would be sealed and not judged."""
    segment_names(run.path)
    for path in sorted((run.path / layout.TEXTS).glob("*")):
        if (name := f"{layout.TEXTS}{path.name}") != layout.TEXT_SEGMENT:
            raise VerificationError(f"{name}: a segment that a run of this version has not")


def check_same(was: Any, now: Any, place: str) -> None:
    """Raise VerificationError, naming the place, unless two trees of JSON types are equal but for the last digits."""
    if isinstance(was, dict) and isinstance(now, dict):
        for key in [*was, *(key for key in now if key not in was)]:
            if key in ADDED and key not in was:
                continue
            if key not in was or key not in now:
                raise VerificationError(f"{place}: {key} does not follow from the journal")
            check_same(was[key], now[key], f"{place}: {key}")
    elif isinstance(was, list) and isinstance(now, list):
        if len(was) != len(now):
            raise VerificationError(f"{place} has {len(was)} entries, recomputed {len(now)}")
        for number, (one, other) in enumerate(zip(was, now, strict=True)):
            check_same(one, other, f"{place}[{number}]")
    elif isinstance(was, bool) or isinstance(now, bool):
        if was is not now:
            raise VerificationError(f"{place} says {was!r}, recomputed {now!r}")
    elif isinstance(was, float | int) and isinstance(now, float | int):
        if not math.isclose(was, now, rel_tol=RELATIVE_TOLERANCE, abs_tol=1e-9):
            raise VerificationError(f"{place} says {was}, recomputed {now}")
    elif was != now:
        raise VerificationError(f"{place} says {str(was)[:60]!r}, recomputed {str(now)[:60]!r}")
