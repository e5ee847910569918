"""Whether a caller may do what is asked in a project: what every act on jobs, schedules and budgets asks first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from steelyard.errors import InputError

if TYPE_CHECKING:
    from steelyard_server.access.callers import Caller, Membership, Role

__all__ = ["Missing", "Refused", "member_of", "person_of"]


class Missing(InputError):
    """There is no such project, job or schedule, or none for this caller: both read the same."""


class Refused(InputError):
    """The caller's role in the project is too low; the message says which is needed."""


def member_of(caller: Caller, project: str, least: Role) -> Membership:
    """The caller's place in a project; raises :class:`Missing` and :class:`Refused`."""
    found = caller.membership(project)
    if found is None or caller.person is None:
        raise Missing("there is no such project, or you have no role in it")
    if not found.role.reaches(least):
        raise Refused(f"this needs the role {least.value} in the project {found.project}; yours is {found.role.value}")
    return found


def person_of(caller: Caller) -> int:
    """The number of the person who calls, of whom :func:`member_of` was asked."""
    assert caller.person is not None, "a member is a person"
    return caller.person
