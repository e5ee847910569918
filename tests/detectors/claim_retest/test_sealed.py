"""What a claim retest seals is read back exactly, and what it would not have sealed is refused."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from steelyard.detectors.claim_retest.detector import ClaimRetest
from steelyard.detectors.claim_retest.sealed import claim_of, decode, encode, measurement_of
from steelyard.detectors.claim_retest.thresholds import seal
from steelyard.records import Reads, RepeatCheck
from testkit.plans import claim_plan


def test_a_sealed_test_is_read_back_and_sealed_again_to_the_same() -> None:
    plan = claim_plan()
    (test,) = plan.tests
    assert encode(decode(test)) == test.sealed
    assert seal(test, plan) == test
    assert claim_of(test, plan).value == "80"
    assert measurement_of(test, plan).id == "00-t"


@pytest.mark.parametrize("change", [{"claimed_repeats": 1}, {"stop_consistent": [], "accuse": 0}])
def test_a_default_that_is_spelled_out_is_refused(change: dict[str, Any]) -> None:
    (test,) = claim_plan().tests
    with pytest.raises(ValueError, match="spelled out"):
        decode(msgspec.structs.replace(test, sealed=test.sealed | change))


@pytest.mark.parametrize("number", [-1, 1, 10**6])
def test_a_claim_that_the_sheet_does_not_have_is_refused(number: int) -> None:
    plan = claim_plan()
    test = msgspec.structs.replace(plan.tests[0], sealed=plan.tests[0].sealed | {"claim": number})
    with pytest.raises(ValueError, match=f"no claim {number}"):
        claim_of(test, plan)


@pytest.mark.parametrize("names", [(), ("00-t", "00-t"), ("99-other",), ("00-t", "99-other")])
def test_a_claim_retest_reads_one_measurement_of_the_plan(names: tuple[str, ...]) -> None:
    plan = claim_plan()
    reads = tuple(Reads(measurement=name, scorer="exact@5") for name in names)
    with pytest.raises(ValueError, match="reads one measurement"):
        measurement_of(msgspec.structs.replace(plan.tests[0], reads=reads), plan)


def test_without_a_table_the_forecast_is_every_trial() -> None:
    """Sampled answers: the table depends on the variance that the repeat check will show."""
    plan = claim_plan(decoding="sampled", temperature=0.7, repeats=4)
    assert ClaimRetest().forecast(plan.tests[0], plan, 0.0) == 200
    greedy = claim_plan()
    assert ClaimRetest().forecast(greedy.tests[0], greedy, 0.5) in range(1, 51)


def test_the_forecast_of_an_endpoint_takes_its_answers_to_repeat_themselves() -> None:
    check = RepeatCheck(samples=100, repeats=2, among=400)
    for plan in (
        claim_plan(in_process=False, population=1319, repeat_check=check),
        claim_plan(in_process=False, population=198, repeats=2),
    ):
        true, false = (ClaimRetest().forecast(plan.tests[0], plan, shortfall) for shortfall in (0.0, 0.1))
        assert true is not None
        assert false is not None
        assert 0 < false < true <= plan.measurements[0].trials


def test_a_mean_seals_thresholds_in_steps_and_no_table() -> None:
    plan = claim_plan(sealed={"grid": 1_000_000})
    (test,) = plan.tests
    sealed = decode(test)
    assert (sealed.accuse, sealed.confirm) == (38_750_000, 38_750_000)  # 80 % less .5 and 2 points of 50 samples
    assert sealed.stop_inconsistent == sealed.stop_consistent == ()
    assert sealed.alpha_inconsistent == pytest.approx(0.05)
    assert seal(test, plan) == test
    assert ClaimRetest().forecast(test, plan, 0.5) in range(1, 51)
    assert "grid" not in claim_plan().tests[0].sealed
