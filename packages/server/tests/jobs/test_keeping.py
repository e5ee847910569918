"""A job's answers are in the database as they come, so another worker goes on with them and nothing else."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import msgspec
import pytest

from packages.server.tests.jobs.from_a_pool import Jobs
from packages.server.tests.jobs.yard import Yard, a_person, a_run, taken_setup, wait_for, when_ended
from packages.server.tests.store.runs import plan_in, questions_of
from steelyard.auditing.conductor import resume_audit
from steelyard.errors import StorageError
from steelyard.evidence import layout
from steelyard.evidence.keys import load_signer
from steelyard.evidence.ledger_file import ledger_path
from steelyard.evidence.verify import verify_integrity
from steelyard.models import Settings, open_model
from steelyard.tasks.catalogue import Catalogue
from steelyard_server.database.folder import DataFolder
from steelyard_server.jobs.keeping import KeptRun, kept_run
from steelyard_server.jobs.leases import Outcome, leave_job
from steelyard_server.jobs.signing import signer_of_project
from steelyard_server.jobs.specification import Resumption
from steelyard_server.store.leases import LeaseLost
from testkit.fixtures import SumsServer


def stored(yard: Yard, number: int) -> list[tuple[str, int]]:
    """The segments of a job's run, and how many lines each has."""
    with yard.database.connect() as connection:
        return connection.execute(
            "SELECT segment, count(*) FROM steelyard.stored_line l JOIN steelyard.job j ON j.stored_run_id = l.run_id "
            "WHERE j.id = %s GROUP BY segment ORDER BY segment DESC",
            (number,),
        ).fetchall()


def asked_at_once(run: Path, questions: Path, server: SumsServer, path: Path, data: DataFolder) -> Path:
    """The same plan, from its beginning to its seal, in a folder alone, by the key of its project."""
    server.seconds = lambda _: 0.0
    path.mkdir()
    for name in (layout.PLAN, layout.LEDGER):
        shutil.copy(run / name, path)
    key = data.secrets / "projects" / "1.pem"
    shutil.copytree(run / layout.SAMPLES, path / layout.SAMPLES)

    async def asked() -> None:
        model = open_model(f"openai:sums@{server.url}", Settings(concurrency=2))
        try:
            await resume_audit(path, {"subject": model}, None, Catalogue([questions]), load_signer(key))
        finally:
            await model.close()

    asyncio.run(asked())
    return path


def test_a_killed_workers_run_goes_on_from_the_database_to_the_same_answers(
    yard: Yard, sums_server: SumsServer, tmp_path: Path
) -> None:
    sums_server.seconds = lambda _: 0.05
    with yard.database.pool(2) as pool:
        jobs = Jobs(pool)
        number = jobs.add(a_run(yard.endpoint(sums_server.url), 60), a_person(yard.database, "is killed"))
        worker = yard.start("killed", 2.0)
        wait_for(lambda: sum(count for _, count in stored(yard, number)) > 20)
        worker.kill()
        worker.wait()
        for path in (yard.data.jobs / str(number)).glob("*/run"):  # as on another machine, which has no such folder
            shutil.rmtree(path, ignore_errors=True)
        committed = sum(count for _, count in stored(yard, number))
        yard.start("elsewhere", 2.0)
        row = when_ended(jobs, number)
        assert (row.state, row.worker, row.attempt) == ("finished", "elsewhere", 2)
    found = stored(yard, number)
    assert [segment for segment, _ in found] == ["main", "lease-0003"]
    assert sum(count for _, count in found) > committed
    asked = {prompt: times for prompt, times in sums_server.asked.items() if prompt.startswith("What is")}
    assert len(asked) == 60
    assert sum(asked.values()) <= 66  # two at once, and what was not committed within some 20 ms of a busy machine
    disturbed = yard.data.jobs / str(number) / f"{number}-2"
    undisturbed = asked_at_once(
        disturbed / "run", disturbed / "inputs" / "sums.jsonl", sums_server, tmp_path / "run", yard.data
    )
    first, second = verify_integrity(disturbed / "run"), verify_integrity(undisturbed)
    assert (first.answers, first.answers_root) == (60, second.answers_root)


@pytest.mark.slow  # the fast run resumes a job in test_worker.py, and goes on from the database above
def test_a_resumption_goes_on_with_the_run_of_the_job_before(yard: Yard, sums_server: SumsServer) -> None:
    sums_server.seconds = lambda _: 0.1
    with yard.database.pool(2) as pool:
        jobs = Jobs(pool)
        person = a_person(yard.database, "resumes")
        number = jobs.add(a_run(yard.endpoint(sums_server.url), 30), person)
        yard.start("resuming", 3.0)
        wait_for(lambda: sum(count for _, count in stored(yard, number)) > 10)
        jobs.cancel(number, person)
        assert when_ended(jobs, number).state == "cancelled"
        row = when_ended(jobs, jobs.add(Resumption(number), person))
        assert row.state == "finished"
        assert len(stored(yard, number)) == 2
    assert {times for prompt, times in sums_server.asked.items() if prompt.startswith("What is")} == {1}


def test_a_run_that_was_sealed_and_not_handed_over_is_written_and_asked_nothing(
    yard: Yard, sums_server: SumsServer, tmp_path: Path
) -> None:
    with yard.database.pool(2) as pool:
        jobs = Jobs(pool)
        number = jobs.add(a_run(yard.endpoint(sums_server.url), 4), a_person(yard.database, "is late"))
        yard.start("sealing", 3.0)
        when_ended(jobs, number)
    yard.end_workers()
    _, setup = taken_setup(yard, a_run(yard.endpoint(sums_server.url), 4))
    with yard.database.connect() as connection:
        row = connection.execute("SELECT stored_run_id FROM steelyard.job WHERE id = %s", (number,)).fetchone()
    assert row is not None
    again = msgspec.structs.replace(setup, stored_run=row[0])
    with (
        kept_run(yard.database.new_connection, again, tmp_path / "run") as kept,
        pytest.raises(StorageError, match="before"),
    ):
        kept.text(b"")
    assert verify_integrity(tmp_path / "run").answers == 4


def test_nothing_is_kept_for_a_job_that_is_of_another(yard: Yard, sums_server: SumsServer, tmp_path: Path) -> None:
    lease, setup = taken_setup(yard, a_run(yard.endpoint(sums_server.url), 4))
    planned = plan_in(tmp_path / "run", sums_server.url, questions_of(tmp_path, 4))
    kept = KeptRun(yard.database.new_connection, setup)
    with pytest.raises(StorageError, match="nothing is kept before"):
        kept.text(b"")
    with yard.database.connect() as connection:
        before = connection.execute("SELECT count(*) FROM steelyard.stored_run").fetchone()
        assert leave_job(connection, lease, Outcome("waiting"), "here")
    with pytest.raises(LeaseLost):
        kept.begin(planned)
    with yard.database.connect() as connection:
        assert connection.execute("SELECT count(*) FROM steelyard.stored_run").fetchone() == before


def test_a_run_whose_key_is_gone_is_paused_and_goes_on_when_it_is_back(
    yard: Yard, sums_server: SumsServer, tmp_path: Path
) -> None:
    """As after a restore elsewhere: keys are in no backup."""
    sums_server.seconds = lambda _: 0.05
    with yard.database.pool(2) as pool:
        jobs, person = Jobs(pool), a_person(yard.database, "lost the key")
        number = jobs.add(a_run(yard.endpoint(sums_server.url), 40), person)
        yard.start("before", 2.0)
        wait_for(lambda: sum(count for _, count in stored(yard, number)) > 10)
        jobs.pause(number, person)
        wait_for(lambda: (row := jobs.find(number)) is not None and row.state == "paused")
        asked = len(sums_server.asked)
        keys = yard.data.secrets / "projects"
        shutil.move(keys, tmp_path / "kept")
        jobs.resume(number, person)
        found = wait_for(lambda: (row := jobs.find(number)) is not None and row.state == "paused" and row)
        assert "an earlier key of this project" in found.reason
        assert found.failures == 0
        assert len(sums_server.asked) == asked, "nothing was asked"
        shutil.rmtree(keys)
        shutil.copytree(tmp_path / "kept", keys)
        jobs.resume(number, person)
        assert when_ended(jobs, number).state == "finished"
    assert {times for prompt, times in sums_server.asked.items() if prompt.startswith("What is")} == {1}


@pytest.mark.parametrize("damaged", ["ledger", "key"])
def test_a_run_whose_key_or_ledger_cannot_be_read_is_paused_and_goes_on_when_it_can(
    yard: Yard, sums_server: SumsServer, tmp_path: Path, damaged: str
) -> None:
    key = signer_of_project(yard.data, 1).path
    path = key if damaged == "key" else ledger_path(key)
    sums_server.seconds = lambda _: 0.05
    with yard.database.pool(2) as pool:
        jobs, person = Jobs(pool), a_person(yard.database, f"damaged the {damaged}")
        number = jobs.add(a_run(yard.endpoint(sums_server.url), 40), person)
        yard.start(f"damaged-{damaged}", 2.0)
        wait_for(lambda: sum(count for _, count in stored(yard, number)) > 10)
        jobs.pause(number, person)
        wait_for(lambda: (row := jobs.find(number)) is not None and row.state == "paused")
        asked, kept = len(sums_server.asked), path.read_bytes()
        path.write_bytes(b"[]\n")
        jobs.resume(number, person)
        found = wait_for(lambda: (row := jobs.find(number)) is not None and row.state == "paused" and row)
        assert "Resume it when whoever runs the server has put that right" in found.reason
        assert str(yard.data.path) not in found.reason
        assert found.failures == 0
        assert len(sums_server.asked) == asked, "nothing was asked"
        path.write_bytes(kept)
        jobs.resume(number, person)
        assert when_ended(jobs, number).state == "finished"


@pytest.mark.parametrize("is_rolled_back", [True, False], ids=["rolled back", "begun anew"])
def test_a_run_that_is_not_in_the_ledger_is_paused_and_goes_on_when_it_is_back(
    yard: Yard, sums_server: SumsServer, tmp_path: Path, is_rolled_back: bool
) -> None:
    """As where an older copy of the keys' folder was put back: nothing is asked that nobody could seal."""
    ledger = ledger_path(signer_of_project(yard.data, 1).path)
    before = ledger.read_bytes()
    sums_server.seconds = lambda _: 0.05
    with yard.database.pool(2) as pool:
        jobs, person = Jobs(pool), a_person(yard.database, f"lost the ledger {is_rolled_back}")
        number = jobs.add(a_run(yard.endpoint(sums_server.url), 40), person)
        yard.start(f"ledger {is_rolled_back}".replace(" ", "-"), 2.0)
        wait_for(lambda: sum(count for _, count in stored(yard, number)) > 10)
        jobs.pause(number, person)
        wait_for(lambda: (row := jobs.find(number)) is not None and row.state == "paused")
        asked = len(sums_server.asked)
        kept = ledger.read_bytes()
        ledger.unlink()
        if is_rolled_back:
            ledger.write_bytes(before)
        jobs.resume(number, person)
        found = wait_for(lambda: (row := jobs.find(number)) is not None and row.state == "paused" and row)
        assert "its plan is not in the ledger beside the key of this project" in found.reason
        assert found.failures == 0
        assert len(sums_server.asked) == asked, "nothing was asked"
        ledger.write_bytes(kept)
        jobs.resume(number, person)
        assert when_ended(jobs, number).state == "finished"
    assert {times for prompt, times in sums_server.asked.items() if prompt.startswith("What is")} == {1}
