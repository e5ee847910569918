"""Workers that are killed and stopped, and a database that is restarted, while they carry out one run by turns."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from packages.server.tests.databases import copied, open_folder, started
from packages.server.tests.store.runs import OrderedServer, plan_in, questions_of, run_in
from steelyard.evidence.verify import Integrity, verify_integrity
from steelyard.records import Attempt
from steelyard.storage.journal.lines import decode
from steelyard.storage.journal.reader import read_lines, segment_names
from steelyard.storage.journal.texts import open_index
from steelyard.verification.recompute import recompute
from steelyard_server.database.connection import Database
from steelyard_server.store.folders import begin_run, write_folder
from steelyard_server.store.leases import LeaseLost
from testkit.fixtures import ROOT, SUM

CONCURRENCY = 4
BATCH = 10
LEASE_SECONDS = 1.0
SEED = 18


class Platform:
    """A database that can be restarted, two workers that carry out one run, and what the endpoint was asked."""

    def __init__(self, work: Path, data: Path, server: OrderedServer, questions: Path) -> None:
        self.work, self.data, self.server, self.questions = work, data, server, questions
        self.workers: dict[str, subprocess.Popen[bytes]] = {}
        self.run = 0
        self._stack = ExitStack()
        self._started = 0

    def __enter__(self) -> Platform:
        self.database: Database = self._stack.enter_context(started(self.data))
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self.workers.values():
            worker.kill()
            worker.wait()
        self._stack.close()

    def restart_database(self) -> None:
        """As its crash: nothing is written back, no connection is ended in order."""
        assert self.database.embedded is not None
        self.database.embedded.process.send_signal(signal.SIGQUIT)
        self.database.embedded.process.wait()
        self._stack.close()
        self.database = self._stack.enter_context(started(self.data))

    def start_worker(self) -> None:
        self._started += 1
        place = self.work / f"w{self._started}"
        place.mkdir()
        given = {
            "parameters": dict(self.database._application),
            "run": self.run,
            "place": str(place),
            "model": f"openai:sums@{self.server.url}",
            "questions": str(self.questions),
            "concurrency": CONCURRENCY,
            "batch_records": BATCH,
            "seconds": LEASE_SECONDS,
        }
        with (place / "log").open("wb") as log:
            self.workers[place.name] = subprocess.Popen(
                [sys.executable, "-m", "packages.server.tests.store.worker", json.dumps(given)],
                cwd=ROOT, stdout=log, stderr=log,
            )  # fmt: skip

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with self.database.new_connection() as connection:
            return connection.execute(query.encode(), {"run": self.run}, binary=True).fetchall()

    def lease(self) -> tuple[int, str]:
        """The number of the last lease, and the name of its worker."""
        found = self.rows("SELECT number, holder FROM steelyard.lease WHERE run_id = %(run)s ORDER BY 1 DESC LIMIT 1")
        return found[0][0], found[0][1].rpartition(" ")[2]

    def lines(self) -> dict[tuple[str, int], tuple[int, bytes]]:
        """Every committed line with its lease."""
        found = self.rows("SELECT segment, sequence, lease, line FROM steelyard.stored_line WHERE run_id = %(run)s")
        return {(segment, sequence): (lease, line) for segment, sequence, lease, line in found}

    def wait_for(self, more: int, after: int) -> tuple[int, str]:
        """Wait until a lease after this one has committed so many lines; the last lease and its worker."""
        while True:
            for name, worker in self.workers.items():
                assert worker.poll() is None, (self.work / name / "log").read_text()
            number, name = self.lease()
            if number > after and sum(lease == number for lease, _ in self.lines().values()) >= more:
                return number, name
            time.sleep(0.05)


class Watched:
    """What was committed at some moments, against what was asked and committed afterwards."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform
        self.moments: list[tuple[dict[tuple[str, int], tuple[int, bytes]], int]] = []

    def look(self) -> None:
        lines = self.platform.lines()
        self.moments.append((lines, len(self.platform.server.order)))

    def check(self, sums: dict[str, str]) -> None:
        at_last = self.platform.lines()
        for lines, asked in self.moments:
            assert lines.items() <= at_last.items()  # none is lost or another one
            finished = {sums[attempt.sample] for attempt in finals(line for _, line in lines.values())}
            assert finished & set(self.platform.server.order[asked:]) == set()  # none is asked again
            newest = max((lease for lease, _ in lines.values()), default=0)
            later = [place for place, (lease, _) in at_last.items() if lease < newest and place not in lines]
            assert later == []  # none of an earlier lease came later


def finals(lines: Iterator[bytes]) -> list[Attempt]:
    records = [decode(line) for line in lines]
    return [record for record in records if isinstance(record, Attempt) and record.final]


@contextmanager
def platform_with_run(work: Path, template: Path, calls: int) -> Iterator[Platform]:
    questions = questions_of(work, calls)
    with OrderedServer() as server, open_folder() as data:
        server.seconds = lambda wrong: 0.05
        planned = plan_in(work / "planned", server.url, questions, CONCURRENCY)
        with Platform(work, copied(template, data), server, questions) as platform:
            with platform.database.new_connection() as connection:
                platform.run = begin_run(connection, planned, "default", "the test")
            yield platform


def disturb(platform: Platform, watched: Watched, events: list[str], dice: random.Random) -> Counter[str]:
    """Make each event while a worker is at it; what ended the workers that were stopped."""
    ended: Counter[str] = Counter()
    lease = 1
    for event in events:
        lease, name = platform.wait_for(dice.randint(1, 2 * BATCH), lease)
        time.sleep(dice.random() * 0.05)
        watched.look()
        if event == "restart":
            platform.restart_database()
            lease -= 1  # the lease may outlive it
            continue
        worker = platform.workers.pop(name)
        worker.send_signal(signal.SIGKILL if event == "kill" else signal.SIGSTOP)
        platform.start_worker()
        if event == "stop":
            platform.wait_for(BATCH, lease)
            watched.look()
            worker.send_signal(signal.SIGCONT)
            ended[f"exit {worker.wait()}"] += 1
            watched.look()
        worker.wait()
    return ended


def check_disturbed(work: Path, template: Path, calls: int, events: list[str]) -> None:
    with platform_with_run(work, template, calls) as platform:
        watched = Watched(platform)
        for _ in range(2):
            platform.start_worker()
        ended = disturb(platform, watched, events, random.Random(SEED))
        while not any(worker.poll() == 0 for worker in platform.workers.values()):
            watched.look()
            time.sleep(0.5)
        with platform.database.new_connection() as connection:
            found = write_folder(connection, platform.run, work / "out")
        asked = Counter(platform.server.order)
        watched.check(sums_of(work / "out"))
        platform.server.seconds = lambda wrong: 0.0
        run_in(work / "undisturbed", platform.server.url, platform.questions, CONCURRENCY)
        leases = platform.lease()[0] - 1
    assert set(ended) <= {f"exit {LeaseLost.exit_code}"}
    assert sum(ended.values()) == events.count("stop")
    disturbed, undisturbed = verified(work / "out"), verified(work / "undisturbed")
    assert found.is_sealed
    assert (disturbed.answers, disturbed.answers_root) == (calls, undisturbed.answers_root)
    assert len(segment_names(work / "out")) > 1
    twice = sum(asked.values()) - calls
    assert len(asked) == calls
    assert twice <= (leases - 1) * (CONCURRENCY + BATCH)
    print(f"{Counter(events)}, {leases} leases, {twice} calls asked twice, {len(watched.moments)} looks")


def sums_of(run: Path) -> dict[str, str]:
    """The sum that each sample asks for."""
    texts = open_index(run)
    records = [record for record, _ in read_lines(run) if isinstance(record, Attempt)]
    return {record.sample: next(SUM.finditer(texts[record.item]))[0] for record in records}


def verified(run: Path) -> Integrity:
    integrity = verify_integrity(run)
    recompute(run)
    return integrity


def test_two_workers_by_turns_lose_nothing(tmp_path: Path, data_template: Path) -> None:
    check_disturbed(tmp_path, data_template, 400, ["kill", "stop", "restart", "kill"])


@pytest.mark.slow
def test_twenty_kills_and_four_stops(tmp_path: Path, data_template: Path) -> None:
    events = ["kill"] * 20 + ["stop"] * 4 + ["restart"] * 2
    random.Random(SEED).shuffle(events)
    check_disturbed(tmp_path, data_template, 2_000, events)
