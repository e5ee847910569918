from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from packages.server.tests.access.folk import FACTS, ISSUER, Folk, folk_of
from steelyard_server.access.groups import apply_groups
from steelyard_server.access.lost_roles import REASON
from steelyard_server.database.connection import Database
from steelyard_server.endpoints.own_places import note_own_places
from steelyard_server.jobs.leases import take_job
from steelyard_server.jobs.rows import insert_job, resume_job
from steelyard_server.jobs.specification import BUILT_IN, RunSpecification
from steelyard_server.oidc.settings import OidcSettings
from steelyard_server.settings import serve_settings

ASKED = RunSpecification(model=BUILT_IN, task="mmlu")


@pytest.fixture
def folk(database: Database) -> Iterator[Folk]:
    with folk_of(database) as found:
        yield found


def job(folk: Folk, person: int, project: str) -> int:
    with folk.pool.connection() as connection:
        return insert_job(connection, project, ASKED, person)


def state(folk: Folk, number: int) -> tuple[str, str]:
    (row,) = folk.ask("SELECT state, wanted FROM steelyard.job WHERE id = %s", number)
    return row[0], row[1]


def test_jobs_are_paused_where_their_person_may_start_none_any_more(folk: Folk) -> None:
    boss, person = folk.caller(folk.add("lost-boss", is_admin=True)), folk.add("lost-one")
    other = folk.add("lost-other")
    for project in ("lost-a", "lost-b"):
        folk.members.add_project(boss, project, FACTS)
        for each in (person, other):
            folk.members.set_role(boss, each, project, "runner", FACTS)
    running, waiting, elsewhere = job(folk, person, "lost-a"), job(folk, person, "lost-a"), job(folk, person, "lost-b")
    others = job(folk, other, "lost-a")
    with folk.pool.connection() as connection:
        connection.execute("UPDATE steelyard.job SET not_before = now() + interval '1 day' WHERE id <> %s "
                           "AND state = 'waiting'", (running,))  # fmt: skip
        lease = take_job(connection, "here", 60)
    assert lease is not None
    assert lease.job == running
    folk.members.set_role(boss, person, "lost-a", "editor", FACTS)
    assert state(folk, waiting) == ("waiting", "")
    folk.members.set_role(boss, person, "lost-a", "viewer", FACTS)
    assert [state(folk, each) for each in (running, waiting)] == [("running", "pause"), ("paused", "")]
    assert [state(folk, each) for each in (others, elsewhere)] == [("waiting", "")] * 2
    ((reason, by),) = folk.ask("SELECT reason, changed_by FROM steelyard.job WHERE id = %s", waiting)
    assert (reason, by) == (REASON, f"person:{boss.person}")
    (line,) = folk.ask("SELECT line FROM steelyard.audit ORDER BY sequence DESC LIMIT 1")
    assert '"jobs":2' in line[0]
    folk.members.set_role(boss, person, "lost-b", "", FACTS)
    assert state(folk, elsewhere) == ("paused", "")


def test_a_role_that_groups_gave_and_that_of_an_administrator_are_lost_likewise(folk: Folk) -> None:
    boss, person, admin = (
        folk.caller(folk.add("group-boss", is_admin=True)),
        folk.add("group-one"),
        folk.add("group-two"),
    )
    folk.members.add_project(boss, "lost-c", FACTS)
    folk.groups.add(boss, "lost-runners", "lost-c", "runner", FACTS)
    folk.members.set_administrator(boss, admin, is_admin=True, facts=FACTS)
    with folk.pool.connection() as connection:
        apply_groups(connection, person, ISSUER, ["lost-runners"])
    first, second = job(folk, person, "lost-c"), job(folk, admin, "lost-c")
    with folk.pool.connection() as connection:
        apply_groups(connection, person, ISSUER, ["lost-runners"])
    assert state(folk, first) == ("waiting", "")
    with folk.pool.connection() as connection:
        apply_groups(connection, person, ISSUER, [])
        apply_groups(connection, person, ISSUER, ["lost-runners"])
    assert state(folk, first) == ("paused", "")
    third = job(folk, person, "lost-c")
    (mapping,) = [each for each in folk.groups.mappings() if each.group == "lost-runners"]
    folk.groups.end(boss, mapping.id, FACTS)
    assert state(folk, third) == ("paused", "")
    assert state(folk, second) == ("waiting", "")
    folk.members.set_administrator(boss, admin, is_admin=False, facts=FACTS)
    assert state(folk, second) == ("paused", "")


def lapse(folk: Folk, *people: int) -> None:
    """As if they had signed in last 31 days ago."""
    folk.ask("UPDATE steelyard.membership SET confirmed_at = now() - interval '31 days' WHERE person_id = ANY (%s)",
             list(people))  # fmt: skip


def test_what_waits_for_somebody_whose_role_by_a_group_has_lapsed_is_not_started(
    folk: Folk, tmp_path: Path, database: Database
) -> None:
    boss, person, other = folk.caller(folk.add("lapse-boss", is_admin=True)), folk.add("lapses"), folk.add("goes on")
    folk.members.add_project(boss, "lost-d", FACTS)
    folk.groups.add(boss, "lapsing", "lost-d", "runner", FACTS)
    folk.ask("UPDATE steelyard.job SET state = 'cancelled', wanted = '', leased_until = NULL, ended_at = now() "
             "WHERE state IN ('waiting', 'running', 'paused')")  # fmt: skip
    settings = replace(
        serve_settings(data=tmp_path, bind="127.0.0.1:8420"),
        oidc=OidcSettings(issuer=ISSUER, client_id="x", client_secret="y"),
    )
    with folk.pool.connection() as connection:
        note_own_places(connection, settings, database)
        for each in (person, other):
            apply_groups(connection, each, ISSUER, ["lapsing"])

    def taken() -> int:
        with folk.pool.connection() as connection:
            lease = take_job(connection, "here", 60)
        return lease.job if lease else 0

    number = job(folk, person, "lost-d")
    lapse(folk, person)
    assert taken() == 0
    assert folk.ask("SELECT state, reason, changed_by, attempt FROM steelyard.job WHERE id = %s", number) == [
        ("paused", REASON, "worker:here", 0)
    ]
    with folk.pool.connection() as connection:
        assert resume_job(connection, "lost-d", number, other)
    lapse(folk, other)
    assert (taken(), state(folk, number)) == (0, ("paused", "")), "it is of whoever resumed it last"
    with folk.pool.connection() as connection:
        apply_groups(connection, other, ISSUER, ["lapsing"])
        assert resume_job(connection, "lost-d", number, other)
    folk.members.disable(boss, person, FACTS)
    assert state(folk, number) == ("cancelled", "")
    second = job(folk, other, "lost-d")
    with folk.pool.connection() as connection:
        apply_groups(connection, other, ISSUER, ["lapsing"])
    assert taken() == second
    lapse(folk, other)
    assert (taken(), state(folk, second)) == (0, ("running", "")), "what runs goes on"
