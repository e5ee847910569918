"""*Admin → Groups*: which role a group of the identity provider gives."""

from __future__ import annotations

from typing import TYPE_CHECKING

from steelyard.errors import InputError
from steelyard_server.access.callers import Role
from steelyard_server.access.roles import GROUP_DAYS
from steelyard_server.oidc.settings import callback_url
from steelyard_server.web.render import page

if TYPE_CHECKING:
    from starlette.responses import Response

    from steelyard_server.web.call import Call

__all__ = ["do_add_mapping", "do_end_mapping", "show_groups"]


def show_groups(call: Call) -> Response:
    """The mappings, and how the provider is set up."""
    return _groups_page(call)


def do_add_mapping(call: Call) -> Response:
    """Let a group give a role."""
    project, role = call.field("project", 60), call.field("role", 20)
    if role == "server":
        project, role = "", Role.ADMIN.value
    elif not project:
        return _groups_page(call, 400, problem="choose a project")
    try:
        call.platform.groups.add(call.caller, call.field("group", 300), project, role, call.facts)
    except InputError as error:
        return _groups_page(call, 400, problem=str(error))
    return _again()


def do_end_mapping(call: Call) -> Response:
    """End a mapping, and what it gave."""
    call.platform.groups.end(call.caller, call.number("mapping"), call.facts)
    return _again()


def _groups_page(call: Call, status: int = 200, *, problem: str = "") -> Response:
    settings = call.platform.settings
    return page(
        call,
        "groups.html.j2",
        status,
        problem=problem,
        oidc=settings.oidc,
        callback=callback_url(settings.base_url),
        mappings=call.platform.groups.mappings(),
        projects=call.platform.members.projects(),
        roles=list(Role),
        days=GROUP_DAYS,
    )


def _again() -> Response:
    from starlette.responses import RedirectResponse

    return RedirectResponse("/admin/groups", 303)
