"""All operations of the HTTP API. Routes, their rules and the OpenAPI document are made of this one table."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Final

from steelyard_server import health
from steelyard_server.access.callers import SCOPES, Access, Place, Role
from steelyard_server.api import callers, models, runs
from steelyard_server.api.document import document_text
from steelyard_server.api.job_operations import JOB_OPERATIONS
from steelyard_server.api.operation import Body, Operation, Success
from steelyard_server.api.push import PUSH, push_run
from steelyard_server.api.schedule_operations import SCHEDULE_OPERATIONS
from steelyard_server.api.suites import SUITE_OPERATIONS
from steelyard_server.wire.records import (
    EndpointNames,
    HealthStatus,
    ModelPage,
    ModelQuery,
    ProjectList,
    PushReceipt,
    RunPage,
    RunQuery,
    RunVerdict,
    TokenIdentity,
)

if TYPE_CHECKING:
    from starlette.responses import Response

    from steelyard_server.web.call import Call

__all__ = ["OPERATIONS", "PUSH_PATH"]

PUSH_PATH: Final = "/api/v1/runs"
_OPEN: Final = Access(Place.OPEN)
_ANY_TOKEN: Final = Access(Place.OWN, scopes=tuple(SCOPES))
_READ: Final = Access(Place.PROJECT, Role.VIEWER, scopes=("read",))
# What was pushed or run may be asked for with the same token, so that one is enough for CI.
_FIND: Final = Access(Place.PROJECT, Role.VIEWER, scopes=("read", "push", "run"))
_NAME_ENDPOINTS: Final = Access(Place.PROJECT, Role.RUNNER, scopes=("read", "push", "run"))
_NO_RUN: Final = {404: "there is no such run in the token's project"}
_WITHDRAWN: Final = {410: "the run was withdrawn: its files and texts are deleted"}
_NO_FILE: Final = _NO_RUN | {
    410: "the run was withdrawn, or its files are no longer in the data folder, or not as they were received"
}


async def _show_document(_: Call) -> Response:
    from starlette.responses import Response

    return Response(_text(), media_type="application/json")


@functools.cache
def _text() -> str:
    return document_text(OPERATIONS)


OPERATIONS: Final = (
    Operation(
        method="GET", path="/api/v1/health", access=_OPEN, handler=health.show_health,
        name="showHealth", summary="Is the process alive?",
        about="It asks nothing of the database. /readyz says whether the platform can work.",
        successes=(Success(200, "it is", HealthStatus),),
    ),
    Operation(
        method="GET", path="/api/v1/openapi.json", access=_OPEN, handler=_show_document,
        name="showDocument", summary="This document", about="OpenAPI 3.1.",
        successes=(Success(200, "the document"),),
    ),
    Operation(
        method="GET", path="/api/v1/me", access=_ANY_TOKEN, handler=callers.show_identity,
        name="showIdentity", summary="Whose token is this?",
        about="Its number, person, scopes and project, with the role that the person has there at this moment.",
        successes=(Success(200, "the token's identity", TokenIdentity),),
    ),
    Operation(
        method="GET", path="/api/v1/projects", access=_FIND, handler=callers.list_projects,
        name="listProjects", summary="The token's projects",
        about="A token works in one project, so there is one.",
        successes=(Success(200, "the projects", ProjectList),),
    ),
    Operation(
        method="GET", path="/api/v1/endpoints", access=_NAME_ENDPOINTS, handler=callers.list_endpoints,
        name="listEndpoints", summary="Names of endpoints",
        about="Their addresses, prices and keys are for administrators of the server, on its pages.",
        successes=(Success(200, "the names", EndpointNames),),
    ),
    Operation(
        method="GET", path="/api/v1/models", access=_READ, handler=models.list_models, query=ModelQuery,
        name="listModels", summary="A project's models, by name",
        about="With the last run of each, and what its calls took: cost or tokens by right answer follow from it.",
        successes=(Success(200, "a page of models", ModelPage),),
    ),
    Operation(
        method="GET", path=PUSH_PATH, access=_READ, handler=runs.list_runs, query=RunQuery,
        name="listRuns", summary="A project's runs, the newest first",
        about="A page at a time, found by the last run of the page before: runs that come in between move none.",
        successes=(Success(200, "a page of runs", RunPage),),
    ),
    Operation(
        method="POST", path=PUSH_PATH, access=PUSH, handler=push_run,
        name="pushRun", summary="Push a sealed run",
        about="It is verified before it is taken, which can take minutes: `steelyard remote push` does this. "
        "The same run pushed again changes nothing.",
        body=Body(
            "A tar of the run's folder, at most 2 GB, and 4 GB when unpacked.", ("application/x-tar",),
            {"Content-Encoding": ("How the tar is compressed.", ("gzip", "identity"))},
        ),
        successes=(Success(200, "it was here already", PushReceipt), Success(201, "taken", PushReceipt)),
        problems={
            415: "the archive is compressed in another way",
            410: "this run was withdrawn here, and is not taken again",
            422: "the run does not verify: the detail says what does not hold",
        },
    ),
    Operation(
        method="GET", path=PUSH_PATH + "/{seal}", access=_FIND, handler=runs.show_verdict,
        name="showRun", summary="A run and its verdict",
        about="What this server's own verification computed, by claim. `steelyard remote status` shows it, and "
        "`steelyard remote gate` makes an exit code of it.",
        successes=(Success(200, "the run", RunVerdict),), problems=_NO_RUN | _WITHDRAWN,
    ),
    Operation(
        method="GET", path=PUSH_PATH + "/{seal}/report", access=_READ, handler=runs.send_report,
        name="downloadReport", summary="A run's report",
        about="The page as it was sealed: somebody else's HTML. It says what the run says of itself.",
        successes=(Success(200, "the page", media_type="text/html"),), problems=_NO_FILE,
    ),
    Operation(
        method="GET", path=PUSH_PATH + "/{seal}/bundle", access=_READ, handler=runs.send_bundle,
        name="downloadBundle", summary="A run's whole folder",
        about="As tar.gz: unpack it, and `steelyard verify` needs nobody's word.",
        successes=(Success(200, "the folder", media_type="application/gzip"),), problems=_NO_FILE,
    ),
    *JOB_OPERATIONS,
    *SCHEDULE_OPERATIONS,
    *SUITE_OPERATIONS,
)  # fmt: skip
