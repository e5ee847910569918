"""One line for each thing that could make a comparison mislead."""

from __future__ import annotations

from dataclasses import replace

import pytest

from steelyard.comparison.pairing import PairedTask, paired_tasks, tasks_of_one
from steelyard.comparison.remarks import remarks
from steelyard.comparison.scored_run import MeasuredScores, SampleAnswers, ScoredRun
from testkit.comparison_runs import scored_run

SCORES = {"t": {f"s{each}": float(each % 2) for each in range(12)}}


def said(one: ScoredRun, other: ScoredRun) -> str:
    tasks = [each for each in paired_tasks(one, other) if isinstance(each, PairedTask)]
    return "\n".join(remarks(("A", one), ("B", other), tasks, tasks_of_one(one, other)))


def timed(run: ScoredRun, number: int) -> ScoredRun:
    samples = {f"s{each}": SampleAnswers(1.0, 1.0, "", f"t s{each}", (), asked_us=each) for each in range(number)}
    return changed(run, samples=samples)


def test_nothing_to_say_of_two_plain_runs() -> None:
    one, other = (timed(scored_run(name, SCORES), 30) for name in "ab")
    assert said(one, other) == ""
    few = said(scored_run("a", SCORES), scored_run("b", SCORES))
    assert few == "t: 12 samples are too few for blocks: answers are taken as independent"
    unknown = changed(
        other, samples={name: replace(each, asked_us=0) for name, each in other.measured[0].samples.items()}
    )
    assert said(one, unknown).startswith("t: nothing says when B asked each sample")


def test_what_has_no_pair_is_named() -> None:
    text = said(scored_run("a", SCORES), scored_run("b", {"t": {"s1": 1.0, "new": 0.0}, "u": {"s": 1.0}}))
    assert "only B measured u" in text
    assert "left out: 11 samples of A" in text
    assert "left out: 1 sample of B (new)" in text


def changed(run: ScoredRun, **fields: object) -> ScoredRun:
    first = run.measured[0]
    scores = MeasuredScores(**{**first.__dict__, **fields})
    return ScoredRun(**{**run.__dict__, "measured": (scores,)})


def test_a_budget_trainings_and_few_groups() -> None:
    groups = {f"s{each}": f"g{each % 3}" for each in range(12)}
    other = changed(scored_run("b", SCORES, groups=groups), ended="budget", trainings=3)
    text = said(scored_run("a", SCORES, groups=groups), other)
    assert "B asked less than planned" in text
    assert "3 groups are too few to speak of others" in text
    assert "3 trainings answered" in text
    assert "it has not ended" in said(scored_run("a", SCORES), ScoredRun(**{**other.__dict__, "has_ended": False}))


@pytest.mark.parametrize(("number", "is_said"), [(5, False), (6, True), (11, True), (12, False)])
def test_what_is_assumed_of_groups_is_said(number: int, is_said: bool) -> None:
    groups = {f"s{each}": f"g{each % number}" for each in range(12)}  # 12 groups of one question hang together in none
    text = said(*(scored_run(name, SCORES, groups=groups) for name in "ab"))
    assert (f"5 % holds if its {number} groups differ about as far to either side" in text) is is_said


def test_the_same_answers_to_the_last_character() -> None:
    same = {name: SampleAnswers(1.0, 1.0, "", f"t {name}", ("digest",)) for name in SCORES["t"]}
    one, other = (changed(scored_run(name, SCORES), samples=same) for name in "ab")
    assert "one model, or one cache, answered both" in said(one, other)


def test_the_same_endpoint() -> None:
    one = scored_run("a", SCORES)
    assert "any difference is one of time" in said(
        one, ScoredRun(**{**scored_run("b", SCORES).__dict__, "model": one.model})
    )
