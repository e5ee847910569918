from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from psycopg_pool import ConnectionPool

from packages.server.tests.jobs.from_a_pool import Jobs, Schedules
from packages.server.tests.site import GOLDEN
from steelyard_server.database.connection import Database
from steelyard_server.jobs.leases import Outcome, leave_job, take_job
from steelyard_server.jobs.look_changes import Claim, Found, changed, newly_accused
from steelyard_server.jobs.past_looks import LookRow, list_looks
from steelyard_server.jobs.rows import insert_job
from steelyard_server.jobs.specification import BUILT_IN, Resumption, RunSpecification
from steelyard_server.jobs.taking_in import finish
from steelyard_server.push.verifying import Verifier
from steelyard_server.runs.summary import ClaimRow, RunSummary

ASKED = RunSpecification(model=BUILT_IN, task="mmlu")
FIRST = datetime(2026, 11, 2, 5, tzinfo=UTC)


def found(verdict: str, exit_code: int, *rows: tuple[str, str, str], left: int = 0) -> Found:
    return Found(verdict=verdict, exit=exit_code, rows=tuple(Claim(*each) for each in rows), rows_left=left)


def said(before: Found | None, now: Found) -> str:
    return "; ".join(changed(before, now, newly_accused(before, now)))


GOOD = found("consistent", 0, ("gsm8k", "80 %", "consistent"), ("mmlu", "70 %", "insufficient_power"))
BAD = found("inconsistent", 1, ("gsm8k", "80 %", "inconsistent"), ("mmlu", "70 %", "insufficient_power"))
UNDECIDED = found("insufficient_power", 3, ("gsm8k", "80 %", "insufficient_power"))
WORSE = found("inconsistent", 1, ("gsm8k", "80 %", "inconsistent"), ("mmlu", "70 %", "inconsistent"))


@pytest.mark.parametrize(
    ("before", "now", "words"),
    [
        (GOOD, GOOD, ""),
        (BAD, BAD, ""),
        (None, GOOD, ""),
        (None, BAD, "inconsistent at the first look: gsm8k 80 %"),
        (GOOD, BAD, "inconsistent and not at the look before: gsm8k 80 %; the verdict is inconsistent, and was "
                    "consistent at the look before; the exit code is 1, and was 0"),
        (GOOD, UNDECIDED, ""),  # a later look has less of the level
        (UNDECIDED, GOOD, ""),
        (BAD, UNDECIDED, "the verdict is insufficient power, and was inconsistent at the look before; the exit code is "
                         "3, and was 1"),
        (BAD, WORSE, "inconsistent and not at the look before: mmlu 70 %"),
        (WORSE, BAD, ""),
        (BAD, GOOD, "the verdict is consistent, and was inconsistent at the look before; "
                    "the exit code is 0, and was 1"),
        (found("", 0), found("", 4), "the exit code is 4, and was 0"),
    ],
)  # fmt: skip
def test_what_came_out_otherwise_is_said_and_nothing_else(before: Found | None, now: Found, words: str) -> None:
    assert said(before, now) == words


def test_the_same_claim_twice_is_two_and_one_that_was_cut_is_no_new_one() -> None:
    one, other = ("gsm8k", "80 %", "inconsistent"), ("gsm8k", "80 %", "consistent")
    assert len(newly_accused(found("inconsistent", 1, one, other), found("inconsistent", 1, one, one))) == 1
    assert newly_accused(found("inconsistent", 1, other, left=3), found("inconsistent", 1, other, one)) == []
    many = found("inconsistent", 1, *((f"task {number}", "", "inconsistent") for number in range(8)))
    assert said(None, many).endswith("task 4 and 3 more")


def a_run(summary: RunSummary, number: int, word: str) -> RunSummary:
    """A run of the same sheet with a seal of its own, whose one claim has this verdict."""
    row = ClaimRow(task="gsm8k\u202e", claimed="80 %", measured="", interval="", asked="", word=word, words="")
    return msgspec.structs.replace(
        summary, seal=f"{number:064x}", verdict=word, exit=int(word == "inconsistent"), rows=(row,), files=()
    )


@pytest.fixture(scope="module")
def summary() -> RunSummary:
    return Verifier().verify(Path(GOLDEN))


def looked(
    database: Database, jobs: Jobs, schedule: int, person: int, week: int, run: RunSummary, *, fails: bool = False
) -> LookRow:
    """A look that ends with this run; where its job fails first, by the job that goes on with it."""
    with database.connect() as connection:
        look = (schedule, FIRST + timedelta(weeks=week), "")
        job = insert_job(connection, "default", ASKED, person, priority=100, look=look)
    with database.new_connection() as connection:
        lease = take_job(connection, "w", 60)
        assert lease is not None
        assert lease.job == job
        if fails:
            assert leave_job(connection, lease, Outcome("failed", "gone"), "w")
            jobs.add(Resumption(job), person, priority=100)
            lease = take_job(connection, "w", 60)
            assert lease is not None
        assert finish(connection, lease, run, "w")
        return list_looks(connection, "default", schedule=schedule)[0]


def test_a_look_is_held_against_the_last_one_that_made_a_run(
    jobs: Jobs, job_pool: ConnectionPool, person: int, database: Database, summary: RunSummary
) -> None:
    name = f"changes {datetime.now(UTC).timestamp()}"
    schedule = Schedules(job_pool).add(name, "0 6 * * MON", "Europe/Berlin", ASKED, person)
    Schedules(job_pool).switch(schedule, person, on=False)
    words = ("consistent", "consistent", "inconsistent", "inconsistent", "consistent")
    looks = [
        looked(database, jobs, schedule, person, week, a_run(summary, schedule * 100 + week, word), fails=week == 2)
        for week, word in enumerate(words)
    ]
    assert [each.verdict for each in looks] == [*words]
    assert [bool(each.changed) for each in looks] == [False, False, True, False, True]
    accused = looks[2]
    assert accused.changed.startswith("inconsistent and not at the look before: gsm8k\N{REPLACEMENT CHARACTER} 80 %;")
    assert (accused.last > accused.job, [*accused.alerts()]) == (True, [accused.changed])
    with database.connect() as connection:
        events = [
            json.loads(data)
            for (data,) in connection.execute("SELECT data FROM steelyard.event WHERE kind = 'watch.alert' ORDER BY id")
            if json.loads(data)["schedule"] == name
        ]
    assert events == [
        {
            "accused": int(now == "inconsistent"), "exit": int(now == "inconsistent"), "job": look.last,
            "model": summary.subject, "path": "/p/default/watch", "project": "default", "schedule": name,
            "seal": look.seal, "verdict": now, "was": was,
        }
        for now, was, look in (("inconsistent", "consistent", looks[2]), ("consistent", "inconsistent", looks[4]))
    ]  # fmt: skip


def test_a_job_that_is_no_look_has_no_alert(jobs: Jobs, person: int, database: Database, summary: RunSummary) -> None:
    number = jobs.add(ASKED, person, priority=100)
    with database.new_connection() as connection:
        lease = take_job(connection, "w", 60)
        assert lease is not None
        assert lease.job == number
        assert finish(connection, lease, a_run(summary, 10**9 + number, "inconsistent"), "w")
        assert connection.execute("SELECT alert FROM steelyard.job WHERE id = %s", (number,)).fetchone() == ("",)
