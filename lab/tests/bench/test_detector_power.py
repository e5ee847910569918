"""Power of one claim and of twins: small runs, through the code that audits use."""

from __future__ import annotations

import numpy as np

from bench.detector_power import claim, exact_of, found_of, twins_found


def test_a_claim_has_the_variance_that_it_should() -> None:
    vendor = claim(200, 0.0, np.random.default_rng(1))
    chances = vendor.rows[0].public
    assert (chances.mean(), (chances * (1 - chances)).mean()) == (0.75, 0.05)


def test_greedy_claims_beyond_the_tolerance_are_always_found_and_others_never() -> None:
    missed, accused, asked = exact_of(100, 6)
    assert (missed, accused) == (0, 0)
    assert 0 < asked <= 1


def test_sampled_claims_are_found_where_they_are_far_off() -> None:
    assert found_of(100, 0.3, 0.05, 5) == 5
    assert found_of(100, 0.0, 0.05, 5) <= 1


def test_a_large_gap_between_twins_is_found_and_none_is_not() -> None:
    assert twins_found(300, 0.3, 50) >= 48
    assert twins_found(300, 0.0, 200) <= 8
