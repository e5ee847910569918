from __future__ import annotations

from collections.abc import Iterator

import pytest

from packages.server.tests.access.folk import FACTS, ISSUER, Folk, folk_of
from steelyard_server.access.callers import Role
from steelyard_server.access.groups import apply_groups
from steelyard_server.access.roles import GROUP_DAYS, roles_of
from steelyard_server.database.connection import Database


@pytest.fixture
def folk(database: Database) -> Iterator[Folk]:
    with folk_of(database) as found:
        yield found


def roles(folk: Folk, person: int, issuer: str = ISSUER) -> tuple[bool, dict[str, Role]]:
    with folk.pool.connection() as connection:
        is_admin, found = roles_of(connection, person, issuer, is_admin=False)
    return is_admin, {each.project: each.role for each in found}


def test_the_highest_role_counts_and_a_group_of_another_provider_does_not(folk: Folk) -> None:
    boss, person = folk.caller(folk.add("roles-boss", is_admin=True)), folk.add("roles-one")
    assert roles(folk, person) == (False, {})
    folk.members.add_project(boss, "roles-a", FACTS)
    folk.members.set_role(boss, person, "default", "editor", FACTS)
    folk.groups.add(boss, "roles-staff", "default", "viewer", FACTS)
    folk.groups.add(boss, "roles-staff", "roles-a", "runner", FACTS)
    with folk.pool.connection() as connection:
        apply_groups(connection, person, ISSUER, ["roles-staff"])
    assert roles(folk, person) == (False, {"default": Role.EDITOR, "roles-a": Role.RUNNER})
    assert roles(folk, person, "https://other.example") == (False, {"default": Role.EDITOR})
    assert roles(folk, person, "") == (False, {"default": Role.EDITOR})


def test_a_role_by_a_group_ends_some_weeks_after_the_last_sign_in(folk: Folk) -> None:
    boss, person = folk.caller(folk.add("weeks-boss", is_admin=True)), folk.add("weeks-one")
    folk.groups.add(boss, "weeks-staff", "default", "viewer", FACTS)
    with folk.pool.connection() as connection:
        apply_groups(connection, person, ISSUER, ["weeks-staff"])
    for days, expected in ((GROUP_DAYS - 1, {"default": Role.VIEWER}), (GROUP_DAYS, {})):
        query = "UPDATE steelyard.membership SET confirmed_at = now() - make_interval(days => %s) WHERE person_id = %s"
        folk.ask(query, days, person)
        assert roles(folk, person) == (False, expected)


def test_an_administrator_is_admin_everywhere(folk: Folk) -> None:
    boss, person = folk.caller(folk.add("everywhere-boss", is_admin=True)), folk.add("everywhere-one")
    folk.groups.add(boss, "everywhere-admins", "", "admin", FACTS)
    with folk.pool.connection() as connection:
        apply_groups(connection, person, ISSUER, ["everywhere-admins"])
    is_admin, found = roles(folk, person)
    assert is_admin
    assert found == {each.project: Role.ADMIN for each in boss.memberships}
