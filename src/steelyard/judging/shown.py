"""Whether a judge was shown the answers of a run, all of them, by a rubric: its prompts made again. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from steelyard.judging.attacks import ARMS
from steelyard.judging.items import (
    AGAIN,
    JudgedAnswer,
    about_key,
    attacked_items,
    attacked_pair_items,
    check_items,
    judged_items,
    key_in,
    pair_items,
)
from steelyard.judging.prompts import mark_of
from steelyard.judging.rubric import Rubric
from steelyard.records import JudgedKey, SuiteItem

__all__ = ["why_not_shown"]

_NONCE: Final = "any: a mark is compared by its places, not by its digits"
_MARK: Final = re.compile(r"[0-9a-f]{16}")


def why_not_shown(
    prompts: Mapping[JudgedKey, str],
    answers: Sequence[JudgedAnswer],
    rubric: Rubric,
    others: Sequence[JudgedAnswer] = (),
) -> str:
    """Why ``prompts`` are not those on these ``answers`` by this rubric, in a sentence; empty where they are.

    ``others`` are the second run's answers of a pair. A prompt on every answer and criterion must be there; of checks
    and attacks so many as there are, of the first in the order.
    """
    expected = _expected(prompts, answers, rubric, others)
    for key in prompts:
        if key not in expected:
            return f"a prompt is on {about_key(key)}, as that run has not"
    for key, item in expected.items():
        if key not in prompts:
            return f"no prompt is on {about_key(key)}"
        if not _is_same(prompts[key], item):
            return f"the prompt on {about_key(key)} is not that run's answer by this rubric"
    return ""


def _expected(
    prompts: Mapping[JudgedKey, str], answers: Sequence[JudgedAnswer], rubric: Rubric, others: Sequence[JudgedAnswer]
) -> dict[JudgedKey, SuiteItem]:
    templates = rubric.prompts("the rubric")
    if others:
        second = {(each.sample, each.question): each for each in others if each.repeat == 0}
        both = [(each, second[each.sample, each.question]) for each in answers if _has_both(each, second)]
        items = pair_items(both, rubric, templates, _NONCE)
        sizes = Counter(key.arm for key in prompts if key.seat == "first")
        items += attacked_pair_items(both, rubric, templates, _NONCE, {arm: sizes[arm] for arm in ARMS if sizes[arm]})
    else:
        sizes = Counter(key.arm for key in prompts)
        items = judged_items(answers, rubric, templates, _NONCE)
        items += check_items(answers, rubric, templates, _NONCE, sizes[AGAIN])
        items += attacked_items(answers, rubric, templates, _NONCE, {arm: sizes[arm] for arm in ARMS if sizes[arm]})
    return {key: item for item in items if (key := key_in(item.answer)) is not None}


def _has_both(each: JudgedAnswer, second: Mapping[tuple[str, str], JudgedAnswer]) -> bool:
    return each.repeat == 0 and (each.sample, each.question) in second


def _is_same(prompt: str, item: SuiteItem) -> bool:
    """Whether a prompt is the item's but for the mark, which is 16 hexadecimal digits in the same places."""
    mine = mark_of(_NONCE, item.id)
    before = item.question.partition(mine)[0]
    mark = prompt[len(before) : len(before) + len(mine)]
    return _MARK.fullmatch(mark) is not None and item.question.replace(mine, mark) == prompt
