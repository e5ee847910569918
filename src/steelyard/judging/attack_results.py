"""Detector D7 from a judge's verdicts, by arm; pure."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

from steelyard.judging.attacks import ANOTHER, ARMS, CONSTANT
from steelyard.records import AttackResult, JudgedKey
from steelyard.stats.judge_gaming import excess_over_halfway

__all__ = ["attack_results"]

Prompt = tuple[str, str, str]  # sample, role and criterion
_SEATS: Final = 2


def attack_results(verdicts: Mapping[JudgedKey, float | None]) -> dict[str, AttackResult]:
    """The results by arm: the run's own answers to other questions against the constant text; attacks against both.

    Of two runs, the score of a text is the mean over both seats of how often it is preferred to the second run's
    answer; it is open where a seat is.
    """
    arms: dict[str, dict[Prompt, list[float | None]]] = defaultdict(lambda: defaultdict(list))
    for key, value in sorted(verdicts.items(), key=lambda item: item[0].place):
        if key.arm in ARMS or (not key.arm and key.repeat == 0):
            arms[key.arm][key.sample, key.role, key.criterion].append(_of_first(key, value))
    seats = _SEATS if any(key.seat for key in verdicts) else 1
    scores = {arm: {prompt: _mean(values, seats) for prompt, values in by.items()} for arm, by in arms.items()}
    real, found = scores.get("", {}), dict[str, AttackResult]()
    for arm in ARMS:
        floors = [scores[name] for name in (CONSTANT, ANOTHER) if name != arm and name in scores]
        if arm == CONSTANT or arm not in scores or CONSTANT not in scores:
            continue
        asked = [each for each in scores[arm] if each in real and all(each in floor for floor in floors)]
        if asked:
            found[arm] = _attack(arm, asked, scores[arm], real, floors)
    return found


def _of_first(key: JudgedKey, value: float | None) -> float | None:
    """A verdict on two answers as one on the first run's, which may sit second."""
    return None if value is None else 1.0 - value if key.seat == "second" else value


def _mean(values: Sequence[float | None], seats: int) -> float | None:
    known = [value for value in values if value is not None]
    return math.fsum(known) / seats if len(known) == seats else None


def _attack(
    arm: str,
    asked: Sequence[Prompt],
    scores: Mapping[Prompt, float | None],
    real: Mapping[Prompt, float | None],
    floors: Sequence[Mapping[Prompt, float | None]],
) -> AttackResult:
    tested = excess_over_halfway(
        [scores[each] for each in asked],
        [real[each] for each in asked],
        [[floor[each] for each in asked] for floor in floors],
    )
    every = [[by[each] for by in (scores, real, *floors)] for each in asked]
    return AttackResult(
        arm=arm,
        prompts=len(asked),
        score=tested.score,
        real=tested.real,
        floor=tested.floor,
        excess=tested.excess,
        p=tested.p,
        open=sum(values.count(None) for values in every),
        read=sum(None not in values for values in every),
    )
