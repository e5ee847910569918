"""Verdicts of identity checks: of each word, by texts and by next tokens."""

from __future__ import annotations

import msgspec

from steelyard.records import DetectorResult, Finding, MeasurementResult, Note, Plan, Verdict, VerdictWord
from tests.reports import report_fixtures as make

__all__ = ["checked", "checked_plan"]

DIGEST = "b1" * 32
_FOUND = {
    "identity": "the 5 texts that the endpoint drew do not come from the reference's weights",
    "next_token": "what the endpoint expects next is not what the reference's weights expect",
}
_RULES = {"identity": "identity@2", "next_token": "next_token@1"}


def checked(*words: VerdictWord, verdict: VerdictWord | None = None) -> Verdict:
    """A check by texts, and by next tokens where a second word is given; without a word nothing could be tested."""
    names = list(_FOUND)[: len(words)]
    results = tuple(
        DetectorResult(
            test=name,
            rule=_RULES[name],
            word=word,
            p=0.01,
            reason=f"30 of {name} were read",
        )
        for name, word in zip(names, words, strict=True)
    )
    findings = tuple(
        Finding(detector=name, check="texts", task="neutral_prompts", null="n", p=0.01, message=_FOUND[name])
        for name, word in zip(names, words, strict=True)
        if word is VerdictWord.INCONSISTENT
    )
    whole = verdict or next(
        (word for word in (VerdictWord.INCONSISTENT, VerdictWord.INSUFFICIENT_POWER) if word in words),
        VerdictWord.CONSISTENT if words else VerdictWord.NOT_TESTABLE,
    )
    measurements = tuple(
        MeasurementResult(
            measurement=f"0{number}-neutral_prompts", role="subject", task="neutral_prompts", prompt="completion",
            scorer="likelihood[Q2_K]@1", asked=30, of=200, planned=200, open=3, calls=30, drawn="prompts",
            read_by=(name,),
        )
        for number, name in enumerate(names)
    )  # fmt: skip
    codes = {VerdictWord.CONSISTENT: 0, VerdictWord.INCONSISTENT: 1}
    notes = (Note(detector="identity", check="not_planned", message="it has no plain completions"),)
    return Verdict(
        verdict=whole, exit=codes.get(whole, 3), model="<b>small</b>", served="openai:small@http://h/v1", alpha=0.05,
        results=results, findings=findings, measurements=measurements, notes=notes if not words else (),
        reference=f"<i>File</i> (SHA-256 {DIGEST})",
    )  # fmt: skip


def checked_plan() -> Plan:
    """A plan without a sheet; nothing of its measurements is shown."""
    plan: Plan = msgspec.structs.replace(make.plan(), sheet=None, measurements=(), tests=(), served=(), not_planned=())
    return plan
