from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex

import msgspec

from packages.server.tests.access.folk import Folk
from packages.server.tests.suites.yard import add_suite, caller_of
from steelyard.suites.exposures import Exposure
from steelyard_server.suites.exposure import (
    exposure_lines,
    exposure_of,
    note_views,
    runs_of,
    seen_by_runs,
    viewers_of,
)
from steelyard_server.suites.summary import SeenBy

NOW = datetime(2026, 11, 28, tzinfo=UTC)
NAMED, OTHER = "https://a.example:443/v1", "http://10.0.0.7:8000/v1"


def sent(folk: Folk, digest: str, recipient: str, *lines: int) -> None:
    """A run of the project that sent these lines."""
    with folk.pool.connection() as connection:
        connection.execute(
            "WITH made AS (INSERT INTO steelyard.run (project_id, seal_sha256, root, kind, name, subject, verdict, "
            "exit, files, size_bytes, pushed_by, pushed_at, verified_at, verified_exit, verified_with) VALUES (1, %s, "
            "'r', 'run', 'n', 'a model', '', 0, 1, 1, %s, %s, now(), 0, 's') RETURNING id) "
            "INSERT INTO steelyard.run_suite (run_id, suite, recipient, plan, lines) "
            "SELECT id, %s, %s, %s, %s FROM made",
            (token_hex(32), caller_of(folk).person, NOW, digest, recipient, "1" * 64, list(lines)),
        )


def test_an_item_counts_once_for_a_recipient_and_never_for_a_local_model(folk: Folk, tmp_path: Path) -> None:
    row = add_suite(folk, tmp_path / "s", caller_of(folk))
    summary = msgspec.structs.replace(
        row.summary, endpoints=("https://a.example/v1",), seen=(SeenBy(recipient=OTHER, items=3),)
    )
    object.__setattr__(row, "summary", summary)
    assert runs_of(folk.pool, 1, row.digest) == ([], False)
    for recipient, lines in ((NAMED, (1,)), (NAMED, (2, 1, 99)), (NAMED, (2, 1, 99)), ("", (1, 2, 3))):
        sent(folk, row.digest, recipient, *lines)
    found = exposure_of(row, seen_by_runs(folk.pool, 1, row.digest))
    assert [(each.recipient, each.by_runs, each.runs, each.on_record, each.share, each.is_named) for each in found] == [
        (OTHER, 0, 0, 3, "100%", False),
        (NAMED, 3, 3, 0, "100%", True),
    ]
    written = [msgspec.json.decode(each, type=Exposure) for each in exposure_lines(folk.pool, row, 1).splitlines()]
    assert {(each.suite, each.recipient, each.state) for each in written} == {(row.digest, NAMED, "ended")}
    assert [each.items for each in written] == [("q1",), ("q1", "q2"), ("q1", "q2")]
    listed, is_more = runs_of(folk.pool, 1, row.digest)
    assert [(each.recipient, each.items) for each in listed] == [("", 3), (NAMED, 3), (NAMED, 3), (NAMED, 1)]
    assert not is_more
    assert runs_of(folk.pool, 1, row.digest, limit=3) == (listed[:3], True)
    assert runs_of(folk.pool, 1, row.digest, listed[2].id, 3) == (listed[3:], False)
    assert runs_of(folk.pool, 2, row.digest) == ([], False), "another project's"
    assert seen_by_runs(folk.pool, 1, row.digest) == {NAMED: (3, 3)}, "of all runs, however many are listed"
    assert seen_by_runs(folk.pool, 2, row.digest) == {}


def test_people_count_by_the_items_that_they_saw_here(folk: Folk, tmp_path: Path) -> None:
    ada, bob = caller_of(folk), caller_of(folk)
    row = add_suite(folk, tmp_path / "s", ada)
    with folk.pool.connection() as connection:
        for place in (2, 1, 2, 99):
            note_views(connection, row.id, ada.person, place)
        note_views(connection, row.id, bob.person)
    assert sorted((each.name, each.items) for each in viewers_of(folk.pool, row.id)) == sorted(
        [(ada.name, 2), (bob.name, 3)]
    )
    with folk.pool.connection() as connection:
        rows = connection.execute(
            "SELECT place FROM steelyard.suite_view WHERE person_id = %s", (bob.person,)
        ).fetchall()
    assert rows == [(0,)], "who takes all of them home is one row"
