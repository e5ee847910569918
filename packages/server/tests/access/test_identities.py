from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from packages.server.tests.access.folk import FACTS, ISSUER, Folk, folk_of
from steelyard.errors import InputError
from steelyard_server.access.callers import NOBODY
from steelyard_server.access.identities import Identities
from steelyard_server.access.people import NoAccessError
from steelyard_server.database.connection import Database


@pytest.fixture
def folk(database: Database) -> Iterator[Folk]:
    with folk_of(database) as found:
        yield found


def test_who_comes_again_is_known_by_issuer_and_subject_whatever_they_are_called(folk: Folk) -> None:
    boss, identities = folk.caller(folk.add("again-boss", is_admin=True)), Identities(folk.pool, ISSUER)
    folk.groups.add(boss, "again-staff", "default", "viewer", FACTS)
    first = folk.people.by_session(identities.sign_in("again|1", "again", ["again-staff"], FACTS, "browser"))
    again = folk.people.by_session(identities.sign_in("again|1", "renamed", ["again-staff"], FACTS, "browser"))
    assert (first.person, first.name) == (again.person, again.name)
    assert again.name == "again"
    other = folk.people.by_session(identities.sign_in("again|2", "again", ["again-staff"], FACTS, "browser"))
    assert (other.name, other.person == first.person) == ("again-2", False)
    elsewhere = Identities(folk.pool, "https://other.example")
    with pytest.raises(NoAccessError):
        elsewhere.sign_in("again|1", "again", ["again-staff"], FACTS, "browser")


def test_a_name_that_is_taken_does_not_give_that_account(folk: Folk) -> None:
    boss, identities = folk.caller(folk.add("Taken", is_admin=True)), Identities(folk.pool, ISSUER)
    folk.groups.add(boss, "taken-staff", "default", "viewer", FACTS)
    came = folk.people.by_session(identities.sign_in("taken|1", "taken", ["taken-staff"], FACTS, "browser"))
    assert (came.name, came.is_admin) == ("taken-2", False)
    assert came.person != boss.person


def test_no_group_and_no_role_by_hand_is_no_session_and_a_role_by_hand_is_enough(folk: Folk) -> None:
    boss, identities = folk.caller(folk.add("hand-boss", is_admin=True)), Identities(folk.pool, ISSUER)
    with pytest.raises(NoAccessError):
        identities.sign_in("hand|1", "hand-one", ["unknown"], FACTS, "browser")
    person = folk.members.person_called("hand-one")
    assert folk.ask("SELECT count(*) FROM steelyard.session WHERE person_id = %s", person) == [(0,)]
    folk.members.set_role(boss, person, "default", "runner", FACTS)
    session = identities.sign_in("hand|1", "hand-one", [], FACTS, "browser")
    assert folk.people.by_session(session).person == person
    assert folk.acts(3) == ["sign-in-without-role", "give-role", "sign-in"]
    with pytest.raises(InputError, match="a link is for a local person"):
        folk.members.new_link(boss, person, FACTS)
    assert not folk.people.has_password(person)


def test_who_was_disabled_here_stays_out_whatever_the_provider_says(folk: Folk) -> None:
    boss, identities = folk.caller(folk.add("out-boss", is_admin=True)), Identities(folk.pool, ISSUER)
    folk.groups.add(boss, "out-staff", "default", "admin", FACTS)
    session = identities.sign_in("out|1", "out-one", ["out-staff"], FACTS, "browser")
    person = folk.people.by_session(session).person or 0
    folk.members.disable(boss, person, FACTS)
    with pytest.raises(InputError, match="has disabled this account"):
        identities.sign_in("out|1", "out-one", ["out-staff"], FACTS, "browser")
    assert folk.people.by_session(session) == NOBODY
    assert folk.acts(1) == ["sign-in-refused"]


def test_the_same_person_in_two_tabs_is_one(folk: Folk) -> None:
    boss, identities = folk.caller(folk.add("tabs-boss", is_admin=True)), Identities(folk.pool, ISSUER)
    folk.groups.add(boss, "tabs-staff", "default", "viewer", FACTS)
    came: list[str] = []

    def come() -> None:
        came.append(identities.sign_in("tabs|1", "tabs-one", ["tabs-staff"], FACTS, "browser"))

    threads = [threading.Thread(target=come) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({folk.people.by_session(each).person for each in came}) == 1
    assert len(came) == 3


def test_a_refusal_is_on_record(folk: Folk) -> None:
    Identities(folk.pool, ISSUER).note_refused("it has expired", FACTS)
    ((line,),) = folk.ask("SELECT line FROM steelyard.audit ORDER BY sequence DESC LIMIT 1")
    assert '"reason":"it has expired"' in line
