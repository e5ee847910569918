"""A leak check of a sealed suite: which kept items are asked next of a recipient, and what such a check can see."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from steelyard.api.may_see import normal
from steelyard.api.models import recipient_of
from steelyard.errors import InputError

if TYPE_CHECKING:
    from steelyard.api.conduct import Job
    from steelyard.planning.options import Options
    from steelyard.plugins import Model

__all__ = ["CanaryHit", "NextCheck", "canaries_in", "check_job", "next_check"]


@dataclass(frozen=True, kw_only=True)
class NextCheck:
    """The check that is next for a recipient: its number, the sizes of both halves, and how many are left after it."""

    folder: Path
    suite: str
    number: int
    released: int
    kept: int
    left: int
    gap: float | None


def next_check(folder: Path, model: str | Model, alpha: float) -> NextCheck:
    """The first check whose items the model's endpoint has not seen; a model on this machine sees every one as new.

    Raises InputError for a suite that is not sealed, and where no check is left.
    """
    from steelyard.stats.released import detectable_gap
    from steelyard.suites.exposures import exposed_items, read_exposures
    from steelyard.tasks.suite_file import suite_folder
    from steelyard.tasks.suite_seal import parts_of
    from steelyard.tasks.suite_task import task_from_suite

    folder = suite_folder(folder)
    suite = task_from_suite(folder.with_name(f"{folder.name}#all"))
    if suite.seal is None:
        raise InputError(
            f"version {suite.file.version} is not sealed, so nothing is kept back: steelyard suite seal", where=folder
        )
    parts = parts_of(suite.seal, suite.rows.ids)
    recipient = recipient_of(model)
    seen = exposed_items(read_exposures(folder)).get(normal(recipient), {}) if recipient else {}
    fresh = [number for number, items in enumerate(parts.checks, 1) if not items & seen.keys()]
    if not fresh:
        raise InputError(
            f"no check is left for {recipient}: it has seen kept items of {_every(len(parts.checks))} (steelyard suite "
            "refresh, then seal another version)",
            where=folder,
        )
    asked = set(suite.items)
    released, kept = len(parts.released & asked), len(parts.checks[fresh[0] - 1] & asked)
    return NextCheck(
        folder=folder,
        suite=suite.file.suite,
        number=fresh[0],
        released=released,
        kept=kept,
        left=len(fresh) - 1,
        gap=detectable_gap(released, kept, alpha),
    )


def _every(checks: int) -> str:
    return "the only check" if checks == 1 else f"all {checks} checks"


def check_job(check: NextCheck, options: Options, alpha: float) -> Job:
    """The job that asks both halves and tests them at level ``alpha``, at most .05."""
    from steelyard.api.conduct import requested_job
    from steelyard.records import RequestedTest

    kept = check.folder.with_name(f"{check.folder.name}#check-{check.number}")
    requested = RequestedTest(
        detector="leak",
        task=check.suite,
        options={"kept": f"{check.suite}-check-{check.number}", "alpha": f"{alpha:.12f}".rstrip("0")},
    )
    return requested_job([requested], replace(options, task_files=(check.folder, kept)))


@dataclass(frozen=True)
class CanaryHit:
    """An answer that holds the suite's canary: the model has read the suite's files."""

    measurement: str
    sample: str


def canaries_in(run: Path, canary: str) -> list[CanaryHit]:
    """The answers of a run that hold the canary; none where the suite has no canary."""
    from steelyard.auditing.answers import answers_of
    from steelyard.storage.run_folder import RunFolder

    if not canary:
        return []
    return [
        CanaryHit(each.measurement, each.sample)
        for each in answers_of(RunFolder.open(run), lambda score: True)
        if canary in (each.answer or "") or canary in (each.reasoning or "")
    ]
