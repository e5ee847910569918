"""Order at work: all stretches are read whatever came first, and what they show then."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

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
from steelyard.stats.series import series_share
from steelyard_forensics.order.detector import Order
from steelyard_forensics.order.monitor import OrderMonitor
from steelyard_forensics.stats.rank_sum import rank_sum_p

ID = "01-t"
Ranks = Sequence[int | None]


def plan(stretches: int = 50, **changes: object) -> Plan:
    test = PlannedTest(
        id="order-00-t", rule="order@1", weight=0.2, null="n", reads=(Reads(measurement=ID, scorer="rank@1"),)
    )
    asked = Measurement(
        id=ID, task="t", prompt="q", kind="loglikelihood", scorers=("rank@1",), population=stretches,
        samples_root="cd", order_seed="o", arm="order", drawn="order", beside="00-t", seed="5eed",
    )  # fmt: skip
    return Plan(
        format=PLAN_FORMAT, software="s", created="c",
        models={SUBJECT: PlannedModel(identity=ModelIdentity(uri="openai:m@http://h/v1"))},
        measurements=(replace(asked, **changes),),
        tests=(Order().seal(test, None),), alpha=0.05,  # type: ignore[arg-type]
    )  # fmt: skip


def scores(ranks: Ranks) -> list[SampleScore]:
    return [
        SampleScore(
            measurement=ID, position=place, sample=f"t/order/{place}", repeat=0,
            status="missing" if rank is None else "scored", value=None if rank is None else rank / 20,
            scorer="rank@1", seq=place,
        )
        for place, rank in enumerate(ranks)
    ]  # fmt: skip


def fed(ranks: Ranks, of: int | None = None, shuffle: int | None = None) -> OrderMonitor:
    planned = plan(len(ranks) if of is None else of)
    found = Order().open(planned.tests[0], planned)
    everything = scores(ranks)
    if shuffle is not None:
        random.Random(shuffle).shuffle(everything)
    for score in everything:
        found.observe(score)
    return found


def uniform(count: int, seed: int = 1) -> list[int]:
    source = random.Random(seed)
    return [source.randrange(21) for _ in range(count)]


@given(st.integers(0, 10**6))
def test_what_it_shows_does_not_depend_on_what_came_first(shuffle: int) -> None:
    assert fed(uniform(50), shuffle=shuffle).find({}) == fed(uniform(50)).find({})


def test_a_file_that_is_known_in_its_order_is_found() -> None:
    result = fed([20, 15] * 25).find({})
    assert result.word is VerdictWord.INCONSISTENT
    assert result.p == pytest.approx(rank_sum_p(875, 20, 50))
    (finding,) = result.findings
    assert (finding.effect, finding.n) == (0.875, 50)
    assert finding.message.startswith("in 50 stretches of the file its order is likelier than 88 % of other orders")
    assert "does not show how it came to know it" in finding.message
    assert any("one draw" in each for each in finding.assumptions)
    assert 0.6 < (finding.mde or 0) < 0.75


def test_ranks_in_the_middle_are_consistent() -> None:
    result = fed([10] * 50).find({})
    assert result.word is VerdictWord.CONSISTENT
    assert result.reason.startswith(
        "that is less than 70 %: in 50 stretches of the file its order is likelier than 50 %"
    )


def test_what_decides_nothing_says_what_would_be_seen() -> None:
    result = fed([10, 16] * 10).find({})
    assert result.word is VerdictWord.INSUFFICIENT_POWER
    assert result.reason.endswith("% are seen with a chance of 90 %")
    assert fed([5]).find({}).reason.endswith("so few show none at this level")


@given(st.lists(st.integers(0, 20), min_size=50, max_size=50), st.sets(st.integers(0, 49)))
def test_missing_answers_speak_for_the_model(ranks: list[int], missing: set[int]) -> None:
    whole = fed(ranks).find({})
    part = fed([None if place in missing else rank for place, rank in enumerate(ranks)]).find({})
    assert (part.p or 0) >= (whole.p or 1)
    if part.word is VerdictWord.CONSISTENT:
        assert whole.word is VerdictWord.CONSISTENT


def test_none_of_them_shows_nothing() -> None:
    result = fed([None] * 50).find({})
    assert (result.word, result.p, result.reason) == (
        VerdictWord.INSUFFICIENT_POWER, 1, "no stretch of the file was read",
    )  # fmt: skip


def test_nothing_stops_it_early_and_all_of_it_is_asked() -> None:
    found = fed([20] * 49, of=50)
    assert (found.closed, found.heads, found.progress().remaining) == (frozenset(), {ID: 49}, 1)
    assert found.find({}).p == pytest.approx(rank_sum_p(980, 20, 50))
    found.observe(scores([20] * 50)[-1])
    assert (found.closed, found.heads, found.progress().remaining) == (frozenset((ID,)), {ID: 50}, 0)


def test_a_gap_is_waited_for_and_what_was_not_planned_is_not_read() -> None:
    found = fed([], of=5)
    for score in (scores([20] * 5)[3], replace(scores([20])[0], position=-1), replace(scores([20])[0], position=7)):
        found.observe(score)
    assert found.heads == {ID: 0}
    assert len(found.find({}).findings) == 1
    assert found.find({}).p == pytest.approx(rank_sum_p(20, 20, 5))


def test_of_models_to_which_the_order_means_nothing_few_are_accused_and_most_are_consistent() -> None:
    """At the level of a first audit, .05 · 6/π² · .2, and with one answer in ten missing."""
    level, runs, accused, consistent = 0.05 * series_share(1) * 0.2, 600, 0, 0
    for seed in range(runs):
        ranks: Ranks = uniform(50, seed)
        accused += rank_sum_p(sum(rank or 0 for rank in ranks), 20, 50) <= level
        if seed % 12 == 0:
            consistent += fed(ranks).find({}).word is VerdictWord.CONSISTENT
    assert accused <= 12  # 3.6 are expected
    assert consistent >= 45  # of 50
