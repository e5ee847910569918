"""Rows of runs in the real database: pages by key hold each run once, whatever comes meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from packages.server.tests.site import GOLDEN, new_platform
from steelyard.api.results import verified
from steelyard_server.access.callers import Caller, Membership, Role
from steelyard_server.database.connection import open_database
from steelyard_server.database.folder import open_data_folder
from steelyard_server.http.facts import RequestFacts
from steelyard_server.runs.rows import MAX_SUMMARY, Filters, Runs, shortened
from steelyard_server.runs.summary import ClaimRow, RunSummary, summary_of


@pytest.fixture(scope="module")
def summary() -> RunSummary:
    return summary_of(verified(GOLDEN))


@pytest.fixture(scope="module")
def runs(summary: RunSummary, data_template: Path) -> Iterator[Runs]:
    """Rows of 23 runs, made from one, in a database of their own."""
    with new_platform(data_template) as site:
        site.token()
        with (
            open_database(open_data_folder(site.data, create=False), beside=True) as database,
            database.pool(2) as pool,
        ):
            found = Runs(pool)
            for number in range(23):
                assert found.add(numbered(summary, number), CALLER, RequestFacts("1"))
            yield found


CALLER = Caller(person=1, name="ada", token=1, memberships=(Membership(1, "default", Role.RUNNER),))


def numbered(summary: RunSummary, number: int) -> RunSummary:
    verdict = ("consistent", "inconsistent", "")[number % 3]
    return msgspec.structs.replace(summary, seal=f"{number:064x}", subject=f"model {number % 2}", verdict=verdict)


def all_pages(runs: Runs, filters: Filters, size: int) -> list[str]:
    found, is_more = [], True
    while is_more:
        page, is_more = runs.page(1, filters, size)
        found += [each.seal for each in page]
        filters = Filters(verdict=filters.verdict, kind=filters.kind, subject=filters.subject, before=page[-1].id)
    return found


@pytest.mark.parametrize("size", [1, 5, 22, 23, 24])
def test_pages_hold_every_run_once_the_newest_first(runs: Runs, size: int) -> None:
    assert all_pages(runs, Filters(), size) == [f"{number:064x}" for number in reversed(range(23))]


def test_filters_narrow_the_pages(runs: Runs) -> None:
    assert all_pages(runs, Filters(verdict="inconsistent", subject="model 0"), 2) == [
        f"{number:064x}" for number in reversed(range(23)) if number % 3 == 1 and number % 2 == 0
    ]
    assert len(all_pages(runs, Filters(verdict="none"), 50)) == 7
    assert runs.page(1, Filters(kind="gate"), 5) == ([], False)
    assert runs.page(1, Filters(subject="' OR true --"), 5) == ([], False)


def test_a_run_of_another_project_is_not_there_and_lies_elsewhere(runs: Runs, summary: RunSummary) -> None:
    import psycopg

    seal = f"{3:064x}"
    assert runs.find(2, seal) is None
    assert runs.page(2, Filters()) == ([], False)
    assert runs.latest([2], 5) == []
    found = runs.page(1, Filters(), 1)[0]
    assert runs.page(2, Filters(before=found[0].id)) == ([], False)
    assert [each.seal for each in runs.latest([1, 2], 2)] == [f"{number:064x}" for number in (22, 21)]
    other = Caller(person=1, name="ada", token=1, memberships=(Membership(2, "other", Role.RUNNER),))
    with pytest.raises(psycopg.errors.ForeignKeyViolation):  # there is no such project
        runs.add(numbered(summary, 3), other, RequestFacts("3"))


def test_a_run_is_put_in_once(runs: Runs, summary: RunSummary) -> None:
    assert not runs.add(numbered(summary, 3), CALLER, RequestFacts("2"))
    row = runs.find(1, f"{3:064x}")
    assert row is not None
    assert row.pushed_by == "ada"
    assert row.summary.rows == summary.rows
    files = runs.files(row.listed.id, number=100)
    assert tuple(files) == summary.files
    assert runs.files(row.listed.id, after=files[4].name, number=2) == files[5:7]
    assert runs.has_file(row.listed.id, "report.md")
    assert not runs.has_file(row.listed.id, "../report.md")


def test_a_long_summary_is_shortened_and_says_so(summary: RunSummary) -> None:
    row = ClaimRow(task="é" * 80, measured="1", interval="2", asked="3", words="x", detail="é" * 4000)
    data = shortened(msgspec.structs.replace(summary, rows=(row,) * 500, findings=("é" * 400,) * 200))
    assert len(data) <= MAX_SUMMARY
    found = msgspec.json.decode(data, type=RunSummary)
    assert len(found.rows) + found.rows_left == 500
