"""The leak check reads whole arms, in any order; what is open or missing speaks for the model."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from steelyard.detectors.leak.detector import Leak
from steelyard.detectors.leak.finder import LeakFinder
from steelyard.records import (
    PLAN_FORMAT,
    SUBJECT,
    DetectorResult,
    Measurement,
    ModelIdentity,
    Plan,
    PlannedModel,
    PlannedTest,
    Reads,
    SampleScore,
    VerdictWord,
)


def plan(released: int = 60, kept: int = 60, alpha: float = 0.01) -> Plan:
    measurements = tuple(
        Measurement(
            id=f"{number:02d}-s", task="s", prompt="q", kind="generate", scorers=("answer@5",), population=size,
            samples_root="ab", order_seed="c0ffee" * 8, arm=arm,
        )
        for number, (arm, size) in enumerate((("released", released), ("kept", kept)))
    )  # fmt: skip
    reads = tuple(Reads(measurement=each.id, scorer="answer@5") for each in measurements)
    test = PlannedTest(id="leak-00-s", rule="leak@4", weight=1.0, null="n", reads=reads, sealed={"alpha": f"{alpha}"})
    model = PlannedModel(identity=ModelIdentity(uri="openai:m@http://h/v1"))
    return Plan(
        format=PLAN_FORMAT, software="s", created="c", models={SUBJECT: model}, measurements=measurements,
        tests=(test,), alpha=0.05,
    )  # fmt: skip


def scores(measurement: str, values: Sequence[float | None]) -> list[SampleScore]:
    return [
        SampleScore(
            measurement=measurement, position=place, sample=f"s/{place}", repeat=0,
            status="scored" if value is not None else "open", value=value, scorer="answer@5", seq=place,
        )
        for place, value in enumerate(values)
    ]  # fmt: skip


def find(
    released: Sequence[float | None], kept: Sequence[float | None], shuffle: int = 0, alpha: float = 0.01
) -> DetectorResult:
    planned = plan(len(released), len(kept), alpha)
    finder = Leak().open(planned.tests[0], planned)
    everything = [*scores("00-s", released), *scores("01-s", kept)]
    random.Random(shuffle).shuffle(everything)
    for each in everything:
        finder.observe(each)
    return finder.find({})


def test_a_gap_is_found_whatever_arrives_first() -> None:
    results = [find([1.0] * 50 + [0.0] * 10, [1.0] * 20 + [0.0] * 40, shuffle) for shuffle in range(3)]
    assert all(result == results[0] for result in results)
    assert results[0].word is VerdictWord.INCONSISTENT
    (finding,) = results[0].findings
    assert finding.effect == pytest.approx(0.5)
    assert finding.n == 120


def test_open_answers_speak_for_the_model() -> None:
    assert find([None] * 50 + [0.0] * 10, [1.0] * 20 + [0.0] * 40).word is VerdictWord.CONSISTENT
    assert find([1.0] * 50 + [0.0] * 10, [1.0] * 20 + [None] * 40).word is VerdictWord.CONSISTENT


def test_an_arm_that_is_not_whole_decides_nothing() -> None:
    planned = plan()
    finder = LeakFinder(planned.tests[0], planned)
    for each in scores("00-s", [1.0] * 60) + scores("01-s", [0.0] * 59):
        finder.observe(each)
    result = finder.find({})
    assert (result.word, result.p) == (VerdictWord.INSUFFICIENT_POWER, 1.0)


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_a_model_that_learned_nothing_is_rarely_found(rate: float) -> None:
    drawn = random.Random(15)
    found = 0
    for _ in range(400):
        values = [float(drawn.random() < rate) for _ in range(80)]
        found += find(values[:40], values[40:], alpha=0.05).word is VerdictWord.INCONSISTENT
    assert found <= 32  # of 400 at .05: 20 expected at most, 32 has a chance of .005
