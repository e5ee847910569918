"""What a project's admins do with webhooks: bounded, put on record, and without their secrets anywhere."""

from __future__ import annotations

import threading

import psycopg
import pytest
from psycopg_pool import ConnectionPool

from packages.server.tests.notify.receiver import FACTS, PROJECT, added, rows
from steelyard.errors import InputError
from steelyard_server.access.callers import Caller, Membership, Role
from steelyard_server.encryption.key_file import SecretKeyFile
from steelyard_server.notify.form import read_target
from steelyard_server.notify.webhooks import MAX_WEBHOOKS, Webhooks

URL = "http://127.0.0.1:9/hook"


def test_a_place_that_is_not_listed_is_refused(pool: ConnectionPool, person: int, key_file: SecretKeyFile) -> None:
    caller = Caller(person=person, session=1)
    added(pool, key_file, "https://hooks.example:8443/x", person)
    for url in ("http://hooks.example:8443/x", "https://hooks.example/x", "https://other.example:8443/x"):
        with pytest.raises(InputError, match="webhooks may not go there"):
            Webhooks(pool, key_file).add(PROJECT, read_target(url), ["run.verified"], caller, FACTS)


def test_a_project_has_only_so_many_also_where_two_add_at_once(
    pool: ConnectionPool, person: int, key_file: SecretKeyFile
) -> None:
    for number in range(MAX_WEBHOOKS - 1):
        added(pool, key_file, f"{URL}{number}", person)
    refused: list[str] = []

    def add() -> None:
        try:
            added(pool, key_file, URL, person)
        except InputError as error:
            refused.append(str(error))

    threads = [threading.Thread(target=add) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 2
    assert len(Webhooks(pool, key_file).of_project(PROJECT)) == MAX_WEBHOOKS


def test_those_of_another_project_are_not_there(pool: ConnectionPool, person: int, key_file: SecretKeyFile) -> None:
    number, _ = added(pool, key_file, URL, person)
    other, caller, webhooks = (
        Membership(999_999, "other", Role.ADMIN),
        Caller(person=person, session=1),
        Webhooks(pool, key_file),
    )
    assert webhooks.find(other, number) is None
    assert webhooks.of_project(other) == []
    assert webhooks.attempts(other, number) == []
    for act in (
        lambda: webhooks.test(other, number, caller, FACTS),
        lambda: webhooks.new_secret(other, number, caller, FACTS),
        lambda: webhooks.end_old_secret(other, number, caller, FACTS),
        lambda: webhooks.switch(other, number, caller, FACTS, on=False),
        lambda: webhooks.retire(other, number, caller, FACTS),
        lambda: webhooks.change(other, number, ["job.failed"], caller, FACTS),
    ):
        with pytest.raises(InputError, match="there is no such webhook"):
            act()


def test_a_test_goes_to_one_alone_and_one_at_a_time(pool: ConnectionPool, person: int, key_file: SecretKeyFile) -> None:
    webhooks, caller = Webhooks(pool, key_file), Caller(person=person, session=1)
    number, _ = added(pool, key_file, URL, person)
    other, _ = added(pool, key_file, f"{URL}2", person)
    webhooks.test(PROJECT, number, caller, FACTS)
    with pytest.raises(InputError, match="still on its way"):
        webhooks.test(PROJECT, number, caller, FACTS)
    assert [each.kind for each in webhooks.attempts(PROJECT, number)] == ["webhook.test"]
    assert webhooks.attempts(PROJECT, other) == []
    webhooks.switch(PROJECT, number, caller, FACTS, on=False)
    assert [each.state for each in webhooks.attempts(PROJECT, number)] == ["dropped"]
    with pytest.raises(InputError, match="switch it on first"):
        webhooks.test(PROJECT, number, caller, FACTS)
    webhooks.switch(PROJECT, number, caller, FACTS, on=True)
    webhooks.test(PROJECT, number, caller, FACTS)


def test_a_retired_one_is_gone_with_its_secrets_and_an_address_never_changes(
    pool: ConnectionPool, person: int, key_file: SecretKeyFile
) -> None:
    webhooks, caller = Webhooks(pool, key_file), Caller(person=person, session=1)
    number, secret = added(pool, key_file, URL, person)
    with pytest.raises(psycopg.Error), pool.connection() as connection:
        connection.execute("UPDATE steelyard.webhook SET host = 'evil.example' WHERE id = %s", (number,))
    webhooks.retire(PROJECT, number, caller, FACTS)
    assert webhooks.find(PROJECT, number) is None
    assert rows(pool, "SELECT sealed FROM steelyard.webhook_key WHERE webhook_id = %s", number) == [(None,)]
    text = str(rows(pool, "SELECT line FROM steelyard.audit WHERE line::json ->> 'subject' = %s", f"webhook:{number}"))
    assert "add-webhook" in text
    assert "retire-webhook" in text
    assert secret not in text
    assert "/hook" not in text, "a path may be a secret of the receiver's"


def test_no_webhook_without_a_secret_key(pool: ConnectionPool, person: int, key_file: SecretKeyFile) -> None:
    key_file.path.unlink()
    before = len(rows(pool, "SELECT FROM steelyard.webhook"))
    with pytest.raises(InputError, match="the secret key cannot be read"):
        added(pool, key_file, URL, person)
    assert len(rows(pool, "SELECT FROM steelyard.webhook")) == before
