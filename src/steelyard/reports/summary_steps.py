"""What to do next: one step for each kind of advice, with the command that shows or checks it."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from steelyard.records import ClaimVerdict, DetectorResult, Plan, Verdict, VerdictWord
from steelyard.reports import words
from steelyard.reports.choices import choices_of, is_choice
from steelyard.reports.gates import counted_colours, is_gated
from steelyard.reports.headlines import unread_fresh
from steelyard.reports.identity_checks import is_identity_check
from steelyard.reports.measured import only_measured
from steelyard.reports.provenance import Provenance
from steelyard.reports.summary_identity import identity_steps
from steelyard.reports.summary_numbers import Numbers
from steelyard.reports.summary_reasons import advice_on, reason_of
from steelyard.reports.summary_rows import claimed, claims_in_order, named
from steelyard.reports.summary_words import Words
from steelyard.util.text import one_line

__all__ = ["STEPS", "Step", "command", "findings_in_words", "steps_of", "widest"]

STEPS: Final = 5  # more steps than this do not fit the sheet
_NAME = 40  # characters of a name in a sentence
_SHOWS = {"open": "--open", "missing": "--missing"}  # advice that begins with looking at answers


@dataclass(frozen=True)
class Step:
    """One thing to do, and the commands for it."""

    text: str
    commands: tuple[str, ...] = ()


def steps_of(verdict: Verdict, plan: Plan, provenance: Provenance, said: Words) -> tuple[list[Step], int]:
    """The steps that fit, most urgent first, and how many more there are."""
    found = [*_all(verdict, plan, provenance, said)]
    return found[:STEPS], max(0, len(found) - STEPS)


def _all(verdict: Verdict, plan: Plan, provenance: Provenance, said: Words) -> Iterator[Step]:
    numbers, claims = Numbers(said.notation), claims_in_order(verdict)
    folder, vendor = provenance.folder, _vendor(plan, said)
    if not provenance.is_sealed:
        yield Step(said.steps.unfinished, (command("resume", folder),))
    if is_gated(verdict):
        yield from _of_gates(verdict, folder, said)
        return
    if is_choice(verdict):
        yield from _of_choice(verdict, folder, said)
        return
    if is_identity_check(verdict):
        yield from (Step(text) for text in identity_steps(verdict, said))
        return
    below = [claim for claim in claims if claim.verdict is VerdictWord.INCONSISTENT and claim.asked]
    if below:
        text = said.steps.do_not_rely if len(below) == 1 else said.steps.do_not_rely_many
        told = text.format(claims=_names(below, numbers), vendor=vendor)
        yield Step(f"{told} {said.steps.see_wrong}", _shown(folder, "--wrong", below, plan))
    if verdict.findings:
        yield Step(said.steps.explain.format(vendor=vendor, findings=findings_in_words(verdict, said)))
    unearned = {finding.task for finding in verdict.findings}
    consistent = [claim for claim in claims if claim.verdict is VerdictWord.CONSISTENT]
    unread = set(unread_fresh(verdict)) - unearned
    if held := [claim for claim in consistent if _task_of(claim, plan) not in unearned | unread]:
        text = said.steps.rely if len(held) == 1 else said.steps.rely_many
        yield Step(text.format(claims=_names(held, numbers), within=widest(held, numbers)))
    if doubtful := [claim for claim in consistent if _task_of(claim, plan) in unread]:
        told = said.steps.unread_fresh.format(claims=_names(doubtful, numbers), vendor=vendor)
        yield Step(told, _shown(folder, "--open", doubtful, plan))
    if undecided := [one_line(each.test, _NAME) for each in words.further_tests(verdict) if _is_missed(each, plan)]:
        yield Step(said.steps.test.format(tests=numbers.names(undecided)))
    unsettled = [claim for claim in claims if claim.verdict not in (VerdictWord.INCONSISTENT, VerdictWord.CONSISTENT)]
    yield from _advised(unsettled, plan, folder, said, numbers)
    ranges = [each for each in only_measured(verdict) if each.open and each.measured is None]
    if ranges and not verdict.claims:
        yield Step(said.steps.see_open, (command("show", folder, "--open"),))
    if not verdict.claims and not verdict.findings:
        yield Step(said.steps.compare)


def _of_gates(verdict: Verdict, folder: str, said: Words) -> Iterator[Step]:
    colours = [colour for colour, _, _ in counted_colours(verdict)]
    if "red" in colours:
        yield Step(said.gates.step_red, (command("show", folder, "--wrong"),))
    if "undecided" in colours:
        yield Step(said.gates.step_undecided, (command("show", folder),))
    if colours == ["green"]:
        yield Step(said.gates.step_green, (command("show", folder),))


def _of_choice(verdict: Verdict, folder: str, said: Words) -> Iterator[Step]:
    choice, wrong = choices_of(verdict)[0].choice, (command("show", folder, "--wrong"),)
    assert choice is not None
    if choice.chosen:
        yield Step(said.choice.step_chosen, wrong)
        if not choice.cheapest:
            yield Step(said.choice.step_cheaper)
        yield Step(said.choice.step_keep)
    elif all(each.standing == "below" for each in choice.candidates):
        yield Step(said.choice.step_none, wrong)
    else:
        yield Step(said.choice.step_unsure, (command("show", folder),))


def _advised(claims: Iterable[ClaimVerdict], plan: Plan, folder: str, said: Words, numbers: Numbers) -> Iterator[Step]:
    """One step for each kind of advice, for all claims that it helps."""
    groups: dict[str, list[ClaimVerdict]] = {}
    for claim in claims:
        groups.setdefault(_advice(claim), []).append(claim)
    for advice, group in groups.items():
        values = {"claims": _names(group, numbers), "vendor": _vendor(plan, said), "number": "", "time": ""}
        message = advice
        if advice == "more" and (needs := [claim.needs for claim in group if claim.needs is not None]):
            message = "more_number"
            values["number"] = numbers.about(sum(each.samples for each in needs))
            if all(each.seconds is not None for each in needs):
                message = "more_time"
                values["time"] = numbers.duration(sum(each.seconds or 0.0 for each in needs))
        questions = [_questions(claim) for claim in group]
        if advice == "noise" and all(questions):
            message, values["number"] = "noise_number", numbers.count(max(questions))
        commands = _shown(folder, _SHOWS[advice], group, plan) if advice in _SHOWS else ()
        yield Step(str(getattr(said.steps, message)).format(**values), commands)


def _questions(claim: ClaimVerdict) -> int:
    """How many questions would decide a claim that these cannot; 0 where the record does not say."""
    return max((int(each.values.get("questions", "0").replace(",", "")) for each in reason_of(claim)), default=0)


def _advice(claim: ClaimVerdict) -> str:
    reasons = reason_of(claim)
    return "items" if reasons and reasons[0].kind == "few_items" else advice_on(claim)


def _task_of(claim: ClaimVerdict, plan: Plan | None) -> str:
    """The task that answered a claim, by its own id: findings name that one."""
    measured = None if plan is None else plan.by_id.get(claim.measurement)
    return claim.task if measured is None else measured.task


def _is_missed(result: DetectorResult, plan: Plan | None) -> bool:
    """Whether a test should have decided and did not; one that the audit itself chose need not."""
    by_user = result.effect is None or (plan is not None and result.rule.partition("@")[0] in plan.detect)
    return by_user and result.word is not VerdictWord.CONSISTENT


def _names(claims: Sequence[ClaimVerdict], numbers: Numbers) -> str:
    return numbers.names([f"{named(claim.task)} ({claimed(claim, numbers)})" for claim in claims])


def widest(claims: Sequence[ClaimVerdict], numbers: Numbers) -> str:
    """The largest tolerance of some claims, in their unit."""
    units = {claim.unit for claim in claims}
    return numbers.points(max(claim.tolerance for claim in claims), units.pop() if len(units) == 1 else "percent")


def _vendor(plan: Plan, said: Words) -> str:
    """The vendor's name, or words for it where the sheet has none."""
    name = one_line(plan.sheet.vendor, _NAME) if plan.sheet else ""
    return name or said.steps.vendor


def findings_in_words(verdict: Verdict, said: Words) -> str:
    """How many findings there are."""
    found = len(verdict.findings)
    return said.headlines.finding if found == 1 else said.headlines.findings.format(number=found)


def command(*arguments: str) -> str:
    """A command to copy, quoted for a shell."""
    return shlex.join(["steelyard", *(one_line(argument, 120) for argument in arguments)])


def _shown(folder: str, option: str, claims: Sequence[ClaimVerdict], plan: Plan) -> tuple[str]:
    """The command that lists the answers to some claims: to one task, where its name survives being shown."""
    measured = [plan.by_id.get(claim.measurement) for claim in claims]
    tasks = {each.task if each else "" for each in measured}
    task = tasks.pop() if len(tasks) == 1 else ""
    chosen = ("--task", task) if task and one_line(task, _NAME) == task and not task.startswith("-") else ()
    return (command("show", folder, option, *chosen),)
