"""Share links: made and revoked on a run's page; and what whoever has one sees."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from steelyard.errors import InputError
from steelyard_server.http.addresses import run_path
from steelyard_server.http.replies import plain
from steelyard_server.pages.run import find_run, run_page
from steelyard_server.runs.folders import folder_of
from steelyard_server.shares.shareable import check_shareable, report_bytes
from steelyard_server.web.headers import SANDBOX_POLICY
from steelyard_server.web.render import missing_page

if TYPE_CHECKING:
    from starlette.responses import Response

    from steelyard_server.web.call import Call

__all__ = ["do_revoke_share", "do_share", "show_shared"]

_HEADERS: Final = {
    "content-security-policy": SANDBOX_POLICY.replace("frame-ancestors 'self'", "frame-ancestors 'none'"),
    "referrer-policy": "no-referrer",
    "x-robots-tag": "noindex, nofollow, noarchive",
    "cache-control": "no-store",
}


def do_share(call: Call) -> Response:
    """Make a link, and show it this once."""
    row = find_run(call)
    if row is None:
        return missing_page(call)
    days = call.field("days", 10)
    try:
        check_shareable(folder_of(call.platform.data, row.folder), row.summary)
        secret = call.platform.shares.make(
            row.listed.id, call.field("label", 100), int(days) if days.isdecimal() else 0, call.caller, call.facts
        )
    except InputError as error:
        return run_page(call, row, 400, problem=str(error))
    return run_page(call, row, new_link=f"{call.platform.settings.base_url}/shared/{secret}")


def do_revoke_share(call: Call) -> Response:
    """End a link."""
    from starlette.responses import RedirectResponse

    row = find_run(call)
    if row is None:
        return missing_page(call)
    share = min(int(call.request.path_params["share"]), 2**62)
    call.platform.shares.revoke(row.listed.id, share, call.caller, call.facts)
    return RedirectResponse(f"{run_path(call.membership.project, row.listed.seal)}#h-share", 303)


async def show_shared(call: Call) -> Response:
    """The sealed report, in a sandbox; one and the same 404 for every link that is not good, 410 where the run went."""
    if wait := call.platform.share_limit.seconds_to_wait(call.facts.address):
        reply = plain(429, "too many requests: try again in a minute")
        reply.headers["retry-after"] = str(int(wait) + 1)
    else:
        reply = await asyncio.to_thread(_shared, call)
    reply.headers.update(_HEADERS)
    return reply


def _shared(call: Call) -> Response:
    from starlette.responses import Response

    is_counted = call.request.method == "GET"  # a preview asks for the head alone
    found = call.platform.shares.open(call.path("secret"), is_counted=is_counted)
    if found is not None and found.is_withdrawn:
        return plain(410, "this report was withdrawn by who operates this server: it is deleted")
    data = report_bytes(folder_of(call.platform.data, found.folder), found.sha256) if found is not None else None
    if data is None:
        return plain(404, "there is no such page")
    return Response(data, media_type="text/html; charset=utf-8")
