"""The load on the platform's pages: every route that is a page has an address, and PostgreSQL's log is read whole."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from bench.server.load import NO_PAGES, PAGES, Results, SlowStatements, Stock, addresses, report
from steelyard_server.app import RULES

STOCK = Stock(
    runs=(("search", "0" * 64, 7),), compared=("1" * 64, "2" * 64), answers=1_000, items=20_000, jobs=(3,), people=2,
    webhooks=(4,), endpoints=1, labels=5, lines=200, share="s" * 43,
)  # fmt: skip
LOG = """2026-11-28 14:00:01.000 UTC [7] LOG:  duration: 20.100 ms  bind steelyard: SELECT 1
2026-11-28 14:00:01.000 UTC [7] LOG:  duration: 61.250 ms  execute <unnamed>: \n\tWITH a AS (SELECT 2)
\tSELECT * FROM a
2026-11-28 14:00:02.000 UTC [7] LOG:  checkpoint starting: time
"""


@pytest.mark.parametrize("pattern", PAGES)
def test_every_page_has_an_address(pattern: str) -> None:
    """A new page whose address has a part of a new name fails here, until there is something to ask it for."""
    drawn = random.Random(1)
    for _ in range(20):
        path = addresses(pattern, STOCK, drawn)
        assert "{" not in path
        assert path.startswith("/p/search/" if "{seal}" in pattern else "/")


def test_what_is_no_page_is_a_route_all_the_same() -> None:
    assert {rule.path for rule in RULES} >= NO_PAGES


def test_statements_are_read_from_the_log_with_all_their_lines(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    slow = SlowStatements(tmp_path / "log", 0)
    slow.log.write_text(LOG)
    assert [*slow.found()] == [(20.1, "SELECT 1"), (61.25, "WITH a AS (SELECT 2) SELECT * FROM a")]
    slow.report()
    assert capsys.readouterr().out.startswith(
        "statements over 50 ms: 1, over 20 ms: 2\n  61 ms at most, 1 times: WITH a"
    )


def test_each_page_has_its_line_and_what_was_refused_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    results = Results()
    for number in range(20):
        results.add("/", 200, number / 1000)
    results.add("/admin", 403, 0.5)
    report(results)
    assert capsys.readouterr().out.splitlines() == [
        "/admin: p50 500 ms, p95 500, worst 500, n = 1",
        "/: p50 10 ms, p95 18, worst 19, n = 20",
        "ALL PAGES: p50 10 ms, p95 19, worst 500, n = 21",
        "status 403: /admin, 1 times",
    ]
