"""Gates in words: green, red or undecided, the bar, what was seen, what it cost. All reports share these."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from steelyard.errors import ExitCode
from steelyard.records import (
    UNKNOWN_COSTS,
    BudgetVerdict,
    DetectorResult,
    GateVerdict,
    MeasurementResult,
    PeopleRate,
    Verdict,
    VerdictWord,
)
from steelyard.reports.words import about_time, asked_of, count, counted, interval, interval_name, share
from steelyard.util.bounded_fraction import bounded_fraction
from steelyard.util.numbers import plain_number
from steelyard.util.text import one_line

__all__ = [
    "ABOUT_PEOPLE",
    "EXIT_MEANINGS",
    "GateWords",
    "bar_in_words",
    "budget_band",
    "budget_seen",
    "colour_of",
    "counted_colours",
    "gate_words",
    "gated",
    "gates_of",
    "headline",
    "is_gated",
    "limits_of",
    "points_between",
]

ABOUT_PEOPLE: Final = (
    "What people would give is about these answers of this run to this suite, and no others. The level is for labels "
    "whose number was fixed before anybody looked."
)
THESE_ONLY: Final = "about these questions only"
COLOURS: Final = {VerdictWord.CONSISTENT: "green", VerdictWord.INCONSISTENT: "red"}
EXIT_MEANINGS: Final = {
    ExitCode.CONSISTENT: "every gate is green",
    ExitCode.INCONSISTENT: "a gate is red",
    ExitCode.UNDECIDED: "a gate is undecided, which is never green",
}


def gates_of(verdict: Verdict) -> list[DetectorResult]:
    """The results of gates, in the order of the plan."""
    return [result for result in verdict.results if result.gate is not None]


def is_gated(verdict: Verdict) -> bool:
    """Whether a verdict is of gates alone."""
    return bool(verdict.results) and not verdict.claims and all(each.gate is not None for each in verdict.results)


def gated(verdict: Verdict) -> list[MeasurementResult]:
    """The measurements that gates read."""
    names = {result.gate.measurement for result in verdict.results if result.gate is not None}
    return [each for each in verdict.measurements if each.measurement in names]


def colour_of(word: VerdictWord) -> str:
    """``green``, ``red`` or ``undecided``."""
    return COLOURS.get(word, "undecided")


def bar_in_words(gate: GateVerdict) -> str:
    """What a gate asks for: ``≥ 85 %``, ``≥ baseline − 2 points``, ``p95 ≤ 2 s``, ``cost ≤ 0.002 an answer``."""
    if gate.budget is not None:
        return budget_bar(gate.budget)
    if not gate.baseline:
        return f"≥ {_percent(gate.at_least)} %"
    return f"≥ baseline − {gate.margin} points" if bounded_fraction(gate.margin or "0") else "≥ baseline"


def budget_bar(budget: BudgetVerdict) -> str:
    """``p95 ≤ 2 s``, or ``cost ≤ 0.002 an answer``."""
    if budget.kind == "rule":
        return f"≥ {budget.limit}"
    if budget.kind == "cost":
        return f"cost ≤ {budget.limit} an answer"
    return f"p{float(budget.quantile) * 100:g} ≤ {budget.limit} s"


def budget_seen(budget: BudgetVerdict) -> str:
    """The quantile or the mean that was seen: ``1.42 s``, ``0.00131``."""
    unit = " s" if budget.kind == "latency" else ""
    return "unknown" if budget.seen is None else f"{plain_number(budget.seen)}{unit}"


def budget_band(budget: BudgetVerdict) -> str:
    """``1.2–1.88 s``, and ``1.2 s or more`` where nothing bounds it."""
    if budget.band is None:
        return "–"
    (low, high), unit = budget.band, " s" if budget.kind == "latency" else ""
    return f"{plain_number(low)}{unit} or more" if high is None else f"{plain_number(low)}–{plain_number(high)}{unit}"


def points_between(bounds: tuple[float, float] | None) -> str:
    """The interval of a difference in percentage points, rounded outward: ``−5.1 to +0.3 points``."""
    if bounds is None or not all(map(math.isfinite, bounds)):
        return "–"
    low = math.floor(round(bounds[0] * 1000, 6)) / 10
    high = math.ceil(round(bounds[1] * 1000, 6)) / 10
    return f"{_signed(low)} to {_signed(high)} points"


def _signed(points: float) -> str:
    return f"{'−' if points < 0 else '+' if points > 0 else ''}{abs(points):.1f}"


def _percent(text: str) -> str:
    return f"{float(Fraction(text)) * 100:g}"


@dataclass(frozen=True)
class GateWords:
    """One gate as every report prints it."""

    test: str
    task: str
    word: VerdictWord
    colour: str
    bar: str
    seen: str
    interval: str
    asked: str
    cost: str
    reason: str
    is_budget: bool = False

    @property
    def sentence(self) -> str:
        """The gate in one line: ``green: sums ≥ 65 %: 83.1 % (152 of 183 right), interval 77.0–88.0 %, 183 of 700``."""
        told = f", {self.reason}" if self.reason else ""
        between = self.interval if self.is_budget else f"interval {self.interval}"
        return f"{self.colour}: {self.task} {self.bar}: {self.seen}, {between}, asked {self.asked}{told}"


def gate_words(result: DetectorResult, verdict: Verdict) -> GateWords:
    """One gate as text; ``result`` is one of :func:`gates_of`."""
    gate = result.gate
    assert gate is not None
    measured = next((each for each in verdict.measurements if each.measurement == gate.measurement), None)
    unread = [f"{count(number)} {word}" for number, word in ((gate.open, "open"), (gate.missing, "missing")) if number]
    return GateWords(
        test=one_line(result.test, 120),
        task=one_line(gate.task, 80) or "(no name)",
        word=result.word,
        colour=colour_of(result.word),
        bar=bar_in_words(gate),
        seen=_seen(gate),
        interval=_interval(gate, verdict.alpha),
        asked=", ".join((asked_of(gate.asked, gate.items, 1), *unread)) if gate.asked else "–",
        cost=_cost(measured) if gate.budget is None or gate.budget.kind == "rule" else "the same answers",
        reason=_reason(result, gate),
        is_budget=gate.budget is not None,
    )


def _seen(gate: GateVerdict) -> str:
    if not gate.asked:
        return "no answer was read"
    if gate.people is not None:
        return _people(gate.people)
    if gate.budget is not None and gate.budget.kind == "rule":
        return f"{count(gate.right)} right"
    if gate.budget is not None:
        in_time = f" ({count(gate.right)} in time)" if gate.budget.kind == "latency" else ""
        return budget_seen(gate.budget) + in_time
    if gate.baseline:
        return f"{count(gate.worse)} worse, {count(gate.better)} better, {count(_alike(gate))} alike"
    if gate.missing or gate.open:
        return f"{count(gate.right)} right of {count(gate.asked)}"
    return f"{share(gate.right / gate.asked, 'percent')} ({count(gate.right)} right)"


def _interval(gate: GateVerdict, alpha: float) -> str:
    if gate.budget is not None:
        return THESE_ONLY if gate.budget.kind == "rule" else f"band {budget_band(gate.budget)}"
    if gate.baseline:
        return points_between(gate.ci)
    shown = interval(gate.ci, "percent")
    if gate.people is None:
        return shown
    return f"{shown} (lower end at {100 * alpha:g} %, upper end at {100 * alpha / gate.family:g} %)"


def _people(people: PeopleRate) -> str:
    """``people would give 91.0 % (100 of 400 answers labelled); the judge alone 93.0 %, which would be green``."""
    from steelyard.reports.calibration import gaps_in_words  # numpy, which a server that shows reports does without

    judge = (
        share(people.judge[0], "percent") if people.judge[0] == people.judge[1] else interval(people.judge, "percent")
    )
    skipped = f", {count(people.skipped)} without a label" if people.skipped else ""
    labelled = f"{count(people.labels)} of {count(people.answers)} answers labelled{skipped}"
    given = "unknown" if people.estimate is None else share(people.estimate, "percent")
    gaps = gaps_in_words(people.skipped, people.answers)
    said = f"people would give {given} ({labelled}); the judge alone {judge}, which would be {people.judge_says}"
    return f"{said}; {gaps}" if gaps else said


def _alike(gate: GateVerdict) -> int:
    return gate.asked - gate.worse - gate.better - gate.unpaired - gate.missing - gate.open


def _reason(result: DetectorResult, gate: GateVerdict) -> str:
    if result.reason or result.word in COLOURS or gate.people is not None:
        return result.reason
    if gate.asked < gate.of:
        return "the run ended before a decision"
    return "all that was to be asked was asked" if gate.of == gate.items else "the limit on samples was reached"


def _cost(measured: MeasurementResult | None) -> str:
    if measured is None or not measured.calls:
        return "–"
    tokens = measured.prompt_tokens + measured.completion_tokens
    parts = [counted(measured.calls, "call"), f"{count(tokens)} tokens" if tokens else ""]
    parts.append(about_time(measured.seconds) if measured.seconds else "")
    if measured.cost is not None:
        parts.append(f"cost {measured.cost:,.2f}" if measured.cost >= 1 else f"cost {measured.cost:.2g}")
    return ", ".join(part for part in parts if part)


# ── all gates together ──────────────────────────────────────────────────────────────────────────────────────────────


def counted_colours(verdict: Verdict) -> list[tuple[str, VerdictWord, int]]:
    """How many gates are red, undecided and green, in this order, without zeros."""
    words = [result.word if result.word in COLOURS else VerdictWord.INSUFFICIENT_POWER for result in gates_of(verdict)]
    order = (VerdictWord.INCONSISTENT, VerdictWord.INSUFFICIENT_POWER, VerdictWord.CONSISTENT)
    found = Counter(words)
    return [(colour_of(word), word, found[word]) for word in order if found[word]]


def headline(verdict: Verdict) -> str:
    """All gates in one sentence, which begins with the colour of the whole."""
    results = gates_of(verdict)
    colour = counted_colours(verdict)[0][0]
    if len(results) > 1:
        if colour == "green":
            return f"Green: all {len(results)} gates are green."
        parts = ", ".join(f"{count(number)} {each}" for each, _, number in counted_colours(verdict))
        return f"{colour.capitalize()}: of {len(results)} gates {parts}."
    gate = results[0].gate
    assert gate is not None
    task = one_line(gate.task, 80)
    if gate.baseline:
        return f"{colour.capitalize()}: {_against_baseline(colour, task, gate)}."
    if gate.budget is not None:
        return f"{colour.capitalize()}: {count(gate.right)} right on {task}; the rule is {bar_in_words(gate)}."
    bar, score = f"{_percent(gate.at_least)} %", "the score" if gate.people is None else "what people would give"
    shown = {
        "green": f"{score} on {task} is at least {bar}",
        "red": f"{score} on {task} is below {bar}",
        "undecided": f"the answers do not show whether {score} on {task} is at least {bar}",
    }
    return f"{colour.capitalize()}: {shown[colour]}."


def _against_baseline(colour: str, task: str, gate: GateVerdict) -> str:
    far, farther = "", ""
    if bounded_fraction(gate.margin or "0"):
        far, farther = f" by {gate.margin} points or more", f" by more than {gate.margin} points"
    return {
        "green": f"the score on {task} is not below the baseline's{far}",
        "red": f"the score on {task} is below the baseline's{farther}",
        "undecided": f"the answers do not show whether the score on {task} is below the baseline's{far}",
    }[colour]


def limits_of(verdict: Verdict) -> list[str]:
    """What gates do not show, and how sure they are."""
    results = gates_of(verdict)
    if not results:
        return []
    level = f"{100 * verdict.alpha:g} %"
    gates = [result.gate for result in results if result.gate is not None]
    scored = [gate for gate in gates if gate.budget is None]
    sentences = ["Undecided is neither green nor red: it says that these answers do not decide."]
    if any(gate.people is not None for gate in gates):
        sentences.append(ABOUT_PEOPLE)
    if any(gate.steady and not gate.baseline for gate in scored):
        sentences.append(
            "Answers do not vary here (in-process, greedy), so a bar is about this pass: the share of right answers if "
            "all items of the suite were asked."
        )
    if any(not gate.steady and not gate.baseline and gate.people is None for gate in scored):
        sentences.append(
            "Where answers may vary, a bar is about the rate over passes, of which one pass is a sample: near it a "
            "whole pass is undecided. The interval is that of the rate. Where whole passes differ, by load or by "
            "replica, one pass does not show it, and both errors are more frequent."
        )
    if any(gate.baseline for gate in gates):
        sentences.append(
            "A gate with a baseline is about the scores that both would have on average over passes, for items like "
            "these. Green: it was shown that a loss, if there is one, is smaller than the margin. Red: it was shown "
            "that the loss is larger than the margin."
        )
    if budgets := [gate.budget for gate in gates if gate.budget is not None]:
        sentences += _of_budgets(budgets)
    if scored:
        sentences.append(_errors(scored, level, "gates on scores" if budgets else "gates"))
        sentences.append(
            f"The {interval_name(verdict)} is valid whenever the run stops, so that it is wider than a textbook "
            "interval."
        )
    read = {gate.measurement: max(one.asked for one in gates if one.measurement == gate.measurement) for gate in gates}
    came = {each.measurement: each.asked for each in verdict.measurements}
    if later := sum(max(0, came.get(name, 0) - number) for name, number in read.items()):
        sentences.append(
            f"{counted(later, 'answer')} came after the gates had decided: kept and paid for, and read by no gate."
        )
    return sentences


def _errors(gates: list[GateVerdict], level: str, named: str) -> str:
    """The error rates of gates on scores."""
    family = f" over all {named} of this run together" if len(gates) > 1 else ""
    if (together := max(gate.family for gate in gates)) > 1:
        family = f" over the {together:,} gates that have one level together"
    series = ""
    if all(gate.strict_series and gate.number for gate in gates):
        series = " Both hold over all such gates of this model with these prompts and this key together."
    meets = (
        "no model is worse than its baseline by more than the margin"
        if all(gate.baseline for gate in gates)
        else (
            "every model meets its bar, and none is worse than its baseline by more than the margin"
            if any(gate.baseline for gate in gates)
            else "every model meets its bar"
        )
    )
    return (
        f"Error rates: where {meets}, the chance of any red is at most {level}{family}. A model that does not meet its "
        f"bar is green with a chance of at most {level}, each gate by itself.{series}"
    )


def _of_budgets(budgets: list[BudgetVerdict]) -> Iterator[str]:
    kinds = {budget.kind for budget in budgets}
    if "rule" in kinds:
        yield f"A rule (K of N right) is {THESE_ONLY}: of any others it says nothing, and it has no error rate."
    if kinds == {"rule"}:
        return
    yield (
        "A gate on time or cost is about the calls of this run, all of them, and no others: of another hour or another "
        "run it says nothing, and it has no error rate. It is undecided where its limit lies within the band, which is "
        "two standard errors to either side, made wider where slow or dear answers of this run lie together."
    )
    if "latency" in kinds:
        yield (
            "The time of an answer is that from its request to its last byte, as this run measured it, with so many "
            "calls at once as it made; attempts that failed and were made again, and pauses, are not in it."
        )
    if "cost" in kinds:
        yield (
            "The cost of an answer is that of the tokens of all attempts at it, at the plan's prices. Where the "
            f"tokens of an answer were not reported, there is no green, nothing is added for red, and the band shows "
            f"{UNKNOWN_COSTS:g} times the limit for it."
        )
