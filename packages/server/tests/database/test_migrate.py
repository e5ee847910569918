from __future__ import annotations

import json
import threading
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from psycopg.errors import RestrictViolation

from packages.server.tests.database.rows import fill
from packages.server.tests.databases import Server
from steelyard.errors import InputError
from steelyard.evidence.canonical import canonical, sha256_hex
from steelyard_server.database.audit import audit_head, check_audit
from steelyard_server.database.connection import Database, open_database
from steelyard_server.database.folder import open_data_folder
from steelyard_server.database.migrate import (
    DERIVED,
    TABLES,
    Migration,
    apply_migrations,
    check_schema,
    migrations,
    missing_migrations,
)

# Every schema that was released, by the digests of its migrations. A released migration is never changed: a new file
# is added, and its digest here when it is released.
RELEASED: tuple[tuple[str, ...], ...] = ()


def added(sql: str) -> tuple[Migration, ...]:
    """This version's migrations and one more, as a newer version has them."""
    data = sql.encode()
    return (*migrations(), Migration(len(migrations()) + 1, "next", data, sha256_hex(data)))


@pytest.fixture
def empty(older: Server, tmp_path: Path) -> Database:
    with open_database(open_data_folder(tmp_path / "data"), environment=older.environment()) as found:
        return found


def test_an_empty_database_gets_the_schema_and_an_audit_line_for_each(empty: Database) -> None:
    with empty.connect_as_owner() as connection:
        done = apply_migrations(connection, empty.application_role)
        assert done == migrations()
        assert apply_migrations(connection, empty.application_role) == ()
        assert check_audit(connection).lines == len(done)
    with empty.connect() as connection:
        check_schema(connection)


def test_every_table_is_backed_up_and_has_its_rights_said(empty: Database) -> None:
    with empty.connect_as_owner() as connection:
        apply_migrations(connection, empty.application_role)
        found = connection.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'steelyard'::regnamespace "
            "AND relkind IN ('r', 'p') AND NOT relispartition"
        )
        assert {name for (name,) in found} == {*TABLES, *DERIVED, "schema_migration"}
        references = connection.execute(
            "SELECT conrelid::regclass::text, confrelid::regclass::text FROM pg_constraint WHERE contype = 'f'"
        )
        for table, other in references:
            name, before = table.removeprefix("steelyard."), other.removeprefix("steelyard.")
            assert name in DERIVED or before == name or TABLES.index(before) < TABLES.index(name)


@pytest.mark.parametrize("number", range(len(RELEASED) + 1))
def test_rows_of_every_released_schema_are_there_after_the_migration(
    empty: Database, tmp_path: Path, number: int
) -> None:
    """The last one is this version's own, which the next version will have to migrate."""
    old = migrations()[: len(RELEASED[number])] if number < len(RELEASED) else migrations()
    assert number == len(RELEASED) or tuple(migration.sha256 for migration in old) == RELEASED[number]
    folder = open_data_folder(tmp_path / "data")
    newest = added("ALTER TABLE steelyard.project ADD COLUMN note text NOT NULL DEFAULT 'none'")
    with empty.connect_as_owner() as connection:
        apply_migrations(connection, empty.application_role, old)
        fill(empty, folder)
        apply_migrations(connection, empty.application_role, newest)
        assert connection.execute("SELECT name, note FROM steelyard.project").fetchall() == [("default", "none")]
        assert connection.execute("SELECT count(*) FROM steelyard.run").fetchone() == (2,)
        check_audit(connection)
    fill(empty, folder, "grace")


def test_what_was_pushed_by_tokens_of_before_stays_in_the_first_project(empty: Database) -> None:
    """The step from one administrator to people in projects."""
    person = "INSERT INTO steelyard.person (name, is_admin, password_hash) VALUES ('ada', true, 'argon2…')"
    token = (
        "INSERT INTO steelyard.token (person_id, name, scopes, sha256, expires_at) "
        "VALUES (1, %s, %s, %s, now() + interval '1 hour')"
    )
    run = (
        "INSERT INTO steelyard.run (project_id, seal_sha256, root, kind, name, subject, verdict, exit, files, "
        "size_bytes, pushed_by, pushed_with, verified_at, verified_exit, verified_with) "
        "VALUES (1, %s, '', 'audit', '', '', '', 0, 0, 0, 1, 1, now(), 0, '')"
    )
    with empty.connect_as_owner() as connection:
        apply_migrations(connection, empty.application_role, migrations()[:1])
        connection.execute(person)
        for number, scope in enumerate(("push", "metrics")):
            connection.execute(token, (scope, [scope], f"{number:064x}"))
        connection.execute(run, ("a" * 64,))
        apply_migrations(connection, empty.application_role)
        rows = connection.execute("SELECT name, project_id FROM steelyard.token ORDER BY id").fetchall()
        assert rows == [("push", 1), ("metrics", None)]
        assert connection.execute("SELECT project_id, folder FROM steelyard.run").fetchall() == [(1, None)]


def test_the_log_of_the_first_schema_is_moved_to_its_months(empty: Database, tmp_path: Path) -> None:
    with empty.connect_as_owner() as connection:
        apply_migrations(connection, empty.application_role, migrations()[:1])
        fill(empty, open_data_folder(tmp_path / "data"))
        before = connection.execute("SELECT * FROM steelyard.audit ORDER BY sequence").fetchall()
        apply_migrations(connection, empty.application_role)
        after = connection.execute("SELECT * FROM steelyard.audit ORDER BY sequence").fetchall()
        assert after[: len(before)] == before
        assert [row[4] for row in after[len(before) :]] == ["migrate"] * (len(migrations()) - 1)
        check_audit(connection)
        assert connection.execute("SELECT to_regclass('steelyard.audit_before')").fetchone() == (None,)


def test_what_pages_read_of_many_rows_is_taken_out_of_their_json(empty: Database, tmp_path: Path) -> None:
    """The step to columns: what new rows get from the program, old ones get from the JSON that they have."""
    summary = '{"samples":[{"task":"a\\u0000","digest":"d"}],"taken":{"right":3,"cost":0.1},"said":[]}'
    sheet = "claims:\n- {task: gsm8k, value: 1}\n- task: 'MMLU (5-shot)'\n" + "# x" * 20_000 + "\n- task: late"
    asked: list[dict[str, object]] = [
        {"model": "m\0", "sheet": sheet},
        {"model": "m", "task": "gsm8k"},
        {"model": "m", "questions": {"b": "\0", "a": ""}},
    ]
    job = (
        "INSERT INTO steelyard.job (project_id, kind, specification, requested_by) SELECT 1, 'audit', %s, min(id) "
        "FROM steelyard.person"
    )
    lines = "INSERT INTO steelyard.run_suite (run_id, suite, recipient, plan, lines) VALUES (1, %s, 'r', '', %s)"
    with empty.connect_as_owner() as connection:
        apply_migrations(connection, empty.application_role, migrations()[:15])
        fill(empty, open_data_folder(tmp_path / "data"))
        connection.execute("ALTER TABLE steelyard.run DISABLE TRIGGER keep")
        connection.execute("UPDATE steelyard.run SET summary = %s WHERE id = 1", (summary,))
        connection.execute("UPDATE steelyard.run SET summary = 'none' WHERE id = 2")
        connection.execute("ALTER TABLE steelyard.run ENABLE TRIGGER keep")
        for each in asked:
            connection.execute(job, (json.dumps(each),))
        connection.execute(
            "INSERT INTO steelyard.schedule (project_id, name, cron, zone, specification, made_by, next_at) "
            "SELECT 1, 'weekly', '0 6 * * MON', 'UTC', %s, min(id), now() FROM steelyard.person",
            (json.dumps({"kind": "run", "model": "m", "endpoint": "e", "task": "gsm8k"}),),
        )
        connection.execute(lines, ("a" * 64, [3, 1, 3, 70_000]))
        connection.execute(
            "INSERT INTO steelyard.suite_view SELECT 1, 1, place, now() FROM generate_series(2, 3) place"
        )
        apply_migrations(connection, empty.application_role)
        connection.execute(lines, ("b" * 64, []))
        rows = connection.execute("SELECT samples, taken FROM steelyard.run ORDER BY id").fetchall()
        assert [[json.loads(each) for each in row] for row in rows] == [
            [[{"task": "a\ufffd", "digest": "d"}], {"right": 3, "cost": 0.1}], [[], {}],
        ]  # fmt: skip
        found = connection.execute("SELECT model, tasks FROM steelyard.job ORDER BY id DESC LIMIT 3").fetchall()
        assert [(model, sorted(tasks)) for model, tasks in reversed(found)] == [
            ("m\ufffd", ["MMLU (5-shot)", "gsm8k"]), ("m", ["gsm8k"]), ("m", ["a", "b"]),
        ]  # fmt: skip
        digests = connection.execute("SELECT asked_sha256, sheet_sha256 FROM steelyard.job ORDER BY id DESC LIMIT 3")
        assert digests.fetchall()[::-1] == [
            (sha256_hex(json.dumps(each).encode()), sha256_hex(sheet.encode()) if "sheet" in each else "")
            for each in asked
        ]
        found = connection.execute(
            "SELECT kind, model, endpoint, tasks FROM steelyard.schedule ORDER BY id DESC LIMIT 1"
        ).fetchall()
        assert found == [("run", "m", "e", ["gsm8k"])]
        for change in ("job SET tasks = '{}'", "job SET sheet_sha256 = ''", "schedule SET model = 'x'"):
            with pytest.raises(RestrictViolation):
                connection.execute(f"UPDATE steelyard.{change}".encode())
        seen = connection.execute(
            "SELECT left(line_set::text, 5), runs FROM steelyard.suite_seen WHERE suite = %s", ("a" * 64,)
        )
        assert seen.fetchall() == [("10100", 1)]
        sets = connection.execute(
            "SELECT left(line_set::text, 5), bit_count(line_set) FROM steelyard.run_suite WHERE plan = '' "
            "ORDER BY 1 DESC"
        )
        assert sets.fetchall() == [("10100", 2), ("00000", 0)]
        numbers = connection.execute("SELECT number FROM steelyard.suite_view WHERE version_id = 1 ORDER BY place")
        assert numbers.fetchall() == [(1,), (2,), (3,)]


def test_a_migration_that_fails_leaves_nothing(empty: Database) -> None:
    with empty.connect_as_owner() as connection:
        broken = added("CREATE TABLE steelyard.half (); SELECT 1 / 0")
        with pytest.raises(psycopg.errors.DivisionByZero):
            apply_migrations(connection, empty.application_role, broken)
        assert connection.execute("SELECT to_regclass('steelyard.half')").fetchone() == (None,)
        check_schema(connection)


def test_a_newer_schema_is_refused(empty: Database) -> None:
    newer = added("SELECT 1")
    with empty.connect_as_owner() as connection:
        apply_migrations(connection, empty.application_role, newer)
        with pytest.raises(
            InputError,
            match=f"schema is number {len(newer)}, and this version of steelyard knows {len(newer) - 1}: it was",
        ):
            apply_migrations(connection, empty.application_role)
        with pytest.raises(InputError, match=f"schema is number {len(newer)}"):
            check_schema(connection)


def test_a_migration_that_was_changed_is_refused(empty: Database) -> None:
    with empty.connect_as_owner() as connection:
        apply_migrations(connection, empty.application_role)
        other = tuple(Migration(m.number, m.name, m.sql, "0" * 64) for m in migrations())
        with pytest.raises(InputError, match="was made by another migration 1"):
            apply_migrations(connection, empty.application_role, other)


def test_an_older_schema_names_the_command(empty: Database) -> None:
    with (
        empty.connect_as_owner() as connection,
        pytest.raises(InputError, match=r"number 0, .* steelyard serve migrate"),
    ):
        check_schema(connection)


def test_several_at_one_time_apply_each_migration_once(empty: Database) -> None:
    done: list[int] = []

    def start() -> None:
        with empty.connect_as_owner() as connection:
            done.append(len(apply_migrations(connection, empty.application_role)))

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(done), sum(done)) == (4, len(migrations()))


ENDINGS = {
    "session": "ended_at",
    "token": "revoked_at",
    "share": "revoked_at",
    "membership": "ended_at",
    "group_mapping": "ended_at",
    "admin_link": "used_at",
    "person_link": "used_at",
}


def test_what_has_ended_never_lives_again(team_database: Database, tmp_path: Path) -> None:
    fill(team_database, open_data_folder(tmp_path / "data"), "ending")
    for table, column in ENDINGS.items():
        with team_database.connect() as connection:
            connection.execute(f"UPDATE steelyard.{table} SET {column} = now()")
        for value in ("NULL", "now() + interval '1 day'"):
            with pytest.raises(RestrictViolation, match="stays so"), team_database.connect() as connection:
                connection.execute(f"UPDATE steelyard.{table} SET {column} = {value}")


def test_an_old_run_gets_no_further_file(team_database: Database, tmp_path: Path) -> None:
    fill(team_database, open_data_folder(tmp_path / "data"), "files")
    with pytest.raises(RestrictViolation, match="as many files as its row says"), team_database.connect() as connection:
        connection.execute(
            "INSERT INTO steelyard.run_file SELECT min(id), unnest(ARRAY['a.txt', 'b.txt']), 1, %s FROM steelyard.run",
            ("0" * 64,),
        )


def test_a_line_of_the_log_is_canonical(team_database: Database) -> None:
    """Every other form of a line that would follow is refused; the line itself is taken."""
    with team_database.connect() as connection:
        head = audit_head(connection)
    line = {
        "act": "x",
        "actor": "y",
        "at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "details": {"a": 1, "b": []},
        "prev": head.sha256,
        "request": '\u007f\u2028\x1f\t"\\ \N{GRINNING FACE}',
        "sequence": head.lines,
        "subject": "",
    }
    good = canonical(line).decode()
    others = [
        " " + good,
        good.replace(":[]", ": []"),
        good.replace('"a":1', '"a":1,"a":1'),
        good.replace('"a":1', '"a":1.0'),
        good.replace('"a":1', '"a":1e0'),
        good.replace('"a":1,"b":[]', '"b":[],"a":1'),
        good.replace('"act":"x"', '"act":"\\u0078"'),
        good.replace('"act":"x"', '"act":1'),
        good.replace('"actor":"y",', ""),
        good.replace('"subject":""', '"subject":"","zzz":1'),
        good.replace(f'"sequence":{head.lines}', f'"sequence":"{head.lines}"'),
        good.replace("Z", ""),
        "[]",
    ]
    for other in others:
        assert other != good
        with pytest.raises(psycopg.DatabaseError), team_database.connect() as connection:
            connection.execute("INSERT INTO steelyard.audit (line, at) VALUES (%s, now())", (other,))
    with team_database.connect() as connection:
        connection.execute("INSERT INTO steelyard.audit (line, at) VALUES (%s, now())", (good,))
        assert check_audit(connection).lines == head.lines + 1


def test_jobs_that_named_an_address_end_and_those_of_the_list_keep_their_endpoint(empty: Database) -> None:
    """The step to endpoints of the list: what had ended stays as it was, and nothing asks an address any more."""
    listed = (
        "INSERT INTO steelyard.endpoint (name, kind, scheme, host, port, path, models, concurrency, made_by) "
        "VALUES ('here', 'openai', 'http', '10.0.0.7', 8000, '/v1', '{a}', 4, 1)"
    )
    job = (
        "INSERT INTO steelyard.job (project_id, kind, specification, endpoint, requested_by) "
        "VALUES (1, 'run', %s, %s, 1)"
    )
    schedule = (
        "INSERT INTO steelyard.schedule (project_id, name, cron, zone, specification, made_by, next_at) "
        "VALUES (1, %s, '0 6 * * *', 'UTC', %s, 1, now())"
    )
    with empty.connect_as_owner() as connection:
        apply_migrations(connection, empty.application_role, migrations()[:6])
        connection.execute("INSERT INTO steelyard.person (name) VALUES ('ada')")
        connection.execute(listed)
        for place in ("http://10.0.0.7:8000/v1", "http://10.0.0.8:8000/v1", "embedded:smollm2"):
            asked = canonical({"kind": "run", "model": place}).decode()
            connection.execute("INSERT INTO steelyard.job_endpoint (endpoint) VALUES (%s)", (place,))
            connection.execute(job, (asked, place))
            connection.execute(schedule, (place, asked))
        apply_migrations(connection, empty.application_role)
        rows = connection.execute("SELECT endpoint_id, state, reason <> '' FROM steelyard.job ORDER BY id").fetchall()
        assert rows == [(1, "cancelled", True), (None, "cancelled", True), (None, "waiting", False)]
        rows = connection.execute("SELECT is_on FROM steelyard.schedule ORDER BY id").fetchall()
        assert rows == [(False,), (False,), (True,)]
        assert connection.execute("SELECT state FROM steelyard.job_event").fetchall() == [("cancelled",)] * 2


def test_what_is_missing_is_told_with_what_it_does(empty: Database) -> None:
    with empty.connect_as_owner() as connection:
        assert missing_migrations(connection) == migrations()
        apply_migrations(connection, empty.application_role, migrations()[:-1])
        assert missing_migrations(connection) == migrations()[-1:]
        newer = added("-- What it does,\n-- and for whom.\n\n-- More.\nSELECT 1")
        assert [each.about for each in missing_migrations(connection, newer)][-1] == "What it does, and for whom."
        apply_migrations(connection, empty.application_role)
        assert missing_migrations(connection) == ()
    assert all(20 < len(each.about) < 300 for each in migrations())
