"""Each secret of webhooks and mail is encrypted anew by a rotation, and readable for what it was made for alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from psycopg_pool import ConnectionPool

from steelyard.server.access.callers import Caller
from steelyard.server.database.connection import Database
from steelyard.server.encryption.key_file import SecretKeyFile
from steelyard.server.notify.mail_server import MailServers, read_mail_server
from steelyard.server.notify.sealed import address_of, all_notify_secrets
from steelyard.server.upkeep.rotation import rotate
from tests.server.database.rows import one
from tests.server.databases import started
from tests.server.notify.receiver import FACTS, added


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
