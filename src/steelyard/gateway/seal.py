"""The end of a recording, in order or after a kill: report, checkpoint and seal; and the same again by a verifier."""

from __future__ import annotations

import json
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from steelyard.auditing.finalize import checkpoint
from steelyard.errors import InputError, VerificationError
from steelyard.evidence import layout
from steelyard.evidence.canonical import canonical
from steelyard.gateway.summary import RecordingSummary, render, summary_of
from steelyard.records import Plan
from steelyard.storage.run_folder import SealedPlan, clear_partial, open_plan_of
from steelyard.util.atomic_file import write_file
from steelyard.util.software import software

__all__ = ["is_recording", "recompute_recording", "renderer", "seal_killed", "seal_recording", "write_reports"]


def is_recording(plan: Plan) -> bool:
    """Whether a plan is that of a recording, which has no rows, scores or verdict."""
    return plan.origin.kind == "gateway"


def seal_recording(run: Path, signer: Any = None) -> RecordingSummary:
    """Write the report of a recording that has stopped, note its root, and seal it. The caller holds its lock."""
    from steelyard.evidence.bundle import seal_bundle

    checkpoint(run, signer)
    plan, summary = open_plan_of(run).plan, summary_of(run)
    write_file(run / layout.SCORES, b"")  # every bundle names its scores: here there are none
    write_reports(run, plan, summary)
    seal_bundle(run, {"renderer": renderer()}, signer)
    return summary


def seal_killed(run: Path, signer: Any = None) -> RecordingSummary:
    """Seal what a killed gateway left: torn last lines are cut, on record. Nothing that was recorded is lost.

    Raises InputError for a folder that is no recording, is sealed already, or belongs to a gateway that still works.
    """
    from steelyard.storage.journal import Journal, Stop, Texts, new_header

    sealed = open_plan_of(run)
    if not is_recording(sealed.plan):
        raise InputError("is not a recording of steelyard gateway", where=run)
    _refuse_sealed(run)
    signer = _signer_of_plan(run, sealed, signer)
    journal, _ = Journal.resume(run, new_header(plan=sealed.sha256, software=sealed.plan.software))
    with closing(journal):  # its lock is kept until the seal is there: nobody else may work on the folder before
        _refuse_sealed(run)  # again: while we waited for the lock somebody may have
        Texts(run).close()  # cuts a torn last line
        clear_partial(run)
        journal.append(Stop(reason="killed", active_us=0, at_us=time.time_ns() // 1000))
        journal.sync()
        return seal_recording(run, signer)


def _refuse_sealed(run: Path) -> None:
    if (run / layout.BUNDLE).exists():
        raise InputError("this recording is sealed already; steelyard report shows it", where=run)


def _signer_of_plan(run: Path, sealed: SealedPlan, signer: Any) -> Any:
    """The key that sealed the plan seals the recording; an unsigned one stays unsigned."""
    if not sealed.signatures:
        return None
    if signer is None or signer.public_key.keyid not in sealed.signatures:
        raise InputError(
            f"the plan is signed by key {sealed.signatures[0][:16]}…: seal with that one (--key)", where=run
        )
    return signer


def recompute_recording(run: Path, plan: Plan, drawn_by: Any) -> bool:
    """Compute the report again from the journal alone.

    Raises VerificationError naming the first thing that does not follow from it.
    True where the pages, too, were drawn again and are equal; false where other versions drew them (``drawn_by``).
    """
    if plan.measurements or plan.tests or plan.not_planned or plan.sheet:
        raise VerificationError(f"{layout.PLAN}: a recording plans no samples and tests no claims")
    if (run / layout.SCORES).read_bytes() or any((run / layout.SAMPLES).glob("*")):
        raise VerificationError(f"{layout.SCORES}, {layout.SAMPLES}: a recording has neither scores nor samples")
    summary = summary_of(run)
    try:
        sealed = json.loads((run / layout.REPORT).read_bytes())
    except (OSError, ValueError):
        raise VerificationError(f"{layout.REPORT}: missing or not JSON") from None
    now = json.loads(canonical(render(summary, plan.subject.identity.uri)))
    for key in [*now, *(key for key in sealed if key not in now)]:
        if sealed.get(key) != now.get(key):
            raise VerificationError(f"{layout.REPORT}: {key} does not follow from the journal")
    if drawn_by != renderer() or plan.software != software():
        return False
    with tempfile.TemporaryDirectory() as folder:
        write_reports(Path(folder), plan, summary)
        for name in (layout.REPORT_MARKDOWN, layout.REPORT_PAGE):
            if (Path(folder) / name).read_bytes() != (run / name).read_bytes():
                raise VerificationError(f"{name}: not the page that this journal gives")
    return True


def write_reports(run: Path, plan: Plan, summary: RecordingSummary) -> None:
    """Write report.json, report.md and report.html."""
    from steelyard.gateway import pages

    write_file(run / layout.REPORT, canonical(render(summary, plan.subject.identity.uri)) + b"\n")
    write_file(run / layout.REPORT_MARKDOWN, pages.markdown(summary, plan).encode())
    write_file(run / layout.REPORT_PAGE, pages.html(summary, plan).encode())


def renderer() -> dict[str, str]:
    """What drew the page: another version may write the same numbers as other bytes."""
    from importlib.metadata import version

    return {"jinja2": version("jinja2")}
