"""Each secret of webhooks and mail is encrypted anew by a rotation, and readable for what it was made for alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from psycopg_pool import ConnectionPool

from packages.server.tests.database.rows import one
from packages.server.tests.databases import started
from packages.server.tests.notify.receiver import FACTS, added
from steelyard_server.access.callers import Caller
from steelyard_server.database.connection import Database
from steelyard_server.encryption.key_file import SecretKeyFile
from steelyard_server.notify.mail_server import MailServers, read_mail_server
from steelyard_server.notify.sealed import address_of, all_notify_secrets
from steelyard_server.upkeep.rotation import rotate


@pytest.fixture
def own(data: Path) -> Iterator[tuple[Database, ConnectionPool]]:
    """A database of its own, since a rotation touches every secret."""
    with started(data) as database, database.pool(4) as pool:
        yield database, pool


def test_a_rotation_takes_all_of_them(own: tuple[Database, ConnectionPool], key_file: SecretKeyFile) -> None:
    database, pool = own
    with pool.connection() as connection:
        person = one(connection, "INSERT INTO steelyard.person (name) VALUES ('ada') RETURNING id")
    _, secret = added(pool, key_file, "https://hooks.example/x", person)
    mail = MailServers(pool, key_file)
    server = read_mail_server(
        host="mail.example", port="465", security="tls", sender="a@b.example", username="ada", password="pass-word-7"
    )
    mail.keep(server, Caller(person=person, session=1), FACTS)
    before = key_file.read()
    done = rotate(database, key_file)
    assert (done.secrets, done.unreadable) == (2, ())
    assert key_file.read() != before
    found = mail.use()
    assert found is not None
    assert found.password == "pass-word-7"
    ring = key_file.keyring()
    with pool.connection() as connection:
        texts = [ring.decrypt(each.sealed, each.about) for each in all_notify_secrets(connection)]
    assert texts == [secret, "pass-word-7"]
    assert "pass-word-7" not in repr(found)


def test_addresses_are_written_with_brackets_where_needed() -> None:
    assert address_of("http", "fd00::7", 80, "/x") == "http://[fd00::7]:80/x"
    assert address_of("https", "hooks.example", 443) == "https://hooks.example:443"
