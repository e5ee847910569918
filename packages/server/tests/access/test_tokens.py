from __future__ import annotations

from collections.abc import Iterator

import pytest

from packages.server.tests.access.folk import FACTS, Folk, folk_of
from steelyard.errors import InputError
from steelyard_server.access.callers import NOBODY, Role
from steelyard_server.api.push import PUSH
from steelyard_server.database.connection import Database


@pytest.fixture
def folk(database: Database) -> Iterator[Folk]:
    with folk_of(database) as found:
        yield found


def test_a_token_is_worth_what_its_person_is_at_the_moment(folk: Folk) -> None:
    boss, person = folk.caller(folk.add("worth-boss", is_admin=True)), folk.add("worth-one")
    folk.members.set_role(boss, person, "default", "editor", FACTS)
    token = folk.tokens.make(folk.caller(person), "CI", "push", "default", 7, FACTS)
    found = folk.tokens.caller(token)
    assert found.token_project is not None
    assert (found.token_project.role, found.is_admin, found.scopes) == (Role.EDITOR, False, frozenset({"push"}))
    assert folk.tokens.may_still(PUSH, found)
    folk.members.set_role(boss, person, "default", "viewer", FACTS)
    assert not folk.tokens.may_still(PUSH, found)
    later = folk.tokens.caller(token).token_project
    assert later is not None
    assert later.role is Role.VIEWER
    folk.members.set_role(boss, person, "default", "", FACTS)
    assert folk.tokens.caller(token).token_project is None
    folk.members.disable(boss, person, FACTS)
    assert folk.tokens.caller(token) == NOBODY
    folk.members.enable(boss, person, FACTS)
    assert folk.tokens.caller(token) == NOBODY, "it has ended for good"


def test_a_token_works_in_one_project_though_its_person_has_more(folk: Folk) -> None:
    boss = folk.caller(folk.add("one-place", is_admin=True))
    folk.members.add_project(boss, "one-place", FACTS)
    boss = folk.caller(boss.person or 0)
    found = folk.tokens.caller(folk.tokens.make(boss, "CI", "push", "one-place", 7, FACTS))
    assert [each.project for each in found.memberships] == ["one-place"]
    assert not found.is_admin
    metrics = folk.tokens.caller(folk.tokens.make(boss, "CI", "metrics", "one-place", 7, FACTS))
    assert (metrics.is_admin, metrics.memberships) == (True, ())


@pytest.mark.parametrize(
    ("scope", "project", "days", "message"),
    [
        ("push", "default", 7, "you are viewer, and a token to push needs the role runner"),
        ("metrics", "default", 7, "an administrator's"),
        ("read", "elsewhere", 7, "choose a project of yours"),
        ("read", "", 7, "choose a project of yours"),
        ("admin", "default", 7, "no such scope"),
        ("read", "default", 8, "no such scope or time"),
    ],
)
def test_nobody_makes_a_token_for_more_than_they_may(
    folk: Folk, scope: str, project: str, days: int, message: str, request: pytest.FixtureRequest
) -> None:
    boss, person = folk.caller(folk.add(request.node.name, is_admin=True)), folk.add("1" + request.node.name)
    folk.members.set_role(boss, person, "default", "viewer", FACTS)
    with pytest.raises(InputError, match=message):
        folk.tokens.make(folk.caller(person), "CI", scope, project, days, FACTS)


def test_tokens_are_listed_and_revoked_by_their_person_alone(folk: Folk) -> None:
    boss, other = (folk.caller(folk.add(name, is_admin=True)) for name in ("revoke-one", "revoke-two"))
    token = folk.tokens.make(boss, "CI", "read", "default", 30, FACTS)
    (row,) = folk.tokens.listed(boss.person or 0)
    assert (row.name, row.scopes, row.project, row.state) == ("CI", ("read",), "default", "active")
    folk.tokens.revoke(other, row.id, FACTS)
    assert folk.tokens.caller(token) != NOBODY
    folk.tokens.revoke(boss, row.id, FACTS)
    assert folk.tokens.caller(token) == NOBODY
    assert folk.tokens.listed(boss.person or 0)[0].state == "revoked"
    assert folk.acts(2) == ["make-token", "revoke-token"]
