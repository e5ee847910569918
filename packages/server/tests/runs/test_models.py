from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from psycopg_pool import ConnectionPool

from packages.server.tests.site import GOLDEN, golden_right, new_platform
from steelyard.api.results import verified
from steelyard_server.access.callers import Caller, Membership, Role
from steelyard_server.database.connection import open_database
from steelyard_server.database.folder import open_data_folder
from steelyard_server.http.facts import RequestFacts
from steelyard_server.runs.models import models_page
from steelyard_server.runs.rows import Runs
from steelyard_server.runs.summary import RunSummary, Taken, summary_of

CALLER = Caller(person=1, name="ada", token=1, memberships=(Membership(1, "default", Role.RUNNER),))
# (model, kind, right answers), in the order in which they are pushed
PUSHED = (
    ("b", "audit", 1), ("a", "run", 2), ("b", "identity", 3), ("b", "audit", 4), ("c", "choice", 5), ("a", "gate", 6),
    ("d", "recording", 7), ("b", "import", 8), ("e é", "audit", 9), ("A", "run", 10),
)  # fmt: skip


@pytest.fixture(scope="module")
def pool(data_template: Path) -> Iterator[ConnectionPool]:
    """Rows of runs, made from one, in a database of their own."""
    summary = summary_of(verified(GOLDEN))
    with new_platform(data_template) as site:
        site.token()
        with (
            open_database(open_data_folder(site.data, create=False), beside=True) as database,
            database.pool(2) as found,
        ):
            for number, (model, kind, right) in enumerate(PUSHED):
                assert Runs(found).add(numbered(summary, number, model, kind, right), CALLER, RequestFacts("1"))
            yield found


def numbered(summary: RunSummary, number: int, model: str, kind: str, right: int) -> RunSummary:
    taken = Taken(right=right, asked=20, calls=20)
    return msgspec.structs.replace(summary, seal=f"{number:064x}", subject=model, kind=kind, taken=taken)


def test_each_model_has_its_last_run_and_the_last_check_of_each_kind(pool: ConnectionPool) -> None:
    rows, more = models_page(pool, 1)
    assert not more
    found = {row.subject: row for row in rows}
    assert found.keys() == {"A", "a", "b", "e é"}, "a choice is of several models, a recording of whatever was asked"
    b = found["b"]
    assert (b.last.kind, b.taken.right) == ("import", 8)
    assert {kind: run.seal for kind, run in b.checks.items()} == {"audit": f"{3:064x}", "identity": f"{2:064x}"}
    assert found["a"].checks.keys() == {"gate"}
    assert found["A"].checks == {}
    assert (b.audited and b.audited.right, found["a"].audited) == (4, None), "of the last audit, not of the last run"


@pytest.mark.parametrize("size", [1, 2, 3, 6, 7])
def test_pages_hold_every_model_once(pool: ConnectionPool, size: int) -> None:
    found, after, pages = [], "", 0
    while pages == 0 or after:
        rows, after = models_page(pool, 1, after, size)
        found += [row.subject for row in rows]
        pages += 1
    assert sorted(found) == ["A", "a", "b", "e é"]
    assert pages == -(-6 // size)


def test_another_project_sees_none_of_them(pool: ConnectionPool) -> None:
    assert models_page(pool, 2) == ([], "")


def test_what_a_run_took_is_counted_once_for_each_measurement() -> None:
    taken = summary_of(verified(GOLDEN)).taken
    assert taken == Taken(
        tasks=("sums",), right=golden_right(), asked=60, calls=120, tokens=1320, cost=None, verdicts=2, run_tokens=1320
    )
