"""What a claim about a corpus score seals, and what it refuses to read."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import msgspec
import pytest

from steelyard.detectors.claim_retest.corpus import decode_corpus, is_corpus_test, least_of, seal_corpus
from steelyard.detectors.claim_retest.detector import ClaimRetest
from steelyard.records import Capabilities, Claim, Plan, PlannedTest, Reads
from tests.detectors.claim_retest.corpus_plans import N, sealed_plan


def of(plan: Plan) -> PlannedTest:
    return plan.tests[0]


def test_the_least_score_is_half_a_unit_and_the_tolerance_below() -> None:
    plan = sealed_plan("54.0")
    sealed, claim, _ = decode_corpus(of(plan), plan)
    assert least_of(sealed, claim) == Fraction("51.95") / 100
    assert least_of(sealed, Claim(task="t", value="0.5", unit="fraction")) == Fraction("0.43")


@pytest.mark.parametrize(("weight", "level"), [(1.0, 0.05), (0.25, 0.0125)])
def test_its_level_is_its_share(weight: float, level: float) -> None:
    plan = sealed_plan()
    test = msgspec.structs.replace(of(plan), weight=weight)
    sealed = seal_corpus(test, plan).sealed["alpha_inconsistent"]
    assert sealed == pytest.approx(level * 6 / 3.141592653589793**2)


@pytest.mark.parametrize(
    ("deterministic", "identical", "one_answer"), [(False, (0.7,), True), (False, (), False), (True, (0.7,), False)]
)
def test_a_cache_is_sealed(deterministic: bool, identical: tuple[float, ...], one_answer: bool) -> None:
    plan = sealed_plan()
    capabilities = Capabilities(generate=True, deterministic=deterministic, repeats_identical=identical)
    models = {role: msgspec.structs.replace(each, capabilities=capabilities) for role, each in plan.models.items()}
    plan = msgspec.structs.replace(plan, models=models)
    assert seal_corpus(of(plan), plan).sealed.get("one_answer", False) is one_answer


@pytest.mark.parametrize(
    "change", [{"claim": 1}, {"tolerance": 2}, {"corpus": None}, {"more": 1}, {"whole": "x"}, {"one_answer": False}]
)
def test_what_it_would_not_have_sealed_is_refused(change: dict[str, Any]) -> None:
    plan = sealed_plan()
    test = msgspec.structs.replace(of(plan), sealed=of(plan).sealed | change)
    with pytest.raises(ValueError, match=r"."):
        ClaimRetest().open(test, plan)


@pytest.mark.parametrize("reads", [(), ("00-t", "00-t"), ("99-no",)])
def test_it_reads_one_measurement(reads: tuple[str, ...]) -> None:
    plan = sealed_plan()
    read = tuple(Reads(measurement=each, scorer="chrf@2") for each in reads)
    with pytest.raises(ValueError, match="one measurement"):
        decode_corpus(msgspec.structs.replace(of(plan), reads=read), plan)


def test_another_scorer_gives_no_corpus_score() -> None:
    plan = sealed_plan(scorers=("exact@2",))
    read = (Reads(measurement="00-t", scorer="exact@2"),)
    with pytest.raises(ValueError, match="gives no chrF2"):
        ClaimRetest().open(msgspec.structs.replace(of(plan), reads=read), plan)


def test_all_is_asked_whatever_is_true() -> None:
    plan = sealed_plan()
    assert is_corpus_test(of(plan))
    assert [ClaimRetest().forecast(of(plan), plan, shortfall) for shortfall in (0.0, 0.1)] == [N, N]
