from __future__ import annotations

import psycopg
import pytest

from steelyard_server.database.connection import Database
from steelyard_server.database.passwords import APPLICATION, OWNER, SUPERUSER, Passwords, parameters
from steelyard_server.database.provision import provision


def test_it_can_be_done_again(database: Database) -> None:
    assert database.embedded is not None
    assert provision(database.embedded.folder, database.embedded.passwords)


def test_roles_have_no_more_than_they_need(database: Database) -> None:
    assert database.embedded is not None
    folder, passwords = database.embedded.folder, database.embedded.passwords
    with psycopg.connect(**parameters(folder, SUPERUSER, passwords.superuser)) as connection:
        rows = connection.execute(
            "SELECT rolname, rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls FROM pg_roles "
            "WHERE rolname LIKE 'steelyard%' ORDER BY 1"
        ).fetchall()
        assert rows == [(APPLICATION, False), (OWNER, False)]
        stored = connection.execute("SELECT rolpassword FROM pg_authid WHERE rolname = %s", (OWNER,)).fetchone()
    assert stored is not None
    assert stored[0].startswith("SCRAM-SHA-256$")


def test_a_wrong_password_is_not_waited_for(database: Database) -> None:
    from steelyard.errors import InputError

    assert database.embedded is not None
    wrong = Passwords(superuser="wrong", owner="", application="")
    with pytest.raises(InputError, match="passwords are not those of this database"):
        provision(database.embedded.folder, wrong)
