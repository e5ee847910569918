"""What is concluded from what failed again: a finding, no sign, nothing to see, or an end before it was asked."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from bench.served import Endpoint, plan_of
from steelyard.detectors.not_served.detector import TIMES, NotServed
from steelyard.detectors.not_served.finder import NotServedFinder
from steelyard.errors import VerificationError
from steelyard.plugins import Chooser
from steelyard.records import SampleScore, Service, VerdictWord

PLAN = plan_of(Endpoint("", lambda item, second, random: "answered", population=100))
FAILING = range(0, 40, 4)


def score(measurement: str, place: int, service: Service) -> SampleScore:
    return SampleScore(
        measurement=measurement, position=place, sample=f"t/{place}", repeat=0, status="missing", value=None,
        scorer="numeric@2", service=service, seq=place,
    )  # fmt: skip


def finder(failing: range = FAILING, otherwise: Service = "answered") -> NotServedFinder:
    found = NotServed().open(PLAN.tests[1], PLAN)
    for place in range(100):
        found.observe(score("00-t", place, "failed" if place in failing else otherwise if place > 90 else "answered"))
    return found


def ask_again(found: NotServedFinder, fails: Callable[[int, int], bool]) -> None:
    for place in found.left("01-t"):
        found.observe(score("01-t", place, "failed" if fails(*divmod(place, TIMES)) else "answered"))


def test_items_that_fail_again_are_a_finding_with_a_p_value() -> None:
    found = finder()
    assert isinstance(found, Chooser)
    assert found.has_read("00-t")
    assert (set(found.closed), dict(found.heads)) == ({"00-t"}, {"01-t": None})
    assert len(found.left("01-t")) == 2 * 10 * TIMES
    ask_again(found, lambda item, repeat: item in FAILING and (item, repeat) != (0, 1))
    result = found.find({})
    (finding,) = result.findings
    assert result.word is VerdictWord.INSUFFICIENT_POWER
    assert result.p == pytest.approx(1 / 184_756)  # C(20, 10)
    assert (finding.n, finding.calls, finding.effect) == (20, 60, 1.0)
    assert "10 of 10 items that got no answer failed again, 0 of 10 answered ones" in finding.message
    assert "does not show why" in finding.message


def test_failures_all_over_are_no_sign() -> None:
    found = finder()
    ask_again(found, lambda item, repeat: item % 3 == 0)
    result = found.find({})
    assert (result.word, result.findings) == (VerdictWord.CONSISTENT, ())
    assert "nothing shows that it depends on the item" in result.reason


def test_one_failure_in_three_is_no_sign_of_the_item() -> None:
    found = finder()
    ask_again(found, lambda item, repeat: item in FAILING and repeat == 0)
    assert found.find({}).p == 1


def test_what_was_not_asked_again_to_the_end_shows_nothing() -> None:
    found = finder()
    for place in found.left("01-t")[:-1]:
        found.observe(score("01-t", place, "failed" if place // TIMES in FAILING else "answered"))
    result = found.find({})
    assert (result.p, result.word, result.findings) == (1, VerdictWord.INSUFFICIENT_POWER, ())
    assert result.reason == "not all was asked again: the run ended before (1 left)"


def test_too_few_failures_are_not_asked_again_and_say_so() -> None:
    found = finder(range(3))
    assert found.left("01-t") == []
    assert "3 calls failed: of fewer than" in found.find({}).reason
    assert finder(range(0)).find({}).reason == ""


@pytest.mark.parametrize("service", ["refused", "filtered", "too_long", "rejected", "tools", "timed_out", "ours"])
def test_what_is_no_finding_is_counted_and_named(service: Service) -> None:
    (note,) = finder(range(0), service).find({}).notes
    assert (note.check, "9 " in note.message) == ("apart", True)


def test_an_item_that_was_not_to_be_asked_again_is_refused() -> None:
    found = finder(range(0))
    found.observe(score("01-t", 0, "answered"))
    with pytest.raises(VerificationError, match="was not to be"):
        found.find({})


def test_what_is_sealed_is_what_the_rule_seals() -> None:
    test = PLAN.tests[1]
    assert test.sealed == {"least": 7}
    for sealed in ({}, {"least": 3}, {"least": 7, "more": 1}):
        with pytest.raises(ValueError, match="another rule"):
            NotServed().open(msgspec.structs.replace(test, sealed=sealed), PLAN)
    with pytest.raises(ValueError, match="beside each"):
        NotServed().open(msgspec.structs.replace(test, reads=test.reads[1:]), PLAN)
