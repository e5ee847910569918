from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from psycopg_pool import ConnectionPool

from packages.server.tests.database.rows import content, digest, fill, one
from steelyard.errors import InputError
from steelyard_server.access.callers import Caller
from steelyard_server.database.connection import Database
from steelyard_server.database.folder import DataFolder, open_data_folder
from steelyard_server.http.facts import RequestFacts
from steelyard_server.shares.rows import Shares
from steelyard_server.upkeep.erasure import erase_person

FACTS = RequestFacts("request", "10.0.0.1")


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    return open_data_folder(tmp_path / "data")


@pytest.fixture
def pool(database: Database) -> Iterator[ConnectionPool]:
    with database.pool(2) as found:
        yield found


def shared(database: Database, folder: DataFolder, name: str) -> tuple[Caller, int]:
    """Somebody with a run that has a report; its number."""
    person = fill(database, folder, name, runs=1)
    with database.connect() as connection:
        run = one(connection, "SELECT id FROM steelyard.run WHERE seal_sha256 = %s", (digest(f"seal of {name} 0"),))
        connection.execute("INSERT INTO steelyard.run_file VALUES (%s, 'report.html', 3, %s)", (run, digest(b"abc")))
    return Caller(person=person, session=1, name=name), run


def test_a_link_is_good_until_it_is_revoked_over_or_its_maker_disabled(
    database: Database, folder: DataFolder, pool: ConnectionPool
) -> None:
    shares = Shares(pool)
    caller, run = shared(database, folder, "sharer")
    secrets = [shares.make(run, f"link {number}", 7, caller, FACTS) for number in range(3)]
    for secret in secrets:
        found = shares.open(secret, is_counted=True)
        assert found is not None
        assert (found.folder, found.sha256) == (digest("seal of sharer 0"), digest(b"abc"))
    assert shares.open(secrets[0], is_counted=False) is not None
    listed = {each.label: each for each in shares.of_run(run)}
    assert (listed["link 0"].opened, listed["link 0"].made_by, listed["link 0"].state) == (1, "sharer", "active")
    shares.revoke(run + 1, listed["link 0"].id, caller, FACTS)
    assert shares.open(secrets[0], is_counted=False) is not None, "of another run"
    shares.revoke(run, listed["link 0"].id, caller, FACTS)
    assert shares.open(secrets[0], is_counted=True) is None
    with database.connect_as_owner() as connection:
        connection.execute(
            "UPDATE steelyard.share SET made_at = now() - interval '9 days', expires_at = now() WHERE id = %s",
            (listed["link 1"].id,),
        )
    assert shares.open(secrets[1], is_counted=True) is None
    with database.connect() as connection:
        connection.execute("UPDATE steelyard.person SET disabled_at = now() WHERE id = %s", (caller.person,))
    assert shares.open(secrets[2], is_counted=True) is None
    assert {each.state for each in shares.of_run(run)} >= {"revoked", "expired", "ended"}


@pytest.mark.parametrize("secret", ["", "x", "a" * 43, "a" * 5000, "'; DROP TABLE", "\0"])
def test_what_is_no_link_leads_nowhere(pool: ConnectionPool, secret: str) -> None:
    assert Shares(pool).open(secret, is_counted=True) is None


def test_no_row_holds_the_secret_and_no_time_is_longer_than_ninety_days(
    database: Database, folder: DataFolder, pool: ConnectionPool
) -> None:
    caller, run = shared(database, folder, "secretive")
    secret = Shares(pool).make(run, "", 90, caller, FACTS)
    assert secret not in repr(content(database))
    for days in (0, 2, 91, 365):
        with pytest.raises(InputError, match="no such time"):
            Shares(pool).make(run, "", days, caller, FACTS)


def test_an_erased_persons_links_end_and_say_nothing(
    database: Database, folder: DataFolder, pool: ConnectionPool
) -> None:
    caller, run = shared(database, folder, "leaver")
    secret = Shares(pool).make(run, "for Eve at Example", 90, caller, FACTS)
    erase_person(database, folder, "leaver")
    assert Shares(pool).open(secret, is_counted=True) is None
    assert [each.label for each in Shares(pool).of_run(run)] == ["", ""]
    assert "Eve at Example" not in repr(content(database))
