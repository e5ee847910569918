"""Twins by a model: only an endpoint that the suite names is asked, and what it saw and wrote is on record."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from steelyard.api.arguments import RunArguments
from steelyard.api.written_twins import written_twins
from steelyard.errors import InputError
from steelyard.suites.exposures import exposed_items, read_exposures
from steelyard.suites.writers.twins import WrittenTwins
from steelyard.suites.writing import lines_of
from steelyard.tasks.suite_task import task_from_suite
from testkit.suite_files import suite_at
from tests.suites.writers.scripted_twins import ScriptedTwins, sum_item


def suite_of_sums(folder: Path, *endpoints: str, count: int = 4) -> Path:
    items = lines_of([sum_item(number) for number in range(count)]).decode()
    return suite_at(folder, f"suite: sums\nendpoints: [{', '.join(endpoints)}]\n", items)


def written(folder: Path, server: ScriptedTwins, *wanted: str) -> WrittenTwins:
    writer = f"openai:{server.name}@{server.url}"
    return asyncio.run(written_twins(task_from_suite(folder), wanted, writer, RunArguments(), lambda done, total: None))


def test_what_the_writer_saw_and_wrote_is_on_record(tmp_path: Path) -> None:
    with ScriptedTwins() as server:
        folder = suite_of_sums(tmp_path / "s", server.url)
        first, second = (sum_item(number).id for number in (1, 2))
        found = written(folder, server, first, second)
    assert found.by_item.keys() == {first, second}
    begun, ended = read_exposures(folder)
    assert (begun.run, begun.recipient, set(begun.items)) == (ended.run, server.url, {first, second})
    twins = {twin.id for twin in found.by_item.values()}
    assert exposed_items([begun, ended])[server.url].keys() == {first, second} | twins


def test_an_endpoint_that_is_not_named_gets_nothing(tmp_path: Path) -> None:
    with ScriptedTwins() as server:
        folder = suite_of_sums(tmp_path / "s", "https://elsewhere.example/v1")
        with pytest.raises(InputError, match=r"may not be shown to .*, and nothing was sent"):
            written(folder, server, sum_item(1).id)
        assert not server.bodies
        assert not server.asked
    assert read_exposures(folder) == []
