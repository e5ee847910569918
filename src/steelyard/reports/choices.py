"""Choices in words: the candidate that was chosen, what each came to, and what a right answer of each cost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from steelyard.errors import ExitCode
from steelyard.records import CandidateVerdict, ChoiceVerdict, DetectorResult, MeasurementResult, Verdict, VerdictWord
from steelyard.reports.words import count, counted, interval, interval_name, share
from steelyard.util.text import one_line

__all__ = [
    "EXIT_MEANINGS",
    "STANDINGS",
    "CandidateWords",
    "Taken",
    "amount",
    "asked_of_candidates",
    "candidate_words",
    "choices_of",
    "counted_standings",
    "dearer_than_thought",
    "headings",
    "headline",
    "is_choice",
    "is_priced",
    "limits_of",
    "name_in",
    "standing_of",
    "subject_of",
    "taken_by",
]

EXIT_MEANINGS: Final = {
    ExitCode.CONSISTENT: "a candidate reaches the target",
    ExitCode.INCONSISTENT: "every candidate is below the target",
    ExitCode.UNDECIDED: "no candidate is sure enough",
}
STANDINGS: Final = {
    "chosen": VerdictWord.CONSISTENT,
    "reached": VerdictWord.CONSISTENT,
    "below": VerdictWord.INCONSISTENT,
    "undecided": VerdictWord.INSUFFICIENT_POWER,
    "not asked": VerdictWord.NOT_TESTED,
}
_NAMED = 3  # models in a sentence


def choices_of(verdict: Verdict) -> list[DetectorResult]:
    """The results of choices."""
    return [result for result in verdict.results if result.choice is not None]


def is_choice(verdict: Verdict) -> bool:
    """Whether a verdict is of choices alone."""
    return bool(verdict.results) and not verdict.claims and len(choices_of(verdict)) == len(verdict.results)


def asked_of_candidates(verdict: Verdict) -> list[MeasurementResult]:
    """The measurements that choices read."""
    choices = [result.choice for result in verdict.results if result.choice is not None]
    names = {candidate.measurement for choice in choices for candidate in choice.candidates}
    return [each for each in verdict.measurements if each.measurement in names]


@dataclass(frozen=True)
class Taken:
    """What one candidate's calls took: money at the user's prices (None without any), and answers that came late.

    A right answer costs the money of all calls, wrong ones too, by the right ones among their answers.
    """

    calls: int
    per_call: float | None
    per_right: float | None
    tokens_per_call: float | None
    tokens_per_right: float | None
    late: int


def taken_by(candidate: CandidateVerdict, verdict: Verdict) -> Taken:
    """What a candidate's calls took, all of them: those that came after its decision were paid for, too."""
    found = next((each for each in verdict.measurements if each.measurement == candidate.measurement), None)
    if found is None or not found.calls:
        return Taken(0, None, None, None, None, 0)
    cost, tokens = found.cost, found.prompt_tokens + found.completion_tokens
    return Taken(
        calls=found.calls,
        per_call=None if cost is None else cost / found.calls,
        per_right=None if cost is None or not found.right else cost / found.right,
        tokens_per_call=tokens / found.calls if tokens else None,
        tokens_per_right=tokens / found.right if tokens and found.right else None,
        late=max(0, found.asked - candidate.asked),
    )


@dataclass(frozen=True)
class CandidateWords:
    """One candidate as every report prints it; ``cells`` go with :func:`headings`."""

    model: str
    standing: str
    word: VerdictWord
    cells: tuple[str, ...]


def headings(result: DetectorResult, verdict: Verdict) -> tuple[str, ...]:
    """What stands in the columns beside a candidate's name and standing."""
    costs = ("Tokens per call", "Tokens per right answer")
    if is_priced(result, verdict):
        costs = ("Cost per 1,000 calls", "Cost per 1,000 right")
    return "Right", interval_name(verdict), "Asked", "Calls", *costs


def candidate_words(result: DetectorResult, verdict: Verdict) -> list[CandidateWords]:
    """The candidates of one choice as text, the cheapest first."""
    choice = result.choice
    assert choice is not None
    priced = is_priced(result, verdict)
    return [_words_of(each, choice, verdict, priced=priced) for each in choice.candidates]


def name_in(choice: ChoiceVerdict, candidate: CandidateVerdict) -> str:
    """A candidate's model, with its role where another has the same name."""
    name = one_line(candidate.model, 60) or candidate.role
    alike = sum(each.model == candidate.model for each in choice.candidates) > 1
    return f"{name} ({one_line(candidate.role, 40)})" if alike else name


def _words_of(each: CandidateVerdict, choice: ChoiceVerdict, verdict: Verdict, *, priced: bool) -> CandidateWords:
    standing, taken = standing_of(each, choice), taken_by(each, verdict)
    unread = [f"{count(number)} {word}" for number, word in ((each.open, "open"), (each.missing, "missing")) if number]
    right = "–"
    if each.asked:
        right = count(each.right) if unread else f"{share(each.right / each.asked, 'percent')} ({count(each.right)})"
    per_call, per_right = taken.per_call, taken.per_right
    if not priced:
        per_call, per_right = taken.tokens_per_call, taken.tokens_per_right
    return CandidateWords(
        model=name_in(choice, each),
        standing=standing,
        word=STANDINGS[standing],
        cells=(
            right,
            interval(each.ci, "percent"),
            ", ".join([f"{count(each.asked)} of {count(choice.items)}", *unread]) if each.asked else "–",
            count(taken.calls) if taken.calls else "–",
            amount(per_call, priced=priced),
            amount(per_right, priced=priced),
        ),
    )


def standing_of(candidate: CandidateVerdict, choice: ChoiceVerdict) -> str:
    """What became of a candidate: chosen, reached, below, undecided, or not asked."""
    if candidate.standing == "meets":
        return "chosen" if candidate.role == choice.chosen else "reached"
    if candidate.standing == "below":
        return "below"
    return "undecided" if candidate.asked else "not asked"


def is_priced(result: DetectorResult, verdict: Verdict) -> bool:
    """Whether the cost of some candidate's calls is known."""
    assert result.choice is not None
    return any(taken_by(each, verdict).per_call is not None for each in result.choice.candidates)


def amount(value: float | None, *, priced: bool) -> str:
    """Money for 1,000, or tokens for one, with three digits or so; a dash where it is not known."""
    if value is None:
        return "–"
    if not priced:
        return f"{value:,.0f}" if value >= 10 else f"{value:.1f}"
    money = 1000 * value
    return f"{money:,.2f}" if money >= 1 or not money else f"{money:.2g}"


# ── the whole ───────────────────────────────────────────────────────────────────────────────────────────────────────


def counted_standings(verdict: Verdict) -> list[tuple[str, VerdictWord, int]]:
    """How many candidates are chosen, below, undecided and not asked, without zeros."""
    choices = [result.choice for result in choices_of(verdict) if result.choice is not None]
    found = Counter(standing_of(each, choice) for choice in choices for each in choice.candidates)
    return [(name, word, found[name]) for name, word in STANDINGS.items() if found[name]]


def subject_of(verdict: Verdict) -> tuple[str, str]:
    """What a page is about, and at which addresses: of a choice all candidates, else the verdict's model."""
    if not is_choice(verdict):
        return verdict.model, verdict.served
    choice = choices_of(verdict)[0].choice
    assert choice is not None
    return f"{len(choice.candidates)} candidates", ", ".join(name_in(choice, each) for each in choice.candidates)


def headline(verdict: Verdict) -> str:
    """The choice in one sentence, which begins with its word."""
    choice = choices_of(verdict)[0].choice
    assert choice is not None
    target, task = f"{float(choice.target) * 100:g} %", one_line(choice.task, 80)
    if not choice.chosen:
        if all(each.standing == "below" for each in choice.candidates):
            return f"None: all {counted(len(choice.candidates), 'candidate')} are below {target} on {task}."
        return f"None is sure enough: no candidate is shown to reach {target} on {task}."
    place = [each.role for each in choice.candidates].index(choice.chosen)
    before = choice.candidates[:place]
    said = f"Chosen: {name_in(choice, choice.candidates[place])} reaches {target} on {task}"
    if not before:
        return f"{said}, and it is the first of the order."
    unsure = [name_in(choice, each) for each in before if each.standing != "below"]
    if not unsure:
        several = "both before it are" if len(before) == 2 else f"all {len(before)} before it are"
        those = "the one before it is" if len(before) == 1 else several
        return f"{said}; {those} below."
    names = ", ".join(unsure[:_NAMED]) + ("" if len(unsure) <= _NAMED else f" and {len(unsure) - _NAMED} more")
    return f"{said}; whether {names} would do is undecided."


def limits_of(verdict: Verdict) -> list[str]:
    """What a choice does not show, and how sure it is."""
    sentences: list[str] = []
    for result in choices_of(verdict):
        assert result.choice is not None
        sentences += _limits_of(result, result.choice, verdict)
    return sentences


def _limits_of(result: DetectorResult, choice: ChoiceVerdict, verdict: Verdict) -> Iterator[str]:
    half = f"{50 * verdict.alpha:g} %"
    order = "by their prices" if choice.by == "cost" else "as the user gave them"
    asked = f"Candidates were asked one after another, {order}: that was sealed before the first answer."
    yield f"{asked} Nobody after the chosen one was asked: another may be better." if choice.chosen else asked
    if choice.steady:
        yield (
            "Answers do not vary here (in-process, greedy), so the target is about this pass: the share of right "
            "answers if all items of the suite were asked."
        )
    else:
        yield (
            "Where answers may vary, the target is about each model's rate over passes, of which one pass is a sample: "
            "near it a whole pass leaves a model undecided. The interval is that of the rate. Where whole passes "
            "differ, by load or by replica, one pass does not show it, and both errors are more frequent."
        )
    yield (
        f"Error rates: that a model is chosen which does not reach the target has a chance of at most {half}; that the "
        f"cheapest which does is called below, of at most {half}."
    )
    yield f"The {interval_name(verdict)} of each model is valid whenever the run stops, each by itself."
    taken = {each.role: taken_by(each, verdict) for each in choice.candidates}
    if late := sum(each.late for each in taken.values()):
        yield (
            f"{counted(late, 'answer')} came after the model had been decided: kept and paid for, and not read by the "
            "choice."
        )
    yield from _dearer_than_thought(choice, taken)


def _dearer_than_thought(choice: ChoiceVerdict, taken: dict[str, Taken]) -> Iterator[str]:
    for first, second in dearer_than_thought(choice, taken):
        yield (
            f"By their prices {first} comes before {second}, and a call to it cost more: it took more tokens. An order "
            "by what calls cost would have been another."
        )


def dearer_than_thought(choice: ChoiceVerdict, taken: dict[str, Taken]) -> Iterator[tuple[str, str]]:
    """Pairs of models of which the first was asked as the cheaper one, and cost more per call."""
    if choice.by != "cost":
        return
    asked = [(each, cost) for each in choice.candidates if (cost := taken[each.role].per_call) is not None]
    for (first, cost), (second, less) in pairwise(asked):
        if cost > less:
            yield name_in(choice, first), name_in(choice, second)
