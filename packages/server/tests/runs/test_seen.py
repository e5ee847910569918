"""An inconsistent verdict waits for each person until they have opened the run."""

from __future__ import annotations

import msgspec
import pytest
from psycopg.errors import Error

from packages.server.tests.jobs.yard import a_person
from packages.server.tests.site import GOLDEN
from steelyard.api.results import verified
from steelyard_server.database.connection import Database
from steelyard_server.runs.rows import Filters, Runs, insert_run
from steelyard_server.runs.seen import note_seen, unseen_inconsistent
from steelyard_server.runs.summary import summary_of


def test_each_person_looks_by_themselves_and_only_at_what_is_inconsistent(database: Database) -> None:
    summary = summary_of(verified(GOLDEN))
    one, other = (a_person(database, f"looks {name}") for name in ("first", "second"))
    with database.connect() as connection:
        row = connection.execute("INSERT INTO steelyard.project (name) VALUES ('seen') RETURNING id").fetchone()
        assert row is not None
        project = int(row[0])
        for number, verdict in enumerate(("inconsistent", "consistent", "inconsistent", "")):
            run = msgspec.structs.replace(summary, seal=f"{0x5EE4 + number:064x}", verdict=verdict)
            assert insert_run(connection, run, one, None, project, "seen")
            connection.commit()
    with database.pool(1) as pool:
        found = unseen_inconsistent(pool, [project], one, 5)
        assert [int(each.seal, 16) - 0x5EE4 for each in found] == [2, 0]
        assert unseen_inconsistent(pool, [], one, 5) == []
        assert len(unseen_inconsistent(pool, [project], one, 1)) == 1
        for _ in range(2):
            for each in Runs(pool).page(project, Filters())[0]:
                note_seen(pool, each, one)
        assert unseen_inconsistent(pool, [project], one, 5) == []
        assert len(unseen_inconsistent(pool, [project], other, 5)) == 2
        with pool.connection() as connection:
            rows = connection.execute("SELECT count(*) FROM steelyard.run_seen WHERE person_id = %s", (one,)).fetchone()
        assert rows == (2,), "what is consistent leaves no trace of its readers"
    with database.connect() as connection, pytest.raises(Error):
        connection.execute("DELETE FROM steelyard.run_seen")
