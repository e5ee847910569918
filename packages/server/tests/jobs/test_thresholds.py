"""A threshold gets stricter by one admin alone, and looser by two: in the database, however one gets there."""

from __future__ import annotations

import json
import secrets
import threading
from dataclasses import dataclass
from decimal import Decimal

import psycopg
import pytest

from packages.server.tests.jobs.yard import a_person
from steelyard.errors import InputError
from steelyard_server.access.callers import Caller, Membership, Role
from steelyard_server.database.connection import Database
from steelyard_server.http.facts import RequestFacts
from steelyard_server.jobs.membership import Missing, Refused
from steelyard_server.jobs.thresholds import (
    Threshold,
    change_threshold,
    decide_threshold,
    threshold_of,
    threshold_shown,
    waiting_change,
    waiting_changes,
)

FACTS = RequestFacts("request", "10.0.0.1")
Amounts = tuple[int | None, int | None]


@dataclass
class Place:
    """A project of its own, and three admins of it."""

    database: Database
    name: str
    number: int
    people: tuple[int, int, int]

    def caller(self, who: int, role: Role = Role.ADMIN) -> Caller:
        return Caller(person=self.people[who], session=1, memberships=(Membership(self.number, self.name, role),))

    def change(self, who: int, cost: int | None, tokens: int | None = None) -> bool:
        with self.database.connect() as connection:
            money = None if cost is None else Decimal(cost)
            return change_threshold(connection, self.caller(who), self.name, FACTS, cost=money, tokens=tokens)

    def decide(self, who: int, change: int, *, is_approved: bool = True) -> bool:
        with self.database.connect() as connection:
            return decide_threshold(connection, self.caller(who), self.name, change, FACTS, is_approved=is_approved)

    def waiting(self) -> int:
        """The number of the change that waits, 0 for none."""
        with self.database.connect() as connection:
            found = waiting_change(connection, self.caller(2, Role.VIEWER), self.name)
        return 0 if found is None else found.id

    def now(self) -> Amounts:
        with self.database.connect() as connection:
            found = threshold_of(connection, self.number)
        return None if found.cost is None else int(found.cost), found.tokens

    def acts(self) -> list[tuple[str, str]]:
        """The audit lines about the project: who did what."""
        with self.database.connect() as connection:
            rows = connection.execute(
                "SELECT line FROM steelyard.audit WHERE steelyard.said_of(line, 'subject') = %s ORDER BY sequence",
                (f"project:{self.number}",),
            ).fetchall()
        return [(json.loads(line)["act"], json.loads(line)["actor"]) for (line,) in rows]


@pytest.fixture
def place(database: Database) -> Place:
    name = f"threshold-{secrets.token_hex(4)}"
    with database.connect() as connection:
        row = connection.execute("INSERT INTO steelyard.project (name) VALUES (%s) RETURNING id", (name,)).fetchone()
    assert row is not None
    one, two, three = (a_person(database, f"{who} of {name}") for who in ("asks", "decides", "comes late"))
    return Place(database, name, row[0], (one, two, three))


def test_what_is_looser_waits_for_somebody_else_and_what_is_stricter_holds_at_once(place: Place) -> None:
    assert place.change(0, 10)
    assert place.change(0, 5)
    assert (place.now(), place.waiting()) == ((5, None), 0)
    assert not place.change(0, 50)
    asked = place.waiting()
    assert (place.now(), bool(asked)) == ((5, None), True)
    with place.database.connect() as connection:
        (found,) = waiting_changes(connection, [place.number])
    assert (found.asked, found.before) == (Threshold(Decimal(50), None), Threshold(Decimal(5), None))
    assert (found.project, found.asked_by, found.name) == (place.name, place.people[0], f"asks of {place.name}")
    with pytest.raises(Refused, match="you asked for this threshold"):
        place.decide(0, asked)
    assert place.decide(1, asked)
    assert (place.now(), place.waiting()) == ((50, None), 0)
    assert not place.decide(2, asked), "somebody has decided"
    assert not place.decide(2, asked, is_approved=False)
    assert not place.change(1, None)
    assert place.decide(0, place.waiting(), is_approved=False)
    assert place.now() == (50, None)
    one, two, _ = (f"person:{each}" for each in place.people)
    assert place.acts() == [
        ("set-approval", one), ("set-approval", one), ("ask-threshold", one), ("approve-threshold", two),
        ("ask-threshold", two), ("refuse-threshold", one),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("before", "after", "is_looser"),
    [
        ((None, None), (5, None), False), ((None, None), (None, None), False), ((5, None), (5, None), False),
        ((5, None), (0, None), False), ((5, None), (6, None), True), ((5, None), (None, None), True),
        ((5, 100), (4, 101), True), ((5, 100), (4, 99), False), ((None, 100), (5, 100), False),
        ((5, 100), (5, None), True), ((5, 100), (None, 100), True),
        # In money alone a job without prices always needs a second person: with tokens beside it, some do not.
        ((5, None), (5, 100), True), ((5, None), (1, 0), True), ((None, 100), (None, None), True),
    ],
)  # fmt: skip
def test_what_is_looser(place: Place, before: Amounts, after: Amounts, is_looser: bool) -> None:
    assert place.change(0, *before)
    assert place.change(0, *after) != is_looser
    assert place.now() == (before if is_looser else after)


def test_another_change_takes_the_place_of_one_that_waits(place: Place) -> None:
    assert place.change(0, 5)
    assert not place.change(0, 50)
    first = place.waiting()
    assert not place.change(0, 5_000)
    second = place.waiting()
    assert not place.decide(1, first), "nobody approves what they do not see"
    assert place.change(0, 4)
    assert (place.now(), place.waiting()) == ((4, None), 0)
    assert not place.decide(1, second)
    assert place.now() == (4, None)
    assert not place.change(0, 9)
    assert place.decide(0, place.waiting(), is_approved=False), "whoever asked takes it back"
    assert place.waiting() == 0


def test_who_may_not(place: Place) -> None:
    assert place.change(0, 5)
    assert not place.change(0, 9)
    asked = place.waiting()
    with place.database.connect() as connection:
        for role in (Role.VIEWER, Role.RUNNER, Role.EDITOR):
            caller = place.caller(1, role)
            with pytest.raises(Refused, match="role admin"):
                change_threshold(connection, caller, place.name, FACTS, cost=None, tokens=1)
            with pytest.raises(Refused, match="role admin"):
                decide_threshold(connection, caller, place.name, asked, FACTS, is_approved=True)
        assert threshold_shown(connection, place.caller(1, Role.VIEWER), place.name).cost == 5
        for wrong in (Decimal(-1), Decimal("NaN"), Decimal(10**16)):
            with pytest.raises(InputError, match="from 0 on"):
                change_threshold(connection, place.caller(0), place.name, FACTS, cost=wrong, tokens=None)
        stranger = Caller(person=place.people[1], session=1, memberships=(Membership(1, "default", Role.ADMIN),))
        with pytest.raises(Missing):
            decide_threshold(connection, stranger, place.name, asked, FACTS, is_approved=True)
        with pytest.raises(Missing, match="no such change"):
            decide_threshold(connection, stranger, "default", asked, FACTS, is_approved=True)
    assert place.now() == (5, None)


def at_once(*acts: threading.Thread) -> None:
    for thread in acts:
        thread.start()
    for thread in acts:
        thread.join()


def test_of_two_who_decide_at_once_one_does(place: Place) -> None:
    for is_approved in (True, False):
        assert place.change(0, 5) or place.decide(1, place.waiting())
        assert not place.change(0, 9)
        asked, found = place.waiting(), list[bool]()
        barrier = threading.Barrier(3)

        def go(who: int, says: bool, asked: int = asked, barrier: threading.Barrier = barrier) -> None:
            barrier.wait(30)
            found.append(place.decide(who, asked, is_approved=says))  # noqa: B023 — joined below

        pairs = ((1, is_approved), (2, not is_approved), (2, True))
        at_once(*(threading.Thread(target=go, args=each) for each in pairs))
        assert sorted(found) == [False, False, True]
        assert place.now() in ((5, None), (9, None))


def test_a_change_and_a_decision_at_once_leave_what_one_after_the_other_would(place: Place) -> None:
    for _ in range(5):
        assert place.change(0, 5) or place.decide(1, place.waiting())
        assert not place.change(0, 9)
        asked = place.waiting()
        at_once(
            threading.Thread(target=place.decide, args=(1, asked)), threading.Thread(target=place.change, args=(2, 3))
        )
        assert (place.now(), place.waiting()) == ((3, None), 0), "what is stricter came last, or first"


REFUSED = (
    "UPDATE steelyard.project SET approval_cost = 99 WHERE id = %(project)s",
    "UPDATE steelyard.project SET approval_cost = NULL WHERE id = %(project)s",
    "INSERT INTO steelyard.threshold_decision (change_id, person_id, is_approved) VALUES (%(change)s, %(one)s, true)",
    "INSERT INTO steelyard.threshold_decision (change_id, person_id, is_approved) "
    "VALUES (%(change)s - 1, %(two)s, true)",
    "UPDATE steelyard.threshold_change SET cost = 99",
    "UPDATE steelyard.threshold_change SET asked_by = %(two)s",
    "DELETE FROM steelyard.threshold_change",
    "TRUNCATE steelyard.threshold_decision",
    "SELECT steelyard.apply_threshold_change()",
)


@pytest.mark.parametrize("as_owner", [False, True])
def test_by_hand_there_is_no_other_way(place: Place, as_owner: bool) -> None:
    """Where one role does all, triggers alone stand in the way."""
    assert place.change(0, 5)
    assert not place.change(0, 9)
    values = {
        "project": place.number, "one": place.people[0], "two": place.people[1], "change": place.waiting(),
    }  # fmt: skip
    connect = place.database.connect_as_owner if as_owner else place.database.connect
    for query in REFUSED:
        with connect() as connection, pytest.raises(psycopg.Error):
            connection.execute(query.encode(), values)
        assert place.now() == (5, None), query
    with connect() as connection:  # a row that says another story than the project's
        row = connection.execute(
            "INSERT INTO steelyard.threshold_change (project_id, cost, was_cost, is_looser, asked_by) "
            "VALUES (%(project)s, 99, 100, false, %(one)s) RETURNING was_cost, is_looser",
            values,
        ).fetchone()
    assert row == (5, True)
    assert place.now() == (5, None)


def test_what_was_approved_once_is_not_approved_for_ever(place: Place) -> None:
    assert place.change(0, 5)
    assert not place.change(0, 9)
    assert place.decide(1, place.waiting())
    assert place.change(0, 5)
    with place.database.connect_as_owner() as owner, pytest.raises(psycopg.Error, match="by two people alone"):
        owner.execute("UPDATE steelyard.project SET approval_cost = 9 WHERE id = %s", (place.number,))
    assert not place.change(0, 9), "again"
