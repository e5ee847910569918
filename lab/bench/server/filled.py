"""A platform with as much on its pages as a team has after a year: what ``bench.server.load`` asks for.

Runs are sealed folders with a journal, texts and the index of their answers, as if they had been accepted; jobs,
schedules, suites, labels, people and the audit log are rows, as the platform writes them. No model was asked.
"""

from __future__ import annotations

import hashlib
import io
import random
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from bench.server.answers import make_run
from bench.server.filled_suites import add_suites
from bench.server.filled_work import add_people, add_work
from packages.server.tests.comparing.runs import MODELS, measured
from packages.server.tests.site import GOLDEN, Site, pushed
from steelyard.api.results import verified
from steelyard.evidence.layout import BUNDLE, REPORT_PAGE, digest_and_lines, run_files
from steelyard_server.answers.build import write_index
from steelyard_server.answers.keeping import keep_index
from steelyard_server.database.connection import open_database
from steelyard_server.database.folder import DataFolder, open_data_folder
from steelyard_server.runs.folders import folder_key, folder_of, incoming_folder
from steelyard_server.runs.rows import insert_run
from steelyard_server.runs.summary import AskedSamples, RunFile, RunSummary, SuiteUse, summary_of

COMPARED = MODELS  # the runs that can be compared: (name, wrong on so many of twenty, price)
PROJECTS = {"default": 0.7, "search": 0.15, "support": 0.1, "research": 0.05}  # and their shares of the runs
KINDS = ("audit", "audit", "audit", "run", "run", "gate", "identity", "import")
VERDICTS = ("consistent", "consistent", "inconsistent", "inconclusive", "")
SUBJECTS = 120
ROWS = 20  # of a run's table
SUITE, SUITE_RUNS = "helpdesk", 200
RECIPIENTS = ("https://a.example:443/v1", "https://b.example:443/v1", "http://10.0.0.7:8000/v1", "")


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """How much there is: ``jobs`` besides those that made runs, ``items`` of the largest suite."""

    runs: int = 1_000
    answers: int = 1_000  # of each
    jobs: int = 500
    items: int = 20_000
    decisions: int = 5_000
    people: int = 30
    audit_lines: int = 5_000


def fill_platform(site: Site, work: Path, sizes: Sizes) -> None:
    """Fill a platform that has its first administrator (person 1)."""
    data = open_data_folder(site.data, create=False)
    with _connected(data) as connection:
        projects = _projects(connection)
        add_people(connection, projects, sizes.people, sizes.audit_lines)
        suite = add_suites(connection, projects["default"], SUITE, sizes.items, sizes.decisions)
        add_runs(connection, data, work, projects, sizes, suite)
        add_work(connection, projects, sizes.jobs)
        connection.commit()
    with _connected(data) as connection:
        connection.autocommit = True
        connection.execute("VACUUM ANALYZE")  # what PostgreSQL's own housekeeping does within minutes
    with redirect_stdout(io.StringIO()):
        for each in COMPARED:  # these alone were asked, by a model on loopback, so that a comparison can be computed
            pushed(site, measured(work, *each))


@contextmanager
def _connected(data: DataFolder) -> Iterator[Any]:
    with open_database(data, environment={}, beside=True) as database, database.connect_as_owner() as connection:
        connection.autocommit = False
        yield connection


def _projects(connection: Any) -> dict[str, int]:
    for name in PROJECTS:
        connection.execute("INSERT INTO steelyard.project (name) VALUES (%s) ON CONFLICT DO NOTHING", (name,))
    return dict(connection.execute("SELECT name, id FROM steelyard.project").fetchall())


def add_runs(
    connection: Any, data: DataFolder, work: Path, projects: dict[str, int], sizes: Sizes, suite: tuple[str, int]
) -> None:
    """Sealed runs with their rows, over some months; the last of the first project asked the suite, in parts."""
    base, report, drawn = summary_of(verified(GOLDEN)), (GOLDEN / REPORT_PAGE).read_bytes(), random.Random(18)
    names = drawn.choices([*PROJECTS], [*PROJECTS.values()], k=sizes.runs)
    suite_runs = [number for number, name in enumerate(names) if name == "default"][-SUITE_RUNS:]
    for number, name in enumerate(names):
        folder = work / "run"
        make_run(folder, sizes.answers, seed=number, report=report)
        summary = _summary(base, folder, number, sizes.answers, drawn)
        if number in suite_runs:
            lines = tuple(sorted(drawn.sample(range(1, suite[1] + 1), suite[1] // 2)))
            use = SuiteUse(suite=suite[0], recipient=RECIPIENTS[number % len(RECIPIENTS)], lines=lines)
            summary = msgspec.structs.replace(summary, suites=(use,))
        key = folder_key(projects[name], name, summary.seal)
        place = folder_of(data, key)
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        shutil.move(folder, place)
        with incoming_folder(data) as beside:
            with (beside / "index").open("wb") as out:
                write_index(place, summary.seal, out)
            keep_index(data, beside / "index", key)
        assert insert_run(connection, summary, 1, None, projects[name], name) is not None
        if number % 100 == 99:
            print(f"  {number + 1:,} runs", flush=True)
    _spread(connection)


def _summary(base: RunSummary, folder: Path, number: int, answers: int, drawn: random.Random) -> RunSummary:
    """That of a run with a table of some length, which asked what others asked, too."""
    row, kind = base.rows[0], drawn.choice(KINDS)
    files = tuple(
        RunFile(name=name, size=(folder / name).stat().st_size, sha256=digest_and_lines(folder, name)[0])
        for name in run_files(folder)
    )
    return msgspec.structs.replace(
        base,
        seal=digest_and_lines(folder, BUNDLE)[0],
        kind=kind,
        subject=f"vendor-{number % 9}/model-{number % SUBJECTS}-instruct",
        verdict=drawn.choice(VERDICTS) if kind != "import" else "",
        answers=answers,
        rows=tuple(msgspec.structs.replace(row, task=f"task-{place}", measurement="") for place in range(ROWS)),
        findings=tuple(f"{place}: {text}" for place in range(5) for text in base.findings[:4]),
        samples=tuple(
            AskedSamples(task=f"task-{place}", digest=hashlib.sha256(f"{place} {number % 40}".encode()).hexdigest())
            for place in range(ROWS)
        ),
        files=files,
        size=sum(each.size for each in files),
    )


def _spread(connection: Any) -> None:
    """The runs were pushed over four months, in their order."""
    connection.execute("ALTER TABLE steelyard.run DISABLE TRIGGER keep")
    connection.execute(
        "UPDATE steelyard.run SET pushed_at = now() - interval '120 days' * (1 - id::numeric / (SELECT max(id) "
        "FROM steelyard.run))"
    )
    connection.execute("ALTER TABLE steelyard.run ENABLE TRIGGER keep")
