"""The thresholds to accuse and to confirm, and their error rates where answers vary."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from msgspec.structs import replace

from steelyard.detectors.claim_retest.repeats import Noise
from steelyard.detectors.claim_retest.sealed import decode
from steelyard.detectors.claim_retest.thresholds import early_test, last_test, own_noise, sequential_test
from steelyard.records import Claim, Plan
from steelyard.stats.hypergeometric import least_total
from testkit.plans import claim_plan


def paired(population: int = 200, value: str = "80.0", **changes: Any) -> Plan:
    return claim_plan(Claim(task="t", value=value), population=population, in_process=False, repeats=2, **changes)


def test_pairs_that_differ_move_the_thresholds_apart() -> None:
    plan = paired()
    sealed, asked, claim = decode(plan.tests[0]), plan.measurements[0], Claim(task="t", value="80.0")
    steady = last_test(sealed, asked, claim, Noise.of(0.0025), 0.0)
    noisy = last_test(sealed, asked, claim, Noise.of(0.05), 0.05)
    assert noisy.accuse < steady.accuse <= steady.confirm < noisy.confirm
    assert steady.margin == Fraction(2, 100) + own_noise(sealed, asked, 0.0025, sealed.alpha_inconsistent / 2, 0.5)


@pytest.mark.parametrize(
    ("population", "rate", "spread"), [(198, 0.5, 12), (198, 0.9, 30), (198, 0.1, 30), (800, 0.9, 90), (800, 0.02, 300)]
)
def test_the_last_test_keeps_both_error_rates_where_answers_vary(population: int, rate: float, spread: int) -> None:
    """An honest vendor's pass and ours, and a truth just below what still counts: the last test's share of each."""
    import numpy as np

    trials = 20_000
    plan = paired(population)
    sealed, asked = decode(plan.tests[0]), plan.measurements[0]
    source = np.random.default_rng(20261126)
    steady = population // 2
    vendor = steady + source.binomial(spread, rate, trials)
    ours = source.binomial(1, rate, (trials, spread, 2))
    right, differing = 2 * steady + ours.sum((1, 2)), (ours[:, :, 0] != ours[:, :, 1]).sum(1)
    tests: dict[tuple[str, int], tuple[int, int]] = {}

    def thresholds(value: str, differ: int) -> tuple[int, int]:
        if (value, differ) not in tests:
            upper = (differ + 1) / 2 / (population + 1)
            claim = Claim(task="t", value=value)
            test = last_test(sealed, asked, claim, Noise.of(upper), differ / 2 / population)
            tests[value, differ] = test.accuse, test.confirm
        return tests[value, differ]

    accused = sum(
        mine < thresholds(f"{theirs / population * 100:.1f}", int(differ))[0]
        for theirs, mine, differ in zip(vendor, right, differing, strict=True)
    )
    # The claim from which the model's own rate is just more than the tolerance away.
    too_high = f"{(steady + spread * rate) / population * 100 + 2.06:.1f}"
    confirmed = sum(mine >= thresholds(too_high, int(differ))[1] for mine, differ in zip(right, differing, strict=True))
    assert accused / trials <= 0.025
    assert confirmed / trials <= 0.05


def test_a_choice_of_samples_and_answers_that_vary_share_the_level() -> None:
    """Half of α is for the bets, and of the other half each of the two noises has half."""
    plan = claim_plan(
        Claim(task="t", value="80"), {"claimed_samples": 60}, population=200, decoding="sampled", temperature=0.7
    )
    test = sequential_test(decode(plan.tests[0]), plan.measurements[0], Claim(task="t", value="80"), Noise.of(0.05))
    of_choice = least_total(200, 60, 48, 0.0125) / 200  # 79.5 % of 60 are 47.7
    assert test.accuse / 200 == pytest.approx(of_choice - 2.2414 * (0.05 * 2 / 200) ** 0.5, abs=1 / 200)
    assert test.confirm / 200 == pytest.approx(0.775 + 1.96 * (0.05 / 200) ** 0.5, abs=1 / 200)
    assert test.parts == 2


@pytest.mark.parametrize("decoding", ["greedy", "sampled"])
@pytest.mark.parametrize("population", [30, 198, 400])
@pytest.mark.parametrize("variance", [0.0, 0.01, 0.1, 0.25])
def test_who_is_taken_for_a_cache_is_accused_of_nothing_more(decoding: str, population: int, variance: float) -> None:
    """Wherever the same answers accuse behind a cache, they do without one: at every place of the order."""
    plan = paired(population)
    asked, claim = replace(plan.measurements[0], decoding=decoding), Claim(task="t", value="80.0")
    plain = decode(plan.tests[0])
    taken, noise = replace(plain, one_answer=True), Noise.of(variance)
    careful = noise.at_least(taken.least_variance(asked))
    pairs = [
        (test(plain, asked, claim, noise), test(taken, asked, claim, careful)) for test in (sequential_test, early_test)
    ]
    pairs.append((last_test(plain, asked, claim, noise, variance),
                  last_test(taken, asked, claim, careful, careful.confirming)))  # fmt: skip
    for without, behind in pairs:
        assert behind.accuse <= without.accuse
        assert behind.confirm >= without.confirm
        assert behind.margin >= without.margin
        assert all(one <= other for one, other in zip(behind.inconsistent, without.inconsistent, strict=True))
