"""A series goes on when the key that counted it is lost: after a restore the n-th time is still the n-th time."""

from __future__ import annotations

import asyncio
import shutil
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from packages.server.tests.databases import copied, open_folder
from packages.server.tests.jobs.from_a_pool import Jobs
from packages.server.tests.jobs.yard import Yard, a_person, note_places, opened, questions, wait_for, when_ended
from steelyard.api.conduct import conduct
from steelyard.cli import execute as steelyard
from steelyard.errors import InputError, VerificationError
from steelyard.evidence.ledger import parse_lines
from steelyard.evidence.ledger_file import ledger_path
from steelyard.planning import orders
from steelyard.storage.run_folder import RunFolder
from steelyard.verification.recompute import recompute
from steelyard_server.jobs.asking import arguments_of, job_of
from steelyard_server.jobs.carrying import carry_plans, key_of_plan, note_plan
from steelyard_server.jobs.messages import Setup
from steelyard_server.jobs.rows import JobRow
from steelyard_server.jobs.signing import key_id_of_project, signer_of_project
from steelyard_server.jobs.specification import AuditSpecification, Resumption
from steelyard_server.runs.folders import folder_of
from steelyard_server.store.folders import begin_run
from steelyard_server.upkeep.backup import write_backup
from steelyard_server.upkeep.restore import restore_backup
from testkit.fixtures import SumsServer

SHEET = "model: adder\nclaims:\n- task: sums\n  value: 100\n"
ONE = 1  # the number of the project


def audit(yard: Yard, name: str, endpoint: str) -> JobRow:
    """The same claim, audited once more to its end."""
    with yard.database.pool(1) as pool:
        asked = AuditSpecification(endpoint=endpoint, model="sums", sheet=SHEET, questions={"sums": questions(40)})
        return when_ended(Jobs(pool), Jobs(pool).add(asked, a_person(yard.database, name)))


def run_of(yard: Yard, job: JobRow) -> Path:
    """The folder of the run that a job made."""
    assert job.state == "finished", job.reason
    with yard.database.connect() as connection:
        row = connection.execute(
            "SELECT coalesce(folder, seal_sha256) FROM steelyard.run WHERE id = %s", (job.run,)
        ).fetchone()
    assert row is not None
    return folder_of(yard.data, row[0])


def counted(run: Path) -> tuple[int, int]:
    """Which audit of its question a run is, and how many plans of earlier keys its ledger counts on."""
    plan = RunFolder.open(run).plan
    (question,) = plan.questions.values()
    assert plan.ledger is not None
    assert question.order_number == question.number
    return question.number, plan.ledger.carried


def test_after_a_restore_the_same_question_goes_on_with_its_number(
    data_template: Path, tmp_path: Path, sums_server: SumsServer, capsys: pytest.CaptureFixture[str]
) -> None:
    backup = tmp_path / "platform.backup"
    with open_folder("first") as path, opened(copied(data_template, path)) as yard:
        endpoint = yard.endpoint(sums_server.url)
        yard.start("first", 5.0)
        first = run_of(yard, audit(yard, "first", endpoint))
        assert counted(first) == (1, 0)
        second = run_of(yard, audit(yard, "second", endpoint))
        assert counted(second) == (2, 0)
        yard.end_workers()
        before = key_id_of_project(yard.data, ONE)
        done = write_backup(yard.database, yard.data, backup)
    with open_folder("again") as path:
        restore_backup(backup, path, sha256=done.sha256, environment={})
        assert not (path / "secrets" / "projects").exists()
        with opened(path) as yard:
            note_places(yard.database)
            yard.start("again", 5.0)
            third = run_of(yard, audit(yard, "third", endpoint))
            assert counted(third) == (3, 2)
            after = key_id_of_project(yard.data, ONE)
            assert before != after
            with yard.database.connect() as connection:
                for run, key in ((first, before), (second, before), (third, after)):
                    plan = RunFolder.open(folder_of(yard.data, run.name)).plan_sha256
                    assert key_of_plan(connection, ONE, plan) == key
                assert key_of_plan(connection, ONE, "0" * 64) == ""
            assert steelyard(["verify", str(third), "--no-pages"]) == 0
            said = capsys.readouterr().out
            assert "The third audit of these questions with the keys of its platform." in said
            assert "The key, or its ledger, is newer than 2 earlier plans of the platform that ran this" in said


def has_answers(yard: Yard, job: int) -> bool:
    """Whether the plan of a job is kept, and answers came."""
    with yard.database.connect() as connection:
        row = connection.execute(
            "SELECT count(*) FROM steelyard.stored_line l JOIN steelyard.job j ON j.stored_run_id = l.run_id "
            "WHERE j.id = %s",
            (job,),
        ).fetchone()
    return row is not None and row[0] > 2


@pytest.mark.slow  # two more audits by a worker
def test_whose_key_is_lost_starts_anew_and_that_counts(data_template: Path, sums_server: SumsServer) -> None:
    sums_server.seconds = lambda _: 0.3
    with open_folder("lost") as path, opened(copied(data_template, path)) as yard, yard.database.pool(2) as pool:
        endpoint, jobs, person = yard.endpoint(sums_server.url), Jobs(pool), a_person(yard.database, "stops")
        yard.start("lost", 5.0)
        asked = AuditSpecification(endpoint=endpoint, model="sums", sheet=SHEET, questions={"sums": questions(40)})
        number = jobs.add(asked, person)
        wait_for(lambda: has_answers(yard, number))
        assert jobs.cancel(number, person, "looks bad")
        assert when_ended(jobs, number).state == "cancelled"
        shutil.rmtree(yard.data.secrets / "projects")
        sums_server.seconds = lambda _: 0.0
        again = jobs.add(Resumption(number), person)
        wait_for(lambda: (found := jobs.find(again)) is not None and found.state == "paused")
        paused = jobs.find(again)
        assert paused is not None
        assert "signed by an earlier key of this project" in paused.reason
        assert counted(run_of(yard, audit(yard, "anew", endpoint))) == (2, 1)


def asked_here(yard: Yard, path: Path, number: int, server: SumsServer) -> tuple[int, int]:
    """As a job's process asks, without the process; what :func:`counted` says of the run."""
    asked = AuditSpecification(model="sums", sheet=SHEET, questions={"sums": questions(40)})
    setup = Setup(
        uri=f"openai:sums@{server.url}", data=str(yard.data.path), project="default", project_id=ONE, job=number,
        attempt=1, lease_seconds=9, calls=2,
    )  # fmt: skip
    inputs, out = path / f"in {number}", path / f"run {number}"
    inputs.mkdir()
    args, signer = arguments_of(asked, setup, inputs, out), signer_of_project(yard.data, ONE)
    carry_plans(yard.database.connect, ONE, signer)

    def begun(run: RunFolder) -> None:
        with yard.database.connect() as connection:
            note_plan(connection, begin_run(connection, run, "default", "here"), run)

    asyncio.run(conduct(replace(job_of(asked, args, inputs), begun=begun), args, signer))
    return counted(out)


def test_a_ledger_that_was_rolled_back_has_its_plans_again(
    data_template: Path, tmp_path: Path, sums_server: SumsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_folder("rolled") as path, opened(copied(data_template, path)) as yard:
        assert asked_here(yard, tmp_path, 1, sums_server) == (1, 0)
        signer = signer_of_project(yard.data, ONE)
        ledger = ledger_path(signer.path)
        kept = ledger.read_bytes()
        assert asked_here(yard, tmp_path, 2, sums_server) == (2, 0)
        ledger.write_bytes(kept)
        assert asked_here(yard, tmp_path, 3, sums_server) == (3, 1)
        assert carry_plans(yard.database.connect, ONE, signer) == 0  # once
        assert carry_plans(yard.database.connect, 99, signer) == 0
        assert [each.event for each in parse_lines(ledger.read_bytes(), "it")] == [
            "opened", "begun", "ended", "carried", "begun", "ended",
        ]  # fmt: skip
        # Whoever says less than the ledger, with a program of their own, is refused.
        monkeypatch.setattr(orders, "carried_plans", lambda lines: 0)
        asked_here(yard, tmp_path, 4, sums_server)
        with pytest.raises(VerificationError, match="counts on 0 plans of earlier keys, and its lines 1"):
            recompute(tmp_path / "run 4")
        ledger.write_bytes(b"[]\n")
        with pytest.raises(InputError, match="not the ledger of this key"):
            carry_plans(yard.database.connect, ONE, signer)


def test_what_was_asked_is_never_changed(data_template: Path) -> None:
    with open_folder("kept") as path, opened(copied(data_template, path)) as yard:
        with yard.database.connect() as connection:
            run = connection.execute(
                "INSERT INTO steelyard.stored_run (project_id, plan_sha256) VALUES (1, %s) RETURNING id", ("a" * 64,)
            ).fetchone()
            assert run is not None
            connection.execute(
                "INSERT INTO steelyard.stored_run_questions (run_id, key_id, kind, questions) "
                "VALUES (%s, '', 'audit', '[]')",
                run,
            )
        for connect in (yard.database.connect, yard.database.connect_as_owner):
            for query in (
                "DELETE FROM steelyard.stored_run_questions",
                "UPDATE steelyard.stored_run_questions SET questions = '[[]]'",
                "TRUNCATE steelyard.stored_run_questions",
            ):
                with connect() as connection, pytest.raises(psycopg.Error):
                    connection.execute(query)
