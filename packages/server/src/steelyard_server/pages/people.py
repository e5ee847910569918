"""*Admin → People*: who there is, with which roles; made, disabled and let in again by administrators of the server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from steelyard.errors import InputError
from steelyard_server.access.callers import Role
from steelyard_server.access.members import PersonRow
from steelyard_server.pages.words import moment
from steelyard_server.web.render import missing_page, page

if TYPE_CHECKING:
    from starlette.responses import Response

    from steelyard_server.web.call import Call

__all__ = [
    "do_add_person",
    "do_disable",
    "do_enable",
    "do_new_link",
    "do_set_administrator",
    "do_set_role",
    "show_people",
    "show_person",
]


def show_people(call: Call) -> Response:
    """The list; ``after`` goes on from the last one that was shown."""
    return _people_page(call)


def do_add_person(call: Call) -> Response:
    """Make a person, and show their link this once."""
    name = call.field("name", 80)
    try:
        secret = call.platform.members.add_person(
            call.caller, name, call.field("project", 60), call.field("role", 20), call.facts
        )
    except InputError as error:
        return _people_page(call, 400, problem=str(error))
    return _people_page(call, link=_join_address(call, secret), invited=name)


def show_person(call: Call) -> Response:
    """One person, and what can be done."""
    return _person_page(call)


def do_new_link(call: Call) -> Response:
    """Another link for a person's password, shown this once."""
    try:
        secret = call.platform.members.new_link(call.caller, call.number("person"), call.facts)
    except InputError as error:
        return _person_page(call, 400, problem=str(error))
    return _person_page(call, link=_join_address(call, secret))


def do_set_role(call: Call) -> Response:
    """Give or take a role in a project."""
    members, person = call.platform.members, call.number("person")
    try:
        members.set_role(call.caller, person, call.field("project", 60), call.field("role", 20), call.facts)
    except InputError as error:
        return _person_page(call, 400, problem=str(error))
    return _again(call)


def do_set_administrator(call: Call) -> Response:
    """Make a person an administrator of the server, or no longer."""
    members, wanted = call.platform.members, call.field("administrator", 5) == "yes"
    try:
        members.set_administrator(call.caller, call.number("person"), is_admin=wanted, facts=call.facts)
    except InputError as error:
        return _person_page(call, 400, problem=str(error))
    return _again(call)


def do_disable(call: Call) -> Response:
    """End a person's sessions and tokens, and let them in no more."""
    try:
        call.platform.members.disable(call.caller, call.number("person"), call.facts)
    except InputError as error:
        return _person_page(call, 400, problem=str(error))
    return _again(call)


def do_enable(call: Call) -> Response:
    """Let a person in again."""
    try:
        call.platform.members.enable(call.caller, call.number("person"), call.facts)
    except InputError as error:
        return _person_page(call, 400, problem=str(error))
    return _again(call)


def _people_page(call: Call, status: int = 200, *, problem: str = "", link: str = "", invited: str = "") -> Response:
    after = call.query("after", 20)
    people, is_more = call.platform.members.people(min(int(after), 2**62) if after.isascii() and after.isdigit() else 0)
    return page(
        call,
        "people.html.j2",
        status,
        problem=problem,
        link=link,
        invited=invited,
        people=[_shown(each) for each in people],
        more=people[-1].id if is_more else 0,
        projects=call.platform.members.projects(),
        roles=list(Role),
    )


def _person_page(call: Call, status: int = 200, *, problem: str = "", link: str = "") -> Response:
    person = call.platform.members.person(call.number("person"))
    if person is None:
        return missing_page(call)
    return page(
        call,
        "person.html.j2",
        status,
        problem=problem,
        link=link,
        person=_shown(person),
        projects=call.platform.members.projects(),
        roles=list(Role),
        is_self=person.id == call.caller.person,
    )


def _shown(person: PersonRow) -> dict[str, Any]:
    state = "erased" if person.erased_at else "disabled" if person.disabled_at else "invited"
    if state == "invited" and (person.has_password or person.issuer):
        state = "active"
    return {
        "id": person.id,
        "name": person.name,
        "state": state,
        "is_admin": person.is_admin,
        "made": moment(person.created_at),
        "issuer": person.issuer,
        "subject": person.subject,
        "roles": person.roles,
    }


def _join_address(call: Call, secret: str) -> str:
    return f"{call.platform.settings.base_url}/join?code={secret}"


def _again(call: Call) -> Response:
    from starlette.responses import RedirectResponse

    return RedirectResponse(f"/admin/people/{call.number('person')}", 303)
