"""Arms of the same questions: what the placebo changes, what it keeps, and where it can be asked at all."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from steelyard.planning.cues import (
    CUE,
    HEADER,
    PLACEBO,
    VARIANTS,
    NotAsked,
    arm_samples,
    check_arm,
    headers,
)
from steelyard.planning.drawn import drawn_beside, drawn_seed_of, nobody_asked
from steelyard.planning.samples import item_digests_of
from steelyard.planning.testable import Skip
from steelyard.plugins import MeasurementRequest
from steelyard.records import GenerateRequest, Measurement, RepeatCheck
from steelyard.tasks import load_task
from steelyard.tasks.task import Task
from testkit.plans import measurement


def task_of(name: str = "word_sequence_reversal") -> Task:
    task = load_task(name)
    assert task is not None
    return task


def arm(drawn: str, **changes: Any) -> Measurement:
    fields = {
        "task": "word_sequence_reversal", "prompt": "completion", "shots": 3, "population": 100, "seed": "c0ffee",
        "drawn": drawn, "arm": drawn, "beside": "00-t",
    }  # fmt: skip
    return measurement(**{**fields, **changes})


def requests(drawn: str, **changes: Any) -> list[GenerateRequest]:
    found = [each.request for each in arm_samples(task_of(), arm(drawn, **changes), None)]
    assert all(isinstance(each, GenerateRequest) for each in found)
    return found  # type: ignore[return-value]


def test_both_arms_ask_the_same_public_questions() -> None:
    task = task_of()
    cue, placebo = (arm_samples(task, arm(drawn), None) for drawn in (CUE, PLACEBO))
    assert [(each.id, each.target) for each in cue] == [(each.id, each.target) for each in placebo]
    assert [each.request.prompt for each in cue] == [each.request.prompt for each in placebo]  # type: ignore[union-attr]
    public = set(item_digests_of(task.prepare("completion")))
    assert len(cue) == len(set(item_digests_of(cue))) == 100
    assert set(item_digests_of(cue)) <= public


def test_the_cue_is_the_published_prompt_exactly() -> None:
    published = {each.id: each for each in task_of().prepare("completion")}
    cue = arm_samples(task_of(), arm(CUE), None)
    assert all(each == published[each.id] for each in cue)


def without_lines(prefix: str) -> tuple[str, list[int]]:
    """A prefix without the ordinary lines, and behind how many worked examples they stood."""
    places = []
    for line in headers():
        if line in prefix:
            before, _, rest = prefix.partition(f"{line}\n\n")
            places.append(before.count("A:") + before.count("Answer:"))
            prefix = before + rest
    return prefix, sorted(places)


def test_the_placebo_is_the_published_prompt_with_lines_before_and_between_its_examples() -> None:
    places = set()
    for own, other in zip(requests(CUE), requests(PLACEBO), strict=True):
        prefix, (first, second) = without_lines(other.prefix)
        assert prefix == own.prefix
        assert replace(other, prefix=own.prefix) == own
        assert own.prefix not in other.prefix
        assert first == 0
        places.add(second)
    assert places == {1, 2}


def test_examples_of_a_group_are_its_own(shared: Path) -> None:
    """BBH's examples are by subtask, after a sentence that describes it."""
    task, data = task_of("bbh"), shared / "data"
    of = arm(PLACEBO, task="bbh", prompt="cot", shots=3, population=40)
    for own, other in zip(arm_samples(task, replace(of, drawn=CUE), data), arm_samples(task, of, data), strict=True):
        assert isinstance(own.request, GenerateRequest)
        assert isinstance(other.request, GenerateRequest)
        prefix, places = without_lines(other.request.prefix)
        assert (prefix, len(places)) == (own.request.prefix, 2)
        assert own.request.prefix not in other.request.prefix


def test_there_are_as_many_placebos_as_lines_whatever_the_number_of_questions() -> None:
    assert len({each.prefix for each in requests(PLACEBO, population=300)}) == VARIANTS == len(headers())


def test_the_first_line_alone_keeps_the_rest() -> None:
    for own, other in zip(requests(CUE), requests(HEADER), strict=True):
        line, _, rest = other.prefix.partition("\n\n")
        assert line in headers()
        assert replace(other, prefix=rest) == own


def test_another_seed_draws_other_questions_and_places() -> None:
    first, again, other = (requests(PLACEBO, seed=seed) for seed in ("a", "a", "b"))
    assert first == again
    assert {each.prompt for each in first} != {each.prompt for each in other}
    assert {each.prefix for each in first} != {each.prefix for each in other}


def test_the_lines_are_alike_and_say_nothing_of_a_test() -> None:
    assert len(set(headers())) == VARIANTS
    assert {35 <= len(line) <= 48 and line.endswith(".") for line in headers()} == {True}
    words = re.compile(
        r"test|exam|bench|evaluat|question|answer|task|problem|please|must|should|repl|writ\w* the", re.I
    )
    assert [line for line in headers() if words.search(line)] == []


@pytest.mark.parametrize(("shots", "suite"), [(0, ""), (1, ""), (3, "0" * 64)])
def test_where_no_line_can_stand_between_examples_another_arm_takes_the_place(shots: int, suite: str) -> None:
    with pytest.raises(NotAsked) as skip:
        check_arm(measurement(shots=shots, suite=suite), PLACEBO)
    assert nobody_asked(skip.value, named=True)


def test_what_can_be_changed_is_asked() -> None:
    check_arm(measurement(shots=2), PLACEBO)
    check_arm(measurement(shots=0), HEADER)


def test_a_private_suite_has_no_prompt_that_anybody_knows() -> None:
    with pytest.raises(Skip, match="private suite"):
        check_arm(measurement(suite="0" * 64), HEADER)


def test_the_arms_of_a_limited_measurement_have_the_same_questions() -> None:
    of = measurement(population=900, limit=40, repeats=2, repeat_check=RepeatCheck(samples=3, repeats=2))
    arms = [
        drawn_beside(of, MeasurementRequest(name="n", task="t", arm=drawn, drawn=drawn, limit=300, beside=of.id), "s@1")
        for drawn in (CUE, PLACEBO)
    ]
    assert {(each.population, each.planned, each.repeats, each.public) for each in arms} == {(40, 40, 1, True)}
    whole = drawn_beside(
        replace(of, limit=None), MeasurementRequest(name="n", task="t", arm=CUE, drawn=CUE, limit=300), "s@1"
    )
    assert (whole.population, whole.limit) == (300, None)
    seeds = {"00-t": "a", "01": "b", "02": "c"}
    assert (
        len({drawn_seed_of(replace(each, id=name), seeds) for name, each in zip(("01", "02"), arms, strict=True)}) == 1
    )
