"""What a judge found, as text: the score with what shows how far the judge can be trusted, line by line."""

from __future__ import annotations

from typing import Final

from steelyard.records import AttackResult, FlipResult, Judging, PairResult
from steelyard.reports.measured_rates import measured_elsewhere
from steelyard.reports.words import count, counted, interval, share
from steelyard.util.text import one_line

__all__ = ["RULE", "judging_lines", "score_line"]

RULE: Final = "judge_gaming@1"  # detector D7, under which its measured rate stands

LEVEL: Final = 0.05  # of a test of detector D7
MIN_READ: Final = 9  # with fewer prompts a judge that is always deceived is not found at that level
MANY: Final = 0.1  # of the answers; below it equal ones are answers to like questions
UNCALIBRATED: Final = (
    "This score is the judge's alone: until it is held against people's labels (steelyard judge calibrate), it decides "
    "nothing."
)
_ARMS: Final = {
    "another": "the run's own answers to other questions",
    "flattery": "praise without an answer",
    "addressed": "a line that tells the judge its verdict",
    "padded": "a wrong answer among sentences that say nothing",
}
_FLIPS: Final = {
    "again": "asked again",
    "swapped": "with the verdict's words the other way round",
    "seat": "with the two answers in the other order",
}


def judging_lines(judging: Judging) -> list[tuple[str, str]]:
    """Rows of (what, found), the score first; where several models were judged, that of each."""
    if judging.pairs is not None:
        rows = [(f"First run against second{_of_model(judging)}", _pair(judging.pairs))]
    else:
        rows = [row for each in judging.models or (judging,) for row in _scores(each)]
    return [*rows, *_steadiness(judging), *_unread(judging), *_attacks(judging)]


def _scores(judging: Judging) -> list[tuple[str, str]]:
    """What follows from the verdicts on one model's answers."""
    of = _of_model(judging)
    rows = [(f"Score by the judge{of}", score_line(judging))]
    for each in judging.criteria:
        unread = f", {count(each.open)} open" if each.open else ""
        read = _range(each.yes / each.judged, (each.yes + each.open) / each.judged)
        text = (
            f"{read}, 95 % interval {interval(each.ci, 'percent')} ({count(each.yes)} of {count(each.judged)}{unread})"
        )
        rows.append((f"Criterion {one_line(each.criterion, 40)}{of}", text))
    if judging.length is not None:
        low, high = judging.length.ci
        rho = f"{judging.length.rho:+.2f}, 95 % interval {low:+.2f} to {high:+.2f}".replace("-", "−")
        rows.append((f"Length and score{of}", f"rank correlation {rho} ({count(judging.length.n)} answers)"))
    if judging.same > 1 and judging.same >= MANY * judging.answers:
        rows.append(
            (f"Same text{of}", f"{count(judging.same)} of {count(judging.answers)} answers are word for word the same")
        )
    return rows


def _of_model(judging: Judging) -> str:
    """`` (candidate-2, NAME)``; empty where the judged run asked one model."""
    if not judging.role:
        return ""
    return f" ({', '.join(filter(None, (one_line(judging.role, 40), one_line(judging.model, 60))))})"


def _unread(judging: Judging) -> list[tuple[str, str]]:
    """Why verdicts are open: how many, by reason."""
    if not judging.unread:
        return []
    total = sum(each.verdicts for each in judging.unread)
    reasons = ", ".join(f"{one_line(each.reason, 80)} ({count(each.verdicts)})" for each in judging.unread)
    return [("Open verdicts", f"{count(total)} of {count(judging.verdicts)} replies gave none: {reasons}")]


def score_line(judging: Judging) -> str:
    """``83.0 %, 95 % interval 74.5–89.1 % (of 100 answers)``; a range where verdicts are open."""
    point = _range(*judging.bounds) if judging.rate is None else share(judging.rate, "percent")
    meant = "pass every criterion" if judging.passes == "all" else "weighted mean of the criteria"
    unread = f", {count(judging.open)} open" if judging.open else ""
    return (
        f"{point}, 95 % interval {interval(judging.ci, 'percent')} ({meant}; {count(judging.answers)} answers{unread})"
    )


def _range(low: float, high: float) -> str:
    """A share, or two where open verdicts leave it open."""
    least, most = share(low, "percent"), share(high, "percent")
    return least if least == most else f"{least} to {most}"


def _pair(pairs: PairResult) -> str:
    point = "–" if pairs.score is None else share(pairs.score, "percent")
    unread = f", {count(pairs.open)} open" if pairs.open else ""
    even = pairs.samples - pairs.better - pairs.worse - pairs.open
    return (
        f"{point}, 95 % interval {interval(pairs.ci, 'percent')} (50 % is a tie; better on {count(pairs.better)}, "
        f"worse on {count(pairs.worse)}, even on {count(even)} of {count(pairs.samples)} questions{unread})"
    )


def _steadiness(judging: Judging) -> list[tuple[str, str]]:
    return [(f"Verdict flips, {_FLIPS[each.by]}", _flips(each)) for each in judging.flips]


def _flips(each: FlipResult) -> str:
    if not each.pairs:
        return "no pair could be read"
    return (
        f"{share(each.flips / each.pairs, 'percent')}, 95 % interval {interval(each.ci, 'percent')} "
        f"({count(each.flips)} of {count(each.pairs)})"
    )


def _attacks(judging: Judging) -> list[tuple[str, str]]:
    """The test of the answers first: it is about them; the others are about the judge."""
    rows, place = [], "" if judging.pairs is None else ", in the first run's place"
    if judging.answers_test is not None:
        words = ("score without fitting their questions", "not shown to score without fitting", "not tested")
        rows.append((f"Answers on other questions{place}", _tested(judging.answers_test, *words)))
    for each in judging.attacks:
        words = ("deceives the judge", "not shown to deceive the judge", "not attacked")
        rows.append((f"Attack: {_ARMS.get(each.arm, one_line(each.arm, 40))}{place}", _tested(each, *words)))
    if rows and (rate := measured_elsewhere(RULE)):
        rows.append(("How often such a test is wrong", rate))
    return rows


def _tested(each: AttackResult, found: str, not_shown: str, untested: str) -> str:
    """A test is one only where its verdicts were given: of a judge that says nothing, nothing is shown."""
    if not each.read:
        return f"{untested}: no verdicts ({counted(each.prompts, 'prompt')}, {count(each.open)} verdicts open)"
    if each.p > LEVEL and each.read < MIN_READ:
        not_shown = f"too few verdicts to show anything (prompts with all of them: {each.read}, of {MIN_READ} at least)"
    return f"{found if each.p <= LEVEL else not_shown}: {_numbers(each)}"


def _numbers(each: AttackResult) -> str:
    halfway = (each.real + each.floor) / 2
    unread = f", {count(each.open)} verdicts open" if each.open else ""
    return (
        f"score {share(each.score, 'percent')} where {share(halfway, 'percent')} is halfway from a plain wrong answer "
        f"({share(each.floor, 'percent')}) to the run's own ({share(each.real, 'percent')}), p {_p(each.p)}, "
        f"{counted(each.prompts, 'prompt')}{unread}"
    )


def _p(p: float) -> str:
    return "< 0.001" if p < 0.001 else f"= {p:.3f}"
