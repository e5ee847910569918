"""Distances in any order of arrival: bets in the committed one, and words."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from packages.forensics.tests.next_token.test_detector import planned
from steelyard.records import PlannedTest, SampleScore, VerdictWord
from steelyard_forensics.next_token.detector import NextToken
from steelyard_forensics.next_token.monitor import NextTokenMonitor

PLAN = planned()
TEST: PlannedTest = next(each for each in PLAN.tests if each.rule == "next_token@1")
MEASUREMENT = PLAN.measurements[-1].id


def monitor() -> NextTokenMonitor:
    return NextToken().open(TEST, PLAN)


def scores(position: int, least: float | None, most: float | None = None) -> list[SampleScore]:
    values = (least, least if most is None else most)
    return [
        SampleScore(
            measurement=MEASUREMENT,
            position=position,
            sample=str(position),
            repeat=0,
            status="missing" if value is None else "scored",
            value=value,
            scorer=reads.scorer,
            seq=position,
        )
        for reads, value in zip(TEST.reads, values, strict=True)
    ]


def read(distances: Sequence[float | None], shuffled: bool = False) -> NextTokenMonitor:
    found = monitor()
    every = [score for place, value in enumerate(distances) for score in scores(place, value)]
    if shuffled:
        random.Random(7).shuffle(every)
    for score in every:
        found.observe(score)
    return found


def test_another_model_is_inconsistent_and_the_finding_says_by_how_much() -> None:
    found = read([0.5] * 20)
    result = found.find({})
    assert found.decision is result.word is VerdictWord.INCONSISTENT
    (finding,) = result.findings
    assert (finding.n or 99) < 12
    assert finding.effect == pytest.approx(0.5)
    assert finding.ci is not None
    assert finding.ci[0] < 0.5 < finding.ci[1]
    assert "is not what the reference's weights (SHA-256 aaaaaaaaaaaaaaaa…) expect" in finding.message
    assert (
        f"after {finding.n} of {finding.n} prompts their log-probabilities differ by more than 0.25" in finding.message
    )
    assert "may be so far off after 5 % of prompts, spread at random" in finding.message
    assert finding.null.startswith("after each prompt, whatever came before it")
    assert any("does not come in bursts" in each for each in finding.assumptions)
    assert found.closed == {MEASUREMENT}
    assert found.progress().decision == "inconsistent"
    assert not result.reason


def test_a_small_distance_is_consistent_to_within_what_the_plan_says() -> None:
    result = read([0.06] * 100).find({})
    assert result.word is VerdictWord.CONSISTENT
    assert "by more than 0.25 nat after less than 20 % of prompts: after 0 of 2" in result.reason


def test_what_other_software_moves_a_little_after_every_prompt_accuses_nobody() -> None:
    result = read([0.24] * 100).find({})
    assert result.word is VerdictWord.CONSISTENT
    assert result.p == 1


def test_another_model_behind_some_prompts_shows() -> None:
    found = read([0.5 if place % 4 == 3 else 0.05 for place in range(100)])
    assert found.decision is VerdictWord.INCONSISTENT


def test_one_between_stays_undecided() -> None:
    found = read([0.5 if place % 9 == 8 else 0.05 for place in range(100)])
    result = found.find({})
    assert found.decision is None
    assert result.word is VerdictWord.INSUFFICIENT_POWER
    assert (result.p or 0) > 0.05
    assert (
        "after 11 of 100 prompts their log-probabilities differ by more than 0.25 nat, and by 0.10 on average"
        in result.reason
    )
    assert found.closed == {MEASUREMENT}


def test_the_order_of_arrival_changes_nothing() -> None:
    distances = [0.05 if place % 5 else 0.3 for place in range(12)]
    one, other = read(distances), read(distances, shuffled=True)
    assert one.find({}) == other.find({})
    assert one.bets.n == 12


def test_only_the_contiguous_prefix_is_read() -> None:
    found = monitor()
    for score in [*scores(0, 0.1), *scores(2, 1.0), *scores(3, 1.0)]:
        found.observe(score)
    assert (found.bets.n, found.heads) == (1, {MEASUREMENT: 1})
    assert found.progress().remaining == 99


def test_what_is_missing_or_half_accuses_nobody_and_confirms_nobody() -> None:
    found = read([None] * 50)
    assert (found.bets.n, found.unread, found.decision) == (50, 50, None)
    assert "50 brought no next tokens" in found.find({}).reason
    half = monitor()
    half.observe(scores(0, 1.0)[0])
    assert half.bets.n == 0
    swapped = monitor()
    for score in scores(0, 0.9, 0.1):
        swapped.observe(score)
    assert (swapped.unread, swapped.bets.highest) == (1, 1.0)


def test_scores_of_another_rule_are_not_read() -> None:
    found = monitor()
    for score in scores(0, 1.0):
        found.observe(replace(score, scorer="x@1"))
    assert found.bets.n == 0


def test_nothing_read_is_said() -> None:
    result = monitor().find({})
    assert result.reason == "no prompt was read"
    assert result.findings[0].effect is None


def test_five_far_prompts_of_a_hundred_accuse_in_one_burst_and_not_spread() -> None:
    spread = read([0.5 if place % 20 == 10 else 0.06 for place in range(100)])
    burst = read([0.5 if place < 5 else 0.06 for place in range(100)])
    assert spread.find({}).word is not VerdictWord.INCONSISTENT
    assert burst.find({}).word is VerdictWord.INCONSISTENT
