"""Measurements as text: what was measured beside the claims, with intervals, errors and pass@k."""

from __future__ import annotations

from dataclasses import dataclass

from steelyard.planning.drawn import PROMPTS
from steelyard.planning.file_order import ORDER
from steelyard.records import SUBJECT, MeasurementResult, PassAtK, Plan, Verdict
from steelyard.reports.networks import in_words
from steelyard.reports.words import asked_of, count, counted, interval, measured, share
from steelyard.util.text import one_line

__all__ = [
    "MeasuredWords",
    "by_measurement",
    "interval_rule",
    "is_marked",
    "mean_score",
    "measured_task",
    "measured_words",
    "money_of",
    "only_measured",
    "pass_at_k",
]

_ASKED_AGAIN = {
    "cue": "public samples, asked once more for a detector under the benchmark's own prompt",
    "placebo": "the same samples, asked for a detector with ordinary lines before and between the examples",
    "header": "the same samples, asked for a detector with an ordinary line before the prompt",
}


def only_measured(verdict: Verdict) -> list[MeasurementResult]:
    """The measurements that no claim, gate or choice shows already, less those that a test turned out not to need.

    Nor texts that were drawn to be held against a reference, nor ranks of orders: nothing in them is right or wrong.
    """
    shown = {claim.measurement for claim in verdict.claims}
    shown |= {result.gate.measurement for result in verdict.results if result.gate is not None}
    choices = [result.choice for result in verdict.results if result.choice is not None]
    shown |= {candidate.measurement for choice in choices for candidate in choice.candidates}
    return [
        result
        for result in verdict.measurements
        if result.measurement not in shown and is_marked(result) and (result.asked or not result.read_by)
    ]


def is_marked(result: MeasurementResult) -> bool:
    """Whether its answers are right or wrong: texts to compare and ranks of orders are neither."""
    return result.drawn not in (PROMPTS, ORDER)


def by_measurement(verdict: Verdict) -> list[MeasurementResult]:
    """Each measurement once, however many scorers it has: its answers are paid for once."""
    return list({each.measurement: each for each in verdict.measurements}.values())


def measured_task(result: MeasurementResult, plan: Plan | None) -> str:
    """The task of a measurement, and its model where the plan has several."""
    if plan is None or len(plan.models) == 1 or result.role not in plan.models:
        return result.label
    identity = plan.models[result.role].identity
    return f"{result.label}, {identity.name or identity.uri}"


def money_of(result: MeasurementResult, plan: Plan | None) -> float | None:
    """The money for the tokens of a measurement, at the prices that the plan holds; None without prices."""
    model = plan.models.get(result.role) if plan else None
    if model is None:
        return None
    parts = result.cached_tokens, result.reasoning_tokens
    return model.limits.cost_of(result.prompt_tokens, result.completion_tokens, *parts)


def interval_rule(result: MeasurementResult) -> str:
    """By which rule the interval of a measurement is."""
    if result.asked < result.planned:
        return "valid at every stop"
    if result.clusters:
        return f"Wilson, over {count(result.clusters)} subtasks"
    return f"Wilson, over {count(result.asked // result.repeats)} questions" if result.repeats > 1 else "Wilson"


@dataclass(frozen=True)
class MeasuredWords:
    """One measurement as every report prints it."""

    task: str
    prompt: str
    measured: str
    interval: str
    asked: str
    detail: str


def measured_words(result: MeasurementResult) -> MeasuredWords:
    """One measurement as text."""
    missing = f", {count(result.missing)} missing" if result.missing else ""
    other = f"by {one_line(result.model, 60)} ({one_line(result.role, 40)})"
    parts = [other if result.role != SUBJECT else ""]
    parts += [mean_score(result), "measured is the share that is fully right"] if result.mean is not None else []
    parts += [
        f"{counted(number, word, word)}"
        for number, word in ((result.unparsed, "unparsed"), (result.open, "open"))
        if number
    ]
    if result.standard_error is not None:
        parts.append(
            f"standard error {result.standard_error * 100:.1f} points, clustered by {count(result.clusters)} subtasks"
        )
    parts += [pass_at_k(each) for each in result.pass_at_k]
    parts.append(f"answered by {answered}" if (answered := in_words(result)) else "")
    if result.drawn in _ASKED_AGAIN:
        parts.append(_ASKED_AGAIN[result.drawn])
    elif result.drawn:
        parts.append("drawn for a detector: samples that nobody could have seen")
    elif result.read_by and result.bounds is not None:
        parts.append("asked for a test, whose own row has the score that counts")
    parts.append(one_line(result.reason, 240).rstrip(".") if result.asked < result.planned or not result.bounds else "")
    return MeasuredWords(
        task=one_line(result.label, 80) or "(no name)",
        prompt=one_line(result.prompt, 60),
        measured=measured(result, "percent"),
        interval=interval(result.ci, "percent"),
        asked=f"{asked_of(result.asked, result.of, result.repeats)}{missing}" if result.asked else "–",
        detail="; ".join(part for part in parts if part),
    )


def mean_score(result: MeasurementResult) -> str:
    """``mean score 86.2 %, 95 % interval 83.0–88.9 % (by bets)``; empty for a scorer that gives no shares."""
    found = result.mean
    if found is None:
        return ""
    point = interval(found.bounds, "percent") if found.mean is None else share(found.mean, "percent")
    rule = "clustered" if result.clusters and result.asked >= result.planned else "by bets"
    return f"mean score {point}, 95 % interval {interval(found.ci, 'percent')} ({rule})"


def pass_at_k(found: PassAtK) -> str:
    """``pass@10: 41.3 %, 95 % interval 38.1–44.6 %``; two values where answers are missing."""
    least, most = share(found.least, "percent"), share(found.most, "percent")
    value = least if found.least == found.most else f"{least} to {most}"
    return f"pass@{found.k}: {value}, 95 % interval {interval((found.low, found.high), 'percent')}"
