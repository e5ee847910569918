from __future__ import annotations

import pytest
from psycopg_pool import ConnectionPool

from packages.server.tests.notify.receiver import FACTS, rows
from steelyard.errors import InputError
from steelyard_server.access.callers import Caller
from steelyard_server.encryption.key_file import SecretKeyFile
from steelyard_server.encryption.keyring import UnreadableError
from steelyard_server.notify.mail_server import MailServers, read_mail_server

TYPED = {"host": "Mail.example.com", "port": "587", "security": "starttls", "sender": "a@b.example"}
SIGNED = TYPED | {"username": "ada", "password": "pass-word-7"}


@pytest.mark.parametrize(
    "wrong",
    [{"host": "mail example"}, {"host": ""}, {"port": "0"}, {"port": "65536"}, {"port": "x"}, {"security": "ssl"},
     {"sender": "nobody"}, {"username": "a\nb"}, {"password": "pass-word-7"}, {"username": "a", "password": "x" * 2000},
     {"security": "none", "username": "a", "password": "pass-word-7"}],
)  # fmt: skip
def test_what_is_no_server_is_refused_and_no_password_is_quoted(wrong: dict[str, str]) -> None:
    with pytest.raises(InputError) as caught:
        read_mail_server(**{**TYPED, **wrong})
    assert "pass-word" not in str(caught.value)


def test_settings_are_kept_without_the_password_and_it_stays_for_this_server_alone(
    pool: ConnectionPool, person: int, key_file: SecretKeyFile
) -> None:
    mail, caller = MailServers(pool, key_file), Caller(person=person, session=1)
    mail.keep(read_mail_server(**SIGNED), caller, FACTS)
    row = mail.row()
    assert row is not None
    assert (row.host, row.port, row.username, row.has_password, row.is_on) == (
        "mail.example.com",
        587,
        "ada",
        True,
        True,
    )
    mail.keep(read_mail_server(**{**SIGNED, "password": "", "sender": "c@d.example"}), caller, FACTS)
    found = mail.use()
    assert found is not None
    assert (found.password, found.sender) == ("pass-word-7", "c@d.example")
    for other in ({"host": "evil.example"}, {"port": "588"}, {"username": "eve"}):
        mail.keep(read_mail_server(**{**SIGNED, "password": "", **other}), caller, FACTS)
        found = mail.use()
        assert found is not None
        assert found.password == "", "a password goes to no server that it was not given for"
        mail.keep(read_mail_server(**SIGNED), caller, FACTS)
    everything = str(rows(pool, "SELECT line FROM steelyard.audit")) + str(
        rows(pool, "SELECT m::text FROM steelyard.mail_server m")
    )
    assert "pass-word-7" not in everything
    mail.switch_off(caller, FACTS)
    assert mail.use() is None
    row = mail.row()
    assert row is not None
    assert (row.is_on, row.has_password) == (False, False)


def test_without_the_secret_key_the_password_has_to_be_given_again(
    pool: ConnectionPool, person: int, key_file: SecretKeyFile
) -> None:
    mail = MailServers(pool, key_file)
    mail.keep(read_mail_server(**SIGNED), Caller(person=person, session=1), FACTS)
    key_file.write([bytes(range(32))])
    with pytest.raises(UnreadableError, match="give it again"):
        mail.use()
