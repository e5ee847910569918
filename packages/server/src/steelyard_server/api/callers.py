"""What a token is told of itself: whose it is, where it works, and which endpoints may be named there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from steelyard_server.http.replies import json_reply
from steelyard_server.wire.records import EndpointNames, ProjectList, ProjectRole, TokenIdentity

if TYPE_CHECKING:
    from starlette.responses import Response

    from steelyard_server.access.callers import Membership
    from steelyard_server.web.call import Call

__all__ = ["list_endpoints", "list_projects", "show_identity"]


def show_identity(call: Call) -> Response:
    """Whose token this is, and what it may do at this moment."""
    caller = call.caller
    assert caller.token is not None
    project = None if caller.token_project is None else _role_in(caller.token_project)
    found = TokenIdentity(
        token=caller.token, person=caller.name, scopes=sorted(caller.scopes), project=project
    )  # fmt: skip
    return json_reply(200, msgspec.to_builtins(found))


def list_projects(call: Call) -> Response:
    """The projects in which the token works."""
    found = ProjectList(projects=[_role_in(each) for each in call.caller.memberships])
    return json_reply(200, msgspec.to_builtins(found))


def list_endpoints(call: Call) -> Response:
    """The names of the endpoints that are in use; addresses, prices and keys are the administrators'."""
    names = [each.name for each in call.platform.endpoints.all() if each.retired_at is None]
    return json_reply(200, msgspec.to_builtins(EndpointNames(endpoints=names)))


def _role_in(membership: Membership) -> ProjectRole:
    return ProjectRole(name=membership.project, role=membership.role)
