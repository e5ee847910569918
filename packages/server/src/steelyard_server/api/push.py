"""Taking in a run that a program pushes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from steelyard.errors import InputError, VerificationError
from steelyard_server.access.callers import Access, Place, Role
from steelyard_server.api.runs import notes_of, page_address, word_of
from steelyard_server.http.replies import json_reply, problem_reply
from steelyard_server.push.intake import BusyError
from steelyard_server.wire.records import PushReceipt

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.responses import Response

    from steelyard_server.runs.summary import RunSummary
    from steelyard_server.web.call import Call

__all__ = ["PUSH", "pieces_of", "push_run"]

PUSH: Final = Access(Place.PROJECT, Role.RUNNER, scopes=("push",))


async def push_run(call: Call) -> Response:
    """201 for a run that is new here, 200 for one that was here; 422 with what does not hold, 400 for no archive."""
    encoding = call.request.headers.get("content-encoding", "identity").lower()
    if encoding not in ("gzip", "identity"):
        return problem_reply(415, "an archive comes as tar, or as tar in gzip: send Content-Encoding: gzip, or none")
    try:
        run, is_new = await call.platform.intake.take(
            pieces_of(call),
            compressed=encoding == "gzip",
            caller=call.caller,
            facts=call.facts,
            may_still=lambda: call.platform.tokens.may_still(PUSH, call.caller),
        )
    except BusyError as error:
        reply = problem_reply(503, str(error))
        reply.headers["retry-after"] = "60"
        return reply
    except VerificationError as error:
        return problem_reply(422, f"does not verify: {error}")
    except InputError as error:
        return problem_reply(400, str(error))
    return json_reply(201 if is_new else 200, msgspec.to_builtins(_receipt(call, run, is_new=is_new)))


async def pieces_of(call: Call, what: str = "run") -> AsyncIterator[bytes]:
    """The body as it comes; raises InputError where it was broken off, so that this is put on record, too."""
    from starlette.requests import ClientDisconnect

    try:
        async for piece in call.request.stream():
            yield piece
    except ClientDisconnect:
        raise InputError(f"the connection was closed before the whole {what} was here") from None


def _receipt(call: Call, run: RunSummary, *, is_new: bool) -> PushReceipt:
    return PushReceipt(
        seal=run.seal, new=is_new, url=page_address(call, run.seal), verdict=word_of(run.verdict),
        headline=run.headline, exit=run.exit, verified_exit=run.verified_exit,  # type: ignore[arg-type]
        scores_taken=run.scores_taken, said=notes_of(run.said),
    )  # fmt: skip
