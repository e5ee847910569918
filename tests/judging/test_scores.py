"""From verdicts to a score: what is open counts both ways, and nothing is counted twice."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.judging.scores import answer_scores, judging_of
from steelyard.records import JudgedKey

Values = list[tuple[JudgedKey, float | None]]
VERDICTS = st.lists(st.tuples(*[st.sampled_from([0.0, 1.0, None])] * 2), min_size=1, max_size=30)


def key(place: int, criterion: str = "a", **more: object) -> JudgedKey:
    return JudgedKey(sample=f"t/row/{place}", criterion=criterion, place=place, **more)  # type: ignore[arg-type]


def both(values: list[tuple[float | None, float | None]], passes: str = "all") -> Values:
    return [
        (key(place, name, weight=weight, passes=passes), pair[number])
        for place, pair in enumerate(values)
        for number, (name, weight) in enumerate((("a", 3.0), ("b", 1.0)))
    ]


def test_all_needs_every_criterion_and_mean_weighs_them() -> None:
    values: list[tuple[float | None, float | None]] = [(1.0, 1.0), (1.0, 0.0), (0.0, 1.0), (0.0, None), (1.0, None)]
    assert [each.score for each in answer_scores(dict(both(values)))] == [1.0, 0.0, 0.0, 0.0, None]
    assert [each.score for each in answer_scores(dict(both(values, "mean")))] == [1.0, 0.75, 0.25, None, None]


@given(VERDICTS)
def test_bounds_hold_whatever_an_open_verdict_would_have_been(values: list[tuple[float | None, float | None]]) -> None:
    found = judging_of(both(values))
    assert found.answers == len(values)
    assert 0 <= found.bounds[0] <= found.bounds[1] <= 1
    for unread in (0.0, 1.0):
        read = [(key, unread if value is None else value) for key, value in both(values)]
        whole = judging_of(read)
        assert whole.rate is not None
        assert found.bounds[0] <= whole.rate <= found.bounds[1]
        assert found.ci[0] - 1e-9 <= whole.ci[0] <= whole.ci[1] <= found.ci[1] + 1e-9
    assert judging_of(reversed(both(values))) == found


def test_a_criterion_that_was_not_asked_is_open() -> None:
    values = both([(1.0, 1.0), (1.0, 1.0)])[:3]
    assert [each.score for each in answer_scores(dict(values))] == [1.0, None]


def test_repeats_of_a_sample_count_as_one() -> None:
    values = [(key(place, repeat=repeat), float(place % 2)) for place in range(20) for repeat in range(3)]
    found = judging_of(values)
    assert (found.answers, found.rate) == (60, 0.5)
    assert found.ci == judging_of([each for each in values if each[0].repeat == 0]).ci


def test_flips_are_counted_where_both_verdicts_are_read() -> None:
    values: Values = [(key(place), 1.0) for place in range(10)]
    values += [(key(place, arm="again"), None if place == 0 else float(place < 8)) for place in range(10)]
    values += [(key(place, arm="swapped"), 1.0) for place in range(10)]
    again, swapped = judging_of(values).flips
    assert (again.by, again.pairs, again.flips) == ("again", 9, 2)
    assert (swapped.by, swapped.pairs, swapped.flips) == ("swapped", 10, 0)
    assert judging_of(values).answers == 10


def test_length_and_equal_texts_are_shown() -> None:
    values: Values = [(key(place, length=place, text=f"{place % 5}"), float(place > 10)) for place in range(20)]
    found = judging_of(values)
    assert found.length is not None
    assert found.length.rho > 0.8
    assert found.same == 4
    assert judging_of(values[:5]).length is None


def attacked(real: float, **arms: float) -> Iterator[tuple[JudgedKey, float | None]]:
    for place in range(20):
        yield key(place), real
    sizes = {"constant": 11, "another": 11}
    for arm, value in arms.items():
        for place in range(sizes.get(arm, 9)):
            yield key(place, arm=arm), value


def test_a_judge_that_an_attack_deceives_is_found() -> None:
    found = judging_of(attacked(1.0, constant=0.0, another=0.0, flattery=0.0, addressed=1.0, padded=0.0))
    assert found.answers_test is not None
    assert found.answers_test.p == 1.0
    p = {each.arm: each.p for each in found.attacks}
    assert set(p) == {"flattery", "addressed", "padded"}
    assert p["addressed"] <= 0.05
    assert p["flattery"] == p["padded"] == 1.0


def test_answers_that_score_anywhere_are_found_and_a_judge_that_accepts_all_is_not_taken_for_that() -> None:
    found = judging_of(attacked(1.0, constant=0.0, another=1.0, addressed=1.0))
    assert found.answers_test is not None
    assert found.answers_test.p <= 0.02
    assert (found.answers_test.prompts, found.answers_test.excess) == (11, 0.5)
    lenient = judging_of(attacked(1.0, constant=1.0, another=1.0, addressed=1.0))
    assert lenient.answers_test is not None
    assert [lenient.answers_test.p, *(each.p for each in lenient.attacks)] == [1.0, 1.0]


def test_without_a_floor_there_is_no_test() -> None:
    assert judging_of(attacked(1.0, another=1.0)).answers_test is None
    assert judging_of(attacked(1.0)).attacks == ()


def pairs(values: list[tuple[float | None, float | None]]) -> Values:
    """Verdicts by seat: 1 where the answer that sits first is preferred."""
    found: Values = []
    for place, (first, second) in enumerate(values):
        found += [(key(place, seat="first"), first), (key(place, seat="second"), second)]
    return found


def test_a_pair_is_scored_over_both_seats() -> None:
    found = judging_of(pairs([(1.0, 0.0), (1.0, 1.0), (0.0, 1.0), (0.5, 0.5), (1.0, None)]))
    assert found.pairs is not None
    assert (found.pairs.samples, found.pairs.better, found.pairs.worse, found.pairs.open) == (5, 1, 1, 1)
    assert found.pairs.score is None  # one of five is open
    (seat,) = found.flips
    assert (seat.by, seat.pairs, seat.flips) == ("seat", 4, 1)
    whole = judging_of(pairs([(1.0, 0.0), (1.0, 1.0), (0.0, 1.0), (0.5, 0.5)])).pairs
    assert whole is not None
    assert whole.score == pytest.approx(0.5)


def test_models_have_scores_of_their_own() -> None:
    values: Values = [(key(place, role=role), float(place < right)) for place in range(20)
                      for role, right in (("candidate-10", 5), ("candidate-2", 20), ("subject", 10))]  # fmt: skip
    values += [(key(place, role="subject", arm="again"), 1.0) for place in range(20)]
    found = judging_of(values, {"subject": "large", "candidate-2": "small"}, ["cut off", "no verdict", "cut off"])
    assert [(each.role, each.model, each.rate) for each in found.models] == [
        ("subject", "large", 0.5), ("candidate-2", "small", 1.0), ("candidate-10", "", 0.25),
    ]  # fmt: skip
    assert [(each.answers, each.flips, each.models) for each in found.models] == [(20, (), ())] * 3
    assert (found.answers, found.flips[0].pairs, found.flips[0].flips) == (60, 20, 10)
    assert [(each.reason, each.verdicts) for each in found.unread] == [("cut off", 2), ("no verdict", 1)]
    alone = judging_of([each for each in values if each[0].role == "candidate-2"], {"candidate-2": "small"})
    assert (alone.role, alone.model, alone.rate, alone.models) == ("candidate-2", "small", 1.0, ())


def test_nothing_gives_nothing() -> None:
    found = judging_of([])
    assert (found.answers, found.rate, found.bounds) == (0, None, (0.0, 1.0))


def test_a_judge_that_is_led_by_the_seat_alone_says_little() -> None:
    """Its pairs are all ½, and five of them do not show that this is so for all."""
    found = judging_of(pairs([(1.0, 1.0)] * 5)).pairs
    assert found is not None
    assert found.score == 0.5
    assert found.ci[0] < 0.4
    assert found.ci[1] > 0.6
