"""What a claim's test ends with, in words: the reasons and notes of a result."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from steelyard.detectors.claim_retest import formats
from steelyard.detectors.claim_retest.result import ClaimFinder
from steelyard.records import Capabilities, Claim, Part, Plan, RepeatCheck, SampleScore
from testkit.plans import claim_plan

SAMPLED = {"decoding": "sampled", "temperature": 0.7, "repeat_check": RepeatCheck(samples=10, repeats=2)}


def read(plan: Plan, values: dict[str, float]) -> ClaimFinder:
    """Read the repeat check's answers, by sample, each value twice where it is 0 or 1, else one of each."""
    finder = ClaimFinder(plan.tests[0], plan)
    for sample, value in values.items():
        for repeat, score in enumerate((1.0, 0.0) if value == 0.5 else (value, value)):
            finder.observe(
                SampleScore(
                    measurement="00-t", position=-1, sample=sample, repeat=repeat + 1, status="scored", value=score,
                    scorer="exact@5", seq=0,
                )
            )  # fmt: skip
    return finder


def reason(finder: ClaimFinder) -> str:
    claim = finder.find({}).claim
    assert claim is not None
    assert claim.verdict == "not_testable"
    return claim.reason


def test_a_part_that_is_too_small_says_so() -> None:
    plan = claim_plan(
        Claim(task="t", value="30"), {"whole": 1319}, population=10, chance=0.25, part=Part(of=1319, same=10)
    )
    assert reason(ClaimFinder(plan.tests[0], plan)).startswith(
        "10 of 1,319 items are so few that the tolerance would be"
    )


def test_answers_that_vary_too_much_say_so() -> None:
    plan = claim_plan(Claim(task="t", value="30"), population=10, chance=0.25, **SAMPLED)  # type: ignore[arg-type]
    finder = read(plan, {f"t/{number}": 0.5 for number in range(10)})
    assert reason(finder).startswith("answers vary so much between repeats that the tolerance would be")


def test_a_cache_is_noted() -> None:
    plan = claim_plan(population=200, **SAMPLED)  # type: ignore[arg-type]
    model = msgspec.structs.replace(plan.subject, capabilities=Capabilities(repeats_identical=(0.7,)))
    sealed: dict[str, Any] = {**plan.tests[0].sealed, "one_answer": True}
    test = msgspec.structs.replace(plan.tests[0], sealed=sealed)
    cached = msgspec.structs.replace(plan, models={"subject": model}, tests=(test,))
    (note,) = ClaimFinder(test, cached).find({}).notes
    assert note.check == "cache"
    assert "at temperature 0.7" in note.message


@pytest.mark.parametrize("sealed", [{"formats": []}, {"formats": [{"claim": 0, "tolerance": "2"}], "not_asked": []}])
def test_a_test_of_formats_with_a_default_spelled_out_is_refused(sealed: dict[str, Any]) -> None:
    plan = claim_plan()
    test = msgspec.structs.replace(plan.tests[0], sealed=sealed)
    assert formats.has_formats(test)
    with pytest.raises(ValueError, match="claim-00-t"):
        formats.tests_of(test, plan)


def test_one_format_is_the_test_itself() -> None:
    plan = claim_plan()
    assert formats.tests_of(plan.tests[0], plan) == [plan.tests[0]]
