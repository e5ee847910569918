"""Cues at work: pairs by question whatever came first; when it decides, and what it says then."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from steelyard.planning.order import order_of
from steelyard.records import (
    PLAN_FORMAT,
    SUBJECT,
    Measurement,
    ModelIdentity,
    Plan,
    PlannedModel,
    PlannedTest,
    Reads,
    SampleScore,
    VerdictWord,
)
from steelyard_forensics.cue_gap.detector import CueGap
from steelyard_forensics.cue_gap.monitor import CueGapMonitor, places_by_pair

CUE, PLACEBO = "01-t", "02-t"
Values = Sequence[int | None]


def arm(name: str, drawn: str, pairs: int) -> Measurement:
    return Measurement(
        id=name, task="t", prompt="q", kind="generate", scorers=("exact@1",), population=pairs, samples_root="cd",
        order_seed=drawn * 8, arm=drawn, drawn=drawn, beside="00-t", seed="5eed",
    )  # fmt: skip


def plan(pairs: int = 60, placebo: str = "placebo") -> Plan:
    reads = tuple(Reads(measurement=name, scorer="exact@1") for name in (CUE, PLACEBO))
    test = PlannedTest(id="cues-00-t", rule="cue_gap@1", weight=0.2, null="n", reads=reads)
    model = PlannedModel(identity=ModelIdentity(uri="openai:m@http://h/v1"))
    return Plan(
        format=PLAN_FORMAT, software="s", created="c", models={SUBJECT: model},
        measurements=(arm(CUE, "cue", pairs), arm(PLACEBO, placebo, pairs)),
        tests=(CueGap().seal(test, None),), alpha=0.05,  # type: ignore[arg-type]
    )  # fmt: skip


def scores(measurement: Measurement, by_question: Values) -> list[SampleScore]:
    """The scores of an arm by place of its order, from those by question."""
    return [
        SampleScore(
            measurement=measurement.id, position=place, sample=f"{measurement.id}/{question}", repeat=0,
            status="scored" if by_question[question] is not None else "open", value=by_question[question],
            scorer="exact@1", seq=place,
        )
        for place, question in enumerate(order_of(measurement))
    ]  # fmt: skip


def monitor(planned: Plan) -> CueGapMonitor:
    return CueGap().open(planned.tests[0], planned)


def fed(cue: Values, placebo: Values, shuffle: int | None = None, kind: str = "placebo") -> CueGapMonitor:
    planned = plan(len(cue), kind)
    found = monitor(planned)
    everything = [*scores(planned.measurements[0], cue), *scores(planned.measurements[1], placebo)]
    if shuffle is not None:
        random.Random(shuffle).shuffle(everything)
    for score in everything:
        found.observe(score)
    return found


def drawn(rate: float, count: int = 300, seed: int = 1) -> list[int]:
    source = random.Random(seed)
    return [int(source.random() < rate) for _ in range(count)]


def test_each_question_is_one_pair_read_where_the_later_of_its_answers_is_due() -> None:
    cue, placebo = plan(40).measurements
    places = places_by_pair(cue, placebo)
    orders = order_of(cue), order_of(placebo)
    assert sorted(orders[0][first] for first, _ in places) == list(range(40))
    assert all(orders[0][first] == orders[1][second] for first, second in places)
    assert [max(pair) for pair in places] == sorted(max(pair) for pair in places)


@given(st.integers(0, 10**6))
def test_what_it_shows_does_not_depend_on_what_came_first(shuffle: int) -> None:
    cue, placebo = drawn(0.9, 80), drawn(0.6, 80, seed=2)
    assert fed(cue, placebo, shuffle).find({}) == fed(cue, placebo).find({})


def test_the_two_answers_to_one_question_are_a_pair() -> None:
    alike = drawn(0.5, 60)
    found = fed(alike, alike)
    assert found.pairs.effect == 0
    assert found.pairs.p == 1
    other = fed(alike, [1 - value for value in alike])
    assert other.right == [sum(alike), 60 - sum(alike)]


@pytest.mark.parametrize(
    ("kind", "said"),
    [("placebo", "with ordinary lines before and between its examples"), ("header", "with an ordinary line before it")],
)
def test_a_large_effect_is_found_and_what_was_changed_is_said(kind: str, said: str) -> None:
    found = fed(drawn(0.95), drawn(0.5, seed=2), kind=kind)
    result = found.find({})
    assert result.word is VerdictWord.INCONSISTENT
    assert result.effect is not None
    assert result.effect.n < 150
    assert found.closed == {CUE, PLACEBO}
    (finding,) = result.findings
    assert said in finding.message
    assert f"of {result.effect.n} questions are right under the benchmark's own prompt" in finding.message
    assert finding.p == result.p
    assert (result.p or 1) <= 0.05 * 0.2


def test_no_effect_is_within_the_margin() -> None:
    result = fed([1] * 300, [1] * 300).find({})
    assert result.word is VerdictWord.CONSISTENT
    assert result.reason.startswith("the difference is at most 10 points")
    assert result.effect is not None
    assert result.effect.n < 300


def test_what_decides_nothing_says_what_would_be_seen() -> None:
    result = fed(drawn(0.75), drawn(0.67, seed=2)).find({})
    assert result.word is VerdictWord.INSUFFICIENT_POWER
    assert "the difference is between" in result.reason
    assert result.effect is not None
    assert (result.effect.n, result.effect.of) == (300, 300)
    assert 0.1 < (result.effect.mde or 0) < 0.4


def test_missing_answers_speak_for_the_model() -> None:
    result = fed([None] * 150 + [1] * 150, [1] * 150 + [None] * 150).find({})
    assert (result.word, result.p) == (VerdictWord.INSUFFICIENT_POWER, 1)


def test_a_gap_in_either_order_ends_the_reading() -> None:
    planned = plan(60)
    cue, placebo = planned.measurements
    found = monitor(planned)
    ones: Mapping[str, list[SampleScore]] = {each.id: scores(each, [1] * 60) for each in (cue, placebo)}
    for score in [*ones[CUE], *ones[PLACEBO][:20], *ones[PLACEBO][21:]]:
        found.observe(score)
    assert found.heads == {CUE: 20, PLACEBO: 20}
    assert found.pairs.n == sum(max(pair) < 20 for pair in places_by_pair(cue, placebo)) < 20
    found.observe(ones[PLACEBO][20])
    assert found.pairs.n == 60
    assert found.closed


def test_nothing_was_read() -> None:
    found = monitor(plan())
    result = found.find({})
    assert (result.word, result.reason) == (
        VerdictWord.INSUFFICIENT_POWER,
        "no question was answered under both prompts",
    )
    assert (found.progress().remaining, found.progress().interval) == (60, None)


def test_repeats_of_a_check_are_no_pairs() -> None:
    found = monitor(plan())
    found.observe(replace(scores(plan().measurements[0], [1] * 60)[0], position=-1))
    assert found.heads == {CUE: 0, PLACEBO: 0}
