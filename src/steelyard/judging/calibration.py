"""A judge held against people: what people would give the run, and what the judge is worth. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import Final, Literal

from steelyard.judging.confusion import Confusion, Differing, confusions, differing
from steelyard.judging.items import role_order
from steelyard.judging.labels import MIN_LABELS, Labelled
from steelyard.judging.scores import JudgedScore, answer_scores
from steelyard.records import JudgedKey
from steelyard.stats.judged import Agreement, Corrected, Stratum, agreement, item_gold, judged_mean, judged_rate

__all__ = ["Calibration", "People", "calibration", "calibrations", "people_of", "strata_of"]

Answer = tuple[str, int, str]
_VERDICTS: Final[tuple[Literal[0, 1] | None, ...]] = (1, 0, None)


@dataclass(frozen=True)
class Calibration:
    """A judge and people on one run; proportions in [0, 1], intervals at 95 %.

    ``corrected`` is what people would give all ``answers`` of the run, from ``labels`` labelled ones; ``skipped`` were
    drawn and got no label. ``judged`` is the judge's own mean, open verdicts left out. ``agreement`` is that of judge
    and people over all answers, each verdict weighted by how often the judge gives it; ``labellers`` is that of two
    people on the answers that both labelled: None where it cannot be told. ``confusions`` and ``differing`` are of the
    labelled answers alone. The answers are to ``questions`` questions: where these are fewer, some are repeats.
    """

    answers: int
    labels: int
    skipped: int
    judged: float | None
    corrected: Corrected
    agreement: Agreement | None
    labellers: Agreement | None
    questions: int = 0
    confusions: Sequence[Confusion] = ()
    differing: Sequence[Differing] = ()

    @property
    def buys_next_to_nothing(self) -> bool:
        """Whether the labels alone would do nearly as well."""
        return self.corrected.next_to_nothing


@dataclass(frozen=True)
class People:
    """What two people gave the answers that were drawn; ``gold`` is their mean, ``skipped`` has no label of either."""

    first: Mapping[Answer, float]
    second: Mapping[Answer, float]
    gold: Mapping[Answer, float]
    skipped: Set[Answer]


def calibration(verdicts: Mapping[JudgedKey, float | None], labels: Mapping[JudgedKey, Labelled]) -> Calibration | None:
    """Hold a judge's ``verdicts`` against ``labels`` of a random part of the answers.

    Where all scores are 0 or 1, by post-stratification; else by PPI++, with ½ for an open score of the judge. None
    with fewer than ``MIN_LABELS`` labelled answers.
    """
    scores, people = answer_scores(verdicts), people_of(verdicts, labels)
    if len(people.gold) < MIN_LABELS:
        return None
    read = [each.score for each in scores if each.score is not None]
    strata = strata_of(scores, people.gold, people.skipped)
    corrected = judged_rate(strata) if strata else _mean(scores, people.gold, people.skipped)
    return Calibration(
        answers=len(scores),
        labels=len(people.gold),
        skipped=len(people.skipped),
        judged=sum(read) / len(read) if read else None,
        corrected=corrected,
        agreement=_agreement(strata),
        labellers=_labellers(people.first, people.second),
        questions=len({each.answer[0] for each in scores}),
        confusions=confusions(verdicts, labels),
        differing=list(differing(verdicts, labels)),
    )


def calibrations(
    verdicts: Mapping[JudgedKey, float | None], labels: Mapping[JudgedKey, Labelled]
) -> dict[str, Calibration | None]:
    """The calibration of each model's answers, by its role: by labels of its own answers alone."""
    roles = sorted({key.role for key in verdicts}, key=role_order)
    return {
        role: calibration(
            {key: value for key, value in verdicts.items() if key.role == role},
            {key: label for key, label in labels.items() if key.role == role},
        )
        for role in roles
    }


def people_of(verdicts: Mapping[JudgedKey, float | None], labels: Mapping[JudgedKey, Labelled]) -> People:
    """What people gave the drawn answers, by the rule that makes the judge's scores."""
    first = _scores_of(verdicts, {key: each.first for key, each in labels.items()})
    second = _scores_of(verdicts, {key: each.second for key, each in labels.items()})
    drawn = {key.answer for key in labels}
    gold = {each: item_gold(found) for each in drawn if (found := [by[each] for by in (first, second) if each in by])}
    return People(first, second, gold, drawn - gold.keys())


def _scores_of(
    verdicts: Mapping[JudgedKey, float | None], labels: Mapping[JudgedKey, float | None]
) -> dict[Answer, float]:
    """People's score of each answer, by the rule that makes the judge's; answers without one are left out."""
    asked: dict[Answer, list[JudgedKey]] = defaultdict(list)
    for key in verdicts:
        if not key.arm and not key.seat:
            asked[key.answer].append(key)
    drawn = {key.answer for key in labels}
    whole = {key: labels.get(key) for each in drawn for key in asked[each]}
    return {each.answer: each.score for each in answer_scores(whole) if each.score is not None}


def strata_of(scores: list[JudgedScore], gold: Mapping[Answer, float], skipped: Set[Answer]) -> list[Stratum]:
    """The answers by the judge's score; empty where a score is neither 0, 1 nor open, or a gold score neither."""
    values = {each.score for each in scores} | set(gold.values())
    if not values <= {0.0, 1.0, None}:
        return []
    found = []
    for verdict in _VERDICTS:
        names = {each.answer for each in scores if each.score == verdict}
        labelled = names & gold.keys()
        if names:
            positive = sum(gold[each] == 1.0 for each in labelled)
            found.append(Stratum(verdict, len(names), len(labelled), positive, len(names & skipped)))
    return found


def _mean(scores: list[JudgedScore], gold: Mapping[Answer, float], skipped: Set[Answer]) -> Corrected:
    """By PPI++; what was drawn and has no label is 0 for the lower end and 1 for the upper one."""
    judge = [0.5 if each.score is None else each.score for each in scores]
    worst, best = (
        judged_mean(judge, [gold.get(name, missing if name in skipped else None) for name in names])
        for names in [[each.answer for each in scores]]
        for missing in (0.0, 1.0)
    )
    return replace(
        worst,
        estimate=(worst.estimate + best.estimate) / 2,
        high=best.high,
        gold_high=best.gold_high,
        labels=len(gold),
    )


def _agreement(strata: list[Stratum]) -> Agreement | None:
    """None for scores between 0 and 1, and where a verdict of the judge has no label."""
    try:
        return agreement(strata) if strata else None
    except ValueError:
        return None


def _labellers(first: Mapping[Answer, float], second: Mapping[Answer, float]) -> Agreement | None:
    """The agreement of two people, the first in the judge's place; None where they share no verdicts."""
    both = [(first[each], second[each]) for each in first.keys() & second.keys()]
    if len(both) < MIN_LABELS or not {value for pair in both for value in pair} <= {0.0, 1.0}:
        return None
    strata = []
    for verdict in (1, 0):
        of = [other for one, other in both if one == verdict]
        if of:
            strata.append(Stratum(verdict, len(of), len(of), sum(other == 1.0 for other in of)))
    return _agreement(strata)
