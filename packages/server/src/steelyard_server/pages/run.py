"""One run: what was computed again from it, its own report in a frame without rights, and its files.

Everything that leaves here as a file of the run is somebody else's: it is served in a sandbox, as a download, and never
under a name or a type that the run chose.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from steelyard.evidence import layout
from steelyard_server.access.callers import Role
from steelyard_server.answers.index import UnusableIndexError
from steelyard_server.database.reading import reading
from steelyard_server.http.addresses import answers_path, compare_path, job_path, run_path, runs_path
from steelyard_server.jobs.carrying import key_of_plan
from steelyard_server.jobs.signing import key_id_of_project
from steelyard_server.jobs.tries import other_tries
from steelyard_server.pages.words import bytes_in_words, intervals_in_words, moment, verdict_class, verdict_in_words
from steelyard_server.runs.received import open_received, received_folder
from steelyard_server.runs.seen import note_seen
from steelyard_server.runs.tries import tries_in_words
from steelyard_server.shares.rows import DAYS, Share
from steelyard_server.web.files import HTML, archive_reply, file_reply
from steelyard_server.web.render import missing_page, page

if TYPE_CHECKING:
    from starlette.responses import Response

    from steelyard_server.runs.rows import RunRow
    from steelyard_server.web.call import Call

__all__ = ["find_run", "run_page", "send_archive", "send_file", "show_report", "show_run"]

_FILES: Final = 100
_TRIES: Final = 20


def show_run(call: Call) -> Response:
    """The run's page."""
    row = find_run(call)
    if row is None:
        return missing_page(call)
    if call.caller.person is not None:
        note_seen(call.platform.pool, row.listed, call.caller.person)
    return run_page(call, row)


def run_page(call: Call, row: RunRow, status: int = 200, *, problem: str = "", new_link: str = "") -> Response:
    """The page; ``new_link`` is a share link that was just made, and is shown this once."""
    after = call.query("after", 200)
    files = call.platform.runs.files(row.listed.id, after, _FILES + 1)
    run = row.summary
    return page(
        call,
        "run.html.j2",
        status,
        problem=problem,
        new_link=new_link,
        shares=[_shown_share(each) for each in call.platform.shares.of_run(row.listed.id)],
        share_days=DAYS,
        may_share=call.membership.role.reaches(Role.EDITOR),
        run=run,
        project=call.membership.project,
        address=run_path(call.membership.project, run.seal),
        list_address=runs_path(call.membership.project),
        word=verdict_in_words(run.verdict, run.kind),
        css=verdict_class(run.verdict),
        rows=[{"row": each, "css": verdict_class(each.word), "answers": quote(each.measurement)} for each in run.rows],
        answers_address="" if run.kind == "recording" else answers_path(call.membership.project, run.seal),
        answers=_answers(call, row),
        beside=f"{compare_path(call.membership.project)}?with={run.seal}",
        intervals=intervals_in_words(run),
        pushed_at=moment(row.listed.pushed_at),
        pushed_by=row.pushed_by,
        token=row.token,
        job=row.listed.job,
        **_key(call, row),
        **_tries(call, row),
        verified_at=moment(row.verified_at),
        size=bytes_in_words(row.size),
        number=row.files,
        files=[
            {"name": each.name, "address": quote(each.name), "size": bytes_in_words(each.size), "sha256": each.sha256}
            for each in files[:_FILES]
        ],
        more_files=quote(files[_FILES - 1].name) if len(files) > _FILES else "",
        withheld_at=moment(withheld) if (withheld := call.platform.runs.withheld_at(row.listed.id)) else "",
        is_restored=row.listed.is_restored,
        has_report=call.platform.runs.has_file(row.listed.id, layout.REPORT_PAGE),
    )


def _key(call: Call, row: RunRow) -> dict[str, bool]:
    """Whether the project's key signed a run that a job made, and whether that is the key which its jobs have now."""
    signed_by, project = row.summary.signed_by, call.membership.project_id
    if not row.listed.job or not signed_by:
        return {"is_own_key": False, "is_key_here": False}
    is_here = signed_by == key_id_of_project(call.platform.data, project)
    with reading(call.platform.pool) as connection:
        is_own = is_here or signed_by == key_of_plan(connection, project, row.summary.plan)
    return {"is_own_key": is_own, "is_key_here": is_here}


def _tries(call: Call, row: RunRow) -> dict[str, Any]:
    """Of a run that a job made: how many other jobs asked the same, in words, and the newest of them."""
    if not row.listed.job:
        return {"tries": "", "other_jobs": []}
    with reading(call.platform.pool) as connection:
        found = other_tries(connection, call.membership.project_id, row.listed.job)
    links = [
        {"job": each.job, "state": each.state, "address": job_path(call.membership.project, each.job)}
        for each in found[:_TRIES]
    ]
    return {"tries": tries_in_words([each.state for each in found]), "other_jobs": links}


def _answers(call: Call, row: RunRow) -> dict[str, dict[str, int]]:
    """By measurement, how many of its answers are of each outcome; nothing where no list of them is made yet."""
    try:
        with call.platform.answers.open_made(row) as index:
            return index.tallies()
    except UnusableIndexError:
        return {}


def show_report(call: Call) -> Response:
    """The report as it was sealed, in a sandbox: no script of it runs, and it shares no origin with our pages."""
    return _file(call, layout.REPORT_PAGE, HTML, as_download=False)


def send_file(call: Call) -> Response:
    """A file of the run, as a download."""
    return _file(call, call.path("name"), "application/octet-stream", as_download=True)


def send_archive(call: Call) -> Response:
    """The whole folder as tar.gz."""
    row = find_run(call)
    if row is None:
        return missing_page(call)
    return archive_reply(received_folder(call.platform.data, row), row.listed.seal)


def find_run(call: Call) -> RunRow | None:
    """The run that the address names."""
    return call.platform.runs.find(call.membership.project_id, call.path("seal"))


def _file(call: Call, name: str, media_type: str, *, as_download: bool) -> Response:
    row = find_run(call)
    file = None if row is None else open_received(call.platform.data, call.platform.runs, row, name)
    return missing_page(call) if file is None else file_reply(file, name, media_type, as_download=as_download)


def _shown_share(share: Share) -> dict[str, Any]:
    return {
        "id": share.id, "label": share.label, "made_by": share.made_by, "made": moment(share.made_at),
        "ends": moment(share.expires_at), "opened": share.opened, "opened_at": moment(share.opened_at),
        "state": share.state,
    }  # fmt: skip
