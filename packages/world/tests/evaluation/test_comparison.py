"""Comparing two models: paired by episode, ahead only where the interval excludes 0."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from steelyard.errors import InputError
from steelyard_world.evaluation.comparison import ahead, compare_results, differences
from steelyard_world.evaluation.result import Results, TestResult


def results(scores: Any, model: str, **other: Any) -> list[TestResult]:
    """One result a row."""
    units = tuple(map(str, range(len(scores[0]))))
    given: dict[str, Any] = {"test": "planning", "world": "two-room", "units": units} | other
    return [
        TestResult(model=model, training_seed=seed, scores=tuple(map(float, row)), **given)
        for seed, row in enumerate(scores)
    ]


def test_hard_and_easy_scenes_do_not_hide_a_difference() -> None:
    rng = np.random.default_rng(0)
    scenes = rng.normal(size=50) * 10
    one, other = (scenes + gain + rng.normal(size=(3, 50)) * 0.1 for gain in (0.5, 0.0))
    found = compare_results(results(one, "jepa"), results(other, "pixel"))
    assert found.difference == pytest.approx(0.5, abs=0.05)
    assert ahead(found) == "first"
    assert ahead(compare_results(results(other, "pixel"), results(one, "jepa"))) == "second"
    worse = compare_results(results(one, "jepa", better="lower"), results(other, "pixel", better="lower"))
    assert ahead(worse) == "second"


def test_a_difference_whose_interval_has_0_puts_neither_ahead() -> None:
    rng = np.random.default_rng(1)
    assert ahead(compare_results(results(rng.random((3, 20)), "a"), results(rng.random((3, 20)), "b"))) == "neither"


def test_neither_is_ahead_with_fewer_than_three_trainings_on_each_side() -> None:
    found = compare_results(results(np.ones((2, 40)), "a"), results(np.zeros((3, 40)), "b"))
    assert found.low > 0
    assert ahead(found) == "neither"
    assert found.notes == ("neither is called ahead with fewer than 3 trainings on each side",)


def test_where_nothing_varies_the_interval_is_that_of_the_episodes() -> None:
    few = compare_results(results(np.ones((3, 2)), "a"), results(np.zeros((3, 2)), "b"))
    assert few.low < 0 < few.difference == few.high == 1
    assert ahead(few) == "neither"
    many = compare_results(results(np.ones((3, 40)), "a"), results(np.zeros((3, 40)), "b"))
    assert 0.8 < many.low < 1
    assert ahead(many) == "first"


def test_other_episodes_are_refused_and_other_settings_noted() -> None:
    with pytest.raises(InputError, match="other episodes"):
        compare_results(results([[1, 0]], "a"), results([[1, 0]], "b", units=("0", "9")))
    found = compare_results(
        results([[1, 0]], "a", settings={"horizon": 8}), results([[1, 0]], "b", settings={"horizon": 4})
    )
    assert found.notes[1:] == ("horizon was 8 for the first and 4 for the second",)


def test_only_what_both_were_tested_on_is_compared() -> None:
    one = Results(results=(*results([[1, 0]], "a"), *results([[1, 0]], "a", test="robustness", condition="size")))
    found, alone = differences(one, Results(results=tuple(results([[0, 1]], "b"))))
    assert [each.test for each in found] == ["planning"]
    assert alone == ["robustness size in two-room"]
    with pytest.raises(InputError, match="no test in common"):
        differences(one, Results(results=tuple(results([[0, 1]], "b", world="push"))))
