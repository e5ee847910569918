"""What a store beside the folder gets, and what becomes of a run whose store takes no more."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from packages.server.tests.store.runs import questions_of
from steelyard.auditing.conductor import plan_run, resume_audit, start_audit
from steelyard.auditing.session import SessionOptions
from steelyard.errors import StorageError
from steelyard.evidence import layout
from steelyard.models import Settings, open_model
from steelyard.planning.build import RunRequest
from steelyard.planning.options import Options
from steelyard.records import Attempt, Image, Outcome
from steelyard.storage.journal.lines import MAIN, Session, Stop, new_header
from steelyard.storage.journal.media import Media
from steelyard.storage.journal.reader import read_segment
from steelyard.storage.journal.texts import Texts
from steelyard.storage.journal.writer import Journal
from steelyard.storage.store import FolderStore
from steelyard.tasks.catalogue import Catalogue
from testkit.fixtures import SumsServer

HEADER = new_header(plan="c" * 64, software="0")
CONCURRENCY = 4


class ListStore(FolderStore):
    """Keeps what it is given, in its order; takes so many lines and then no more."""

    def __init__(self, segment: str = "", takes: int = 10_000) -> None:
        self.segment, self.takes = segment, takes
        self.files: dict[str, bytes] = {}
        self.kept: list[str] = []

    def _add(self, name: str, line: bytes) -> None:
        self.files[name] = self.files.get(name, b"") + line + b"\n"

    def text(self, line: bytes) -> None:
        self._add(layout.TEXT_SEGMENT, line)

    def line(self, segment: str, sequence: int, line: bytes) -> None:
        if not self.takes:
            raise StorageError("takes no more")
        self.takes -= 1
        assert self.files.get(layout.segment(segment), b"").count(b"\n") == sequence
        self._add(layout.segment(segment), line)

    def image(self, name: str, data: bytes) -> None:
        self.files[name] = data

    async def room(self) -> None:
        if not self.takes:
            raise StorageError("takes no more")

    async def keep_files(self, run: Path) -> None:
        self.kept += [name for name in layout.run_files(run) if name not in self.files]


def attempt(position: int, batch: int = 0) -> Attempt:
    return Attempt(
        measurement="m", position=position, sample=f"s{position}", item="a" * 64, repeat=0, attempt=1,
        request="b" * 64, outcome=Outcome.OK, final=True, batch=batch, started_us=1, elapsed_us=1,
    )  # fmt: skip


def files_of(run: Path) -> dict[str, bytes]:
    return {name: (run / name).read_bytes() for name in layout.run_files(run)}


def test_a_store_gets_the_bytes_of_the_folder(tmp_path: Path) -> None:
    store = ListStore()
    journal = Journal.create(tmp_path, HEADER, store)
    texts = Texts(tmp_path, store)
    media = Media(tmp_path, store)
    texts.add("one\n\u2028two")
    texts.add("one\n\u2028two")
    asyncio.run(media.keep([Image(media_type="image/png", sha256="d" * 64, data=b"\0\n\xff")]))
    journal.append(Session(started_us=1, active_us=0, machine="m"))
    journal.append(attempt(0))
    journal.append(attempt(1), "worker-a")
    for each in (texts, media, journal):
        each.close()
    assert store.files == files_of(tmp_path)
    assert len(store.files) == 4


def test_who_goes_on_writes_attempts_to_the_segment_that_the_store_names(tmp_path: Path) -> None:
    Journal.create(tmp_path, HEADER).close()
    store = ListStore("lease-0003")
    journal, before = Journal.resume(tmp_path, HEADER, FolderStore())
    assert before is not None
    journal.close()
    store.files = files_of(tmp_path)
    journal, before = Journal.resume(tmp_path, HEADER, store)
    journal.append(Session(started_us=1, active_us=0, machine="m"))
    journal.append(attempt(0))
    journal.append(attempt(1, batch=1))  # is read with its batch's other records
    journal.append(attempt(2), "worker-a")
    journal.append(Stop(reason="complete", active_us=1, at_us=1))
    journal.close()
    assert store.files == files_of(tmp_path)
    found = {
        each: [type(record).__name__ for record, _ in read_segment(tmp_path, each)]
        for each in ("", "lease-0003", "worker-a")
    }
    assert found == {
        "": ["Header", "Session", "Attempt", "Stop"],
        "lease-0003": ["Header", "Attempt"],
        "worker-a": ["Header", "Attempt"],
    }


def test_who_begins_writes_the_main_segment(tmp_path: Path) -> None:
    journal, before = Journal.resume(tmp_path, HEADER, ListStore("lease-0003"))
    assert before is None
    journal.append(attempt(0))
    journal.close()
    assert list(files_of(tmp_path)) == [layout.segment(MAIN)]


def test_a_run_ends_when_its_store_takes_no_more_and_goes_on_in_its_folder(
    tmp_path: Path, sums_server: SumsServer
) -> None:
    questions = questions_of(tmp_path, 60)

    async def runs() -> None:
        model = open_model(f"openai:sums@{sums_server.url}", Settings())
        try:
            options = Options(task_files=(questions,), concurrency=CONCURRENCY)
            audit = await plan_run([RunRequest(task="sums")], {"subject": model}, options)
            store = ListStore(takes=20)
            with pytest.raises(StorageError, match="takes no more"):
                await start_audit(audit, tmp_path / "run", options=SessionOptions(store=store))
            assert sums_server.asked.total() < 20 + 2 * CONCURRENCY
            assert store.kept == [layout.PLAN, "samples/00-sums.txt"] or layout.PLAN in store.kept
            last = [record for record, _ in read_segment(tmp_path / "run")][-1]
            assert not isinstance(last, Stop)
            store = ListStore()
            store.files = {
                name: data
                for name, data in files_of(tmp_path / "run").items()
                if layout.is_journal(name) or layout.is_text(name)
            }
            catalogue = Catalogue([questions])
            await resume_audit(
                tmp_path / "run", {"subject": model}, None, catalogue, options=SessionOptions(store=store)
            )
            kept = set(store.kept)
            found = files_of(tmp_path / "run")
            assert {layout.PLAN, layout.BUNDLE, layout.SCORES, layout.CHECKPOINTS, layout.REPORT} <= kept
            assert {name: found[name] for name in store.files} == store.files
            assert kept | set(store.files) == set(found)
        finally:
            await model.close()

    asyncio.run(runs())
