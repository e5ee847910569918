"""Which runs asked the same samples: by the digest in the plan, within one project, among the newest."""

from __future__ import annotations

import msgspec
import pytest

from steelyard.api.results import verified
from steelyard.server.database.connection import Database
from steelyard.server.runs import comparable
from steelyard.server.runs.comparable import runs_beside, runs_of_same_samples
from steelyard.server.runs.rows import insert_run
from steelyard.server.runs.summary import AskedSamples, summary_of
from tests.server.jobs.yard import a_person
from tests.server.site import GOLDEN


def test_a_run_names_the_samples_of_each_task_once() -> None:
    found = summary_of(verified(GOLDEN)).samples
    assert [each.task for each in found] == ["sums"]
    assert len(found[0].digest) >= 64


def test_runs_are_together_by_task_and_digest(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    summary = summary_of(verified(GOLDEN))
    asked = {1: ("a", "1"), 2: ("a", "2"), 3: ("a", "1"), 4: ("b", "1"), 5: ("a", "1")}
    with database.connect() as connection:
        row = connection.execute("INSERT INTO steelyard.project (name) VALUES ('comparable') RETURNING id").fetchone()
        assert row is not None
        person = a_person(database, "who compares")
        for number, (task, digest) in asked.items():
            samples = (AskedSamples(task=task, digest=digest), AskedSamples(task="all", digest="0"))
            run = msgspec.structs.replace(summary, seal=f"{number:064x}", samples=samples[: 1 + (number < 3)])
            assert insert_run(connection, run, person, None, row[0], "comparable")
            connection.commit()
    with database.pool(1) as pool:
        groups, is_cut = runs_of_same_samples(pool, row[0])
        found = {each.task: [int(run.seal, 16) for run, _ in each.runs] for each in groups}
        assert found == {"a": [5, 3, 1], "all": [2, 1]}
        assert not is_cut
        assert {answers for each in groups for _, answers in each.runs} == {summary.answers}
        one, two = groups[0].runs[2][0], groups[1].runs[1][0]
        assert one.id == two.id
        beside, is_more = runs_beside(pool, row[0], one.id, size=2)
        assert ([int(run.seal, 16) for run, _ in beside], is_more) == ([5, 4], True)
        beside, is_more = runs_beside(pool, row[0], one.id, beside[-1][0].id, size=2)
        assert ([int(run.seal, 16) for run, _ in beside], is_more) == ([3, 2], False)
        assert runs_beside(pool, 0, one.id) == ([], False), "of another project"
        monkeypatch.setattr(comparable, "LOOKED_AT", 3)
        assert [each.task for each in runs_of_same_samples(pool, row[0])[0]] == ["a"]
        assert runs_of_same_samples(pool, row[0])[1]
        assert runs_of_same_samples(pool, 0) == ([], False)


def test_samples_that_cannot_be_read_are_shared_with_nobody(database: Database) -> None:
    with database.connect() as connection:
        for text, expected in (
            ("[]", []), ("{", []), ("{}", []), ('[{"task":"a"}]', []), ('[{"digest":""}]', []),
            ('[{"digest":"a\\u0000"},{"digest":"b"},{"digest":"b"}]', ["a\ufffd", "b"]),
        ):  # fmt: skip
            found = connection.execute("SELECT steelyard.digests_of(%s)", (text,)).fetchone()
            assert found is not None
            assert sorted(found[0]) == expected, text
