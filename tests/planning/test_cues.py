"""Arms of the same questions: what the placebo changes, what it keeps, and where it can be asked at all."""

from __future__ import annotations

import re
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
from steelyard.tasks.definition import Generator, Shots
from steelyard.tasks.task import Task
from tests.plans import measurement


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


def test_the_placebo_shows_other_examples_in_the_same_layout_below_an_ordinary_line() -> None:
    cue, placebo = requests(CUE), requests(PLACEBO)
    shown = [re.findall(r"order: (.+)\nA: (.+)\n", each.prefix) for each in (cue[0], *placebo)]
    assert {len(each) for each in shown} == {3}
    assert not {question for examples in shown[1:] for question, _ in examples} & {question for question, _ in shown[0]}
    for own, other in zip(cue, placebo, strict=True):
        line, _, examples = other.prefix.partition("\n\n")
        assert line in headers()
        assert re.sub(r": .+", "", examples) == re.sub(r": .+", "", own.prefix)
        assert replace(other, prefix=own.prefix) == own


def test_there_are_as_many_placebos_as_lines_whatever_the_number_of_questions() -> None:
    assert len({each.prefix for each in requests(PLACEBO, population=300)}) == VARIANTS == len(headers())


def test_no_example_is_a_public_item() -> None:
    public = {each.request.prompt for each in task_of("products").prepare("completion")}  # type: ignore[union-attr]
    found = arm_samples(task_of("products"), arm(PLACEBO, task="products"), None)
    shown = {line for each in found for line in each.request.prefix.splitlines() if line.startswith("Q:")}
    assert shown
    assert not shown & {prompt.splitlines()[0] for prompt in public}


def test_the_first_line_alone_keeps_the_rest() -> None:
    for own, other in zip(requests(CUE), requests(HEADER), strict=True):
        line, _, rest = other.prefix.partition("\n\n")
        assert line in headers()
        assert replace(other, prefix=rest) == own


def test_another_seed_draws_other_questions_examples_and_lines() -> None:
    first, again, other = (requests(PLACEBO, seed=seed) for seed in ("a", "a", "b"))
    assert first == again
    assert {each.prompt for each in first} != {each.prompt for each in other}
    assert not {each.prefix for each in first} & {each.prefix for each in other}


def test_the_lines_are_alike_and_say_nothing_of_a_test() -> None:
    assert len(set(headers())) == VARIANTS
    assert {35 <= len(line) <= 48 and line.endswith(".") for line in headers()} == {True}
    words = re.compile(
        r"test|exam|bench|evaluat|question|answer|task|problem|please|must|should|repl|writ\w* the", re.I
    )
    assert [line for line in headers() if words.search(line)] == []


@pytest.mark.parametrize(("drawn", "named"), [(PLACEBO, False), (PLACEBO, True), (HEADER, False)])
def test_fixed_examples_are_nobody_s_news(drawn: str, named: bool) -> None:
    beside = measurement(task="gsm8k", shots=5)
    with pytest.raises(NotAsked) as skip:
        check_arm(task_of("gsm8k"), beside, drawn, named=named)
    assert nobody_asked(skip.value, named=named)


def test_what_can_be_changed_is_asked() -> None:
    check_arm(task_of(), measurement(task="word_sequence_reversal", prompt="completion", shots=3), PLACEBO, named=False)
    check_arm(task_of("gsm8k"), measurement(task="gsm8k", shots=5), HEADER, named=True)
    with pytest.raises(NotAsked):
        check_arm(task_of(), measurement(prompt="chat", shots=0), PLACEBO, named=True)
    with pytest.raises(Skip, match="private suite"):
        check_arm(task_of(), measurement(suite="0" * 64), HEADER, named=True)


def test_a_generator_without_other_items_says_so() -> None:
    task = task_of("chain_sum")
    options = {"min_terms": 2, "max_terms": 2, "largest": 1, "first_largest": 1}
    generator = Generator(name="chain_sum", count=6, seed="public-1", options=options)
    definition = replace(task.definition, generator=generator, shots=Shots(seed="shots-2", count=3))
    with pytest.raises(Skip, match="beside the public ones, for worked examples"):
        check_arm(Task(definition, task.where), measurement(prompt="completion", shots=3), PLACEBO, named=False)


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
