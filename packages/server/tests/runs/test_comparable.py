"""Which runs asked the same samples: by the digest in the plan, within one project, among the newest."""

from __future__ import annotations

import msgspec
import pytest

from packages.server.tests.jobs.yard import a_person
from packages.server.tests.site import GOLDEN
from steelyard.api.results import verified
from steelyard_server.database.connection import Database
from steelyard_server.runs import comparable
from steelyard_server.runs.comparable import SameSamplesPage, runs_beside, runs_of_same_samples
from steelyard_server.runs.rows import insert_run
from steelyard_server.runs.summary import AskedSamples, summary_of


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
        page = runs_of_same_samples(pool, row[0])
        groups = page.groups
        found = {each.task: [int(run.seal, 16) for run, _ in each.runs] for each in groups}
        assert found == {"a": [5, 3, 1], "all": [2, 1]}
        assert (page.after, page.is_cut) == ("", False)
        first = runs_of_same_samples(pool, row[0], size=1)
        assert ([each.task for each in first.groups], first.after) == (["a"], first.groups[0].key)
        second = runs_of_same_samples(pool, row[0], first.after, 1)
        assert (second.groups, second.after) == (groups[1:], "")
        assert runs_of_same_samples(pool, row[0], "gone").groups == groups, "a page that is no more begins anew"
        assert {answers for each in groups for _, answers in each.runs} == {summary.answers}
        one, two = groups[0].runs[2][0], groups[1].runs[1][0]
        assert one.id == two.id
        beside, is_more = runs_beside(pool, row[0], one.id, size=2)
        assert ([int(run.seal, 16) for run, _ in beside], is_more) == ([5, 4], True)
        beside, is_more = runs_beside(pool, row[0], one.id, beside[-1][0].id, size=2)
        assert ([int(run.seal, 16) for run, _ in beside], is_more) == ([3, 2], False)
        assert runs_beside(pool, 0, one.id) == ([], False), "of another project"
        monkeypatch.setattr(comparable, "RUNS", 2)
        (short,) = runs_of_same_samples(pool, row[0], size=1).groups
        assert ([int(run.seal, 16) for run, _ in short.runs], short.left) == ([5, 3], 1)
        monkeypatch.setattr(comparable, "LOOKED_AT", 3)
        assert [each.task for each in runs_of_same_samples(pool, row[0]).groups] == ["a"]
        assert runs_of_same_samples(pool, row[0]).is_cut
        assert runs_of_same_samples(pool, 0) == SameSamplesPage([], "", is_cut=False)


def test_samples_that_cannot_be_read_are_shared_with_nobody(database: Database) -> None:
    with database.connect() as connection:
        for text, expected in (
            ("[]", []), ("{", []), ("{}", []), ('[{"task":"a"}]', []), ('[{"digest":""}]', []),
            ('[{"digest":"a\\u0000"},{"digest":"b"},{"digest":"b"}]', ["a\ufffd", "b"]),
        ):  # fmt: skip
            found = connection.execute("SELECT steelyard.digests_of(%s)", (text,)).fetchone()
            assert found is not None
            assert sorted(found[0]) == expected, text
