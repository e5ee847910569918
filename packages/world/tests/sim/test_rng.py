"""Numbers from seeds are uniform or normal, and independent."""

from __future__ import annotations

import numpy as np

from steelyard_world.sim.rng import standard_normal, uniform


def test_numbers_are_uniform_and_those_of_neighbouring_seeds_and_streams_are_unrelated() -> None:
    numbers = uniform(range(2000), 20)
    assert 0 <= numbers.min() < numbers.max() < 1
    assert abs(numbers.mean() - 0.5) < 0.005
    assert abs(numbers.var() - 1 / 12) < 0.002
    for first, second in ((numbers[1:, 0], numbers[:-1, 0]), (numbers[:, 0], uniform(range(2000), 20, 1)[:, 0])):
        assert abs(np.corrcoef(first, second)[0, 1]) < 0.08


def test_normal_numbers_have_mean_0_deviation_1_and_the_right_tails() -> None:
    numbers = standard_normal(range(2000), 50)
    assert abs(numbers.mean()) < 0.02
    assert abs(numbers.std() - 1) < 0.02
    assert abs((np.abs(numbers) > 1.96).mean() - 0.05) < 0.004


def test_numbers_are_the_same_on_every_machine() -> None:
    assert uniform([2**31], 2)[0].tolist() == [0.9615065439966878, 0.266549965234527]
