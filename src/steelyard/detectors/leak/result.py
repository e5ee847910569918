"""What a leak test found, as a detector's result: a finding where there is one, and a note in any case."""

from __future__ import annotations

from typing import Final, Literal

from steelyard.records import DetectorResult, Finding, Note, PlannedTest, VerdictWord
from steelyard.stats.released import LeakTest

__all__ = ["result_of"]

Check = Literal["released", "variants"]
_MESSAGES: Final = {
    "released": "released items are answered better than kept ones",
    "variants": "the variants that the endpoint was asked are answered better than others of the same items",
}
_ASSUMED: Final = {
    "released": "the split was committed before anyone was tested",
    "variants": "the seal drew the variants before the endpoint was asked, for the addresses alone that it names",
}


def result_of(
    test: PlannedTest, task: str, check: Check, word: VerdictWord, found: LeakTest | None, said: str
) -> DetectorResult:
    """The result of a test on a task: what it ``found``, if it could be done, and how that is ``said``."""
    # Other machines' logarithms may differ in the last digits.
    p = None if found is None else float(f"{found.p:.10g}")
    findings: tuple[Finding, ...] = ()
    if word is VerdictWord.INCONSISTENT and found is not None:
        findings = (
            Finding(
                detector="leak",
                check=check,
                task=task,
                null=test.null,
                assumptions=(_ASSUMED[check],),
                p=p,
                effect=round(found.difference, 6),
                ci=(round(found.low, 6), round(found.high, 6)),
                n=found.released + found.sealed,
                message=f"{_MESSAGES[check]}: {said}",
            ),
        )
    return DetectorResult(
        test=test.id,
        rule=test.rule,
        word=word,
        p=1.0 if p is None else p,
        reason="" if findings else said,
        findings=findings,
        notes=(Note(detector="leak", check="gap", task=task, message=said),),
    )
