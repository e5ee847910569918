"""Which noise moves which threshold: that of the vendor, ours, a choice of samples, a part of the benchmark."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.detectors.claim_retest.repeats import Noise
from steelyard.detectors.claim_retest.sealed import ClaimTest
from steelyard.detectors.claim_retest.thresholds import last_test, sealed_test, sequential_test
from steelyard.records import Claim
from testkit.plans import measurement

CLAIM = Claim(task="t", value="88.0")


def sealed(**changes: object) -> ClaimTest:
    levels = {"alpha_inconsistent": 0.05, "alpha_consistent": 0.05}
    return ClaimTest(claim=0, tolerance="2", **levels, **changes)  # type: ignore[arg-type]


def test_without_noise_both_thresholds_are_the_claims_own() -> None:
    found = sealed_test(sealed(), measurement(population=1000), CLAIM)
    assert (found.accuse, found.confirm, found.parts, found.noisy) == (860, 860, 1, False)  # 88.0 − .05 − 2 = 85.95 %


def test_a_vendors_noise_widens_the_threshold_that_accuses_alone() -> None:
    plain = sealed_test(sealed(), measurement(population=1000), CLAIM)
    vendors = sequential_test(sealed(), measurement(population=1000), CLAIM, Noise(vendor=0.2))
    assert vendors.accuse < plain.accuse
    assert vendors.confirm == plain.confirm
    both = sequential_test(sealed(), measurement(population=1000), CLAIM, Noise.of(0.2))
    assert both.accuse < vendors.accuse
    assert both.confirm > plain.confirm


@pytest.mark.parametrize(("changes", "least"), [({"claimed_samples": 60}, 700), ({"whole": 14_042}, 800)])
def test_a_choice_of_samples_widens_it_too(changes: dict[str, int], least: int) -> None:
    plain = sealed_test(sealed(), measurement(population=1000), CLAIM)
    chosen = sealed_test(sealed(**changes), measurement(population=1000), CLAIM)
    assert least < chosen.accuse < plain.accuse
    assert (chosen.confirm, chosen.parts) == (plain.confirm, 2)


def test_several_reasons_share_the_level() -> None:
    one = sealed_test(sealed(whole=14_042), measurement(population=1000), CLAIM)
    two = sealed_test(sealed(whole=14_042, claimed_samples=500), measurement(population=1000), CLAIM)
    three = sequential_test(
        sealed(whole=14_042, claimed_samples=500), measurement(population=1000), CLAIM, Noise.of(0.05)
    )
    assert three.accuse < two.accuse < one.accuse


def test_a_margin_that_guessing_would_reach_makes_a_claim_not_testable() -> None:
    found = sealed_test(sealed(claimed_samples=2), measurement(population=1000, chance=0.3), CLAIM)
    assert not found.testable


@given(st.floats(0, 0.25), st.floats(0, 0.25), st.integers(30, 300))
def test_more_noise_never_makes_either_verdict_easier(low: float, high: float, population: int) -> None:
    low, high = sorted((low, high))
    asked = measurement(population=population, repeats=2)
    less = last_test(sealed(varies=True), asked, CLAIM, Noise.of(low), low)
    more = last_test(sealed(varies=True), asked, CLAIM, Noise.of(high), high)
    assert (not more.testable) or more.accuse <= less.accuse
    assert more.confirm >= less.confirm
