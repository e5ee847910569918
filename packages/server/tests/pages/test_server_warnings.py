"""An old backup and workers that are not alive: one sentence for Overview and Admin, for administrators alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from packages.server.tests.database.rows import fill
from packages.server.tests.databases import copied, open_folder, started
from packages.server.tests.jobs.from_a_pool import Jobs
from packages.server.tests.jobs.yard import a_person, a_run, an_endpoint
from packages.server.tests.site import new_platform, pushed
from steelyard_server.database.audit import append_audit
from steelyard_server.database.connection import Database
from steelyard_server.database.folder import open_data_folder
from steelyard_server.jobs.workers import Presence, workers_seen
from steelyard_server.pages.server_warnings import backup_warnings, last_backup, worker_warnings


@pytest.fixture
def alone(data_template: Path) -> Iterator[Database]:
    """A platform of its own."""
    with open_folder() as path, started(copied(data_template, path)) as database:
        yield database


def said(found: list[Any]) -> list[str]:
    return [f"{each.about} {each.said}" for each in found]


def aged(connection: psycopg.Connection[Any], act: str, days: int) -> None:
    """Make the last line of this kind so old: its own text says another moment, which nobody reads here."""
    connection.execute("SELECT steelyard.make_audit_month(now() - make_interval(days => %s))", (days,))
    connection.execute("ALTER TABLE steelyard.audit DISABLE TRIGGER USER")
    connection.execute(
        "UPDATE steelyard.audit SET at = at - make_interval(days => %s) WHERE sequence = (SELECT max(sequence) "
        "FROM steelyard.audit WHERE act = %s)",
        (days, act),
    )
    connection.execute("ALTER TABLE steelyard.audit ENABLE TRIGGER USER")


def test_a_backup_is_missed_as_soon_as_there_is_something_to_lose(alone: Database) -> None:
    with alone.connect_as_owner() as owner:
        assert backup_warnings(owner) == [], "it is new, and empty"
        owner.execute("UPDATE steelyard.project SET created_at = now() - interval '8 days'")
        assert said(backup_warnings(owner)) == ["No backup was made yet: steelyard serve backup"]
        owner.execute("UPDATE steelyard.project SET created_at = now()")
        assert backup_warnings(owner) == []


def test_with_a_run_a_platform_has_something_to_lose(alone: Database, tmp_path: Path) -> None:
    fill(alone, open_data_folder(tmp_path / "data"))
    with alone.connect_as_owner() as owner:
        assert said(backup_warnings(owner)) == ["No backup was made yet: steelyard serve backup"]


@pytest.mark.parametrize("act", ["backup", "restore"])
def test_a_backup_is_old_after_a_week(alone: Database, act: str) -> None:
    with alone.connect_as_owner() as owner:
        assert last_backup(owner) is None
        append_audit(owner, act, actor="owner")
        assert last_backup(owner) is not None
        assert backup_warnings(owner) == []
        aged(owner, act, 9)
        (found,) = said(backup_warnings(owner))
        assert found.startswith("The last backup is of 20")
        assert found.endswith(", 9 days ago: steelyard serve backup")
        append_audit(owner, "backup", actor="owner")
        assert backup_warnings(owner) == [], "there is a newer one"


def test_workers_are_missed_where_there_is_work(alone: Database) -> None:
    with alone.connect() as connection, alone.pool(1) as pool:
        connection.autocommit = True
        assert worker_warnings(connection, workers_seen(connection)) == [], "nothing is to be done"
        person, jobs = a_person(alone, "asks"), Jobs(pool)
        name = an_endpoint(alone, "http://127.0.0.1:1/v1")
        jobs.add(a_run(name), person)
        assert said(worker_warnings(connection, workers_seen(connection))) == [
            "No worker is alive, and 1 job waits: start steelyard worker"
        ]
        jobs.add(a_run(name), person)
        connection.execute(
            "INSERT INTO steelyard.schedule (project_id, name, cron, zone, specification, made_by, next_at) "
            "VALUES (1, 'weekly', '0 6 * * MON', 'UTC', '{}', %s, now())",
            (person,),
        )
        (found,) = said(worker_warnings(connection, workers_seen(connection)))
        assert found == "No worker is alive, and 2 jobs wait and 1 schedule is on: start steelyard worker"
        one, other = Presence("one", 1, "s"), Presence("other", 1, "s")
        one.note(connection, "its disk is full")
        (found,) = said(worker_warnings(connection, workers_seen(connection)))
        assert found.startswith("Worker one")
        assert found.endswith("takes no job: its disk is full")
        one.note(connection)
        assert worker_warnings(connection, workers_seen(connection)) == []
        other.note(connection)
        connection.execute("UPDATE steelyard.worker SET seen_at = seen_at - interval '2 days' WHERE name = 'other'")
        (found,) = said(worker_warnings(connection, workers_seen(connection)))
        assert found.startswith("Worker other")
        assert "is gone: last heard of 20" in found
        assert worker_warnings(connection, workers_seen(connection), days=1) == []
        one.end(connection)
        assert said(worker_warnings(connection, workers_seen(connection), days=1))[0].startswith("No worker is alive")


def test_overview_and_admin_say_the_same_and_nobody_else_is_told(data_template: Path) -> None:
    with new_platform(data_template) as site:
        admin, colleague = site.administrator(), site.person("warned-not", "admin")
        assert "No backup" not in admin.get("/").text + admin.get("/admin").text
        pushed(site)
        overview, page = admin.get("/").text, admin.get("/admin").text
        assert 'href="/admin">No backup</a>' in overview
        assert "was made yet: steelyard serve backup" in overview
        assert "No backup was made yet: steelyard serve backup" in page
        assert "No backup" not in colleague.get("/").text
