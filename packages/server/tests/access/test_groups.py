from __future__ import annotations

from collections.abc import Iterator

import pytest

from packages.server.tests.access.folk import FACTS, ISSUER, Folk, folk_of
from steelyard.errors import InputError
from steelyard_server.access.callers import Role
from steelyard_server.access.groups import Groups, apply_groups
from steelyard_server.database.connection import Database


@pytest.fixture
def folk(database: Database) -> Iterator[Folk]:
    with folk_of(database) as found:
        yield found


def sign_in(folk: Folk, person: int, *groups: str) -> dict[str, Role]:
    with folk.pool.connection() as connection:
        apply_groups(connection, person, ISSUER, groups)
    return {each.project: each.role for each in folk.caller(person).memberships}


def test_each_sign_in_replaces_roles_by_groups_and_leaves_those_by_hand(folk: Folk) -> None:
    boss, person = folk.caller(folk.add("replace-boss", is_admin=True)), folk.add("replace-one")
    folk.members.add_project(boss, "replace-a", FACTS)
    folk.members.add_project(boss, "replace-b", FACTS)
    folk.members.set_role(boss, person, "replace-b", "viewer", FACTS)
    folk.groups.add(boss, "replace-runners", "replace-a", "runner", FACTS)
    folk.groups.add(boss, "replace-admins", "replace-a", "admin", FACTS)
    folk.groups.add(boss, "replace-admins", "replace-b", "admin", FACTS)
    by_hand = {"replace-b": Role.VIEWER}
    assert sign_in(folk, person) == by_hand
    assert sign_in(folk, person, "replace-runners", "unknown") == {**by_hand, "replace-a": Role.RUNNER}
    both = {"replace-a": Role.ADMIN, "replace-b": Role.ADMIN}
    assert sign_in(folk, person, "replace-runners", "replace-admins") == both
    assert sign_in(folk, person, "Replace-Runners") == by_hand, "a group is named exactly"
    assert sign_in(folk, person) == by_hand


def test_ending_a_mapping_ends_what_it_gave_at_once(folk: Folk) -> None:
    boss, person = folk.caller(folk.add("ending-boss", is_admin=True)), folk.add("ending-one")
    folk.groups.add(boss, "ending", "", "admin", FACTS)
    sign_in(folk, person, "ending")
    assert folk.caller(person).is_admin
    (mapping,) = [each for each in folk.groups.mappings() if each.group == "ending"]
    Groups(folk.pool, "https://other.example").end(boss, mapping.id, FACTS)
    assert folk.caller(person).is_admin, "it is another provider's"
    folk.groups.end(boss, mapping.id, FACTS)
    assert not folk.caller(person).is_admin
    folk.groups.add(boss, "ending", "", "admin", FACTS)
    assert not folk.caller(person).is_admin, "from the next sign-in on"
    assert folk.acts(2) == ["end-mapping", "add-mapping"]


def test_what_is_no_mapping_is_refused(folk: Folk) -> None:
    boss = folk.caller(folk.add("refused-boss", is_admin=True))
    folk.groups.add(boss, "refused", "default", "viewer", FACTS)
    for group, project, role, message in (
        ("", "default", "viewer", "give the group"),
        ("refused", "default", "admin", "gives a role there already"),
        ("x", "elsewhere", "viewer", "no such project"),
        ("x", "default", "owner", "no such role"),
        ("x", "", "viewer", "no such role"),
    ):
        with pytest.raises(InputError, match=message):
            folk.groups.add(boss, group, project, role, FACTS)
    with pytest.raises(InputError, match="no identity provider"):
        Groups(folk.pool, "").add(boss, "x", "default", "viewer", FACTS)
