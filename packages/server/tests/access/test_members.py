from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from packages.server.tests.access.folk import FACTS, Folk, folk_of
from packages.server.tests.databases import copied, open_folder, started
from steelyard.errors import InputError
from steelyard_server.access.callers import NOBODY, Role
from steelyard_server.database.connection import Database


@pytest.fixture
def folk(database: Database) -> Iterator[Folk]:
    with folk_of(database) as found:
        yield found


@pytest.fixture
def alone(data_template: Path) -> Iterator[Folk]:
    """A platform of its own."""
    with open_folder() as path, started(copied(data_template, path)) as database, folk_of(database) as found:
        yield found


def test_a_person_is_made_with_a_role_and_a_link_that_works_once(folk: Folk) -> None:
    boss = folk.caller(folk.add("makes-boss", is_admin=True))
    link = folk.members.add_person(boss, "made-one", "default", "runner", FACTS)
    assert folk.people.invited(link) == "made-one"
    session = folk.people.join(link, "a long way to the mill", FACTS, "browser")
    caller = folk.people.by_session(session)
    assert (caller.name, caller.is_admin) == ("made-one", False)
    assert [(each.project, each.role) for each in caller.memberships] == [("default", Role.RUNNER)]
    assert folk.people.invited(link) == ""
    with pytest.raises(InputError, match="was used"):
        folk.people.join(link, "another way to the mill", FACTS, "browser")
    again = folk.members.new_link(boss, caller.person or 0, FACTS)
    newest = folk.members.new_link(boss, caller.person or 0, FACTS)
    assert (folk.people.invited(again), folk.people.invited(newest)) == ("", "made-one")
    assert folk.people.by_session(session) != NOBODY, "the old password holds until the link is used"
    folk.people.join(newest, "another way to the mill", FACTS, "browser")
    assert folk.people.by_session(session) == NOBODY
    assert folk.acts(4) == ["join", "person-link", "person-link", "join"]


def test_what_is_wrong_with_a_new_person_makes_none(folk: Folk) -> None:
    boss = folk.caller(folk.add("wrong-boss", is_admin=True))
    for name, project, role, message in (
        ("<b>", "default", "viewer", "a name has"),
        ("WRONG-boss", "default", "viewer", "called WRONG-boss already"),
        ("wrong-one", "elsewhere", "viewer", "no such project"),
        ("wrong-one", "default", "owner", "no such role"),
    ):
        with pytest.raises(InputError, match=message):
            folk.members.add_person(boss, name, project, role, FACTS)
    assert folk.ask("SELECT FROM steelyard.person WHERE name = 'wrong-one'") == []


def test_disabling_ends_sessions_tokens_and_links_at_once_and_for_good(folk: Folk) -> None:
    boss = folk.caller(folk.add("ends-boss", is_admin=True))
    link = folk.members.add_person(boss, "ends-one", "default", "runner", FACTS)
    session = folk.people.join(link, "a long way to the mill", FACTS, "browser")
    caller = folk.people.by_session(session)
    token = folk.tokens.make(caller, "CI", "push", "default", 7, FACTS)
    link = folk.members.new_link(boss, caller.person or 0, FACTS)
    folk.members.disable(boss, caller.person or 0, FACTS)
    for _ in range(2):
        assert folk.people.by_session(session) == folk.tokens.caller(token) == NOBODY
        assert folk.people.invited(link) == ""
        row = folk.members.person(caller.person or 0)
        assert row is not None
        assert [each.role for each in row.roles] == ["runner"], "people are disabled, never deleted"
        folk.members.enable(boss, caller.person or 0, FACTS)
    nobody = 10**9
    with pytest.raises(InputError, match="no such person"):
        folk.members.set_role(boss, nobody, "default", "viewer", FACTS)
    with pytest.raises(InputError, match="no such person"):
        folk.members.disable(boss, nobody, FACTS)
    with pytest.raises(InputError, match="no such person"):
        folk.members.enable(boss, nobody, FACTS)
    with pytest.raises(InputError, match="a link is for a local person"):
        folk.members.new_link(boss, nobody, FACTS)


def test_a_role_by_hand_takes_the_place_of_the_one_before(folk: Folk) -> None:
    boss, person = folk.caller(folk.add("place-boss", is_admin=True)), folk.add("place-one")
    for role in ("viewer", "admin", "runner"):
        folk.members.set_role(boss, person, "default", role, FACTS)
        assert [each.role for each in folk.caller(person).memberships] == [role]
    assert [each.name for each in folk.members.of_project(1) if each.id == person] == ["place-one"]
    folk.members.set_role(boss, person, "default", "", FACTS)
    assert folk.caller(person).memberships == ()
    assert folk.ask("SELECT count(*) FROM steelyard.membership WHERE person_id = %s", person) == [(3,)]
    with pytest.raises(InputError, match="no such project"):
        folk.members.set_role(boss, person, "elsewhere", "viewer", FACTS)
    assert folk.members.person_called("PLACE-one") == person
    with pytest.raises(InputError, match="nobody of this name"):
        folk.members.person_called("place-two")


def test_the_last_administrator_stays(alone: Folk) -> None:
    folk = alone
    boss = folk.caller(folk.add("boss", is_admin=True))
    other = folk.add("other", has_password=False)
    folk.members.set_administrator(boss, other, is_admin=True, facts=FACTS)
    number = boss.person or 0
    with pytest.raises(InputError, match="the last administrator who can sign in with a password"):
        folk.members.disable(boss, number, FACTS)
    with pytest.raises(InputError, match="the last administrator who can sign in with a password"):
        folk.members.set_administrator(boss, number, is_admin=False, facts=FACTS)
    assert folk.caller(number).is_admin
    second = folk.add("second", is_admin=True)
    ended: list[bool] = []

    def disable(mine: int, theirs: int) -> None:
        try:
            folk.members.disable(folk.caller(mine), theirs, FACTS)
            ended.append(True)
        except InputError:
            ended.append(False)

    pairs = ((number, second), (second, number))
    threads = [threading.Thread(target=disable, args=pair) for pair in pairs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(ended) == [False, True], "two who disable each other: one stays"


def test_projects_have_plain_names_and_stay(folk: Folk) -> None:
    boss = folk.caller(folk.add("projects-boss", is_admin=True))
    folk.members.add_project(boss, "claims-2027", FACTS)
    assert "claims-2027" in [each.name for each in folk.members.projects()]
    with pytest.raises(InputError, match="already"):
        folk.members.add_project(boss, "claims-2027", FACTS)
    for name in ("", "Claims", "a/b", "-a", "a" * 61, "..", "ä"):
        with pytest.raises(InputError, match="small letters"):
            folk.members.add_project(boss, name, FACTS)


def test_people_are_listed_a_page_at_a_time(folk: Folk) -> None:
    numbers = [folk.add(f"listed-{number}") for number in range(3)]
    found, is_more = folk.members.people(numbers[0])
    assert [each.id for each in found] == numbers[1:]
    assert not is_more
    assert folk.members.person(10**9) is None
