from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from packages.server.tests.jobs.from_a_pool import Jobs
from packages.server.tests.jobs.yard import a_project
from packages.server.tests.site import GOLDEN
from steelyard.errors import VerificationError
from steelyard_server.database.connection import Database
from steelyard_server.database.folder import open_data_folder
from steelyard_server.jobs.leases import Lease, take_job
from steelyard_server.jobs.specification import BUILT_IN, RunSpecification
from steelyard_server.jobs.taking_in import finish, keep_run, verified_copy
from steelyard_server.push.verifying import Verifier


def leased(jobs: Jobs, person: int, database: Database) -> Lease:
    jobs.add(RunSpecification(model=BUILT_IN, task="mmlu"), person)
    with database.connect() as connection:
        lease = take_job(connection, "w", 60)
    assert lease is not None
    return lease


def counted(database: Database) -> tuple[int, int]:
    with database.connect() as connection:
        row = connection.execute(
            "SELECT (SELECT count(*) FROM steelyard.run), (SELECT count(*) FROM steelyard.audit WHERE act = 'job-run')"
        ).fetchone()
    assert row is not None
    return row[0], row[1]


def test_a_run_gets_a_row_when_its_job_ends_and_not_otherwise(
    jobs: Jobs, person: int, database: Database, tmp_path: Path
) -> None:
    data = open_data_folder(tmp_path / "data")
    lease = leased(jobs, person, database)
    run = verified_copy(GOLDEN, tmp_path / "taken", Verifier())
    before = counted(database)
    with database.connect() as connection:
        connection.autocommit = True
        keep_run(connection, data, tmp_path / "taken", run, lease)
        late = replace(lease, attempt=lease.attempt + 1)
        assert not finish(connection, late, run, "w")
        assert counted(database) == before
        assert finish(connection, lease, run, "w")
        assert not finish(connection, lease, run, "w")
    assert counted(database) == (before[0] + 1, before[1] + 1)
    assert (data.runs / run.seal[:2] / run.seal / "bundle.dsse.json").is_file()
    row = jobs.find(lease.job)
    assert row is not None
    assert (row.state, row.run is not None) == ("finished", True)
    again = leased(jobs, person, database)
    with database.connect() as connection:
        connection.autocommit = True
        assert finish(connection, again, run, "w")  # the same run, which is here already: the job ends all the same
    assert counted(database) == (before[0] + 1, before[1] + 1)


def test_a_run_that_was_changed_is_not_taken(tmp_path: Path) -> None:
    run = Path(shutil.copytree(GOLDEN, tmp_path / "run"))
    scores = run / "scores.jsonl"
    scores.write_bytes(scores.read_bytes().replace(b"1", b"0", 1))
    with pytest.raises(VerificationError):
        verified_copy(run, tmp_path / "taken", Verifier())


def test_a_run_belongs_to_the_project_of_its_job(jobs: Jobs, person: int, database: Database, tmp_path: Path) -> None:
    with database.pool(1) as pool:
        lease = leased(Jobs(pool, a_project(database, "taking-in", person)), person, database)
    run = verified_copy(GOLDEN, tmp_path / "taken", Verifier())
    with database.connect() as connection:
        connection.autocommit = True
        assert lease.project == "taking-in"
        assert finish(connection, lease, run, "w")
        row = connection.execute(
            "SELECT p.name FROM steelyard.job j JOIN steelyard.run r ON r.id = j.run_id "
            "JOIN steelyard.project p ON p.id = r.project_id WHERE j.id = %s",
            (lease.job,),
        ).fetchone()
    assert row == ("taking-in",)
