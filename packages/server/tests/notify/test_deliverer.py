"""From an event to a receiver that verifies it, over failures, rotations and SIGKILL."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import threading
from datetime import datetime
from pathlib import Path

from psycopg_pool import ConnectionPool

from packages.server.tests.database.rows import one
from packages.server.tests.databases import started
from packages.server.tests.jobs.yard import wait_for
from packages.server.tests.notify.receiver import FACTS, PROJECT, added, is_signed, make_due, receiving, rows
from packages.server.tests.site import environment
from steelyard_server.access.callers import Caller
from steelyard_server.encryption.key_file import SecretKeyFile, secret_key_file
from steelyard_server.endpoints.addresses import OwnPlaces
from steelyard_server.events import note_event
from steelyard_server.http.logs import JsonLog
from steelyard_server.notify.deliverer import Deliverer, Timing
from steelyard_server.notify.mail_server import MailServers
from steelyard_server.notify.places import Places
from steelyard_server.notify.webhooks import Webhooks
from testkit.repository import ROOT

DATA = {"model": "m", "path": "/p/default/runs/" + "0" * 64, "project": "default", "verdicts": {"consistent": 3}}


def deliverer(pool: ConnectionPool, file: SecretKeyFile, log: io.StringIO | None = None) -> Deliverer:
    return Deliverer(
        pool, file, MailServers(pool, file), OwnPlaces, base_url="https://evals.example",
        log=JsonLog(log or io.StringIO()), timing=Timing(attempt_seconds=5.0),
    )  # fmt: skip


def told(pool: ConnectionPool, kind: str = "run.verified") -> None:
    with pool.connection() as connection:
        note_event(connection, kind, DATA, project_id=1)


def test_an_event_reaches_its_receiver_signed_and_once(
    pool: ConnectionPool, person: int, key_file: SecretKeyFile
) -> None:
    log = io.StringIO()
    with receiving() as receiver:
        number, secret = added(pool, key_file, f"{receiver.base}/hook-of-ours?a=b", person)
        told(pool)
        told(pool, "job.failed")
        sender = deliverer(pool, key_file, log)
        assert (sender.deliver_webhooks(), sender.deliver_webhooks()) == (1, 0)
    (got,) = receiver.got
    assert is_signed(secret, got.headers, got.body)
    body = json.loads(got.body)
    assert (body["type"], set(body)) == ("run.verified", {"data", "timestamp", "type"})
    assert datetime.fromisoformat(body["timestamp"]).tzinfo is not None
    assert body["data"] == {
        "model": "m", "project": "default", "url": f"https://evals.example{DATA['path']}", "verdicts": {"consistent": 3}
    }  # fmt: skip
    (attempt,) = Webhooks(pool, key_file).attempts(PROJECT, number)
    assert (attempt.message, attempt.state, attempt.status) == (got.headers["webhook-id"], "sent", 204)
    for never in (secret, "hook-of-ours", str(receiver.port)):
        assert never not in log.getvalue()


def test_one_that_answers_500_then_200_gets_the_same_id_and_body_again(
    pool: ConnectionPool, person: int, key_file: SecretKeyFile
) -> None:
    with receiving() as receiver:
        receiver.answer = lambda number: (500 if number == 1 else 200, {}, b"no" if number == 1 else b"yes")
        number, secret = added(pool, key_file, receiver.base, person)
        told(pool)
        sender = deliverer(pool, key_file)
        assert (sender.deliver_webhooks(), sender.deliver_webhooks()) == (1, 0)
        make_due(pool)
        assert (sender.deliver_webhooks(), sender.deliver_webhooks()) == (1, 0)
    first, second = receiver.got
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.body == second.body
    assert is_signed(secret, second.headers, second.body)
    found = [(each.attempt, each.status, each.reply) for each in Webhooks(pool, key_file).attempts(PROJECT, number)]
    assert found == [(2, 200, "yes"), (1, 500, "no")]


def test_while_a_secret_is_replaced_both_sign(pool: ConnectionPool, person: int, key_file: SecretKeyFile) -> None:
    caller, webhooks = Caller(person=person, session=1), Webhooks(pool, key_file)
    with receiving() as receiver:
        number, first = added(pool, key_file, receiver.base, person)
        second = webhooks.new_secret(PROJECT, number, caller, FACTS)
        third = ""
        for step in range(3):
            told(pool)
            deliverer(pool, key_file).deliver_webhooks()
            if step == 0:
                third = webhooks.new_secret(PROJECT, number, caller, FACTS)
            elif step == 1:
                webhooks.end_old_secret(PROJECT, number, caller, FACTS)
    signed = [[is_signed(secret, got.headers, got.body) for secret in (first, second, third)] for got in receiver.got]
    assert signed == [[True, True, False], [False, True, True], [False, False, True]]


def test_a_secret_whose_day_is_over_signs_no_more(pool: ConnectionPool, person: int, key_file: SecretKeyFile) -> None:
    with receiving() as receiver:
        number, old = added(pool, key_file, receiver.base, person)
        Webhooks(pool, key_file).new_secret(PROJECT, number, Caller(person=person, session=1), FACTS)
        with pool.connection() as connection:
            connection.execute(
                "UPDATE steelyard.webhook_key SET ends_at = now() WHERE webhook_id = %s AND ends_at IS NOT NULL",
                (number,),
            )
        told(pool)
        deliverer(pool, key_file).deliver_webhooks()
    (got,) = receiver.got
    assert not is_signed(old, got.headers, got.body)


def test_a_place_that_is_taken_out_of_the_list_gets_nothing(
    pool: ConnectionPool, person: int, key_file: SecretKeyFile
) -> None:
    caller, places = Caller(person=person, session=1), Places(pool)
    with receiving() as receiver:
        number, _ = added(pool, key_file, receiver.base, person)
        told(pool)
        (place,) = [each for each in places.all() if each.address.endswith(f":{receiver.port}")]
        places.retire(place.id, caller, FACTS)
        deliverer(pool, key_file).deliver_webhooks()
        assert receiver.got == []
    (attempt,) = Webhooks(pool, key_file).attempts(PROJECT, number)
    assert attempt.problem == "the server's administrators do not allow this address any more"


def test_a_secret_that_cannot_be_read_and_a_ciphertext_of_another_webhook_send_nothing(
    pool: ConnectionPool, person: int, key_file: SecretKeyFile
) -> None:
    with receiving() as receiver:
        one_, _ = added(pool, key_file, f"{receiver.base}/1", person)
        two, _ = added(pool, key_file, f"{receiver.base}/2", person)
        with pool.connection() as connection:
            connection.execute(
                "UPDATE steelyard.webhook_key SET sealed = (SELECT sealed FROM steelyard.webhook_key "
                "WHERE webhook_id = %s) WHERE webhook_id = %s",
                (one_, two),
            )
        told(pool)
        deliverer(pool, key_file).deliver_webhooks()
        assert [each.path for each in receiver.got] == ["/1"]
    (attempt,) = Webhooks(pool, key_file).attempts(PROJECT, two)
    assert "make another one" in attempt.problem


def test_what_fails_is_logged_without_its_text_and_tried_again(pool: ConnectionPool, key_file: SecretKeyFile) -> None:
    log, stop = io.StringIO(), threading.Event()
    sender = deliverer(pool, key_file, log)
    calls = 0

    def failing() -> int:
        nonlocal calls
        calls += 1
        if calls == 3:
            stop.set()
            return 0
        raise RuntimeError("a text that may quote anything")

    sender.deliver_webhooks = failing  # type: ignore[method-assign]
    sender._timing = Timing(poll_seconds=0.01)
    sender.run(stop)
    assert [json.loads(line)["reason"].split()[0] for line in log.getvalue().splitlines()] == ["RuntimeError"]


def test_sigkill_between_sending_and_writing_loses_nothing(data: Path) -> None:
    """Sent again after the lease, under the same id, which the receiver can drop."""
    command = [sys.executable, "-m", "packages.server.tests.notify.short_deliverer", str(data)]
    with started(data) as database, database.pool(3) as pool, receiving() as receiver:
        file = secret_key_file_of(data)
        with pool.connection() as connection:
            person = one(connection, "INSERT INTO steelyard.person (name) VALUES ('ada') RETURNING id")
        _, secret = added(pool, file, receiver.base, person)
        processes: list[subprocess.Popen[bytes]] = []

        def start() -> None:
            path = {"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"}
            processes.append(subprocess.Popen(command, cwd=ROOT, env=environment() | path, stderr=subprocess.DEVNULL))

        def kill_first(number: int) -> None:
            if number == 1:
                processes[0].kill()
                processes[0].wait()

        receiver.before = kill_first
        try:
            start()
            told(pool)
            wait_for(lambda: processes[0].poll() is not None)
            assert rows(pool, "SELECT state, attempt FROM steelyard.delivery") == [("waiting", 1)]
            start()
            wait_for(lambda: rows(pool, "SELECT state FROM steelyard.delivery") == [("sent",)])
        finally:
            for process in processes:
                process.kill()
                process.wait()
    first, second = receiver.got
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.body == second.body
    assert is_signed(secret, first.headers, first.body)
    assert is_signed(secret, second.headers, second.body)


def secret_key_file_of(data: Path) -> SecretKeyFile:
    from steelyard_server.database.folder import open_data_folder

    file = secret_key_file(open_data_folder(data, create=False), {})
    file.make()
    return file
