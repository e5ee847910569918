"""Who gets mail of what: who showed that the address is theirs, asked for it, and still has a role there."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest
from psycopg_pool import ConnectionPool

from packages.server.tests.notify.receiver import FACTS, PROJECT, make_due, rows
from packages.server.tests.notify.sink import Sink, mail_sink
from steelyard.errors import InputError
from steelyard_server.access.callers import Caller
from steelyard_server.encryption.key_file import SecretKeyFile
from steelyard_server.endpoints.addresses import OwnPlaces
from steelyard_server.events import note_event
from steelyard_server.http.logs import JsonLog
from steelyard_server.notify.deliverer import Deliverer
from steelyard_server.notify.mail_choices import CODES_A_DAY, MailChoices
from steelyard_server.notify.mail_server import MailServers, read_mail_server

DATA = {"model": "m", "path": "/p/default/runs/0", "project": "default", "verdict": "consistent"}


@pytest.fixture
def sink(pool: ConnectionPool, person: int, key_file: SecretKeyFile) -> Iterator[Sink]:
    """A mail server that the platform uses."""
    with mail_sink() as found:
        server = read_mail_server(host="127.0.0.1", port=str(found.port), security="none", sender="s@evals.example")
        MailServers(pool, key_file).keep(server, Caller(person=person, session=1), FACTS)
        yield found


def asked(pool: ConnectionPool, person: int, *kinds: str, is_confirmed: bool = True) -> str:
    """A person who asked for mail of the first project; their address."""
    choices, caller, address = MailChoices(pool), Caller(person=person, session=1), f"p{person}@example.com"
    code = choices.ask(address, caller, FACTS)
    if is_confirmed:
        choices.confirm(code, caller, FACTS)
    choices.choose(PROJECT, kinds, caller, FACTS)
    return address


def sent(pool: ConnectionPool, key_file: SecretKeyFile) -> int:
    log = JsonLog(io.StringIO())
    mail = MailServers(pool, key_file)
    return Deliverer(pool, key_file, mail, OwnPlaces, base_url="https://evals.example", log=log).deliver_mails()


def told(pool: ConnectionPool, kind: str = "run.verified", project: int | None = 1, person: int | None = None) -> None:
    with pool.connection() as connection:
        note_event(connection, kind, DATA, project_id=project, person=person)


def test_who_asked_for_a_kind_gets_it_and_nothing_else(
    pool: ConnectionPool, person: int, key_file: SecretKeyFile, sink: Sink
) -> None:
    address = asked(pool, person, "run.verified")
    for kind in ("run.verified", "job.failed"):
        told(pool, kind)
    assert sent(pool, key_file) >= 1
    mine = [mail for mail in sink.mails() if mail["To"] == address]
    assert [mail["Subject"] for mail in mine] == ["[Steelyard] default: a run of m was accepted: consistent"]
    assert "To stop it: https://evals.example/account/mail" in mine[0].get_content()


def test_no_mail_before_the_code_was_typed_nor_after_the_address_was_forgotten(
    pool: ConnectionPool, person: int, key_file: SecretKeyFile, sink: Sink
) -> None:
    address, caller, choices = (
        asked(pool, person, "run.verified", is_confirmed=False),
        Caller(person=person, session=1),
        MailChoices(pool),
    )
    told(pool)
    for wrong in ("", "x" * 43, "short"):
        with pytest.raises(InputError, match="not the code"):
            choices.confirm(wrong, caller, FACTS)
    code = choices.ask(address, caller, FACTS)
    choices.confirm(code, caller, FACTS)
    with pytest.raises(InputError, match="not the code"):
        choices.confirm(code, caller, FACTS)
    told(pool)
    choices.forget(caller, FACTS)
    told(pool)
    sent(pool, key_file)
    assert address not in [mail["To"] for mail in sink.mails()]
    assert choices.address(person) is None


def test_a_new_address_gets_nothing_until_its_own_code_was_typed(pool: ConnectionPool, person: int) -> None:
    choices, caller = MailChoices(pool), Caller(person=person, session=1)
    asked(pool, person, "run.verified")
    choices.ask("other@example.com", caller, FACTS)
    found = choices.address(person)
    assert found is not None
    assert (found.address, found.is_confirmed, found.is_asked) == ("other@example.com", False, True)


def test_only_so_many_codes_a_day(pool: ConnectionPool, person: int) -> None:
    choices, caller = MailChoices(pool), Caller(person=person, session=1)
    for _ in range(CODES_A_DAY):
        choices.ask("p@example.com", caller, FACTS)
    with pytest.raises(InputError, match="tomorrow"):
        choices.ask("p@example.com", caller, FACTS)
    choices.forget(caller, FACTS)
    with pytest.raises(InputError, match="tomorrow"):
        choices.ask("p@example.com", caller, FACTS)


def test_who_has_no_role_any_more_or_is_disabled_gets_nothing_that_waits(
    pool: ConnectionPool, person: int, key_file: SecretKeyFile, sink: Sink
) -> None:
    address = asked(pool, person, "run.verified")
    told(pool)
    with pool.connection() as connection:
        connection.execute("UPDATE steelyard.person SET is_admin = false WHERE id = %s", (person,))
    sent(pool, key_file)
    assert address not in [mail["To"] for mail in sink.mails()]
    query = "SELECT state FROM steelyard.delivery WHERE person_id = %s ORDER BY id"
    assert rows(pool, query, person) == [("failed",)]
    with pool.connection() as connection:
        connection.execute("UPDATE steelyard.person SET is_admin = true, disabled_at = now() WHERE id = %s", (person,))
    told(pool)
    assert len(rows(pool, query, person)) == 1, "not even on its way"


def test_what_concerns_one_person_goes_to_no_other_and_the_servers_to_administrators(
    pool: ConnectionPool, person: int, key_file: SecretKeyFile, sink: Sink
) -> None:
    address, choices = asked(pool, person, "key.expiring"), MailChoices(pool)
    with pool.connection() as connection:
        other = connection.execute(
            "INSERT INTO steelyard.person (name) VALUES (%s) RETURNING id", (f"o{person}",)
        ).fetchone()
    assert other is not None
    told(pool, "key.expiring", person=other[0])
    choices.choose(None, ["backup.overdue"], Caller(person=person, session=1), FACTS)
    told(pool, "backup.overdue", project=None)
    told(pool, "key.expiring", person=person)
    sent(pool, key_file)
    subjects = [mail["Subject"] for mail in sink.mails() if mail["To"] == address]
    assert len(subjects) == 2
    assert sum("backup" in each for each in subjects) == 1


def test_no_mail_without_a_server_and_what_fails_is_tried_again(
    pool: ConnectionPool, person: int, key_file: SecretKeyFile, sink: Sink
) -> None:
    address = asked(pool, person, "run.verified")
    sink.refuse = {"RCPT": "451 try later"}
    told(pool)
    sent(pool, key_file)
    sink.refuse = {}
    make_due(pool)
    sent(pool, key_file)
    assert [mail["To"] for mail in sink.mails()].count(address) == 1
    MailServers(pool, key_file).switch_off(Caller(person=person, session=1), FACTS)
    before = len(rows(pool, "SELECT FROM steelyard.delivery WHERE person_id = %s", person))
    told(pool)
    assert len(rows(pool, "SELECT FROM steelyard.delivery WHERE person_id = %s", person)) == before
