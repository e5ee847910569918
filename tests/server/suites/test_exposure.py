from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import msgspec

from steelyard.server.suites.exposure import SuiteRun, exposure_lines, exposure_of, note_views, runs_of, viewers_of
from steelyard.server.suites.summary import SeenBy
from steelyard.suites.exposures import Exposure
from tests.server.access.folk import Folk
from tests.server.suites.yard import add_suite, caller_of

NOW = datetime(2026, 11, 28, tzinfo=UTC)
NAMED, OTHER = "https://a.example:443/v1", "http://10.0.0.7:8000/v1"


def run(recipient: str, *lines: int) -> SuiteRun:
    return SuiteRun("0" * 64, "a model", NOW, "1" * 64, recipient, lines)


def test_an_item_counts_once_for_a_recipient_and_never_for_a_local_model(folk: Folk, tmp_path: Path) -> None:
    row = add_suite(folk, tmp_path / "s", caller_of(folk))
    summary = msgspec.structs.replace(
        row.summary, endpoints=("https://a.example/v1",), seen=(SeenBy(recipient=OTHER, items=3),)
    )
    object.__setattr__(row, "summary", summary)
    found = exposure_of(row, [run(NAMED, 1), run(NAMED, 1, 2), run("", 1, 2, 3)])
    assert [(each.recipient, each.by_runs, each.runs, each.on_record, each.share, each.is_named) for each in found] == [
        (OTHER, 0, 0, 3, "100%", False),
        (NAMED, 2, 2, 0, "67%", True),
    ]
    (line,) = [msgspec.json.decode(each, type=Exposure) for each in exposure_lines(
        folk.pool, row, [run(NAMED, 2, 1, 99), run("", 1)]).splitlines()]  # fmt: skip
    assert (line.suite, line.recipient, line.state, line.items) == (row.digest, NAMED, "ended", ("q1", "q2"))
    assert runs_of(folk.pool, 1, row.digest) == []


def test_people_count_by_the_items_that_they_saw_here(folk: Folk, tmp_path: Path) -> None:
    ada, bob = caller_of(folk), caller_of(folk)
    row = add_suite(folk, tmp_path / "s", ada)
    with folk.pool.connection() as connection:
        for place in (2, 2, 99):
            note_views(connection, row.id, ada.person, place)
        note_views(connection, row.id, bob.person)
    assert sorted((each.name, each.items) for each in viewers_of(folk.pool, row.id)) == sorted(
        [(ada.name, 1), (bob.name, 3)]
    )
