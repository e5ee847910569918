"""What is over goes, by whole months; a dry run says the same numbers and changes nothing; what is left verifies."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packages.server.tests.database.rows import content, digest, fill, one
from packages.server.tests.databases import Server, open_folder, started
from steelyard.errors import VerificationError
from steelyard.evidence.canonical import canonical, sha256_hex
from steelyard_server.database.audit import FIRST_PREV, append_audit, audit_cut, audit_head, check_audit, open_months
from steelyard_server.database.connection import Database
from steelyard_server.database.folder import DataFolder, open_data_folder
from steelyard_server.upkeep.backup import write_backup
from steelyard_server.upkeep.restore import restore_backup
from steelyard_server.upkeep.retention import _delete_orphan, _orphans, cut_before, retain


@given(st.datetimes(datetime(2001, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)), st.integers(1, 1200))
def test_whole_months_are_kept(now: datetime, months: int) -> None:
    cut = cut_before(now, months)
    assert (cut.day, cut.hour, cut.microsecond, cut.tzinfo) == (1, 0, 0, UTC)
    assert (now.year - cut.year) * 12 + now.month - cut.month == months


@pytest.fixture
def own(data: Path) -> Iterator[tuple[Database, DataFolder]]:
    with started(data) as database:
        yield database, open_data_folder(data)


def age_audit(database: Database, days: int, lines: int) -> None:
    """Write the log anew, as if ``lines`` lines had been written over so many days until now."""
    with database.connect_as_owner() as connection, connection.transaction():
        for trigger in ("chain", "keep", "keep_all"):
            connection.execute(f"ALTER TABLE steelyard.audit DISABLE TRIGGER {trigger}".encode())
        connection.execute("DELETE FROM steelyard.audit")
        prev, begun = FIRST_PREV, datetime.now(UTC) - timedelta(days=days)
        for number in range(lines):
            at = begun + timedelta(days=days) * number / lines
            open_months(connection, [at])
            text = canonical(
                {"act": "sign-in", "actor": "person:1", "at": at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"), "details": {},
                 "prev": prev, "request": "", "sequence": number, "subject": ""}
            )  # fmt: skip
            prev = sha256_hex(text)
            connection.execute(
                "INSERT INTO steelyard.audit (sequence, line, sha256, at, act) VALUES (%s, %s, %s, %s, 'sign-in')",
                (number, text.decode(), prev, at),
            )
        for trigger in ("chain", "keep", "keep_all"):
            connection.execute(f"ALTER TABLE steelyard.audit ENABLE TRIGGER {trigger}".encode())


def months_of(database: Database) -> list[str]:
    with database.connect_as_owner() as connection:
        rows = connection.execute(
            "SELECT relname FROM pg_class WHERE relispartition AND relkind = 'r' AND relname LIKE 'audit%' ORDER BY 1"
        )
        return [name for (name,) in rows]


def test_months_of_the_log_go_and_the_rest_verifies_from_the_cut(own: tuple[Database, DataFolder]) -> None:
    database, folder = own
    fill(database, folder)
    age_audit(database, 400, 80)
    before, months = content(database), months_of(database)
    dry = retain(database, folder, is_dry=True)
    assert (content(database), months_of(database)) == (before, months)
    done = retain(database, folder)
    assert done == dry
    assert done.audit_months == len(months) - len(months_of(database)) >= 7
    assert 0 < done.audit_lines < 80
    after = content(database)
    with database.connect() as connection:
        head, cut = check_audit(connection), audit_cut(connection)
        assert head == audit_head(connection)
        assert cut is not None
        assert cut.lines == done.audit_lines
        assert head.lines == 80 + 2, "numbers go on: one line of what was deleted, one of the cut"
        gone = next(row for row in before["audit"] if row[0] == cut.lines - 1)
        assert (cut.sha256, cut.at) == (gone[2], gone[3])
        append_audit(connection, "sign-in", actor="person:1")
    assert {row for row in after["audit"] if row[0] < 80} == {row for row in before["audit"] if row[3] >= done.before}
    again = retain(database, folder)
    assert (again.audit_lines, again.audit_months) == (0, 0)


def test_a_log_all_of_which_is_old_goes_on(own: tuple[Database, DataFolder]) -> None:
    database, folder = own
    age_audit(database, 900, 10)
    with database.connect_as_owner() as connection, connection.transaction():
        connection.execute("ALTER TABLE steelyard.audit DISABLE TRIGGER keep")
        connection.execute("DELETE FROM steelyard.audit WHERE sequence > 4")
        connection.execute("ALTER TABLE steelyard.audit ENABLE TRIGGER keep")
    done = retain(database, folder)
    assert done.audit_lines == 5
    with database.connect() as connection:
        assert check_audit(connection).lines == 7


FORGED = {
    "a cut that no line names": (
        "INSERT INTO steelyard.audit_cut (lines, sha256, at) SELECT sequence + 1, sha256, at FROM steelyard.audit "
        "WHERE sequence = (SELECT min(sequence) + 2 FROM steelyard.audit); "
        "DELETE FROM steelyard.audit WHERE sequence <= (SELECT min(sequence) + 2 FROM steelyard.audit)",
        "no line says that they were dropped there",
    ),
    "a cut at another place": (
        "UPDATE steelyard.audit_cut SET lines = lines - 1",
        "is missing, or numbered",
    ),
    "another digest": (
        "UPDATE steelyard.audit_cut SET sha256 = repeat('a', 64)",
        "does not follow the line before it",
    ),
    "another moment": (
        "UPDATE steelyard.audit_cut SET at = at - interval '1 day'",
        "no line says that they were dropped there",
    ),
    "no cut": ("DELETE FROM steelyard.audit_cut", "audit line 0: is missing"),
    "a line after the cut": (
        "DELETE FROM steelyard.audit WHERE sequence = (SELECT min(sequence) FROM steelyard.audit)",
        "is missing, or numbered",
    ),
}  # fmt: skip


def test_what_is_changed_about_a_cut_shows(own: tuple[Database, DataFolder]) -> None:
    database, folder = own
    age_audit(database, 400, 40)
    retain(database, folder)
    for statements, message in FORGED.values():
        with database.connect_as_owner() as connection, connection.transaction(force_rollback=True):
            for table in ("audit", "audit_cut"):
                connection.execute(f"ALTER TABLE steelyard.{table} DISABLE TRIGGER USER".encode())
            for statement in statements.split("; "):
                connection.execute(statement.encode())
            with pytest.raises(VerificationError, match=message):
                check_audit(connection)
    with database.connect() as connection:
        check_audit(connection)


def test_the_application_drops_nothing_and_makes_no_month_it_likes(own: tuple[Database, DataFolder]) -> None:
    import psycopg

    database, _ = own
    for statement in (
        "SELECT steelyard.cut_audit(date_trunc('month', now()))",
        "SELECT steelyard.make_audit_month(now())",
        "SELECT steelyard.withhold_texts(1)",
        "SELECT steelyard.erase_shares(1)",
        "SELECT steelyard.retain_events_since(now())",
        "SELECT steelyard.erase_mail(1)",
        "DELETE FROM steelyard.share",
        "DELETE FROM steelyard.event",
        "DELETE FROM steelyard.webhook",
        "INSERT INTO steelyard.audit_cut VALUES (1, repeat('0', 64), now())",
        f"TRUNCATE steelyard.{months_of(database)[-1]}",
        f"DELETE FROM steelyard.{months_of(database)[-1]}",
    ):
        with database.connect() as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(statement.encode())
    with database.connect() as connection, pytest.raises(psycopg.errors.RestrictViolation, match="forty days apart"):
        connection.execute("SELECT steelyard.open_audit_month('1999-01-01')")
    with database.connect_as_owner() as connection, pytest.raises(psycopg.errors.RestrictViolation):
        connection.execute(f"TRUNCATE steelyard.{months_of(database)[-1]}".encode())


def test_a_backup_of_a_cut_log_is_restored_with_its_cut(
    own: tuple[Database, DataFolder], tmp_path: Path, older: Server
) -> None:
    database, folder = own
    fill(database, folder)
    age_audit(database, 400, 40)
    retain(database, folder)
    done = write_backup(database, folder, tmp_path / "backup")
    environment = older.environment()
    with open_folder("restored") as path:
        restore_backup(tmp_path / "backup", path, environment=environment)
        with started(path, environment) as restored, restored.connect() as connection:
            assert check_audit(connection).lines == done.manifest.audit_lines + 1
            with database.connect() as other:
                assert audit_cut(connection) == audit_cut(other)


def test_what_is_over_for_long_goes_and_the_rest_stays(team_database: Database, tmp_path: Path) -> None:
    database, folder = team_database, open_data_folder(tmp_path / "data")
    ada = fill(database, folder)
    fill(database, folder, "grace")
    with database.connect_as_owner() as connection:
        for table, secret in (("session", f"session of {ada}"), ("admin_link", f"link of {ada}")):
            connection.execute(
                f"UPDATE steelyard.{table} SET created_at = now() - interval '300 days', "
                "expires_at = now() - interval '300 days' + interval '1 minute' WHERE sha256 = %s".encode(),
                (digest(secret),),
            )
        connection.execute(
            "UPDATE steelyard.share SET made_at = now() - interval '300 days', "
            "expires_at = now() - interval '299 days' WHERE made_by = %s",
            (ada,),
        )
        old, on_its_way = (
            one(
                connection,
                "INSERT INTO steelyard.event (project_id, kind, data, at) "
                "VALUES (1, 'webhook.test', '{}', now() - interval '300 days') RETURNING id",
            )
            for _ in range(2)
        )
        connection.execute("INSERT INTO steelyard.delivery (event_id, person_id) VALUES (%s, %s)", (on_its_way, ada))
    before = content(database)
    done = retain(database, folder)
    assert done.events == 1
    assert {row[0] for row in before["event"]} - {row[0] for row in content(database)["event"]} == {old}
    assert (done.sessions, done.links, done.shares, done.orphans, done.audit_lines, done.runs) == (1, 1, 2, 0, 0, 0)
    after = content(database)
    counted = [len(after[table]) for table in ("session", "admin_link", "share", "token", "run", "person")]
    assert counted == [1, 1, 2, 2, 4, 2]
    assert {row for row in after["audit"] if row[4] != "retain"} == set(before["audit"])
    (line,) = [row[1] for row in after["audit"] if row[4] == "retain"]
    assert '"events":1,"jobs":0,"links":1,"orphans":0,"sessions":1,"shares":2,"workers":0' in line
    again = retain(database, folder)
    assert (again.sessions, again.links, again.shares) == (0, 0, 0)


def test_a_folder_that_no_row_names_goes_after_a_day(database: Database, tmp_path: Path) -> None:
    folder = open_data_folder(tmp_path / "data")
    fill(database, folder, "orphans", runs=1)
    (kept,) = folder.runs.glob("??/*")
    orphans = [folder.runs / seal[:2] / seal for seal in (digest("old"), digest("young"))]
    for path in orphans:
        path.mkdir(parents=True)
    (folder.runs / "ff").mkdir(exist_ok=True)
    (folder.runs / "ff" / ("f" * 64)).symlink_to(tmp_path)
    for path in (orphans[0], kept):
        os.utime(path, (time.time() - 100_000,) * 2)
    assert retain(database, folder, is_dry=True).orphans == 1
    assert orphans[0].is_dir()
    assert retain(database, folder).orphans == 1
    assert [path.is_dir() for path in (*orphans, kept, tmp_path)] == [False, True, True, True]


def test_a_run_that_is_pushed_while_orphans_are_deleted_stays(database: Database, tmp_path: Path) -> None:
    """The same run lay there without a row: its folder was listed, and then the push replaced it."""
    folder = open_data_folder(tmp_path / "data")
    seal = digest("seal of pushed meanwhile 0")
    place = folder.runs / seal[:2] / seal
    place.mkdir(parents=True)
    os.utime(place, (time.time() - 100_000,) * 2)
    with database.connect_as_owner() as connection:
        assert _orphans(connection, folder) == [(seal[:2], seal)]
        os.utime(place)  # a push has just put it there, and has no row yet
        _delete_orphan(connection, folder, seal[:2], seal)
        assert place.is_dir()
        os.utime(place, (time.time() - 100_000,) * 2)
        fill(database, folder, "pushed meanwhile", runs=1)
        os.utime(place, (time.time() - 100_000,) * 2)
        _delete_orphan(connection, folder, seal[:2], seal)
    assert (place / "plan.dsse.json").is_file()
    assert [*place.parent.iterdir()] == [place]


def test_a_clock_that_went_back_over_a_months_end_keeps_the_month(own: tuple[Database, DataFolder]) -> None:
    import psycopg

    database, folder = own
    age_audit(database, 400, 40)
    with database.connect_as_owner() as connection, connection.transaction():
        connection.execute("ALTER TABLE steelyard.audit DISABLE TRIGGER keep")
        cut = cut_before(datetime.now(UTC), 6)
        first = one(connection, "SELECT max(sequence) FROM steelyard.audit WHERE at < %s", (cut,))
        connection.execute("UPDATE steelyard.audit SET sequence = 1000 WHERE sequence = %s", (first,))
    with pytest.raises(psycopg.errors.RestrictViolation, match="keep one month more"):
        retain(database, folder)
    with database.connect() as connection:
        assert audit_cut(connection) is None
