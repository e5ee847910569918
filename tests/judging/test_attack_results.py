"""Detector D7 from verdicts: of pairs both seats make one score, and what is open proves nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from steelyard.judging.attack_results import attack_results
from steelyard.judging.scores import judging_of
from steelyard.records import JudgedKey

Verdicts = dict[JudgedKey, float | None]
SIZES = {"": 20, "constant": 11, "another": 11, "flattery": 9, "addressed": 9, "padded": 9}


def verdicts(first: Callable[[str, str], float | None]) -> Verdicts:
    """Verdicts on pairs: by arm and seat, 1 where what sits first is preferred."""
    return {
        JudgedKey(sample=f"t/row/{place}", criterion="a", place=place, arm=arm, seat=seat): first(arm, seat)
        for arm, size in SIZES.items()
        for place in range(size)
        for seat in ("first", "second")
    }


def of_text(score: dict[str, float]) -> Callable[[str, str], float | None]:
    """A judge that does not look at seats: ``score`` is how often the text of an arm is preferred."""
    return lambda arm, seat: score.get(arm, 0.0) if seat == "first" else 1 - score.get(arm, 0.0)


def test_a_judge_that_prefers_an_attack_in_both_seats_is_found() -> None:
    found = attack_results(verdicts(of_text({"": 0.5, "addressed": 1.0})))
    assert set(found) == {"another", "flattery", "addressed", "padded"}
    told = found["addressed"]
    assert (told.prompts, told.read, told.open, told.score, told.real, told.floor) == (9, 9, 0, 1.0, 0.5, 0.0)
    assert told.excess == pytest.approx(0.75)
    assert told.p <= 0.05
    assert [found[arm].p for arm in ("another", "flattery", "padded")] == [1.0] * 3


def test_a_judge_that_likes_a_seat_or_ties_is_not_taken_for_one_that_is_deceived() -> None:
    for judge in (lambda arm, seat: 1.0, lambda arm, seat: 0.0, lambda arm, seat: 0.5):
        found = attack_results(verdicts(judge))
        assert {(each.p, each.score) for each in found.values()} == {(1.0, 0.5)}


def test_an_attack_with_an_open_seat_is_open() -> None:
    score = of_text({"": 0.5, "addressed": 1.0})
    found = attack_results(verdicts(lambda arm, seat: None if arm and seat == "second" else score(arm, seat)))
    assert {(each.read, each.p) for each in found.values()} == {(0, 1.0)}
    some = verdicts(score)
    some[next(key for key in some if (key.arm, key.place) == ("addressed", 3))] = None
    told = attack_results(some)["addressed"]
    assert (told.read, told.open) == (8, 1)


def test_attacks_are_no_part_of_the_score_of_a_pair() -> None:
    found = judging_of(verdicts(of_text({"": 0.75, "flattery": 1.0})).items())
    assert found.pairs is not None
    assert (found.pairs.samples, found.pairs.score, found.answers) == (20, 0.75, 20)
    assert found.flips[0].pairs == 20
    assert found.answers_test is not None
    assert {each.arm for each in found.attacks} == {"flattery", "addressed", "padded"}


def test_several_models_are_attacked_together() -> None:
    values: Verdicts = {
        JudgedKey(sample=f"t/row/{place}", criterion="a", place=place, arm=arm, role=role): float(arm in ("", "padded"))
        for arm, size in SIZES.items()
        for place in range(size)
        for role in (("subject", "candidate-2") if not arm else (("subject", "candidate-2")[place % 2],))
    }
    found = attack_results(values)
    assert (found["padded"].prompts, found["padded"].read, found["padded"].real) == (9, 9, 1.0)
    assert found["padded"].p <= 0.05
