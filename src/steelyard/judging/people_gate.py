"""A gate on what people would give a judged run, by its judge's verdicts and people's labels. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from fractions import Fraction

import msgspec

from steelyard.judging.calibration import calibration, people_of, strata_of
from steelyard.judging.labels import Labelled
from steelyard.judging.scores import JudgedScore, answer_scores
from steelyard.records import JudgedKey, PeopleRate
from steelyard.stats.gate import Colour
from steelyard.stats.judged_gate import colour_of_bounds, least_positive, most_positive

__all__ = ["is_all_or_nothing", "people_gate"]

Answer = tuple[str, int, str]
Verdicts = Mapping[JudgedKey, float | None]


def people_gate(
    verdicts: Verdicts,
    labels: Mapping[JudgedKey, Labelled],
    bar: Fraction,
    *,
    missing: int = 0,
    family: int = 1,
    alpha: float = 0.05,
) -> tuple[Colour, PeopleRate]:
    """Whether people would accept a share of at least ``bar`` of a run's answers: green at α, red at α/``family``.

    ``missing`` answers never came, or were not judged. They, and drawn answers without a label, count as rejected for
    green and as accepted for red, and so does an answer on which two people differ. Undecided with fewer than
    ``MIN_LABELS`` labelled answers, and where scores are not all or nothing.
    """
    scores, people = answer_scores(verdicts), people_of(verdicts, labels)
    items = len(scores) + missing
    needed = math.ceil(items * bar)
    least, most = _judge(scores, missing)
    found = calibration(verdicts, labels)
    rate = PeopleRate(
        answers=items,
        labels=len(people.gold),
        skipped=len(people.skipped),
        judge=(least / items, most / items),
        judge_says=colour_of_bounds(least, most, needed),
    )
    if found is None or not is_all_or_nothing(verdicts):
        return "undecided", rate
    low = least_positive(strata_of(scores, _whole(people.gold, math.floor), people.skipped), alpha)
    high = most_positive(strata_of(scores, _whole(people.gold, math.ceil), people.skipped), alpha / family) + missing
    ends = {"estimate": found.corrected.estimate, "low": low / items, "high": high / items}
    return colour_of_bounds(low, high, needed), msgspec.structs.replace(rate, **ends)


def is_all_or_nothing(verdicts: Verdicts) -> bool:
    """Whether every answer passes or does not: a rubric of one criterion, or one that asks for all of them."""
    asked = [key for key in verdicts if not key.arm]
    return all(key.passes == "all" for key in asked) or len({key.criterion for key in asked}) == 1


def _judge(scores: list[JudgedScore], missing: int) -> tuple[int, int]:
    """How many answers the judge accepts, with those that are open or missing as rejected, and as accepted."""
    accepted = sum(each.score == 1.0 for each in scores)
    return accepted, accepted + sum(each.score is None for each in scores) + missing


def _whole(gold: Mapping[Answer, float], turned: Callable[[float], int]) -> dict[Answer, float]:
    return {each: float(turned(score)) for each, score in gold.items()}
