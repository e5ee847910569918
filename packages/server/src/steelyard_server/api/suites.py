"""Taking in a private suite that a program brings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from steelyard.errors import InputError
from steelyard_server.access.callers import Access, Place, Role
from steelyard_server.api.operation import Body, Operation, Success
from steelyard_server.api.push import pieces_of
from steelyard_server.http.addresses import suite_path
from steelyard_server.http.replies import json_reply, problem_reply
from steelyard_server.push.intake import BusyError
from steelyard_server.wire.records import SuiteReceipt

if TYPE_CHECKING:
    from starlette.responses import Response

    from steelyard_server.web.call import Call

__all__ = ["SUITES_PATH", "SUITE_OPERATIONS", "push_suite"]

SUITES_PATH: Final = "/api/v1/suites"
_PUSH: Final = Access(Place.PROJECT, Role.EDITOR, scopes=("suite",))


async def push_suite(call: Call) -> Response:
    """201 for a version that is new here, 200 where the last one has the same files; 400 for what is no suite."""
    encoding = call.request.headers.get("content-encoding", "identity").lower()
    if encoding not in ("gzip", "identity"):
        return problem_reply(415, "an archive comes as tar, or as tar in gzip: send Content-Encoding: gzip, or none")
    try:
        suite, is_new = await call.platform.suite_intake.take(
            pieces_of(call, "suite"),
            compressed=encoding == "gzip",
            caller=call.caller,
            facts=call.facts,
            may_still=lambda: call.platform.tokens.may_still(_PUSH, call.caller),
        )
    except BusyError as error:
        reply = problem_reply(503, str(error))
        reply.headers["retry-after"] = "60"
        return reply
    except InputError as error:
        return problem_reply(400, str(error))
    address = suite_path(call.membership.project, suite.name)
    receipt = SuiteReceipt(
        name=suite.name, version=suite.number, digest=suite.digest, items=suite.items, new=is_new,
        url=f"{call.platform.settings.base_url}{address}",
    )  # fmt: skip
    return json_reply(201 if is_new else 200, msgspec.to_builtins(receipt))


SUITE_OPERATIONS: Final = (
    Operation(
        method="POST", path=SUITES_PATH, access=_PUSH, handler=push_suite,
        name="pushSuite", summary="Bring a private suite",
        about="It is read in a process of its own before it is taken: `steelyard remote push-suite` does this. Each "
        "version stays; the last one is what the pages show and review. The same files again change nothing.",
        body=Body(
            "A tar of the suite's files, not encrypted, at most 64 MB when unpacked.", ("application/x-tar",),
            {"Content-Encoding": ("How the tar is compressed.", ("gzip", "identity"))},
        ),
        successes=(
            Success(200, "its last version has the same files", SuiteReceipt), Success(201, "taken", SuiteReceipt),
        ),
        problems={415: "the archive is compressed in another way"},
    ),
)  # fmt: skip
