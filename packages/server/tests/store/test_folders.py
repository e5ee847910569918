"""A run's folder goes into the database and comes out of it, byte for byte."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from packages.server.tests.store.rows import new_run, next_lease
from packages.server.tests.store.runs import plan_in, questions_of, run_in
from steelyard.auditing.conductor import resume_audit
from steelyard.auditing.session import SessionOptions
from steelyard.cli import execute
from steelyard.errors import InputError, VerificationError
from steelyard.evidence import layout
from steelyard.models import Settings, open_model
from steelyard.storage.journal.reader import segment_names
from steelyard.storage.run_folder import RunFolder
from steelyard.tasks.catalogue import Catalogue
from steelyard_server.database.connection import Database
from steelyard_server.store.folders import begin_run, open_run, write_folder
from steelyard_server.store.leases import Lease, LeaseLost, give_back, take
from testkit.fixtures import SumsServer

CALLS = 60


def files_of(run: Path) -> dict[str, bytes]:
    return {name: (run / name).read_bytes() for name in layout.run_files(run)}


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    return questions_of(tmp_path, CALLS)


def carried_out(database: Database, lease: Lease, place: Path, url: str, questions: Path, stop_after: int = 0) -> None:
    """Carry a run out under a lease, to its end or until so many calls are answered: the lease is lost then."""

    async def resumed() -> None:
        model = open_model(f"openai:sums@{url}", Settings())

        def watch(session: object) -> None:
            answered = sum(session.answered.values())  # type: ignore[attr-defined]
            if stop_after and answered >= stop_after and not lease.is_over:
                with database.new_connection() as connection:
                    give_back(connection, lease)

        try:
            with open_run(database.new_connection, lease, place, batch_records=7) as store:
                options = SessionOptions(store=store, watcher=watch)
                await resume_audit(place, {"subject": model}, None, Catalogue([questions]), options=options)
        finally:
            await model.close()

    asyncio.run(resumed())


def test_a_run_that_one_begins_and_another_ends_comes_out_as_it_was_sealed(
    database: Database, tmp_path: Path, sums_server: SumsServer, questions: Path
) -> None:
    planned = plan_in(tmp_path / "planned", sums_server.url, questions)
    with database.new_connection() as connection:
        run = begin_run(connection, planned, "default", "the test")
        assert write_folder(connection, run, tmp_path / "begun").segments == []
        assert files_of(tmp_path / "begun") == files_of(tmp_path / "planned")
        first = next_lease(connection, run)
        with pytest.raises(LeaseLost):
            carried_out(database, first, tmp_path / "first", sums_server.url, questions, stop_after=CALLS // 2)
        second = next_lease(connection, run)
        carried_out(database, second, tmp_path / "second", sums_server.url, questions)
        with pytest.raises(InputError, match="is finished and sealed"):
            take(connection, run, "b", 60.0)
        found = write_folder(connection, run, tmp_path / "out")
    assert found.is_sealed
    assert segment_names(tmp_path / "out") == ["", f"lease-{second.number:04d}"]
    assert files_of(tmp_path / "out") == files_of(tmp_path / "second")
    assert set(found.digests) == {
        name for name in files_of(tmp_path / "out") if not layout.is_journal(name) and not layout.is_text(name)
    }
    assert execute(["verify", str(tmp_path / "out")]) == 0
    run_in(tmp_path / "alone", sums_server.url, questions)
    assert roots(tmp_path / "out") == roots(tmp_path / "alone")


def roots(run: Path) -> tuple[int, str]:
    from steelyard.evidence.verify import verify_integrity

    integrity = verify_integrity(run)
    return integrity.answers, integrity.answers_root


def test_what_is_no_new_run_is_not_begun(
    database: Database, tmp_path: Path, sums_server: SumsServer, questions: Path
) -> None:
    planned = plan_in(tmp_path / "planned", sums_server.url, questions)
    with database.new_connection() as connection:
        with pytest.raises(InputError, match="there is no project 'no such'"):
            begin_run(connection, planned, "no such", "the test")
        begin_run(connection, planned, "default", "the test")
        with pytest.raises(InputError, match="this plan is in the database already"):
            begin_run(connection, planned, "default", "the test")
        run_in(tmp_path / "done", sums_server.url, questions)
        with pytest.raises(InputError, match="was begun already"):
            begin_run(connection, RunFolder.open(tmp_path / "done"), "default", "the test")


def test_a_folder_is_written_anew_or_not_at_all(database: Database, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "mine").write_text("mine")
    (tmp_path / "closed").write_text("a file")
    with database.new_connection() as connection:
        with pytest.raises(InputError, match="is not an empty folder"):
            write_folder(connection, 1, tmp_path / "there")
        with pytest.raises(InputError, match="there is no run 999999"):
            write_folder(connection, 999_999, tmp_path / "new")
        with pytest.raises(InputError, match="cannot write here: Not a directory"):
            write_folder(connection, 1, tmp_path / "closed" / "new")


@pytest.mark.parametrize("name", ["../outside", "/etc/passwd", "texts/../../x", "notes.txt", "media/x", "samples/.txt"])
def test_a_name_that_no_run_has_is_refused(database: Database, tmp_path: Path, name: str) -> None:
    with database.new_connection() as connection:
        run = new_run(connection)
        lease = next_lease(connection, run)
        connection.execute("INSERT INTO steelyard.stored_file VALUES (%s, %s, %s, 0, 'x')", (run, name, lease.number))
        with pytest.raises(VerificationError, match="that belongs to no run"):
            write_folder(connection, run, tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert list((tmp_path / "out").iterdir()) == []


def test_the_file_of_the_last_lease_counts_and_lines_come_in_order(database: Database, tmp_path: Path) -> None:
    with database.new_connection() as connection:
        run = new_run(connection)
        for number in range(2):
            lease = next_lease(connection, run)
            for part in range(3 - number):
                connection.execute(
                    "INSERT INTO steelyard.stored_file VALUES (%s, 'checkpoints.jsonl', %s, %s, %s)",
                    (run, lease.number, part, f"{number}.{part};"),
                )
            give_back(connection, lease)
        lease = next_lease(connection, run)
        lines = [os.urandom(20).replace(b"\n", b"") or b"x" for _ in range(2_500)]
        connection.execute(
            "INSERT INTO steelyard.stored_line SELECT %s, 'main', n - 1, %s, line "
            "FROM unnest(%b::bytea[]) WITH ORDINALITY AS l (line, n) ORDER BY n DESC",
            (run, lease.number, lines),
        )
        found = write_folder(connection, run, tmp_path / "out")
    assert (tmp_path / "out" / "checkpoints.jsonl").read_bytes() == b"1.0;1.1;"
    assert (tmp_path / "out" / layout.MAIN_SEGMENT).read_bytes() == b"".join(line + b"\n" for line in lines)
    assert (found.segments, found.texts) == (["main"], 0)
