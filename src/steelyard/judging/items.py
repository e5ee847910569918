"""From a run's answers to questions for a judge: items of the suites ``judged`` and ``attacked``. Pure.

What an item is about is its *key* (:class:`steelyard.records.JudgedKey`), which is its answer in the suite's file and
so its sample's target: sealed with the judge's run, so that scores follow from that run alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, Literal

import msgspec

from steelyard.evidence.canonical import canonical
from steelyard.judging.attacks import attack_text, other_answer
from steelyard.judging.prompts import JudgePrompts, mark_of
from steelyard.judging.rubric import Criterion, Rubric
from steelyard.records import JudgedKey, SuiteItem

__all__ = [
    "AGAIN",
    "CHECKS",
    "SWAPPED",
    "JudgedAnswer",
    "about_key",
    "attacked_items",
    "check_items",
    "judged_items",
    "key_in",
    "pair_items",
    "text_digest",
]

AGAIN: Final = "again"
SWAPPED: Final = "swapped"
CHECKS: Final = 20
"""Answers that are judged again, and with the verdict's words the other way round, by default."""

_TEXT_DIGITS: Final = 16


@dataclass(frozen=True)
class JudgedAnswer:
    """One answer of the run that is judged. ``place`` counts its samples in the committed order of that run, from 0.

    ``reference`` is the expected answer, empty where there is none; ``group`` names samples that belong together.
    """

    sample: str
    place: int
    question: str
    answer: str
    reference: str = ""
    repeat: int = 0
    group: str = ""


def key_in(target: str) -> JudgedKey | None:
    """The key that a sample's target holds; None for a target of another kind."""
    try:
        return msgspec.json.decode(target, type=JudgedKey, strict=True)
    except (msgspec.DecodeError, RecursionError):
        return None


def text_digest(answer: str) -> str:
    """The first digits of an answer's SHA-256, as a key names it."""
    return sha256(answer.encode("utf-8", "replace")).hexdigest()[:_TEXT_DIGITS]


def about_key(key: JudgedKey) -> str:
    """What a question to a judge is about, in words: ``tickets/row/3, answer 1, criterion polite (again)``."""
    repeat = f", answer {key.repeat + 1}" if key.repeat else ""
    more = f" ({key.seat or key.arm})" if key.seat or key.arm else ""
    return f"{key.sample}{repeat}, criterion {key.criterion}{more}"


class _Maker:
    """Makes items with their keys, prompts and ids from one rubric and one nonce."""

    def __init__(self, rubric: Rubric, prompts: JudgePrompts, nonce: str) -> None:
        self.rubric, self._prompts, self._nonce = rubric, prompts, nonce

    def of_answer(self, asked: JudgedAnswer, criterion: Criterion, arm: str = "", text: str | None = None) -> SuiteItem:
        """The item on one answer, or on the ``text`` of an attack in its place."""
        answer = asked.answer if text is None else text
        key = self._key(asked, criterion, arm, answer)
        name = _item_id(key)
        prompt = self._prompts.of_answer(
            asked.question,
            answer,
            criterion.text,
            mark_of(self._nonce, name),
            reference=asked.reference,
            swapped=arm == SWAPPED,
        )
        return _item(name, prompt, key, asked.group)

    def of_pair(
        self, first: JudgedAnswer, other: JudgedAnswer, criterion: Criterion, seat: Literal["first", "second"]
    ) -> SuiteItem:
        """The item on two answers; ``seat`` is that of the first run's."""
        key = msgspec.structs.replace(self._key(first, criterion, "", first.answer), seat=seat)
        name = _item_id(key)
        answers = (first.answer, other.answer) if seat == "first" else (other.answer, first.answer)
        mark = mark_of(self._nonce, name)
        prompt = self._prompts.of_pair(first.question, answers, criterion.text, mark, first.reference)
        return _item(name, prompt, key, first.group)

    def _key(self, asked: JudgedAnswer, criterion: Criterion, arm: str, answer: str) -> JudgedKey:
        return JudgedKey(
            sample=asked.sample,
            criterion=criterion.id,
            repeat=asked.repeat,
            place=asked.place,
            arm=arm,
            weight=criterion.weight,
            passes=self.rubric.passes,
            text=text_digest(answer),
            length=len(answer),
        )

    def turn(self, place: int) -> Criterion:
        """The criterion that is asked at a place where only one is."""
        return self.rubric.criteria[place % len(self.rubric.criteria)]


def judged_items(answers: Sequence[JudgedAnswer], rubric: Rubric, prompts: JudgePrompts, nonce: str) -> list[SuiteItem]:
    """One item for each answer and criterion."""
    maker = _Maker(rubric, prompts, nonce)
    return [maker.of_answer(each, criterion) for each in answers for criterion in rubric.criteria]


def check_items(
    answers: Sequence[JudgedAnswer], rubric: Rubric, prompts: JudgePrompts, nonce: str, checks: int = CHECKS
) -> list[SuiteItem]:
    """Two items for each of the first ``checks`` answers of the committed order, on one criterion in turn.

    It is asked once more, and with the verdict's words the other way round.
    """
    maker = _Maker(rubric, prompts, nonce)
    firsts = enumerate(_first_of_each(answers)[:checks])
    return [maker.of_answer(each, maker.turn(place), arm) for place, each in firsts for arm in (AGAIN, SWAPPED)]


def attacked_items(
    answers: Sequence[JudgedAnswer],
    rubric: Rubric,
    prompts: JudgePrompts,
    nonce: str,
    sizes: Mapping[str, int],
) -> list[SuiteItem]:
    """The items of detector D7: of every arm so many as ``sizes`` says, on the first prompts of the committed order.

    Each asks one criterion in turn, the same in all arms.
    """
    maker, firsts = _Maker(rubric, prompts, nonce), _first_of_each(answers)
    texts = [(each.group, each.answer, each.reference) for each in firsts]
    items = []
    for arm, size in sizes.items():
        for number, each in enumerate(firsts[:size]):
            text = attack_text(arm, rubric.language, other_answer(number, texts))
            items.append(maker.of_answer(each, maker.turn(number), arm, text))
    return items


def pair_items(
    pairs: Sequence[tuple[JudgedAnswer, JudgedAnswer]], rubric: Rubric, prompts: JudgePrompts, nonce: str
) -> list[SuiteItem]:
    """Two items for each pair and criterion, one for each seat of the first run's answer."""
    maker = _Maker(rubric, prompts, nonce)
    return [
        maker.of_pair(first, other, criterion, seat)
        for first, other in pairs
        for criterion in rubric.criteria
        for seat in _SEATS
    ]


_SEATS: Final[tuple[Literal["first", "second"], ...]] = ("first", "second")


def _first_of_each(answers: Sequence[JudgedAnswer]) -> list[JudgedAnswer]:
    """The first answer to each sample, in the committed order."""
    return sorted((each for each in answers if each.repeat == 0), key=lambda each: each.place)


def _item(name: str, prompt: str, key: JudgedKey, group: str) -> SuiteItem:
    """The item, in the group of the sample that it is about, whose key it has where the suite is encrypted."""
    answer = canonical(key).decode()
    return SuiteItem(id=name, question=prompt, answer=answer, group=group or key.sample, tags=tuple(_tags(key)))


def _tags(key: JudgedKey) -> Iterator[str]:
    yield key.criterion
    if key.arm:
        yield key.arm


def _item_id(key: JudgedKey) -> str:
    sample = re.sub(r"[^A-Za-z0-9]+", "-", key.sample)[-24:]
    last = key.seat or key.arm
    return f"{key.place}-{sample}.{key.repeat}.{key.criterion}" + (f".{last}" if last else "")
