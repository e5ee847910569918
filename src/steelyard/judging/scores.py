"""From a judge's verdicts to the score of the run that it judged; pure, so that ``verify`` computes it again."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Final, Literal, NamedTuple

import msgspec

from steelyard.judging.attack_results import attack_results
from steelyard.judging.attacks import ANOTHER
from steelyard.judging.items import AGAIN, SWAPPED, role_order
from steelyard.records import (
    CriterionResult,
    FlipResult,
    JudgedKey,
    Judging,
    LengthResult,
    PairResult,
    UnreadResult,
)
from steelyard.stats.bounds import share_point
from steelyard.stats.intervals import wilson
from steelyard.stats.rank_correlation import spearman

__all__ = ["JudgedScore", "answer_scores", "judging_of"]

Verdicts = Mapping[JudgedKey, float | None]
Answer = tuple[str, int, str]  # sample, repeat and role: see JudgedKey.answer
_FLIPS: Final[tuple[Literal["again", "swapped"], ...]] = (AGAIN, SWAPPED)


@dataclass(frozen=True)
class JudgedScore:
    """The score of one answer in [0, 1], None where a verdict that it needs is open; ``place`` is its sample's."""

    answer: Answer
    place: int
    length: int
    score: float | None


def answer_scores(verdicts: Verdicts) -> list[JudgedScore]:
    """The score of each answer from its criteria, in the committed order of the run that is judged.

    *all*: 1 where every criterion is met, 0 as soon as one is not, whatever is open. *mean*: the weighted mean.
    """
    by_answer: dict[Answer, list[JudgedKey]] = defaultdict(list)
    for key in verdicts:
        if not key.arm and not key.seat:
            by_answer[key.answer].append(key)
    criteria = len({key.criterion for keys in by_answer.values() for key in keys})
    found = [
        JudgedScore(answer, keys[0].place, keys[0].length, _score(keys, verdicts, criteria))
        for answer, keys in by_answer.items()
    ]
    return sorted(found, key=lambda each: (each.place, each.answer))


def _score(keys: Sequence[JudgedKey], verdicts: Verdicts, criteria: int) -> float | None:
    # A criterion that was not asked yet, where a budget ended the run, is open too.
    values = [verdicts[key] for key in keys] + [None] * (criteria - len(keys))
    if keys[0].passes == "all":
        return 0.0 if 0.0 in values else None if None in values else 1.0
    if None in values:
        return None
    weighted = (key.weight * (value or 0.0) for key, value in zip(keys, values, strict=True))
    return math.fsum(weighted) / math.fsum(key.weight for key in keys)


def judging_of(
    verdicts: Iterable[tuple[JudgedKey, float | None]],
    models: Mapping[str, str] | None = None,
    reasons: Iterable[str] = (),
) -> Judging:
    """What the verdicts of one judging come to. A verdict is 1, 0, ½ (a tie), or None where it is open or missing.

    ``models`` are the names of the models that were judged, by role; ``reasons`` say of each open verdict why.
    """
    known, names = dict(verdicts), models or {}
    by_role = {role: _of_role(known, role) for role in sorted({key.role for key in known}, key=role_order)}
    tests = attack_results(known)
    only = next(iter(by_role)) if len(by_role) == 1 else ""
    return msgspec.structs.replace(
        _pair(known) if any(key.seat for key in known) else _scored(known),
        role=only,
        model=names.get(only, "") if only else "",
        flips=_flips(known),
        answers_test=tests.pop(ANOTHER, None),
        attacks=tuple(tests.values()),
        verdicts=len(known),
        unread=tuple(UnreadResult(reason=reason, verdicts=number) for reason, number in _by_frequency(reasons)),
        models=tuple(
            msgspec.structs.replace(_scored(own), role=role, model=names.get(role, ""))
            for role, own in by_role.items()
            if len(by_role) > 1
        ),
    )


def _of_role(verdicts: Verdicts, role: str) -> dict[JudgedKey, float | None]:
    return {key: value for key, value in verdicts.items() if key.role == role}


def _by_frequency(reasons: Iterable[str]) -> list[tuple[str, int]]:
    return sorted(Counter(reasons).items(), key=lambda each: (-each[1], each[0]))


def _scored(verdicts: Verdicts) -> Judging:
    scores, rate = answer_scores(verdicts), _rate(answer_scores(verdicts))
    texts = Counter({key.answer: key.text for key in verdicts if not key.arm}.values())
    return Judging(
        passes=next(iter(verdicts)).passes if verdicts else "all",
        answers=len(scores),
        open=sum(each.score is None for each in scores),
        rate=rate.rate,
        bounds=rate.bounds,
        ci=rate.ci,
        criteria=_criteria(verdicts),
        length=_length(scores),
        same=max(texts.values(), default=0),
    )


def _pair(verdicts: Verdicts) -> Judging:
    return Judging(pairs=_pairs(verdicts), answers=len({key.sample for key in verdicts}))


# ── the score ───────────────────────────────────────────────────────────────────────────────────────────────────────


class _Rate(NamedTuple):
    rate: float | None
    bounds: tuple[float, float]
    ci: tuple[float, float]


def _rate(scores: Sequence[JudgedScore]) -> _Rate:
    """Rate, bounds and interval over samples: repeats of one count as one answer."""
    if not scores:
        return _Rate(None, (0.0, 1.0), (0.0, 1.0))
    low = _by_sample(scores, 0.0)
    high = _by_sample(scores, 1.0)
    read = [each.score for each in scores if each.score is not None]
    unread = len(scores) - len(read)
    is_known = share_point(0, unread, len(scores)) is not None
    rate = math.fsum(read) / len(read) if is_known else None
    return _Rate(rate, (fmean(low), fmean(high)), (_interval(low)[0], _interval(high)[1]))


def _by_sample(scores: Sequence[JudgedScore], unread: float) -> list[float]:
    found: dict[str, list[float]] = defaultdict(list)
    for each in scores:
        found[each.answer[0]].append(unread if each.score is None else each.score)
    return [fmean(values) for values in found.values()]


def _interval(values: Sequence[float]) -> tuple[float, float]:
    """Wilson's for shares; for other scores Student's t on the mean, within [0, 1]."""
    from scipy.special import stdtrit

    n, mean = len(values), fmean(values)
    if set(values) <= {0.0, 1.0} or n < 2:
        return wilson(round(math.fsum(values)), n)
    squares = math.fsum((value - mean) ** 2 for value in values)
    reach = float(stdtrit(n - 1, 0.975)) * math.sqrt(squares / (n - 1) / n)
    return max(0.0, mean - reach), min(1.0, mean + reach)


def _pair_interval(scores: Sequence[float]) -> tuple[float, float]:
    """That of paired differences, as comparisons have it: a pair whose seats disagree is ½, and many alike vary little.

    Student's t on such scores is far too short: with 96 % ties it misses the truth in .66 of cases with ten questions.
    """
    from steelyard.stats.paired import paired_interval

    low, high = paired_interval([2 * score - 1 for score in scores])
    return (1 + low) / 2, (1 + high) / 2


def _criteria(verdicts: Verdicts) -> tuple[CriterionResult, ...]:
    by_criterion: dict[str, list[float | None]] = defaultdict(list)
    for key, value in verdicts.items():
        if not key.arm:
            by_criterion[key.criterion].append(value)
    found = []
    for name, values in sorted(by_criterion.items()):
        yes, unread = values.count(1.0), values.count(None)
        ci = wilson(yes, len(values))[0], wilson(yes + unread, len(values))[1]
        found.append(CriterionResult(criterion=name, judged=len(values), yes=yes, open=unread, ci=ci))
    return tuple(found)


# ── how steady the judge is ─────────────────────────────────────────────────────────────────────────────────────────


def _flips(verdicts: Verdicts) -> tuple[FlipResult, ...]:
    """Verdicts that change where what they are about does not."""
    first = {(key.answer, key.criterion, key.seat): value for key, value in verdicts.items() if not key.arm}
    found = []
    for arm in _FLIPS:
        pairs = [
            (first.get((key.answer, key.criterion, key.seat)), value)
            for key, value in verdicts.items()
            if key.arm == arm
        ]
        if pairs:
            found.append(_flip(arm, pairs))
    seats = [
        (value, _turned(first.get((answer, criterion, "second"))))
        for (answer, criterion, seat), value in first.items()
        if seat == "first"
    ]
    return (*found, _flip("seat", seats)) if seats else tuple(found)


def _turned(value: float | None) -> float | None:
    """A verdict on two answers as a verdict on the first run's, which sits second."""
    return None if value is None else 1.0 - value


def _flip(by: Literal["again", "swapped", "seat"], pairs: Sequence[tuple[float | None, float | None]]) -> FlipResult:
    both = [(one, other) for one, other in pairs if one is not None and other is not None]
    flips = sum(one != other for one, other in both)
    return FlipResult(by=by, pairs=len(both), flips=flips, ci=wilson(flips, len(both)))


def _length(scores: Sequence[JudgedScore]) -> LengthResult | None:
    known = [(each.length, each.score) for each in scores if each.score is not None]
    found = spearman([float(length) for length, _ in known], [score for _, score in known])
    return None if found is None else LengthResult(rho=found[0], ci=found[1:], n=len(known))


# ── pairs ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _pairs(verdicts: Verdicts) -> PairResult:
    """The first run's score against the second's: the mean over both seats, weighted over criteria."""
    by_sample: dict[str, list[tuple[float, float | None]]] = defaultdict(list)
    for key, value in verdicts.items():
        if key.seat and not key.arm:
            by_sample[key.sample].append((key.weight, _turned(value) if key.seat == "second" else value))
    scores: list[float | None] = []
    for values in by_sample.values():
        known = [(weight, value) for weight, value in values if value is not None]
        whole = math.fsum(weight for weight, _ in known)
        is_whole = len(known) == len(values)
        scores.append(math.fsum(weight * value for weight, value in known) / whole if is_whole else None)
    low, high = ([unread if score is None else score for score in scores] for unread in (0.0, 1.0))
    read = [score for score in scores if score is not None]
    is_known = bool(scores) and share_point(0, len(scores) - len(read), len(scores)) is not None
    return PairResult(
        samples=len(scores),
        score=fmean(read) if is_known and read else None,
        ci=(_pair_interval(low)[0], _pair_interval(high)[1]) if scores else (0.0, 1.0),
        better=sum(score > 0.5 for score in read),
        worse=sum(score < 0.5 for score in read),
        open=len(scores) - len(read),
    )
