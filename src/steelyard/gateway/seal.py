"""The end of a recording, in order or after a kill: report, checkpoint and seal; and the same again by a verifier."""

from __future__ import annotations

import json
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from steelyard.auditing.finalize import checkpoint
from steelyard.errors import InputError, VerificationError
from steelyard.evidence import layout
from steelyard.evidence.canonical import canonical
from steelyard.gateway.summary import RecordingSummary, render, summary_of
from steelyard.records import Plan
from steelyard.reports.machine import sealed_report
from steelyard.reports.sealed_pages import compare_pages
from steelyard.storage.run_folder import RunFolder
from steelyard.util.atomic_file import write_file

if TYPE_CHECKING:
    from steelyard.evidence.keys import KeySigner

__all__ = ["is_recording", "recompute_recording", "renderer", "seal_killed", "seal_recording", "write_reports"]


def is_recording(plan: Plan) -> bool:
    """Whether a plan is that of a recording, which has no rows, scores or verdict."""
    return plan.origin.kind == "gateway"


def seal_recording(run: RunFolder, signer: KeySigner | None = None) -> RecordingSummary:
    """Write the report of a recording that has stopped, note its root, and seal it. The caller holds its lock."""
    from steelyard.evidence.bundle import seal_bundle

    checkpoint(run, signer)
    summary = summary_of(run)
    write_file(run.path / layout.SCORES, b"")  # every bundle names its scores: here there are none
    write_reports(run.path, run.plan, summary)
    seal_bundle(run.path, {"renderer": renderer()}, signer)
    return summary


def seal_killed(run: RunFolder, signer: KeySigner | None = None) -> RecordingSummary:
    """Seal what a killed gateway left: torn last lines are cut, on record. Nothing that was recorded is lost.

    Raises InputError for a folder that is no recording, is sealed already, or belongs to a gateway that still works.
    """
    from steelyard.storage.journal.lines import Stop, new_header
    from steelyard.storage.journal.texts import Texts
    from steelyard.storage.journal.writer import Journal

    if not is_recording(run.plan):
        raise InputError("is not a recording of steelyard gateway", where=run.path)
    _refuse_sealed(run)
    signer = run.sealing_key(signer, "seal")
    run.check_own_files()
    journal, _ = Journal.resume(run.path, new_header(plan=run.plan_sha256, software=run.plan.software))
    with closing(journal):  # its lock is kept until the seal is there: nobody else may work on the folder before
        _refuse_sealed(run)  # again: while we waited for the lock somebody may have
        Texts(run.path).close()  # cuts a torn last line
        run.clear_partial()
        journal.append(Stop(reason="killed", active_us=0, at_us=time.time_ns() // 1000))
        journal.sync()
        return seal_recording(run, signer)


def _refuse_sealed(run: RunFolder) -> None:
    if run.is_sealed:
        raise InputError("this recording is sealed already; steelyard report shows it", where=run.path)


def recompute_recording(run: RunFolder, drawn_with: Any) -> str:
    """Compute the report again from the journal alone.

    Raises VerificationError naming the first thing that does not follow from it.
    Returns why the pages could not be compared with the sealed ones, "" where they are equal
    (:func:`steelyard.reports.sealed_pages.compare_pages`).
    """
    plan = run.plan
    if plan.measurements or plan.tests or plan.not_planned or plan.sheet:
        raise VerificationError(f"{layout.PLAN}: a recording plans no samples and tests no claims")
    if layout.read_bounded(run.path, layout.SCORES, 1) or any((run.path / layout.SAMPLES).glob("*")):
        raise VerificationError(f"{layout.SCORES}, {layout.SAMPLES}: a recording has neither scores nor samples")
    summary = summary_of(run)
    sealed = sealed_report(run.path)
    if not isinstance(sealed, dict):
        raise VerificationError(f"{layout.REPORT}: not the report of a recording")
    now = json.loads(canonical(render(summary, plan.subject.identity.uri)))
    for key in [*now, *(key for key in sealed if key not in now)]:
        if sealed.get(key) != now.get(key):
            raise VerificationError(f"{layout.REPORT}: {key} does not follow from the journal")
    return compare_pages(
        run.path,
        lambda folder: write_reports(folder, plan, summary),
        sealed_by=plan.software,
        drawn_with=drawn_with,
        draws_with=renderer(),
    )


def write_reports(folder: Path, plan: Plan, summary: RecordingSummary) -> None:
    """Write report.json, report.md and report.html into a folder."""
    from steelyard.gateway import pages

    write_file(folder / layout.REPORT, canonical(render(summary, plan.subject.identity.uri)) + b"\n")
    write_file(folder / layout.REPORT_MARKDOWN, pages.markdown(summary, plan).encode())
    write_file(folder / layout.REPORT_PAGE, pages.html(summary, plan).encode())


def renderer() -> dict[str, str]:
    """What drew the page: another version may write the same numbers as other bytes."""
    from importlib.metadata import version

    return {"jinja2": version("jinja2")}
