"""The reasons of a verdict by their kind, read back from the sentences of the record, so that each can be translated.

A record holds a reason as one English sentence. The pages of a summary are in other languages, too, and say things in
plainer words. What no pattern knows (a task file's own words, an exception's) stays a quotation.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final, Literal

from steelyard.records import ClaimVerdict, VerdictWord

__all__ = ["KINDS", "Advice", "Reason", "advice_on", "reason_of"]

Advice = Literal[
    "open",
    "missing",
    "noise",
    "more",
    "data",
    "whole",
    "name",
    "format",
    "share",
    "tolerance",
    "sandbox",
    "world",
    "role",
    "report",
]

_UNREAD = r"(?P<number>[\d,]+) of (?P<of>[\d,]+) answers"
_STATES_NONE = r"the vendor states none of the task's prompt formats, and "
_HELD = r"the data here hold (?P<held>[\d,]+)"

# Each kind of reason: the sentence of the record, and what helps.
_PATTERNS: Final[dict[str, tuple[str, Advice]]] = {
    # Undecided: steelyard.detectors.claim_retest.result.
    "decoding_unmeasured": (r"the vendor does not state its decoding, and how much sampled answers vary", "more"),
    "limit": (r"stopped at the limit of (?P<number>[\d,]+) samples", "more"),
    "repeat_check": (r"the repeat check was not finished", "more"),
    "budget": (r"the budget was spent", "more"),
    "stopped": (r"the run stopped before a decision", "more"),
    "unread": (rf"{_UNREAD} can be read two ways or were cut off", "open"),
    "missing": (rf"{_UNREAD} are missing: ", "missing"),
    "unread_and_missing": (rf"{_UNREAD} are missing, were cut off or can be read two ways", "open"),
    "few": (
        r"(?P<number>[\d.,e+]+) of (?P<of>[\d,]+) right: enough to say at least (?P<low>[\d.]+ %), "
        r"not enough for (?P<high>[\d.]+ %)(?:; about (?P<questions>[\d,]+) questions)?",
        "noise",
    ),
    "not_served": (r"some items are not served", "missing"),  # steelyard.auditing.verdict
    # Not testable after asking: the same module, and that of the prompt formats.
    "few_items": (r"(?P<held>[\d,]+) of (?P<of>[\d,]+) items are so few .* (?P<margin>[\d.]+) points", "whole"),
    "too_noisy": (r"answers vary so much between repeats .* (?P<margin>[\d.]+) points", "noise"),
    "format_unstated": (_STATES_NONE, "format"),
    "estimate": (r".{1,200}: this is an estimate with a bootstrap interval, and decides nothing", "report"),
    "unstated": (r"the score is below the claim, and the vendor does not state its ", "report"),
    # Not testable or not tested: steelyard.planning.
    "other_model": (
        r"the (?:claim is about|endpoint was asked for|sheet says served_as) (?P<first>.*), "
        r"and (?:the endpoint serves|answers as|this is) (?P<second>.*): two models by their names",
        "name",
    ),
    "metric": (r"the metric (?P<metric>.{1,40}) needs several answers to a sample", "share"),
    "unit": (r"a value in (?P<unit>\w{1,20}) is not a share of right answers", "share"),
    "outside": (r"(?P<value>-?[\d.]{1,24}) is outside 0 to (?P<scale>\d+)", "share"),
    "chance": (r"the claim minus a tolerance of (?P<margin>[\d.e-]+) points is not above ", "tolerance"),
    "part": (rf"{_HELD} of the (?P<of>[\d,]+) items of ", "whole"),
    "scored_more": (r"the vendor scored (?P<of>[\d,]+) items, " + _HELD, "whole"),
    "no_task": (r"no task has this name", "data"),
    "known": (r".{1,120} is known, but has no task here", "data"),
    "subset": (r"the claim is about a part of the benchmark", "data"),
    "no_samples": (r"the task has no samples", "data"),
    "no_data": (r"no data: |no data for |the hub gave no data |its data is not here", "data"),
    "loglikelihoods": (r"(?:.*: )?(?:.*\b(?:no|cannot give|gives no|holds no) log-likelihoods)", "format"),
    "sandbox": (r"no sandbox for model-written code", "sandbox"),
    "imported": (r"these scores come with another harness's log", "report"),
    "world": (r"the task (?:asks for text, which a world model|needs .*world model)", "world"),
    "role": (r"no model has the role (?P<role>[\w.-]{1,40})", "role"),
    "screened": (r"a screen runs no model", "report"),
}
KINDS: Final = (*_PATTERNS, "other")
_FORMAT_PART: Final = re.compile(r"(?P<format>[\w.-]{1,60}(?: [0-9]{1,3}-shot)?): (?P<reason>.*)", re.DOTALL)


@dataclass(frozen=True)
class Reason:
    """One reason: its kind, the numbers and names in it, and the sentence itself where no kind is known for it.

    ``prompt`` is the prompt format that it is about, where a claim may mean several.
    """

    kind: str
    values: dict[str, str] = field(default_factory=dict)
    quote: str = ""
    prompt: str = ""

    @property
    def advice(self) -> Advice:
        """What helps."""
        return _PATTERNS[self.kind][1] if self.kind in _PATTERNS else "report"


def reason_of(claim: ClaimVerdict) -> tuple[Reason, ...]:
    """Why a claim has no other verdict: one reason, or one for each prompt format; none where the word says it all."""
    if not claim.reason:
        return ()
    whole = _read(claim.reason)
    if whole.kind != "other" or claim.verdict is not VerdictWord.INSUFFICIENT_POWER:
        return (whole,)
    parts = [_FORMAT_PART.match(part) for part in re.split(r"; (?!about )", claim.reason)]
    found = [_read(part["reason"], part["format"]) for part in parts if part is not None]
    known = len(found) == len(parts) and all(each.kind != "other" for each in found)
    return tuple(found) if known else (whole,)


def _read(sentence: str, prompt: str = "") -> Reason:
    for kind, (pattern, _) in _PATTERNS.items():
        if found := re.match(pattern, sentence[:2000]):
            return Reason(kind, {name: text for name, text in found.groupdict().items() if text}, prompt=prompt)
    return Reason("other", quote=sentence, prompt=prompt)


def advice_on(claim: ClaimVerdict) -> Advice:
    """What helps to decide a claim; further samples where the test says how many it needs."""
    if claim.needs is not None:
        return "more"
    reasons = reason_of(claim)
    return reasons[0].advice if reasons else "report"
