"""Size and power of *inconsistent* about a recipe, by seeded simulation of the real test (lab/bench/recipes.py)."""

from __future__ import annotations

import pytest

from bench.recipes import ALPHA, EDGE, TRAININGS, Recipe, measure, recipes
from steelyard.stats.intervals import clopper_pearson

AUDITS = 150


@pytest.mark.parametrize("trainings", TRAININGS)
@pytest.mark.parametrize("questions_differ", [False, True])
def test_a_recipe_that_has_its_claim_is_accused_within_the_level(trainings: int, questions_differ: bool) -> None:
    row = measure(Recipe(trainings, EDGE, questions_differ=questions_differ), AUDITS)
    assert clopper_pearson(row.inconsistent, AUDITS)[0] <= ALPHA
    assert row.inconsistent <= row.without_margin


def test_more_trainings_find_a_recipe_that_is_ten_points_below() -> None:
    few, many = (measure(Recipe(trainings, 0.475), AUDITS).inconsistent for trainings in (3, 10))
    assert many > few


def test_the_table_has_every_number_of_trainings_at_the_edge_and_below() -> None:
    assert {(each.trainings, each.mean) for each in recipes()} >= {
        (n, mean) for n in (3, 5, 10) for mean in (0.575, 0.5)
    }
