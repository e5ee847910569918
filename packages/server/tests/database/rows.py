"""A platform with something of everything: people, sessions, tokens, runs with files, audit lines, hostile texts."""

from __future__ import annotations

import hashlib
from typing import Any

from steelyard_server.database.audit import append_audit
from steelyard_server.database.connection import Database
from steelyard_server.database.folder import DataFolder
from steelyard_server.database.migrate import TABLES
from steelyard_server.store.leases import give_back, take
from steelyard_server.store.store import insert_file

FACTS_OF_SUITE = (
    '{"name":"s","number":1,"digest":"","about":"","language":"en","items":1,"without_answer":0,"with_images":0,'
    '"variants":0,"groups":0,"categories":[],"difficulty":[],"prompts":[],"scorer":"","choices":[],"endpoints":[],'
    '"readers":[],"sealed_at":"","signed_by":"","released":0,"reviewed":0,"seen":[]}'
)
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
        if table_is_there(connection, "membership"):
            _give_roles(connection, person, name)
        connection.execute(
            "INSERT INTO steelyard.admin_link (sha256, expires_at) VALUES (%s, now() + interval '1 minute')",
            (digest(f"link of {person}"),),
        )
        for number in range(runs):
            key = digest(f"folder of {name} {number}") if number == 1 else None  # as in another project
            seal = add_run(connection, folder, person, f"{name} {number}", key)
            if table_is_there(connection, "run_seen"):
                connection.execute(
                    "INSERT INTO steelyard.run_seen (person_id, run_id) SELECT %s, id FROM steelyard.run "
                    "WHERE seal_sha256 = %s",
                    (person, seal),
                )
            if table_is_there(connection, "share"):
                connection.execute(
                    "INSERT INTO steelyard.share (run_id, made_by, label, sha256, expires_at) SELECT id, %s, %s, %s, "
                    "now() + interval '1 hour' FROM steelyard.run WHERE seal_sha256 = %s",
                    (person, HOSTILE[:90], digest(f"share of {seal}"), seal),
                )
        if table_is_there(connection, "endpoint"):
            endpoint = one(
                connection,
                "INSERT INTO steelyard.endpoint (name, kind, scheme, host, port, models, concurrency, made_by) "
                "VALUES (%s, 'openai', 'http', '10.0.0.7', 8000, %s, 4, %s) RETURNING id",
                (f"vLLM of {name}" if runs else f"vLLM of person {person}", ['a"b,{c}', "qwen"], person),
            )
            connection.execute(
                "INSERT INTO steelyard.endpoint_key (endpoint_id, sealed, set_by) VALUES (%s, %s, %s)",
                (endpoint, bytes(range(256)), person),
            )
        if table_is_there(connection, "stored_run"):
            add_stored_run(connection, f"{name} {person}")
        if table_is_there(connection, "job"):
            add_job(connection, person)
        if table_is_there(connection, "approval"):
            add_decision(connection, person)
        if table_is_there(connection, "threshold_change"):
            add_threshold(connection, person)
        if runs and table_is_there(connection, "event"):
            add_event(connection, person)
        if runs and table_is_there(connection, "suite_version"):
            add_suite(connection, person, digest("seal of " + f"{name} 0"))
        append_audit(connection, "sign-in", actor=f"person:{person}", details={"agent": HOSTILE + "\0\ud800"})
    return person


def _give_roles(connection: Any, person: int, name: str) -> None:
    """A role by hand and one by a group, an identity, and a link for a password."""
    connection.execute(
        "INSERT INTO steelyard.membership (person_id, project_id, role) VALUES (%s, 1, 'editor')", (person,)
    )
    mapping = one(
        connection,
        "INSERT INTO steelyard.group_mapping (issuer, group_name, role) VALUES ('https://id.example', %s, 'admin') "
        "RETURNING id",
        (f"{person} {HOSTILE[:40]} {name}",),
    )
    connection.execute(
        "INSERT INTO steelyard.membership (person_id, role, mapping_id) VALUES (%s, 'admin', %s)", (person, mapping)
    )
    connection.execute(
        "INSERT INTO steelyard.identity (person_id, issuer, subject) VALUES (%s, 'https://id.example', %s)",
        (person, "subject of " + name),
    )
    connection.execute(
        "INSERT INTO steelyard.person_link (person_id, sha256, expires_at) VALUES (%s, %s, now() + interval '1 day')",
        (person, digest(f"link for {person}")),
    )


def add_job(connection: Any, person: int) -> None:
    """A schedule that is off, and a job of it that was cancelled, with its event."""
    schedule = one(
        connection,
        "INSERT INTO steelyard.schedule (project_id, name, cron, zone, specification, made_by, is_on, next_at) "
        "VALUES (1, %s, '0 6 * * *', 'UTC', '{}', %s, false, now()) RETURNING id",
        (f"each day {person}", person),
    )
    job = one(
        connection,
        "INSERT INTO steelyard.job (project_id, kind, specification, requested_by, schedule_id, scheduled_at, note) "
        "VALUES (1, 'run', '{}', %s, %s, now(), %s) RETURNING id",
        (person, schedule, HOSTILE),
    )
    connection.execute(
        "UPDATE steelyard.job SET state = 'cancelled', ended_at = now(), reason = %s WHERE id = %s", (HOSTILE, job)
    )


def add_decision(connection: Any, person: int) -> None:
    """A job of the first person, which this other one did not approve."""
    first = one(connection, "SELECT min(id) FROM steelyard.person", ())
    if first == person:
        return
    job = one(
        connection,
        "INSERT INTO steelyard.job (project_id, kind, specification, requested_by, waits_for) "
        "VALUES (1, 'run', '{}', %s, 'approval') RETURNING id",
        (first,),
    )
    connection.execute(
        "INSERT INTO steelyard.approval (job_id, person_id, is_approved) VALUES (%s, %s, false)", (job, person)
    )
    connection.execute("UPDATE steelyard.job SET state = 'cancelled', ended_at = now() WHERE id = %s", (job,))


def add_event(connection: Any, person: int) -> None:
    """A webhook and a mail address, and an event on its way to both."""
    connection.execute(
        "INSERT INTO steelyard.webhook_place (scheme, host, port, made_by) VALUES ('https', 'hooks.example', %s, %s)",
        (1000 + person, person),
    )
    webhook = one(
        connection,
        "INSERT INTO steelyard.webhook (project_id, scheme, host, port, path, kinds, made_by) "
        "VALUES (1, 'https', 'hooks.example', %s, '/', '{webhook.test}', %s) RETURNING id",
        (1000 + person, person),
    )
    connection.execute(
        "INSERT INTO steelyard.webhook_key (webhook_id, sealed) VALUES (%s, %s)", (webhook, bytes(range(256)))
    )
    connection.execute(
        "INSERT INTO steelyard.mail_server (host, port, security, sender, sealed, set_by) VALUES "
        "('mail.example', 25, 'none', 'a@b.example', %s, %s) ON CONFLICT (id) DO UPDATE "
        "SET set_by = excluded.set_by, is_on = true",  # another test may have left it off
        (bytes(range(256)), person),
    )
    connection.execute(
        "INSERT INTO steelyard.mail_address (person_id, address, sha256, confirmed_at) VALUES (%s, %s, %s, now())",
        (person, f"person-{person}@b.example", digest(f"code of {person}")),
    )
    connection.execute(
        "INSERT INTO steelyard.mail_choice (person_id, project_id, kinds) VALUES (%s, 1, '{webhook.test}')", (person,)
    )
    event = one(
        connection,
        "INSERT INTO steelyard.event (project_id, person_id, kind, data) VALUES (1, %s, 'webhook.test', '{}') "
        "RETURNING id",
        (person,),
    )
    delivery = one(connection, "SELECT max(id) FROM steelyard.delivery WHERE event_id = %s", (event,))
    connection.execute(
        "INSERT INTO steelyard.delivery_attempt (delivery_id, attempt, problem, reply) VALUES (%s, 1, 'down', %s)",
        (delivery, HOSTILE),
    )


def add_suite(connection: Any, person: int, seal: str) -> int:
    """A suite of one item with a decision, somebody who saw it, a run that asked it, and a reader's key."""
    version = one(
        connection,
        "INSERT INTO steelyard.suite_version (project_id, name, number, digest, content, items, files, size_bytes, "
        "facts, brought_by) VALUES (1, %s, 1, %s, %s, 1, 2, 9, %s, %s) RETURNING id",
        (f"suite-{person}", digest(f"suite of {person}"), digest(f"files of {person}"), FACTS_OF_SUITE, person),
    )
    connection.execute(
        "INSERT INTO steelyard.suite_file VALUES (%s, 'images/a.png', %s, %s)",
        (version, digest(bytes(range(256))), bytes(range(256))),
    )
    connection.execute(
        "INSERT INTO steelyard.suite_item VALUES (%s, 1, 'q1', 1, %s, %s, 'keep', '{}')",
        (version, digest("item"), '{"question": "\\u0000"}'),
    )
    connection.execute(
        "INSERT INTO steelyard.suite_decision (version_id, item, before, after, decision, change, person_id) "
        "VALUES (%s, 'q1', %s, '', 'drop', %s, %s)",
        (version, digest("item"), '{"item": "q1", "decision": "drop", "reason": "no"}', person),
    )
    if table_is_there(connection, "suite_review"):
        connection.execute("SELECT steelyard.begin_review(%s)", (version,))
    connection.execute("INSERT INTO steelyard.suite_view VALUES (%s, %s, 1)", (version, person))
    connection.execute(
        "INSERT INTO steelyard.run_suite SELECT id, %s, 'https://a.example:443/v1', %s, '{1,2}' FROM steelyard.run "
        "WHERE seal_sha256 = %s",
        (digest(f"suite of {person}"), digest("plan"), seal),
    )
    if table_is_there(connection, "label_set"):
        labels = one(
            connection,
            "INSERT INTO steelyard.label_set (project_id, suite, title, sha256, answers, brought_by) "
            "VALUES (1, 's', 't', %s, 1, %s) RETURNING id",
            (digest("answers"), person),
        )
        connection.execute("INSERT INTO steelyard.label_answer VALUES (%s, 1, 'a', '{}')", (labels,))
        connection.execute(
            "INSERT INTO steelyard.label (set_id, place, label, person_id) VALUES (%s, 1, 'yes', %s)", (labels, person)
        )
    connection.execute(
        "INSERT INTO steelyard.reader_key (person_id, public_key, sha256, confirmed_at) "
        "VALUES (%s, 'age1x', %s, now())",
        (person, digest(f"code {person}")),
    )
    return version


def add_run(connection: Any, folder: DataFolder, person: int, name: str, key: str | None = None) -> str:
    seal = digest("seal of " + name)
    lies = key or seal
    for file, content in FILES.items():
        path = folder.runs / lies[:2] / lies / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    columns = (
        "project_id, seal_sha256, root, kind, name, subject, verdict, headline, exit, files, size_bytes, pushed_by, "
        "verified_at, verified_exit, verified_with, summary"
    )
    values = "1, %s, %s, 'audit', %s, %s, 'consistent', %s, 0, 4, 12, %s, now(), 0, '0.1.0', %s"
    given = [seal, digest(name), name, HOSTILE, HOSTILE, person, '{"text": "\\u0000"}']
    if table_is_there(connection, "membership"):  # the first schema has no folders but those by the seal
        columns, values, given = f"{columns}, folder", f"{values}, %s", [*given, key]
    run = one(connection, f"INSERT INTO steelyard.run ({columns}) VALUES ({values}) RETURNING id", tuple(given))
    for file, content in FILES.items():
        connection.execute(
            "INSERT INTO steelyard.run_file VALUES (%s, %s, %s, %s)", (run, file, len(content), digest(content))
        )
    return seal


def table_is_there(connection: Any, name: str) -> bool:
    """Whether this schema has the table; an older one has not."""
    found: bool = connection.execute("SELECT to_regclass('steelyard.' || %s)", (name,)).fetchone() != (None,)
    return found


def add_threshold(connection: Any, person: int) -> None:
    """A threshold, and another one that was asked for and taken back."""
    ask = "INSERT INTO steelyard.threshold_change (project_id, cost, asked_by) VALUES (1, %s, %s) RETURNING id"
    one(connection, ask, (5, person))
    connection.execute(
        "INSERT INTO steelyard.threshold_decision (change_id, person_id, is_approved) VALUES (%s, %s, false)",
        (one(connection, ask, (None, person)), person),
    )


def add_stored_run(connection: Any, name: str) -> int:
    """A run that is carried out here, whose lease is over."""
    run = one(
        connection,
        "INSERT INTO steelyard.stored_run (project_id, plan_sha256) VALUES (1, %s) RETURNING id",
        (digest("plan of " + name),),
    )
    lease = take(connection, run, name, 60.0)
    assert lease is not None
    connection.execute(
        "INSERT INTO steelyard.stored_line VALUES (%s, 'main', 0, 1, %s), (%s, 'main', 1, 1, %s)",
        (run, b'{"type":"header"}', run, HOSTILE.encode()),
    )
    connection.execute("INSERT INTO steelyard.stored_text VALUES (%s, 0, 1, %s)", (run, bytes(range(256))))
    assert list(insert_file(connection, lease, "plan.dsse.json", iter([b"{}"]))) == [0]
    give_back(connection, lease)
    if table_is_there(connection, "stored_run_questions"):
        connection.execute(
            "INSERT INTO steelyard.stored_run_questions (run_id, key_id, kind, questions) VALUES (%s, %s, 'audit', %s)",
            (run, digest("key"), '[["task:gsm8k","' + HOSTILE[:20].replace('"', "") + '"]]'),
        )
    return run


def one(connection: Any, query: str, values: tuple[object, ...] = ()) -> int:
    found: int = connection.execute(query, values).fetchone()[0]
    return found


def number_of_rows(database: Database) -> int:
    """Of all tables together."""
    return sum(len(rows) for rows in content(database).values())


def content(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table."""
    with database.connect_as_owner() as connection:
        return {
            table: sorted(connection.execute(f"SELECT * FROM steelyard.{table}".encode()).fetchall(), key=repr)
            for table in TABLES
        }
