"""A platform with something of everything: people, sessions, tokens, runs with files, audit lines, hostile texts."""

from __future__ import annotations

import hashlib
from typing import Any

from steelyard.server.database.audit import append_audit
from steelyard.server.database.connection import Database
from steelyard.server.database.folder import DataFolder
from steelyard.server.database.migrate import TABLES

HOSTILE = 'a\tb\\N\\.\n\\.\r\n\'; DROP TABLE steelyard.run; -- {"x": "\N{GRINNING FACE}\u202e"}'
FILES = {
    "plan.dsse.json": b"{}",
    "journal/main-0000.jsonl": b"one\ntwo\n",
    "texts/main-0000.jsonl": bytes(range(256)) * 99,
}


def digest(text: str | bytes) -> str:
    return hashlib.sha256(text.encode() if isinstance(text, str) else text).hexdigest()


def fill(database: Database, folder: DataFolder, name: str = "ada", runs: int = 2) -> int:
    """Add a person with a session, a token and some runs, as the application does; return the person's number."""
    with database.connect() as connection:
        person = one(
            connection,
            "INSERT INTO steelyard.person (name, password_hash, is_admin) VALUES (%s, 'argon2…', true) RETURNING id",
            (name,),
        )
        for table, more in (("session", "address, agent"), ("token", "name, scopes")):
            values = ("::1", HOSTILE) if table == "session" else (HOSTILE[:90], ["push", 'a"b,{c}'])
            connection.execute(
                f"INSERT INTO steelyard.{table} (person_id, sha256, expires_at, {more}) "
                "VALUES (%s, %s, now() + interval '1 hour', %s, %s)",
                (person, digest(f"{table} of {person}"), *values),
            )
        connection.execute(
            "INSERT INTO steelyard.admin_link (sha256, expires_at) VALUES (%s, now() + interval '1 minute')",
            (digest(f"link of {person}"),),
        )
        for number in range(runs):
            add_run(connection, folder, person, f"{name} {number}")
        add_job(connection, person)
        append_audit(connection, "sign-in", actor=f"person:{person}", details={"agent": HOSTILE + "\0\ud800"})
    return person


def add_job(connection: Any, person: int) -> None:
    """A schedule that is off, and a job of it that was cancelled, with its event."""
    connection.execute("INSERT INTO steelyard.job_endpoint (endpoint) VALUES ('here') ON CONFLICT DO NOTHING")
    schedule = one(
        connection,
        "INSERT INTO steelyard.schedule (project_id, name, cron, zone, specification, made_by, is_on, next_at) "
        "VALUES (1, %s, '0 6 * * *', 'UTC', '{}', %s, false, now()) RETURNING id",
        (f"each day {person}", person),
    )
    job = one(
        connection,
        "INSERT INTO steelyard.job (project_id, kind, specification, endpoint, requested_by, schedule_id, "
        "scheduled_at, note) VALUES (1, 'run', '{}', 'here', %s, %s, now(), %s) RETURNING id",
        (person, schedule, HOSTILE),
    )
    connection.execute(
        "UPDATE steelyard.job SET state = 'cancelled', ended_at = now(), reason = %s WHERE id = %s", (HOSTILE, job)
    )


def add_run(connection: Any, folder: DataFolder, person: int, name: str) -> str:
    seal = digest("seal of " + name)
    for file, content in FILES.items():
        path = folder.runs / seal[:2] / seal / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    run = one(
        connection,
        "INSERT INTO steelyard.run (project_id, seal_sha256, root, kind, name, subject, verdict, headline, exit, "
        "files, size_bytes, pushed_by, verified_at, verified_exit, verified_with, summary) VALUES "
        "(1, %s, %s, 'audit', %s, %s, 'consistent', %s, 0, 3, 12, %s, now(), 0, '0.1.0', %s) RETURNING id",
        (seal, digest(name), name, HOSTILE, HOSTILE, person, '{"text": "\\u0000"}'),
    )
    for file, content in FILES.items():
        connection.execute(
            "INSERT INTO steelyard.run_file VALUES (%s, %s, %s, %s)", (run, file, len(content), digest(content))
        )
    return seal


def one(connection: Any, query: str, values: tuple[object, ...] = ()) -> int:
    found: int = connection.execute(query, values).fetchone()[0]
    return found


def content(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table."""
    with database.connect_as_owner() as connection:
        return {
            table: sorted(connection.execute(f"SELECT * FROM steelyard.{table}".encode()).fetchall(), key=repr)
            for table in TABLES
        }
