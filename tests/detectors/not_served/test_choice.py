"""Which items are asked again: the same whatever arrives first, and never fewer when more arrives."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from steelyard.detectors.not_served.choice import Choice
from steelyard.records import SampleScore, Service
from testkit.plans import measurement

SERVICES: tuple[Service, ...] = ("answered", "answered", "failed", "timed_out", "refused")


def score(place: int, service: Service, sample: str = "") -> SampleScore:
    return SampleScore(
        measurement="00-t", position=place, sample=sample or f"t/{place}", repeat=0, status="missing", value=None,
        scorer="exact@5", service=service, seq=place,
    )  # fmt: skip


def choice(least: int = 2, again: int = 3, repeats: int = 1) -> Choice:
    first = measurement(population=50, repeats=repeats)
    return Choice(first, measurement(id="01-t", again=again, repeats=3, beside="00-t", order_seed="again"), least)


def test_the_first_that_failed_and_as_many_of_the_first_that_were_answered() -> None:
    found = choice()
    for place, service in enumerate(("answered", "failed", "timed_out", "answered", "answered", "failed")):
        found.observe_first(score(place, service))  # type: ignore[arg-type]
    assert (found.failed, found.answered, found.pairs) == ([1, 5], [0, 3, 4], 2)
    assert sorted(found.left()) == [0, 1, 2, 3, 4, 5, 9, 10, 11, 15, 16, 17]
    assert list(found.left()) != sorted(found.left())
    found.observe_again(score(4, "failed"))
    assert 4 not in found.left()
    assert found.strays() == []
    found.observe_again(score(6, "failed"))
    assert found.strays() == [6]


def test_too_few_are_not_asked_again_and_the_most_is_a_limit() -> None:
    found = choice(least=3)
    for place in range(20):
        found.observe_first(score(place, "failed" if place in (2, 5) else "answered"))
    assert (found.pairs, found.left()) == (0, [])
    for place in range(20, 40):
        found.observe_first(score(place, "failed"))
    assert (found.pairs, found.failed) == (3, [2, 5, 20])


def test_nothing_past_a_gap_and_nothing_of_the_repeat_check() -> None:
    found = choice(least=1)
    for place in (-1, 0, 1, 3):
        found.observe_first(score(place, "failed"))
    assert found.failed == [0, 1]


def test_an_item_that_is_asked_twice_counts_by_its_first_answer() -> None:
    found = choice(least=1, repeats=2)
    for place, (sample, service) in enumerate((("a", "answered"), ("b", "failed"), ("a", "failed"), ("b", "answered"))):
        found.observe_first(score(place, service, sample))  # type: ignore[arg-type]
    assert (found.answered, found.failed) == ([0], [1])


@given(st.randoms(use_true_random=False), st.lists(st.sampled_from(SERVICES), min_size=50, max_size=50))
def test_the_order_of_arrival_changes_nothing_and_nothing_is_taken_back(
    source: random.Random, services: list[Service]
) -> None:
    scores = [score(place, service) for place, service in enumerate(services)]
    in_order = choice()
    for each in scores:
        in_order.observe_first(each)
    source.shuffle(scores)
    found, before = choice(), set[int]()
    for each in scores:
        found.observe_first(each)
        left = set(found.left())
        assert before <= left
        before = left
    assert (found.failed, found.answered, list(found.left())) == (
        in_order.failed, in_order.answered, list(in_order.left()),
    )  # fmt: skip
    assert found.has_read
