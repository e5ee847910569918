from __future__ import annotations

import itertools

import pytest

from steelyard_server.access.callers import NOBODY, Access, Answer, Caller, Membership, Place, Role, answer_to

HERE = {role: (Membership(1, "here", role),) for role in Role}
PUSH = Access(Place.PROJECT, Role.RUNNER, scopes=("push",))
FIND = Access(Place.PROJECT, Role.VIEWER, scopes=("push", "read"))
METRICS = Access(Place.SERVER, Role.ADMIN, scopes=("metrics",))
TOKEN_RULES = (PUSH, FIND, METRICS)
PAGE_RULES = (Access(Place.OWN), *(Access(Place.PROJECT, role) for role in Role), Access(Place.SERVER, Role.ADMIN))


def person(role: Role | None, *, is_admin: bool = False) -> Caller:
    return Caller(person=1, name="ada", session=2, is_admin=is_admin, memberships=HERE[role] if role else ())


def program(role: Role | None, *scopes: str, is_admin: bool = False) -> Caller:
    found = HERE[role] if role else ()
    return Caller(person=1, name="ada", token=3, scopes=frozenset(scopes), is_admin=is_admin, memberships=found)


@pytest.mark.parametrize(("least", "role"), [*itertools.product(Role, Role)])
def test_a_role_has_the_rights_of_those_before_it(least: Role, role: Role) -> None:
    reaches = list(Role).index(role) >= list(Role).index(least)
    expected = Answer.ALLOWED if reaches else Answer.REFUSED
    assert answer_to(Access(Place.PROJECT, least), person(role), "here") is expected


@pytest.mark.parametrize("project", ["elsewhere", "", "HERE"])
@pytest.mark.parametrize("least", Role)
def test_a_project_without_a_role_is_not_there(least: Role, project: str) -> None:
    assert answer_to(Access(Place.PROJECT, least), person(Role.ADMIN), project) is Answer.MISSING


def test_the_server_is_its_administrators_alone() -> None:
    server = Access(Place.SERVER, Role.ADMIN)
    assert answer_to(server, person(Role.ADMIN)) is Answer.REFUSED
    assert answer_to(server, person(None, is_admin=True)) is Answer.ALLOWED


@pytest.mark.parametrize("access", PAGE_RULES)
def test_a_token_opens_no_page(access: Access) -> None:
    for caller in (NOBODY, program(Role.ADMIN, "push", "read", "metrics", is_admin=True)):
        assert answer_to(access, caller, "here") is Answer.UNKNOWN


@pytest.mark.parametrize("access", TOKEN_RULES)
def test_a_session_opens_no_tokens_route(access: Access) -> None:
    for caller in (NOBODY, person(Role.ADMIN, is_admin=True)):
        assert answer_to(access, caller, "here") is Answer.UNKNOWN


def test_a_token_needs_its_scope_and_its_persons_role() -> None:
    assert answer_to(PUSH, program(Role.RUNNER, "push")) is Answer.ALLOWED
    assert answer_to(PUSH, program(Role.VIEWER, "push")) is Answer.REFUSED
    assert answer_to(PUSH, program(None, "push")) is Answer.REFUSED
    assert answer_to(PUSH, program(Role.ADMIN, "read", "metrics")) is Answer.REFUSED
    assert answer_to(FIND, program(Role.VIEWER, "read")) is Answer.ALLOWED
    assert answer_to(FIND, program(Role.VIEWER, "push")) is Answer.ALLOWED
    assert answer_to(FIND, program(None, "read")) is Answer.REFUSED
    assert answer_to(METRICS, program(None, "metrics", is_admin=True)) is Answer.ALLOWED
    assert answer_to(METRICS, program(Role.ADMIN, "metrics")) is Answer.REFUSED


def test_everybody_may_use_what_is_open() -> None:
    for caller in (NOBODY, person(None), program(None)):
        assert answer_to(Access(Place.OPEN), caller) is Answer.ALLOWED


def test_logs_name_a_caller_by_number() -> None:
    callers = (NOBODY, person(Role.VIEWER), program(Role.RUNNER, "push"))
    assert [each.label for each in callers] == ["nobody", "person 1", "token 3"]
