"""Runs of the token's project: a page of them, the verdict of one, its report, and its whole folder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from steelyard.evidence import layout
from steelyard.records import VerdictWord
from steelyard.util.text import one_line
from steelyard_server.api.queries import query_of
from steelyard_server.database.reading import reading
from steelyard_server.http.addresses import run_path
from steelyard_server.http.replies import json_reply, problem_reply
from steelyard_server.jobs.tries import other_tries
from steelyard_server.runs.received import open_received, received_folder
from steelyard_server.runs.rows import Filters
from steelyard_server.web.files import HTML, archive_reply, file_reply
from steelyard_server.wire.records import (
    ClaimVerdict,
    OtherTry,
    RunItem,
    RunPage,
    RunQuery,
    RunVerdict,
    VerificationNote,
)

if TYPE_CHECKING:
    from starlette.responses import Response

    from steelyard_server.jobs.tries import Try
    from steelyard_server.runs.rows import ListedRun, RunRow
    from steelyard_server.runs.summary import Said
    from steelyard_server.web.call import Call

__all__ = ["list_runs", "notes_of", "page_address", "run_item", "send_bundle", "send_report", "show_verdict", "word_of"]


def list_runs(call: Call) -> Response:
    """A page of runs, the newest first."""
    query = query_of(call, RunQuery)
    filters = Filters(
        verdict=query.verdict or "",
        kind=query.kind or "",
        subject=one_line(query.subject, 200),
        before=query.before or 0,
    )
    found, is_more = call.platform.runs.page(call.membership.project_id, filters, query.limit)
    page = RunPage(runs=[run_item(call, each) for each in found], next=found[-1].id if is_more else None)
    return json_reply(200, msgspec.to_builtins(page))


def show_verdict(call: Call) -> Response:
    """200 where the run with this seal is here, else 404."""
    row = _find(call)
    return _missing() if row is None else json_reply(200, msgspec.to_builtins(_verdict(call, row)))


def send_report(call: Call) -> Response:
    """The report as it was sealed."""
    row = _find(call)
    if row is None:
        return _missing()
    file = open_received(call.platform.data, call.platform.runs, row, layout.REPORT_PAGE)
    if file is None:
        return problem_reply(404, "this run has no report: its verdict is at this address without /report")
    return file_reply(file, layout.REPORT_PAGE, HTML, as_download=True)


def send_bundle(call: Call) -> Response:
    """The whole folder as tar.gz."""
    row = _find(call)
    if row is None:
        return _missing()
    return archive_reply(received_folder(call.platform.data, row), row.listed.seal)


def page_address(call: Call, seal: str) -> str:
    """The address of a run's page."""
    return f"{call.platform.settings.base_url}{run_path(call.membership.project, seal)}"


def run_item(call: Call, run: ListedRun) -> RunItem:
    """What lists have of a run."""
    return RunItem(**_item(call, run))


def word_of(text: str) -> VerdictWord | None:
    """A verdict's word; None for what was only measured."""
    return VerdictWord(text) if text else None


def notes_of(said: tuple[Said, ...]) -> list[VerificationNote]:
    """What the verification said."""
    return [VerificationNote(name=each.name, text=each.text) for each in said]


def _find(call: Call) -> RunRow | None:
    return call.platform.runs.find(call.membership.project_id, call.path("seal"))


def _missing() -> Response:
    return problem_reply(404, "there is no such run in the token's project: push it, or look at its seal")


def _item(call: Call, run: ListedRun) -> dict[str, Any]:
    """The fields of a run in a list, as its verdict has them, too."""
    return {
        "seal": run.seal,
        "url": page_address(call, run.seal),
        "kind": run.kind,
        "subject": run.subject,
        "verdict": word_of(run.verdict),
        "headline": run.headline,
        "exit": run.exit,
        "verified_exit": 3 if run.is_restored else run.verified_exit,
        "scores_taken": run.scores_taken,
        "restored": run.is_restored,
        "signed_by": run.signed_by or None,
        "pushed_at": run.pushed_at,
    }


def _tries(call: Call, row: RunRow) -> tuple[Try, ...]:
    if not row.listed.job:
        return ()
    with reading(call.platform.pool) as connection:
        return other_tries(connection, call.membership.project_id, row.listed.job)


def _verdict(call: Call, row: RunRow) -> RunVerdict:
    run = row.summary
    claims = [
        ClaimVerdict(
            task=each.task, claimed=each.claimed, measured=each.measured, interval=each.interval, asked=each.asked,
            verdict=word_of(each.word), words=each.words, detail=each.detail,
        )
        for each in run.rows
    ]  # fmt: skip
    return RunVerdict(
        **_item(call, row.listed),
        claims=claims,
        claims_left_out=run.rows_left,
        own_questions=[*run.own_questions],
        other_tries=[OtherTry(job=each.job, state=each.state, seal=each.seal or None) for each in _tries(call, row)],
        tests=[*run.tests],
        findings=[*run.findings],
        notes=[*run.notes],
        said=notes_of(run.said),
        verified_at=row.verified_at,
        verified_with=run.verified_with,
        answers=run.answers,
        files=row.files,
        size=row.size,
    )
