"""Twins at work: pairs by place and by first answers, whatever came first; when it decides, and what it says then."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from steelyard.detectors.twin_gap.detector import TwinGap
from steelyard.detectors.twin_gap.monitor import TwinGapMonitor
from steelyard.records import (
    PLAN_FORMAT,
    SUBJECT,
    UNREAD_FRESH,
    Measurement,
    ModelIdentity,
    Plan,
    PlannedModel,
    PlannedTest,
    Reads,
    SampleScore,
    VerdictWord,
)
from steelyard.util.committed_order import committed_order

PUBLIC, FRESH = "00-t", "01-t"


def plan(pairs: int = 300, repeats: int = 1) -> Plan:
    of = Measurement(
        id=PUBLIC, task="t", prompt="q", kind="generate", scorers=("exact@1",), population=pairs, repeats=repeats,
        samples_root="ab", order_seed="c0ffee" * 8,
    )  # fmt: skip
    drawn = Measurement(
        id=FRESH, task="t", prompt="q", kind="generate", scorers=("exact@1",), population=pairs, samples_root="cd",
        order_seed="decade" * 8, arm="twins", drawn="twins", beside=PUBLIC, seed="5eed",
    )  # fmt: skip
    reads = tuple(Reads(measurement=name, scorer="exact@1") for name in (PUBLIC, FRESH))
    test = PlannedTest(id="twins-00-t", rule="twin_gap@2", weight=0.2, null="n", reads=reads)
    model = PlannedModel(identity=ModelIdentity(uri="openai:m@http://h/v1"))
    return Plan(
        format=PLAN_FORMAT, software="s", created="c", models={SUBJECT: model}, measurements=(of, drawn),
        tests=(TwinGap().seal(test, None),), alpha=0.05,  # type: ignore[arg-type]
    )  # fmt: skip


def scores(measurement: str, values: Sequence[int | None], repeats: int = 1) -> list[SampleScore]:
    return [
        SampleScore(
            measurement=measurement, position=place, sample=f"{measurement}/{place // repeats}", repeat=place % repeats,
            status="open" if value is None else "scored", value=value, scorer="exact@1", seq=place,
        )
        for place, value in enumerate(values)
    ]  # fmt: skip


def monitor(planned: Plan) -> TwinGapMonitor:
    return TwinGap().open(planned.tests[0], planned)


def fed(
    public: Sequence[int | None], fresh: Sequence[int | None], shuffle: int = 0, repeats: int = 1
) -> TwinGapMonitor:
    found = monitor(plan(300, repeats))
    everything = [*scores(PUBLIC, public, repeats), *scores(FRESH, fresh)]
    random.Random(shuffle).shuffle(everything)
    for score in everything:
        found.observe(score)
    return found


def drawn(rate: float, count: int = 300, seed: int = 1) -> list[int]:
    source = random.Random(seed)
    return [int(source.random() < rate) for _ in range(count)]


@given(st.integers(0, 10**6))
def test_what_it_shows_does_not_depend_on_what_came_first(shuffle: int) -> None:
    public, fresh = drawn(0.9), drawn(0.6, seed=2)
    assert fed(public, fresh, shuffle).find({}) == fed(public, fresh).find({})


def test_a_large_gap_is_found_and_nothing_more_is_read() -> None:
    found = fed(drawn(0.95), drawn(0.6, seed=2))
    result = found.find({})
    assert result.word is VerdictWord.INCONSISTENT
    assert result.effect is not None
    assert result.effect.n < 150
    assert found.closed == {PUBLIC, FRESH}
    (finding,) = result.findings
    assert "does not hold for samples that nobody has seen" in finding.message
    assert finding.p == result.p
    assert (result.p or 1) <= 0.05 * 0.2


def test_no_gap_is_within_the_margin() -> None:
    result = fed([1] * 300, [1] * 300).find({})
    assert result.word is VerdictWord.CONSISTENT
    assert result.reason.startswith("the gap is at most 5 points")
    assert result.effect is not None
    assert result.effect.n < 300


def test_what_decides_nothing_says_what_would_be_seen() -> None:
    result = fed(drawn(0.75), drawn(0.7, seed=2)).find({})
    assert result.word is VerdictWord.INSUFFICIENT_POWER
    assert result.effect is not None
    assert (result.effect.n, result.effect.of) == (300, 300)
    assert 0.1 < (result.effect.mde or 0) < 0.4


def test_only_the_first_answer_to_a_sample_counts() -> None:
    public = drawn(0.9)
    doubled = [value for value in public for value in (value, 1 - value)]
    assert fed(doubled, drawn(0.8, seed=2), repeats=2).find({}) == fed(public, drawn(0.8, seed=2)).find({})


def test_neither_arm_runs_ahead_of_the_pairs() -> None:
    found = monitor(plan())
    for score in scores(PUBLIC, drawn(0.5, 40)):
        found.observe(score)
    assert found.heads == {PUBLIC: 0, FRESH: 0}
    for score in scores(FRESH, drawn(0.5, 25)):
        found.observe(score)
    assert found.heads == {PUBLIC: 25, FRESH: 25}
    assert found.progress().remaining == 275


def lost(score: SampleScore) -> SampleScore:
    return replace(score, status="missing", value=None)


def test_missing_answers_speak_for_the_model_and_are_noted() -> None:
    found = monitor(plan())
    for score in (*scores(PUBLIC, [1] * 300), *map(lost, scores(FRESH, [1] * 300))):
        found.observe(score)
    result = found.find({})
    assert (result.word, result.p) == (VerdictWord.INSUFFICIENT_POWER, 1)
    (note,) = result.notes
    assert (note.check, note.task) == (UNREAD_FRESH, "t")
    assert "300 of 300 fresh samples got no answer that could be read, and 0 public ones" in note.message
    assert result.effect is not None
    assert result.effect.mde is None


def test_answers_that_are_open_alike_show_nothing() -> None:
    result = fed([None, 1] * 150, [1, None] * 150).find({})
    assert (result.word, result.notes) == (VerdictWord.INSUFFICIENT_POWER, ())
    assert (result.p or 0) > 0.5


def test_who_opens_fresh_answers_alone_is_found_by_them() -> None:
    result = fed([1] * 300, [None] * 300).find({})
    assert result.word is VerdictWord.INCONSISTENT
    assert result.notes == ()
    (finding,) = result.findings
    n = finding.n
    assert f"{n} of {n} fresh samples got an answer that is cut off or cannot be read, and 0 of {n}" in finding.message
    assert "points" not in finding.message


@pytest.mark.parametrize("repeats", [1, 2])
def test_public_samples_that_are_left_out_are_in_no_pair(repeats: int) -> None:
    planned = plan(300, repeats)
    public, fresh = planned.measurements
    first = committed_order(public.order_seed, 300)
    planned = replace(planned, measurements=(public, replace(fresh, left_out=tuple(sorted(first[:6])), population=294)))
    found, order = monitor(planned), committed_order(public.order_seed, 300, repeats)
    asked = scores(PUBLIC, [int(trial // repeats in first[:6]) for trial in order], 1)
    named = [replace(score, sample=str(order[score.position] // repeats)) for score in asked]
    for score in (*named, *scores(FRESH, [0] * 294)):
        found.observe(score)
    assert (found.of, found.right, found.decision) == (294, [0, 0], VerdictWord.CONSISTENT)
    short = replace(planned, measurements=(replace(public, limit=10), planned.measurements[1]))
    assert monitor(short).of == 4


def test_what_is_left_out_must_be_public_samples() -> None:
    planned = plan()
    public, fresh = planned.measurements
    with pytest.raises(ValueError, match="none of the public samples"):
        monitor(replace(planned, measurements=(public, replace(fresh, left_out=(300,)))))


def test_nothing_was_read() -> None:
    result = monitor(plan()).find({})
    assert (result.word, result.reason) == (
        VerdictWord.INSUFFICIENT_POWER,
        "no pair of a public and a fresh sample was read",
    )


@pytest.mark.parametrize("position", [-1, -2])
def test_repeats_of_a_check_are_no_pairs(position: int) -> None:
    found = monitor(plan())
    found.observe(replace(scores(PUBLIC, [1])[0], position=position))
    assert found.pairs.n == 0
    assert found.heads == {PUBLIC: 0, FRESH: 0}
