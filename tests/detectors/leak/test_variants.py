"""The test of variants pairs answers by their item; what is open or missing speaks for the model."""

from __future__ import annotations

import random
from collections.abc import Mapping

import msgspec
import pytest

from steelyard.detectors.leak.detector import Leak
from steelyard.records import DetectorResult, Plan, SampleScore, VerdictWord
from tests.detectors.leak.test_finder import plan


def of_variants(asked: int, others: int, alpha: float = 0.01, addresses: int = 1) -> Plan:
    planned = plan(asked, others, alpha)
    first, second = planned.measurements
    changed = (first, msgspec.structs.replace(second, task="s-variant-1", arm="other"))
    (test,) = planned.tests
    sealed = msgspec.structs.replace(test, sealed={**test.sealed, "addresses": addresses})
    return msgspec.structs.replace(planned, measurements=changed, tests=(sealed,))


def score(measurement: str, place: int, item: int, value: float | None) -> SampleScore:
    return SampleScore(
        measurement=measurement, position=place, sample=f"task/row/{item}", repeat=0,
        status="open" if value is None else "scored", value=value, scorer="answer@5", seq=place,
    )  # fmt: skip


def find(
    asked: Mapping[int, float | None], others: Mapping[int, float | None], shuffle: int = 0, addresses: int = 1
) -> DetectorResult:
    planned = of_variants(len(asked), len(others), addresses=addresses)
    finder = Leak().open(planned.tests[0], planned)
    scores = [
        score(measurement, place, item, value)
        for measurement, values in (("00-s", asked), ("01-s", others))
        for place, (item, value) in enumerate(values.items())
    ]
    random.Random(shuffle).shuffle(scores)
    for each in scores:
        finder.observe(each)
    return finder.find({})


def test_answers_are_paired_by_their_item_in_any_order() -> None:
    asked = dict.fromkeys(range(60), 1.0)
    others = {item: float(item % 2) for item in range(39, -1, -1)}
    results = [find(asked, others, shuffle) for shuffle in range(3)]
    assert all(result == results[0] for result in results)
    assert results[0].word is VerdictWord.INCONSISTENT
    (finding,) = results[0].findings
    assert (finding.check, finding.n) == ("variants", 80)
    assert finding.effect == pytest.approx(0.5)
    assert "the endpoint's variants − other variants of 40 items: +50.0 points" in finding.message


def test_one_of_several_sealed_addresses_has_its_part_of_the_level() -> None:
    """Eight pairs that differ, all for what was asked: p = 1/256, and the level is .01 for all addresses together."""
    asked, others = dict.fromkeys(range(8), 1.0), dict.fromkeys(range(8), 0.0)
    one, two, three = (find(asked, others, addresses=addresses) for addresses in (1, 2, 3))
    assert [each.word for each in (one, two, three)] == [
        VerdictWord.INCONSISTENT, VerdictWord.INCONSISTENT, VerdictWord.CONSISTENT
    ]  # fmt: skip
    assert one.p == two.p == three.p == pytest.approx(2**-8)
    assert "p = 0.00391, tested at 0.01 (the one address that the seal names)" in one.findings[0].message
    assert "tested at 0.00333 (one of 3 addresses that the seal names)" in three.reason


def test_open_answers_speak_for_the_model() -> None:
    right, wrong = dict.fromkeys(range(30), 1.0), dict.fromkeys(range(30), 0.0)
    assert find(right, wrong).word is VerdictWord.INCONSISTENT
    assert find(dict.fromkeys(range(30)), wrong).word is VerdictWord.CONSISTENT
    assert find(right, dict.fromkeys(range(30))).word is VerdictWord.CONSISTENT


def test_what_is_not_whole_or_has_no_pair_decides_nothing() -> None:
    planned = of_variants(30, 30)
    finder = Leak().open(planned.tests[0], planned)
    finder.observe(score("00-s", 0, 1, 1.0))
    assert finder.find({}).word is VerdictWord.INSUFFICIENT_POWER
    apart = find(dict.fromkeys(range(9), 1.0), dict.fromkeys(range(10, 19), 1.0))
    assert apart.word is VerdictWord.INSUFFICIENT_POWER
    assert apart.reason == "no item was asked in two variants"
