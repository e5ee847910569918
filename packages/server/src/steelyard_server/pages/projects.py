"""*Admin → Projects*: which there are; and *People* of one project, where its admins say who has which role."""

from __future__ import annotations

from typing import TYPE_CHECKING

from steelyard.errors import InputError
from steelyard_server.access.callers import Role
from steelyard_server.http.addresses import people_path
from steelyard_server.pages.words import moment
from steelyard_server.web.render import page

if TYPE_CHECKING:
    from starlette.responses import Response

    from steelyard_server.web.call import Call

__all__ = ["do_add_project", "do_set_member", "show_members", "show_projects"]


def show_projects(call: Call) -> Response:
    """All projects."""
    return _projects_page(call)


def do_add_project(call: Call) -> Response:
    """Make a project."""
    from starlette.responses import RedirectResponse

    try:
        call.platform.members.add_project(call.caller, call.field("name", 60), call.facts)
    except InputError as error:
        return _projects_page(call, 400, problem=str(error))
    return RedirectResponse("/admin/projects", 303)


def show_members(call: Call) -> Response:
    """Who has a role in the project."""
    return _members_page(call)


def do_set_member(call: Call) -> Response:
    """Give a role in the project, by the person's name, or take the one that was given by hand."""
    from starlette.responses import RedirectResponse

    members = call.platform.members
    try:
        person = members.person_called(call.field("name", 200))
        members.set_role(call.caller, person, call.membership.project, call.field("role", 20), call.facts)
    except InputError as error:
        return _members_page(call, 400, problem=str(error))
    return RedirectResponse(people_path(call.membership.project), 303)


def _projects_page(call: Call, status: int = 200, *, problem: str = "") -> Response:
    projects = [
        {"name": each.name, "made": moment(each.created_at), "people": people_path(each.name)}
        for each in call.platform.members.projects()
    ]
    return page(call, "projects.html.j2", status, problem=problem, projects=projects)


def _members_page(call: Call, status: int = 200, *, problem: str = "") -> Response:
    project = call.membership
    return page(
        call,
        "members.html.j2",
        status,
        problem=problem,
        project=project.project,
        address=people_path(project.project),
        people=call.platform.members.of_project(project.project_id),
        roles=list(Role),
    )
