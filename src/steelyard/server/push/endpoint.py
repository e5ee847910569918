"""The two routes of ``steelyard remote push``: is a run here already, and take this one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from steelyard.errors import InputError, VerificationError
from steelyard.server.access.callers import Access, Place, Role
from steelyard.server.push.intake import BusyError
from steelyard.server.web.addresses import run_path
from steelyard.server.web.replies import json_reply

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.responses import Response

    from steelyard.server.runs.summary import RunSummary
    from steelyard.server.web.call import Call

__all__ = ["PUSH", "find_run", "push_run"]

PUSH: Final = Access(Place.PROJECT, Role.RUNNER, scopes=("push",))
_SEAL: Final = re.compile(r"[0-9a-f]{64}")


def find_run(call: Call) -> Response:
    """200 where the run with this seal is here, else 404."""
    seal = call.path("seal")
    row = call.platform.runs.find(call.project.project_id, seal) if _SEAL.fullmatch(seal) else None
    if row is None:
        return json_reply(404, {"problem": "there is no such run here"})
    return json_reply(200, _facts(call, row.summary, is_new=False))


async def push_run(call: Call) -> Response:
    """201 for a run that is new here, 200 for one that was here; 422 with what does not hold, 400 for no archive."""
    encoding = call.request.headers.get("content-encoding", "identity").lower()
    if encoding not in ("gzip", "identity"):
        return json_reply(415, {"problem": "an archive comes as tar, or as tar in gzip"})
    try:
        run, is_new = await call.platform.intake.take(
            _pieces(call),
            compressed=encoding == "gzip",
            caller=call.caller,
            facts=call.facts,
            may_still=lambda: call.platform.tokens.may_still(PUSH, call.caller),
        )
    except BusyError as error:
        reply = json_reply(503, {"problem": str(error)})
        reply.headers["retry-after"] = "60"
        return reply
    except VerificationError as error:
        return json_reply(422, {"problem": f"does not verify: {error}"})
    except InputError as error:
        return json_reply(400, {"problem": str(error)})
    return json_reply(201 if is_new else 200, _facts(call, run, is_new=is_new))


async def _pieces(call: Call) -> AsyncIterator[bytes]:
    """The body as it comes; raises InputError where it was broken off, so that this is put on record, too."""
    from starlette.requests import ClientDisconnect

    try:
        async for piece in call.request.stream():
            yield piece
    except ClientDisconnect:
        raise InputError("the connection was closed before the whole run was here") from None


def _facts(call: Call, run: RunSummary, *, is_new: bool) -> dict[str, Any]:
    return {
        "seal": run.seal,
        "new": is_new,
        "url": f"{call.platform.settings.base_url}{run_path(call.project.project, run.seal)}",
        "verdict": run.verdict,
        "headline": run.headline,
        "exit": run.exit,
        "verified_exit": run.verified_exit,
        "scores_taken": run.scores_taken,
        "said": [{"name": each.name, "text": each.text} for each in run.said],
    }
