"""Deliveries: one process at a time, never lost, given up in the end."""

from __future__ import annotations

import threading

import psycopg
import pytest
from psycopg_pool import ConnectionPool

from packages.server.tests.notify.receiver import FACTS, PROJECT, added, make_due, rows
from steelyard_server.access.callers import Caller
from steelyard_server.encryption.key_file import SecretKeyFile
from steelyard_server.events import note_event
from steelyard_server.notify.outbox import DELAYS, MAX_ATTEMPTS, Delivery, Outcome, end_hopeless, record, take_webhooks
from steelyard_server.notify.webhooks import Webhooks

URL = "http://127.0.0.1:9/hook"
DOWN = Outcome(problem="no connection")


def told(pool: ConnectionPool, kind: str = "run.verified", number: int = 1) -> None:
    with pool.connection() as connection:
        for _ in range(number):
            note_event(connection, kind, {"path": "/", "project": "default"}, project_id=1)


def taken(pool: ConnectionPool, seconds: float = 60.0) -> list[Delivery]:
    with pool.connection() as connection:
        return take_webhooks(connection, seconds, 40)


def recorded(pool: ConnectionPool, delivery: Delivery, outcome: Outcome) -> bool:
    with pool.connection() as connection:
        return record(connection, delivery, outcome, is_webhook=True)


def test_an_event_goes_to_webhooks_that_want_its_kind_and_are_on(
    pool: ConnectionPool, person: int, key_file: SecretKeyFile
) -> None:
    caller = Caller(person=person, session=1)
    wants, off = (added(pool, key_file, f"{URL}{number}", person)[0] for number in range(2))
    added(pool, key_file, URL, person, ("job.failed",))
    Webhooks(pool, key_file).switch(PROJECT, off, caller, FACTS, on=False)
    told(pool)
    assert [each.receiver for each in taken(pool)] == [wants]
    assert taken(pool) == [], "it is leased"
    with pool.connection() as connection:
        connection.execute("SELECT set_config('search_path', 'pg_catalog', true)")
        note_event(connection, "run.verified", {}, project_id=None)
    assert taken(pool) == [], "an event of the server is no project's"


def test_each_delivery_is_taken_by_one_of_many(pool: ConnectionPool, person: int, key_file: SecretKeyFile) -> None:
    for number in range(8):
        added(pool, key_file, f"{URL}{number}", person)
    told(pool, number=2)
    found: list[Delivery] = []
    threads = [threading.Thread(target=lambda: found.extend(taken(pool))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found += taken(pool)
    assert len(found) == len({each.id for each in found}) == 16
    assert all(each.attempt == 1 for each in found)


def test_one_webhook_has_two_at_a_time_the_oldest_first(
    pool: ConnectionPool, person: int, key_file: SecretKeyFile
) -> None:
    added(pool, key_file, URL, person)
    told(pool, number=5)
    first = taken(pool)
    assert len(first) == 2
    for each in first:
        assert recorded(pool, each, Outcome(status=204))
    assert min(each.id for each in taken(pool)) > max(each.id for each in first)


def test_those_that_fail_come_last(pool: ConnectionPool, person: int, key_file: SecretKeyFile) -> None:
    numbers = [added(pool, key_file, f"{URL}{number}", person)[0] for number in range(3)]
    with pool.connection() as connection:
        connection.execute("UPDATE steelyard.webhook SET failing_since = now() WHERE id = ANY (%s)", (numbers[:2],))
    told(pool)
    with pool.connection() as connection:
        (first,) = take_webhooks(connection, 60.0, 1)
    assert first.receiver == numbers[2]


def test_what_an_earlier_attempt_would_write_is_refused(
    pool: ConnectionPool, person: int, key_file: SecretKeyFile
) -> None:
    """A process that was killed, or stopped for long, between sending and writing: it is sent again, as the same."""
    added(pool, key_file, URL, person)
    told(pool)
    (first,) = taken(pool, 0.0)
    (second,) = taken(pool)
    assert (second.id, second.message, second.attempt) == (first.id, first.message, 2)
    assert not recorded(pool, first, Outcome(status=204))
    assert recorded(pool, second, Outcome(status=204))
    assert not recorded(pool, second, DOWN), "what has ended stays so"
    with pytest.raises(psycopg.Error), pool.connection() as connection:
        connection.execute(
            "UPDATE steelyard.delivery SET state = 'waiting', ended_at = NULL WHERE id = %s", (first.id,)
        )


def test_pauses_grow_as_the_specification_advises_and_longer_where_the_receiver_asks(
    pool: ConnectionPool, person: int, key_file: SecretKeyFile
) -> None:
    assert sum(DELAYS) == 272_105, "75:35:05 in all"
    added(pool, key_file, URL, person)
    told(pool)
    query = "SELECT extract(epoch FROM next_at - now()) FROM steelyard.delivery WHERE id = %s"
    for number, delay in enumerate(DELAYS):
        (each,) = taken(pool)
        wait = 4 * delay if number == 1 else 0
        assert recorded(pool, each, Outcome(status=503, problem="not taken (503)", wait=wait))
        ((seconds,),) = rows(pool, query, each.id)
        assert 0.9 * max(delay, wait) <= seconds <= 1.25 * max(delay, wait)
        assert taken(pool) == []
        make_due(pool)


def test_after_ten_attempts_it_is_given_up_and_the_webhook_is_off_with_an_audit_line_and_an_event(
    pool: ConnectionPool, person: int, key_file: SecretKeyFile
) -> None:
    number, _ = added(pool, key_file, URL, person)
    told(pool)
    for attempt in range(1, MAX_ATTEMPTS + 1):
        (each,) = taken(pool)
        assert each.attempt == attempt
        recorded(pool, each, DOWN)
        make_due(pool)
    assert taken(pool) == []
    assert rows(pool, "SELECT state FROM steelyard.delivery WHERE id = %s", each.id) == [("failed",)]
    webhook = Webhooks(pool, key_file).find(PROJECT, number)
    assert webhook is not None
    assert webhook.disabled_because == "nothing was taken during ten attempts"
    last = "SELECT act FROM steelyard.audit WHERE line::json ->> 'subject' = %s ORDER BY sequence DESC LIMIT 1"
    assert rows(pool, last, f"webhook:{number}") == [("webhook-off",)]
    assert f'"webhook":{number}' in rows(pool, "SELECT data FROM steelyard.event ORDER BY id DESC LIMIT 1")[0][0]
    told(pool)
    assert taken(pool) == [], "and gets no more"


def test_one_that_takes_others_stays_on(pool: ConnectionPool, person: int, key_file: SecretKeyFile) -> None:
    number, _ = added(pool, key_file, URL, person)
    told(pool, number=2)
    other, poison = sorted(taken(pool), key=lambda each: -each.id)
    recorded(pool, poison, DOWN)
    recorded(pool, other, Outcome(status=200))
    for _ in range(MAX_ATTEMPTS - 1):
        make_due(pool)
        (each,) = taken(pool)
        recorded(pool, each, DOWN)
    webhook = Webhooks(pool, key_file).find(PROJECT, number)
    assert webhook is not None
    assert webhook.disabled_at is None
    assert webhook.failing_since is not None


def test_gone_switches_it_off_at_once(pool: ConnectionPool, person: int, key_file: SecretKeyFile) -> None:
    number, _ = added(pool, key_file, URL, person)
    told(pool, number=3)
    each = taken(pool)[0]
    recorded(pool, each, Outcome(status=410, problem="not taken (410)", is_final=True))
    webhook = Webhooks(pool, key_file).find(PROJECT, number)
    assert webhook is not None
    assert "410" in webhook.disabled_because
    states = rows(pool, "SELECT state FROM steelyard.delivery WHERE webhook_id = %s ORDER BY id", number)
    assert states == [("failed",), ("dropped",), ("dropped",)]


def test_one_that_kills_whoever_sends_it_does_not_go_round_for_ever(
    pool: ConnectionPool, person: int, key_file: SecretKeyFile
) -> None:
    added(pool, key_file, URL, person)
    told(pool)
    found = [taken(pool, 0.0) for _ in range(MAX_ATTEMPTS + 2)]
    assert [len(each) for each in found] == [1] * MAX_ATTEMPTS + [0, 0]
    with pool.connection() as connection:
        end_hopeless(connection)
    assert rows(pool, "SELECT state FROM steelyard.delivery WHERE id = %s", found[0][0].id) == [("failed",)]
