"""The test over trainings: its numbers by hand, and its size where trainings vary, by simulation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import t as student

from steelyard.stats.trainings import mean_below


def test_with_equal_sizes_it_is_students_t_but_for_the_rounding_of_means() -> None:
    means = [0.51, 0.60, 0.57, 0.49]
    found = mean_below(means, [1_000_000] * 4, 0.6)
    t = (np.mean(means) - 0.6) / (np.std(means, ddof=1) / 2)
    assert found.t == pytest.approx(t, rel=1e-6)
    assert found.p == pytest.approx(student.cdf(t, 3), rel=1e-6)
    assert found.degrees == 3
    assert found.deviation == pytest.approx(np.std(means, ddof=1))


def test_unequal_sizes_have_fewer_degrees_of_freedom_but_nearly_as_many_where_they_nearly_agree() -> None:
    nearly = mean_below([0.5, 0.6, 0.7], [67, 67, 66], 0.6)
    assert 1.999 < nearly.degrees < 2
    assert 1 < mean_below([0.5, 0.6, 0.7], [100, 10, 10], 0.6).degrees < 1.9


def test_equal_means_are_no_proof_by_two_trainings_but_hopeless_ones_are() -> None:
    assert mean_below([0.57, 0.57], [100, 100], 0.58).p > 0.05
    assert mean_below([0.0, 0.0], [100, 100], 0.58).p < 0.0038
    assert mean_below([0.7, 0.8], [100, 100], 0.58).p > 0.9


@pytest.mark.parametrize(("means", "sizes"), [([0.5], [9]), ([0.5, 0.5], [9]), ([0.5, 0.5], [9, 0])])
def test_one_training_or_one_without_answers_is_refused(means: list[float], sizes: list[int]) -> None:
    with pytest.raises(ValueError, match="two or more"):
        mean_below(means, sizes, 0.5)


@pytest.mark.parametrize("trainings", [2, 3, 5, 10])
@pytest.mark.parametrize("spread", ["equal", "normal", "skewed"])
def test_a_recipe_at_the_edge_is_rejected_no_more_often_than_the_level(trainings: int, spread: str) -> None:
    """Also where trainings are not normal: most a little better, a few much worse. 2,000 recipes each, level .03."""
    random, edge, level, recipes = np.random.default_rng(trainings), 0.6, 0.0304, 2000
    noise = {
        "equal": np.zeros((recipes, trainings)),
        "normal": 0.05 * random.standard_normal((recipes, trainings)),
        "skewed": 0.05 * (1 - random.exponential(size=(recipes, trainings))),
    }[spread]
    sizes = [200 // trainings + (number < 200 % trainings) for number in range(trainings)]
    right = random.binomial(sizes, np.clip(edge + noise, 0, 1))
    rejected = sum(mean_below(list(each / np.array(sizes)), sizes, edge).p <= level for each in right)
    # A skewed mean is what Student's t is known not to hold for; the excess stays small.
    assert rejected / recipes <= (level if spread != "skewed" else 2 * level) + 3 * (level / recipes) ** 0.5
