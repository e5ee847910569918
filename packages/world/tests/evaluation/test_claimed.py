"""What is stated as a difference: what Holm leaves of all sentences together, from five trainings on."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.stats.multiplicity import weighted_holm
from steelyard_world.evaluation.claimed import Decided, decide, factor_sentence, family, sentence
from steelyard_world.evaluation.efficiency import CurveComparison, compare_curves
from steelyard_world.stats.crossed import Estimate, Interval

_SIZES = (270.0, 900.0)


def _gap(estimate: float, p: float) -> Estimate:
    return Estimate(estimate, estimate - 0.1, estimate + 0.1, 0.05, 8.0, p)


def _comparison(whole: Estimate, *single: Estimate, trainings: int = 5) -> CurveComparison:
    return CurveComparison("jepa", "pixel", _SIZES[: len(single)], single, whole, trainings, 64)


@given(st.lists(st.floats(0, 1), min_size=2, max_size=30))
def test_holm_is_over_averages_and_single_sizes_together(values: list[float]) -> None:
    found = [_comparison(_gap(0.2, first), _gap(0.2, second)) for first, second in pairwise(values)]
    flat = [p for first, second in pairwise(values) for p in (first, second)]
    stays = [each for one in decide(found) for each in (one.average, *one.sizes)]
    assert stays == weighted_holm(flat, [1.0] * len(flat), 0.05)


def test_a_difference_that_holm_does_not_leave_is_undecided_though_its_interval_excludes_zero() -> None:
    weak = _comparison(_gap(0.2, 0.04), _gap(0.2, 0.04), _gap(-0.3, 1e-6))
    words = sentence(weak, decide([weak])[0], "goals reached", "frames")
    assert words.startswith(
        "On average over sizes from 270 to 900 frames, these data do not show whether jepa or pixel"
    )
    assert words.endswith("by single size, lower at 900; undecided at 270 frames.")


def test_what_holm_leaves_is_said_in_its_direction() -> None:
    strong = _comparison(_gap(0.2, 1e-5), _gap(0.2, 1e-5), _gap(0.1, 0.5))
    words = sentence(strong, decide([strong])[0], "goals reached", "frames")
    assert "jepa scores higher than pixel in goals reached: +0.200 [+0.100, +0.300] (5 trainings each" in words
    assert words.endswith("higher at 270; undecided at 900 frames.")
    assert "3 differences" in family([strong], decide([strong]))
    assert "2 are left" in family([strong], decide([strong]))


@pytest.mark.parametrize("trainings", [1, 3, 4])
def test_fewer_than_five_trainings_are_a_preview_that_states_nothing(trainings: int) -> None:
    few = _comparison(_gap(0.5, 1e-9), _gap(0.5, 1e-9), _gap(0.5, 1e-9), trainings=trainings)
    (decided,) = decide([few])
    assert decided == Decided(False, (False, False))
    words = sentence(few, decided, "goals reached", "frames")
    assert words.startswith("Preview: ")
    assert not {"higher", "lower", "better"} & set(words.split())
    assert family([few], [decided]).startswith(f"A preview: {trainings} trainings")
    assert factor_sentence(Interval(8.0, 2.0, 20.0), few, decided, 0.8, "frames").startswith("Preview: ")


@pytest.mark.parametrize(
    ("times", "average", "stated"),
    [
        (Interval(8.0, 2.0, np.inf), True, True),
        (Interval(1.4, 1.0, np.inf), True, False),
        (Interval(0.5, 0.3, 0.8), True, True),
        (Interval(8.0, 2.0, 20.0), False, False),
    ],
)
def test_a_factor_is_stated_where_its_interval_excludes_1_and_holm_left_the_average(
    times: Interval, average: bool, stated: bool
) -> None:
    words = factor_sentence(times, _comparison(_gap(0.2, 0.001)), Decided(average, ()), 0.8, "frames")
    assert ("pixel needs 8.0" in words or "pixel needs 0.5" in words) is stated
    assert ("do not show" in words) is not stated


def test_no_comparison_makes_no_sentence() -> None:
    assert family([], decide([])) == ""


def test_of_equal_kinds_a_difference_is_rarely_stated_in_a_whole_report() -> None:
    """Six pairs of four equal kinds over three sizes, trainings and units alike: one false sentence in 20 reports."""
    rng, falsely = np.random.default_rng(7), 0
    for _ in range(150):
        units = rng.normal(0, 0.2, (1, 64))
        kinds = {}
        for name in "abcd":
            trainings = rng.normal(0, 0.08, (5, 1))
            rates = (0.3, 0.5, 0.7)
            kinds[name] = {
                10.0**place: (rng.random((5, 64)) < np.clip(rate + trainings + units, 0, 1)).astype(float)
                for place, rate in enumerate(rates, 2)
            }
        pairs = [(one, other) for one in kinds for other in kinds if one < other]
        found = [compare_curves((one, kinds[one]), (other, kinds[other])) for one, other in pairs]
        falsely += any(each.average or any(each.sizes) for each in decide(found))
    assert falsely <= 14  # of 150 at 5 %, within Monte-Carlo error: 7.5 + 2.4 × 2.7
