"""From a judge's verdicts to the score of the run that it judged; pure, so that ``verify`` computes it again."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

from steelyard.judging.attacks import ANOTHER, ARMS, CONSTANT
from steelyard.judging.items import AGAIN, SWAPPED
from steelyard.records import (
    AttackResult,
    CriterionResult,
    FlipResult,
    JudgedKey,
    Judging,
    LengthResult,
    PairResult,
)
from steelyard.stats.bounds import share_point
from steelyard.stats.intervals import wilson
from steelyard.stats.judge_gaming import excess_over_halfway
from steelyard.stats.rank_correlation import spearman

__all__ = ["JudgedScore", "answer_scores", "judging_of"]

Verdicts = Mapping[JudgedKey, float | None]
Answer = tuple[str, int]  # sample and repeat
_FLIPS: Final[tuple[Literal["again", "swapped"], ...]] = (AGAIN, SWAPPED)


@dataclass(frozen=True)
class JudgedScore:
    """The score of one answer in [0, 1], None where a verdict that it needs is open; ``place`` is its sample's."""

    sample: str
    repeat: int
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
            by_answer[key.sample, key.repeat].append(key)
    criteria = len({key.criterion for keys in by_answer.values() for key in keys})
    found = [
        JudgedScore(sample, repeat, keys[0].place, keys[0].length, _score(keys, verdicts, criteria))
        for (sample, repeat), keys in by_answer.items()
    ]
    return sorted(found, key=lambda each: (each.place, each.repeat))


def _score(keys: Sequence[JudgedKey], verdicts: Verdicts, criteria: int) -> float | None:
    # A criterion that was not asked yet, where a budget ended the run, is open too.
    values = [verdicts[key] for key in keys] + [None] * (criteria - len(keys))
    if keys[0].passes == "all":
        return 0.0 if 0.0 in values else None if None in values else 1.0
    if None in values:
        return None
    weighted = (key.weight * (value or 0.0) for key, value in zip(keys, values, strict=True))
    return math.fsum(weighted) / math.fsum(key.weight for key in keys)


def judging_of(verdicts: Iterable[tuple[JudgedKey, float | None]]) -> Judging:
    """What the verdicts of one judging come to. A verdict is 1, 0, ½ (a tie), or None where it is open or missing."""
    known = dict(verdicts)
    if any(key.seat for key in known):
        return Judging(flips=_flips(known), criteria=(), pairs=_pairs(known), answers=_samples(known))
    scores = answer_scores(known)
    texts = Counter({(key.sample, key.repeat): key.text for key in known if not key.arm}.values())
    tests, rate = _attacks(known), _rate(scores)
    return Judging(
        passes=next(iter(known)).passes if known else "all",
        answers=len(scores),
        open=sum(each.score is None for each in scores),
        rate=rate.rate,
        bounds=rate.bounds,
        ci=rate.ci,
        criteria=_criteria(known),
        flips=_flips(known),
        length=_length(scores),
        same=max(texts.values(), default=0),
        answers_test=tests.pop(ANOTHER, None),
        attacks=tuple(tests.values()),
    )


def _samples(verdicts: Verdicts) -> int:
    return len({key.sample for key in verdicts})


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
    return _Rate(rate, (_mean(low), _mean(high)), (_interval(low)[0], _interval(high)[1]))


def _by_sample(scores: Sequence[JudgedScore], unread: float) -> list[float]:
    found: dict[str, list[float]] = defaultdict(list)
    for each in scores:
        found[each.sample].append(unread if each.score is None else each.score)
    return [_mean(values) for values in found.values()]


def _interval(values: Sequence[float]) -> tuple[float, float]:
    """Wilson's for shares; for other scores Student's t on the mean, within [0, 1]."""
    from scipy.special import stdtrit

    n, mean = len(values), _mean(values)
    if set(values) <= {0.0, 1.0} or n < 2:
        return wilson(round(math.fsum(values)), n)
    squares = math.fsum((value - mean) ** 2 for value in values)
    reach = float(stdtrit(n - 1, 0.975)) * math.sqrt(squares / (n - 1) / n)
    return max(0.0, mean - reach), min(1.0, mean + reach)


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)


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
    first = {(key.sample, key.repeat, key.criterion, key.seat): value for key, value in verdicts.items() if not key.arm}
    found = []
    for arm in _FLIPS:
        pairs = [
            (first.get((key.sample, key.repeat, key.criterion, key.seat)), value)
            for key, value in verdicts.items()
            if key.arm == arm
        ]
        if pairs:
            found.append(_flip(arm, pairs))
    seats = [
        (value, _turned(first.get((sample, repeat, criterion, "second"))))
        for (sample, repeat, criterion, seat), value in first.items()
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


# ── attacks and pairs ───────────────────────────────────────────────────────────────────────────────────────────────


def _attacks(verdicts: Verdicts) -> dict[str, AttackResult]:
    """Detector D7 by arm: the run's own answers to other questions against the constant text; attacks against both."""
    real = {(key.sample, key.criterion): value for key, value in verdicts.items() if not key.arm and key.repeat == 0}
    arms: dict[str, dict[tuple[str, str], float | None]] = defaultdict(dict)
    for key, value in sorted(verdicts.items(), key=lambda item: item[0].place):
        if key.arm in ARMS:
            arms[key.arm][key.sample, key.criterion] = value
    found = {}
    for arm in ARMS:
        floors = [arms[name] for name in (CONSTANT, ANOTHER) if name != arm and arms.get(name)]
        if arm == CONSTANT or not arms.get(arm) or not arms.get(CONSTANT):
            continue
        asked = [each for each in arms[arm] if each in real and all(each in floor for floor in floors)]
        if asked:
            found[arm] = _attack(arm, asked, arms[arm], real, floors)
    return found


def _attack(
    arm: str,
    asked: Sequence[tuple[str, str]],
    scores: Mapping[tuple[str, str], float | None],
    real: Mapping[tuple[str, str], float | None],
    floors: Sequence[Mapping[tuple[str, str], float | None]],
) -> AttackResult:
    tested = excess_over_halfway(
        [scores[each] for each in asked],
        [real[each] for each in asked],
        [[floor[each] for each in asked] for floor in floors],
    )
    return AttackResult(
        arm=arm,
        prompts=len(asked),
        score=tested.score,
        real=tested.real,
        floor=tested.floor,
        excess=tested.excess,
        p=tested.p,
        open=sum(by[each] is None for by in (scores, real, *floors) for each in asked),
    )


def _pairs(verdicts: Verdicts) -> PairResult:
    """The first run's score against the second's: the mean over both seats, weighted over criteria."""
    by_sample: dict[str, list[tuple[float, float | None]]] = defaultdict(list)
    for key, value in verdicts.items():
        if key.seat:
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
        score=_mean(read) if is_known and read else None,
        ci=(_interval(low)[0], _interval(high)[1]) if scores else (0.0, 1.0),
        better=sum(score > 0.5 for score in read),
        worse=sum(score < 0.5 for score in read),
        open=len(scores) - len(read),
    )
