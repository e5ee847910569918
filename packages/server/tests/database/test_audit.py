from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from steelyard.errors import VerificationError
from steelyard.evidence.canonical import canonical, sha256_hex
from steelyard_server.database.audit import (
    FIRST_PREV,
    AuditHead,
    append_audit,
    audit_head,
    check_audit,
    check_audit_part,
)
from steelyard_server.database.connection import Database

texts = st.text(st.characters(codec=None, categories=None), max_size=30) | st.just("a\0b\ud800c")
details = st.dictionaries(
    texts, texts | st.integers(-9, 9) | st.booleans() | st.none() | st.lists(texts, max_size=3), max_size=4
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(details={"\U00010000": "", "\ufffd": ""}, act="push", subject="")  # whose order depends on who sorts
@given(details=details, act=st.sampled_from(["sign-in", "push"]), subject=texts)
def test_whatever_is_written_the_chain_holds(
    database: Database, details: dict[str, Any], act: str, subject: str
) -> None:
    with database.connect() as connection:
        before = audit_head(connection)
        head = append_audit(connection, act, actor="person:1", subject=subject, details=details)
        assert head.lines == before.lines + 1
        assert audit_head(connection) == head
    with database.connect() as connection:
        assert check_audit(connection) == head


def test_a_long_text_is_cut(database: Database) -> None:
    with database.connect() as connection:
        append_audit(connection, "push", actor="person:1", details={"agent": "x" * 100_000})
        row = connection.execute("SELECT length(line) FROM steelyard.audit ORDER BY sequence DESC LIMIT 1").fetchone()
        assert row is not None
        assert row[0] < 1_000


def test_an_empty_log_has_the_head_of_zeros(team_database: Database) -> None:
    with team_database.connect_as_owner() as connection:
        connection.execute("ALTER TABLE steelyard.audit DISABLE TRIGGER USER")
        connection.execute("DELETE FROM steelyard.audit")
        assert check_audit(connection) == audit_head(connection) == AuditHead(0, FIRST_PREV)


def line(sequence: int, prev: str) -> str:
    content = {
        "act": "forged",
        "actor": "",
        "at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "details": {},
        "prev": prev,
    }
    return canonical(content | {"request": "", "sequence": sequence, "subject": ""}).decode()


@pytest.mark.parametrize("kind", ["number", "link", "first"])
def test_the_database_takes_no_line_that_does_not_follow(database: Database, kind: str) -> None:
    with database.connect() as connection:
        head = audit_head(connection)
        forged = {
            "number": line(head.lines + 1, head.sha256),
            "link": line(head.lines, "0" * 64),
            "first": line(0, FIRST_PREV),
        }[kind]
        with pytest.raises(psycopg.errors.RestrictViolation, match="does not follow the last one"):
            connection.execute("INSERT INTO steelyard.audit (line, at) VALUES (%s, now())", (forged,))
        connection.rollback()


def test_the_other_columns_are_the_databases_own_reading(database: Database) -> None:
    with database.connect() as connection:
        head = audit_head(connection)
        text = line(head.lines, head.sha256)
        connection.execute(
            "INSERT INTO steelyard.audit (sequence, line, sha256, at, act) "
            "VALUES (999999, %s, repeat('0', 64), now(), 'other')",
            (text,),
        )
        row = connection.execute("SELECT sequence, sha256, act FROM steelyard.audit ORDER BY sequence DESC LIMIT 1")
        assert row.fetchone() == (head.lines, sha256_hex(text.encode()), "forged")
        check_audit(connection)


TAMPERED = {
    "a line": (
        "UPDATE steelyard.audit SET line = replace(line, 'sign-in', 'sign-on') WHERE sequence = 2",
        "line 2: was changed",
    ),
    "a line and its digest": (
        "UPDATE steelyard.audit SET line = replace(line, 'person:2', 'person:9'), "
        "sha256 = encode(sha256(convert_to(replace(line, 'person:2', 'person:9'), 'UTF8')), 'hex') WHERE sequence = 2",
        "line 3: does not follow",
    ),
    "a column": ("UPDATE steelyard.audit SET act = 'other' WHERE sequence = 2", "line 2: was changed: its columns"),
    "a moment": ("UPDATE steelyard.audit SET at = now() WHERE sequence = 2", "line 2: was changed: its columns"),
    "a missing line": ("DELETE FROM steelyard.audit WHERE sequence = 2", "line 2: is missing"),
    "the first line": ("DELETE FROM steelyard.audit WHERE sequence = 0", "line 0: is missing"),
    "no JSON": ("UPDATE steelyard.audit SET line = '{' WHERE sequence = 2", "line 2: was changed: not JSON"),
    "other JSON": ("UPDATE steelyard.audit SET line = '{}' WHERE sequence = 2", "line 2: was changed: not a line"),
    "renumbered": ("UPDATE steelyard.audit SET sequence = 77 WHERE sequence = 2", "line 2: is missing, or numbered 3"),
}


@pytest.mark.parametrize("name", TAMPERED)
def test_what_the_owner_changes_behind_the_triggers_shows(database: Database, name: str) -> None:
    statement, message = TAMPERED[name]
    with database.connect_as_owner() as connection, connection.transaction(force_rollback=True):
        connection.execute("ALTER TABLE steelyard.audit DISABLE TRIGGER USER")
        connection.execute("DELETE FROM steelyard.audit")
        connection.execute("ALTER TABLE steelyard.audit ENABLE TRIGGER chain")
        for number in range(5):
            append_audit(connection, "sign-in", actor=f"person:{number}")
        check_audit(connection)
        connection.execute(statement.encode())
        with pytest.raises(VerificationError, match=message):
            check_audit(connection)


def test_many_at_one_time_make_one_chain(database: Database) -> None:
    with database.connect() as connection:
        before = audit_head(connection).lines

    def write() -> None:
        for _ in range(5):
            with database.connect() as connection:
                append_audit(connection, "push", actor="token:1")

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.connect() as connection:
        assert check_audit(connection).lines == before + 20


def test_the_application_opens_the_next_month_while_others_read(database: Database) -> None:
    """The partition is the owner's, and the application has no right to it but through the log."""
    with database.connect() as reader, database.connect() as connection:
        reader.execute("SELECT count(*) FROM steelyard.audit")  # its transaction holds the log open
        connection.execute("SET statement_timeout = '20s'")
        connection.execute("SELECT steelyard.open_audit_month(now() + interval '32 days')")
        connection.execute("SELECT steelyard.open_audit_month(now() + interval '32 days')")
        connection.commit()
        (name, owner) = connection.execute(
            "SELECT c.oid::regclass::text, r.rolname FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner "
            "JOIN pg_inherits i ON i.inhrelid = c.oid WHERE i.inhparent = 'steelyard.audit'::regclass "
            "ORDER BY c.relname DESC LIMIT 1"
        ).fetchone() or ("", "")
        assert owner == database.owner_role
        for right in ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE"):
            found = connection.execute("SELECT has_table_privilege(%s, %s)", (name, right)).fetchone()
            assert found == (False,), right
        append_audit(connection, "push", actor="token:1")
    with database.connect() as connection:
        check_audit(connection)


def test_a_clock_that_was_set_back_writes_no_line_into_the_past(database: Database) -> None:
    with database.connect() as connection, connection.transaction(force_rollback=True):
        head = audit_head(connection)
        ahead = datetime.now(UTC) + timedelta(minutes=5)
        content: dict[str, Any] = {
            "act": "x",
            "actor": "",
            "at": ahead.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "details": {},
        }
        content |= {"prev": head.sha256, "request": "", "sequence": head.lines, "subject": ""}
        text = canonical(content).decode()
        connection.execute("INSERT INTO steelyard.audit (line, at) VALUES (%s, %s)", (text, ahead))
        append_audit(connection, "push", actor="token:1")
        row = connection.execute("SELECT at FROM steelyard.audit ORDER BY sequence DESC LIMIT 1").fetchone()
        assert row == (ahead,)


def test_a_part_of_the_chain_is_held_against_itself(database: Database) -> None:
    with database.connect() as connection:
        for number in range(4):
            append_audit(connection, "sign-in", actor=f"person:{number}")
        query = "SELECT sequence, line, sha256 FROM steelyard.audit ORDER BY sequence DESC LIMIT 4"
        rows = connection.execute(query).fetchall()[::-1]
    check_audit_part(rows)
    check_audit_part([])
    first, second, third, _ = rows
    changed = second[1].replace("person:1", "person:7")
    for wrong in (
        [first, third],
        [first, (second[0], changed, second[2]), third],
        [first, (second[0], changed, sha256_hex(changed.encode())), third],
        [(first[0] + 1, *first[1:])],
        [(first[0], "no line", first[2])],
    ):
        with pytest.raises(VerificationError, match=r"audit line \d+"):
            check_audit_part(wrong)
