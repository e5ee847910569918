"""Runners that wait for one another: one asks nothing while only the answers of another make its calls needed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from steelyard.records import Attempt, ModelOutput, Outcome, Sample
from steelyard.runner.concurrency import AdaptiveConcurrency
from steelyard.runner.group import RunnerGroup
from steelyard.runner.loop import RunEnd, Runner
from steelyard.runner.schedule import Call, Schedule, TaskQueue
from steelyard.storage.journal.lines import new_header
from steelyard.storage.journal.texts import Texts
from steelyard.storage.journal.writer import Journal
from tests.runner.test_runner import QUICK, ScriptedModel, good, sample_of

Answered = Callable[[RunnerGroup, Attempt], None]


def carry_out(
    run: Path, names: tuple[str, ...], calls: int, answered: Answered, script: Callable[[str, int], ModelOutput] = good
) -> tuple[RunEnd, list[str]]:
    """Run one model for each name, of which all but the first are held; the measurements of the answers, in order."""
    run.mkdir(exist_ok=True)
    journal, texts = Journal.create(run, new_header(plan="0" * 64, software="0")), Texts(run)
    order: list[str] = []
    runners: dict[str, Runner] = {}
    groups: list[RunnerGroup] = []

    def on_final(_: Sample, attempt: Attempt, __: ModelOutput) -> None:
        order.append(attempt.measurement)
        answered(groups[0], attempt)
        groups[0].wake()

    async def main() -> RunEnd:
        for number, name in enumerate(names):
            queue = TaskQueue(name, 1.0, [Call(name, place, place, 0) for place in range(calls)])
            queue.held = number > 0
            runners[name] = Runner(
                model=ScriptedModel(script), schedule=Schedule([queue]), sample_of=sample_of, journal=journal,
                texts=texts, on_final=on_final, retry=QUICK, concurrency=AdaptiveConcurrency(2, 2),
            )  # fmt: skip
        groups.append(RunnerGroup(runners, journal, texts))
        async with asyncio.timeout(120):
            return await groups[0].run(0)

    try:
        return asyncio.run(main()), order
    finally:
        journal.close()
        texts.close()


def released_after(number: int) -> Answered:
    """The next model's calls are needed when ``number`` answers of the one before it are there."""
    seen: dict[str, int] = {}

    def answered(group: RunnerGroup, attempt: Attempt) -> None:
        seen[attempt.measurement] = seen.get(attempt.measurement, 0) + 1
        names = list(group.runners)
        later = names[names.index(attempt.measurement) + 1 :]
        if seen[attempt.measurement] == number:
            group.runners[attempt.measurement].schedule.close(attempt.measurement)
            for name in later[:1]:
                group.runners[name].schedule.hold(name, held=False)

    return answered


def test_one_model_is_asked_after_another_and_what_is_in_flight_finishes(tmp_path: Path) -> None:
    end, order = carry_out(tmp_path / "r", ("a", "b", "c"), 10, released_after(5))
    assert end == "complete"
    assert sorted(set(order), key=order.index) == ["a", "b", "c"]
    assert all(5 <= order.count(name) <= 6 for name in "abc")


def test_where_all_wait_the_run_is_complete(tmp_path: Path) -> None:
    end, order = carry_out(tmp_path / "r", ("a", "b", "c"), 4, lambda group, attempt: None)
    assert (end, order) == ("complete", ["a"] * 4)


def test_what_is_closed_while_it_waits_ends(tmp_path: Path) -> None:
    def answered(group: RunnerGroup, attempt: Attempt) -> None:
        group.runners["b"].schedule.close("b")

    assert carry_out(tmp_path / "r", ("a", "b"), 3, answered) == ("complete", ["a"] * 3)


def test_a_stop_and_an_error_end_those_that_wait(tmp_path: Path) -> None:
    end, order = carry_out(tmp_path / "r", ("a", "b"), 50, lambda group, attempt: group.stop())
    assert end == "interrupted"
    assert len(order) <= 3

    def failing(group: RunnerGroup, attempt: Attempt) -> None:
        raise RuntimeError("as the test wants")

    with pytest.raises(RuntimeError, match="as the test wants"):
        carry_out(tmp_path / "s", ("a", "b"), 50, failing)


def test_a_model_that_fails_as_a_whole_releases_those_that_wait(tmp_path: Path) -> None:
    def refused(prompt: str, _: int) -> ModelOutput:
        return ModelOutput(outcome=Outcome.CLIENT_ERROR, detail="no")

    end, order = carry_out(tmp_path / "r", ("a", "b"), 60, lambda group, attempt: None, refused)
    assert end == "endpoint_down"
    assert "b" not in order
