"""One run: what was computed again from it, its own report in a frame without rights, and its files.

Everything that leaves here as a file of the run is somebody else's: it is served in a sandbox, as a download, and never
under a name or a type that the run chose.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, BinaryIO, Final
from urllib.parse import quote

from steelyard.evidence import layout
from steelyard.server.pages.words import bytes_in_words, moment, verdict_class, verdict_in_words
from steelyard.server.runs.folders import folder_of, open_run_file
from steelyard.server.shares.rows import DAYS, Share
from steelyard.server.web.addresses import run_path, runs_path
from steelyard.server.web.headers import SANDBOX_POLICY
from steelyard.server.web.render import missing_page, page, problem_page

if TYPE_CHECKING:
    from starlette.responses import Response

    from steelyard.server.runs.rows import RunRow
    from steelyard.server.web.call import Call

__all__ = ["find_run", "run_page", "send_archive", "send_file", "show_report", "show_run"]

_SEAL: Final = re.compile(r"[0-9a-f]{64}")
_FILES: Final = 100
_CHUNK: Final = 1 << 18


def show_run(call: Call) -> Response:
    """The run's page."""
    row = find_run(call)
    return missing_page(call) if row is None else run_page(call, row)


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
        run=run,
        project=call.project.project,
        address=run_path(call.project.project, run.seal),
        list_address=runs_path(call.project.project),
        word=verdict_in_words(run.verdict, run.kind),
        css=verdict_class(run.verdict),
        rows=[{"row": each, "css": verdict_class(each.word)} for each in run.rows],
        pushed_at=moment(row.listed.pushed_at),
        pushed_by=row.pushed_by,
        token=row.token,
        job=row.listed.job,
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


def show_report(call: Call) -> Response:
    """The report as it was sealed, in a sandbox: no script of it runs, and it shares no origin with our pages."""
    row = find_run(call)
    if row is None:
        return missing_page(call)
    return _file(call, row, layout.REPORT_PAGE, "text/html; charset=utf-8", as_download=False)


def send_file(call: Call) -> Response:
    """A file of the run, as a download."""
    row = find_run(call)
    return (
        missing_page(call)
        if row is None
        else _file(call, row, call.path("name"), "application/octet-stream", as_download=True)
    )


def send_archive(call: Call) -> Response:
    """The whole folder as tar.gz: ``steelyard verify`` on it needs nobody's word, not ours either."""
    from starlette.responses import StreamingResponse

    from steelyard.server.push.archive import packed

    row = find_run(call)
    if row is None:
        return missing_page(call)
    folder = folder_of(call.platform.data, row.folder)
    if not (folder / layout.BUNDLE).is_file():
        return _lost(call)
    headers = _headers(f"{row.listed.seal[:16]}.tar.gz", as_download=True)
    return StreamingResponse(_pieces(packed(folder)), media_type="application/gzip", headers=headers)


def _pieces(archive: Iterator[bytes]) -> Iterator[bytes]:
    """Without the empty pieces that a compressor gives between full ones."""
    return (piece for piece in archive if piece)


def find_run(call: Call) -> RunRow | None:
    """The run that the address names."""
    seal = call.path("seal")
    return call.platform.runs.find(call.project.project_id, seal) if _SEAL.fullmatch(seal) else None


def _lost(call: Call) -> Response:
    return problem_page(call, 410, "this run's files are no longer in the data folder: restore them from a backup")


def _changed(call: Call) -> Response:
    words = "this file is not what was received here: it was changed in the data folder; restore it from a backup"
    return problem_page(call, 410, words)


def _withheld(call: Call, when: str) -> Response:
    return problem_page(call, 410, f"the texts of this run were deleted {when}: its project keeps them for some months")


def _file(call: Call, row: RunRow, name: str, media_type: str, *, as_download: bool) -> Response:
    """The file as it was received, or in words why not: it is read whole before its first byte leaves."""
    from starlette.responses import StreamingResponse

    sha256 = call.platform.runs.digest(row.listed.id, name)
    if sha256 is None:
        return missing_page(call)
    try:
        file = open_run_file(call.platform.data, row.folder, name)
    except FileNotFoundError:
        is_text = layout.is_text(name) or layout.is_media(name)
        withheld = call.platform.runs.withheld_at(row.listed.id) if is_text else None
        return _lost(call) if withheld is None else _withheld(call, moment(withheld))
    except OSError:  # a link, or no file
        return _changed(call)
    if hashlib.file_digest(file, "sha256").hexdigest() != sha256:
        file.close()
        return _changed(call)
    size = file.tell()
    file.seek(0)
    headers = {**_headers(name.replace("/", "-"), as_download=as_download), "content-length": str(size)}
    return StreamingResponse(_chunks(file), media_type=media_type, headers=headers)


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    with file:
        while chunk := file.read(_CHUNK):
            yield chunk


def _shown_share(share: Share) -> dict[str, Any]:
    return {
        "id": share.id, "label": share.label, "made_by": share.made_by, "made": moment(share.made_at),
        "ends": moment(share.expires_at), "opened": share.opened, "opened_at": moment(share.opened_at),
        "state": share.state,
    }  # fmt: skip


def _headers(name: str, *, as_download: bool) -> dict[str, Any]:
    found = {"content-security-policy": SANDBOX_POLICY, "referrer-policy": "no-referrer"}
    if as_download:
        found["content-disposition"] = f'attachment; filename="{name}"'  # names of a run are plain: SEALABLE
    return found
