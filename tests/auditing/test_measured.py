"""What a measurement comes to: which interval is given when, and what widens it."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.auditing.measured import Tally
from steelyard.records import MeanScore, Measurement, SampleScore
from steelyard.stats.bounded_mean import bounded_mean_interval
from steelyard.stats.clustered import clustered_interval
from steelyard.stats.intervals import confidence_sequence, wilson


def tally(
    scores: Sequence[float | None],
    of: int | None = None,
    groups: list[str] | None = None,
    scorer: str = "s",
    **changes: Any,
) -> Tally:
    """A tally after these scores, None for a missing one, of a measurement of ``of`` samples."""
    repeats = changes.get("repeats", 1)
    measurement = Measurement(
        id="00-t", task="t", prompt="p", kind="generate", scorers=(scorer,),
        population=of or len(scores) // repeats, samples_root="0" * 64, order_seed="seed", **changes,
    )  # fmt: skip
    found = Tally(measurement, scorer)
    for place, value in enumerate(scores):
        found.observe(
            SampleScore(
                measurement="00-t", position=place, sample=str(place // repeats), repeat=place % repeats,
                status="missing" if value is None else "scored", value=value, scorer=scorer, seq=place,
                group=groups[place] if groups else "",
            )
        )  # fmt: skip
    return found


def test_before_the_first_answer_there_is_none() -> None:
    assert tally([], of=5).interval is None


def test_of_all_that_was_planned_it_is_wilsons() -> None:
    assert tally([1.0] * 7 + [0.0] * 3).interval == wilson(7, 10)
    assert tally([1.0] * 6 + [None] + [0.0] * 3).interval == (wilson(6, 10)[0], wilson(7, 10)[1])
    assert tally([1.0] * 7 + [0.0] * 3, of=300, limit=10).interval == wilson(7, 10)


def test_where_less_was_asked_it_holds_at_every_stop() -> None:
    found = tally([1.0] * 7 + [None] + [0.0] * 2, of=20)
    assert found.interval == confidence_sequence(10, 7, 8, 20)
    # Ten of a limit of 15: the order is one of all 300.
    assert tally([1.0] * 10, of=300, limit=15).interval == confidence_sequence(10, 10, 10, 300)


def test_over_subtasks_it_is_wider_and_says_by_how_many() -> None:
    groups = [name for name in "abcdef" for _ in range(10)]
    values: list[float | None] = [float(name in "abc") for name in groups]
    found = tally(values, groups=groups)
    whole = [value for value in values if value is not None]
    assert found.interval == clustered_interval(whole, groups, 60)
    low, high = wilson(30, 60)
    assert found.interval is not None
    assert found.interval[0] < low - 0.1
    assert found.interval[1] > high + 0.1
    assert found.result((), "").clusters == 6


def test_only_a_full_score_counts_in_the_interval_over_subtasks() -> None:
    groups = ["a"] * 10 + ["b"] * 10
    assert tally([0.5] * 20, groups=groups).interval == tally([0.0] * 20, groups=groups).interval


@given(st.integers(0, 30), st.integers(2, 5), st.integers(0, 2**32))
def test_repeats_of_a_question_count_as_one_answer(asked: int, repeats: int, seed: int) -> None:
    drawn = random.Random(seed)
    scores = [drawn.choice([1.0, 0.0, None]) for _ in range(asked)]
    found = tally(scores, of=10, repeats=repeats).interval
    if not asked:
        assert found is None
        return
    assert found is not None
    assert 0 <= found[0] <= found[1] <= 1
    samples = max(1, asked // repeats)
    assert found[1] - found[0] >= wilson(0, samples)[1] - wilson(0, samples)[0] - 0.35


@pytest.mark.parametrize("asked", [0, 3])
def test_what_a_test_stopped_has_its_interval_in_the_claim(asked: int) -> None:
    result = tally([1.0] * asked, of=10).result(("claim",), "decided")
    assert (result.ci, result.reason) == (None, "decided")


SHARES = 'similarity[{"measure":"chrf"}]@1'


def mean_of(scores: Sequence[float | None], **given: Any) -> MeanScore:
    found = tally(scores, scorer=SHARES, **given).result((), "").mean
    assert found is not None
    return found


def test_shares_have_a_mean_beside_what_is_fully_right() -> None:
    scores: list[float | None] = [0.8, 0.9, 1.0, 0.7] * 20
    assert tally(scores).result((), "").mean is None
    result = tally(scores, scorer=SHARES).result((), "")
    assert result.measured == 0.25
    found = mean_of(scores)
    assert found.mean == pytest.approx(0.85)
    values = [value for value in scores if value is not None]
    assert found.ci == bounded_mean_interval(values, 80)
    assert mean_of(scores[:40], of=80).ci == bounded_mean_interval(values[:40], 80)  # valid at a stop


def test_missing_shares_are_read_both_ways_and_repeats_are_one() -> None:
    found = mean_of([0.5] * 36 + [None] * 4)
    assert found.mean is None
    assert found.bounds == pytest.approx((0.45, 0.55))
    assert found.ci[0] < 0.45
    assert found.ci[1] > 0.55
    assert mean_of([0.2, 0.6] * 30, repeats=2).ci == bounded_mean_interval([0.4] * 30, 30)


def test_over_subtasks_a_mean_is_clustered() -> None:
    groups = [name for name in "abcdef" for _ in range(10)]
    values: list[float | None] = [0.9 if name in "abc" else 0.5 for name in groups]
    found = mean_of(values, groups=groups)
    assert found.ci == clustered_interval([value for value in values if value is not None], groups, 60)
    assert found.ci[1] - found.ci[0] > 0.3


def test_repeats_have_one_interval_over_questions() -> None:
    """It covers in nearly 95 % of 500 runs of 40 questions with their own rates, each asked five times."""
    random_, covered = random.Random(20261127), 0
    for _ in range(500):
        rates = [random_.betavariate(2, 1) for _ in range(40)]
        found = tally([float(random_.random() < rate) for rate in rates for _ in range(5)], repeats=5)
        assert found.interval is not None
        covered += found.interval[0] <= 2 / 3 <= found.interval[1]
    assert covered >= 0.93 * 500


def test_repeats_that_are_all_alike_count_as_one_answer() -> None:
    found = tally([1.0] * 100, repeats=5)
    assert found.interval is not None
    assert found.interval[0] < wilson(20, 20)[0] < wilson(100, 100)[0]
    result = found.result((), "")
    assert result.ci == found.interval
    assert [each.k for each in result.pass_at_k] == [2, 5]
    missing = tally([1.0] * 50 + [None] * 5 + [0.0] * 45, repeats=5).interval
    whole = tally([1.0] * 50 + [0.0] * 50, repeats=5).interval
    assert missing is not None
    assert whole is not None
    assert missing[0] == whole[0]
    assert missing[1] > whole[1]
