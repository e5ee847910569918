"""From a run's answers to questions for a judge: items of the suites ``judged`` and ``attacked``. Pure.

What an item is about is its *key* (:class:`steelyard.records.JudgedKey`), which is its answer in the suite's file and
so its sample's target: sealed with the judge's run, so that scores follow from that run alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, Literal

import msgspec

from steelyard.evidence.canonical import canonical
from steelyard.judging.attacks import ANOTHER, PADDED, attack_text, other_answer
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
    "attacked_pair_items",
    "check_items",
    "judged_items",
    "key_in",
    "pair_items",
    "role_order",
    "text_digest",
]

AGAIN: Final = "again"
SWAPPED: Final = "swapped"
CHECKS: Final = 20
"""Answers that are judged again, and with the verdict's words the other way round, by default."""

_TEXT_DIGITS: Final = 16
_ID_LENGTH: Final = 80  # of an item, as a suite's file takes it
_NAME_LENGTH: Final = 24
_WITH_OTHER: Final = (ANOTHER, PADDED)  # the arms that hold the run's answer to another question
_Seat = Literal["first", "second"]
_SEATS: Final[tuple[_Seat, ...]] = ("first", "second")


@dataclass(frozen=True)
class JudgedAnswer:
    """One answer of the run that is judged. ``place`` counts its samples in the committed order of that run, from 0.

    ``reference`` is the expected answer, empty where there is none; ``group`` names samples that belong together.
    ``role`` is that of the model which answered, empty where the run asked one model.
    """

    sample: str
    place: int
    question: str
    answer: str
    reference: str = ""
    repeat: int = 0
    group: str = ""
    role: str = ""


def role_order(role: str) -> tuple[int, str]:
    """Sorts roles: the subject, candidate-2 … candidate-10."""
    return len(role), role


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
    """What a question to a judge is about, in words: ``tickets/row/3, candidate-2, criterion polite (again)``."""
    role = f", {key.role}" if key.role else ""
    repeat = f", answer {key.repeat + 1}" if key.repeat else ""
    last = ", ".join(filter(None, (key.arm, key.seat)))
    return f"{key.sample}{role}{repeat}, criterion {key.criterion}{f' ({last})' if last else ''}"


class _Maker:
    """Makes items with their keys, prompts and ids from one rubric and one nonce."""

    def __init__(self, rubric: Rubric, prompts: JudgePrompts, nonce: str) -> None:
        self.rubric, self._prompts, self._nonce = rubric, prompts, nonce

    def of_answer(self, asked: JudgedAnswer, criterion: Criterion, arm: str = "", text: str | None = None) -> SuiteItem:
        """The item on one answer, or on the ``text`` of an attack there."""
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
        self, first: JudgedAnswer, other: JudgedAnswer, criterion: Criterion, seat: _Seat, arm: str = "", text: str = ""
    ) -> SuiteItem:
        """The item on two answers; ``seat`` is that of the first run's, or of the ``text`` of an attack there."""
        answer = text if arm else first.answer
        key = msgspec.structs.replace(self._key(first, criterion, arm, answer), seat=seat)
        name = _item_id(key)
        answers = (answer, other.answer) if seat == "first" else (other.answer, answer)
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
            role=asked.role,
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
    firsts = enumerate(_one_of_each(answers)[:checks])
    return [maker.of_answer(each, maker.turn(place), arm) for place, each in firsts for arm in (AGAIN, SWAPPED)]


def attacked_items(
    answers: Sequence[JudgedAnswer],
    rubric: Rubric,
    prompts: JudgePrompts,
    nonce: str,
    sizes: Mapping[str, int],
) -> list[SuiteItem]:
    """The items of detector D7: of every arm so many as ``sizes`` says, on the first prompts of the committed order.

    Each asks one criterion in turn, the same in all arms; of several models one in turn, by its own answers.
    """
    maker = _Maker(rubric, prompts, nonce)
    items = []
    for arm, size in sizes.items():
        for number, each in enumerate(_one_of_each(answers)[:size]):
            text = attack_text(arm, rubric.language, _other(each, answers) if arm in _WITH_OTHER else "")
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


def attacked_pair_items(
    pairs: Sequence[tuple[JudgedAnswer, JudgedAnswer]],
    rubric: Rubric,
    prompts: JudgePrompts,
    nonce: str,
    sizes: Mapping[str, int],
) -> list[SuiteItem]:
    """The items of detector D7 for two runs: an attack in the place of the first run's answer, in either seat.

    It stands against the second run's own answer. Numbers, questions and criteria are as in :func:`attacked_items`.
    """
    maker, answers = _Maker(rubric, prompts, nonce), [first for first, _ in pairs]
    ordered = sorted(pairs, key=lambda pair: pair[0].place)
    items = []
    for arm, size in sizes.items():
        for number, (first, rival) in enumerate(ordered[:size]):
            other = _other(first, answers, rival.answer) if arm in _WITH_OTHER else ""
            for seat in _SEATS:
                text = attack_text(arm, rubric.language, other, seat)
                items.append(maker.of_pair(first, rival, maker.turn(number), seat, arm, text))
    return items


def _one_of_each(answers: Sequence[JudgedAnswer]) -> list[JudgedAnswer]:
    """The first answer to each sample, in the committed order: of several models one in turn."""
    by_sample: dict[str, dict[str, JudgedAnswer]] = {}
    for each in _firsts(answers):
        by_sample.setdefault(each.sample, {})[each.role] = each
    roles = sorted({each.role for each in answers}, key=role_order)
    found = []
    for number, by_role in enumerate(by_sample.values()):
        turned = (roles[(number + step) % len(roles)] for step in range(len(roles)))
        found.append(next(by_role[role] for role in turned if role in by_role))
    return found


def _other(asked: JudgedAnswer, answers: Sequence[JudgedAnswer], rival: str = "") -> str:
    """The same model's answer to another question."""
    own = [each for each in _firsts(answers) if each.role == asked.role]
    place = next(number for number, each in enumerate(own) if each.sample == asked.sample)
    return other_answer(place, [(each.group, each.answer, each.reference) for each in own], rival)


def _firsts(answers: Iterable[JudgedAnswer]) -> list[JudgedAnswer]:
    return sorted((each for each in answers if each.repeat == 0), key=lambda each: each.place)


def _item(name: str, prompt: str, key: JudgedKey, group: str) -> SuiteItem:
    """The item, in the group of the sample that it is about, whose key it has where the suite is encrypted."""
    answer = canonical(key).decode()
    return SuiteItem(id=name, question=prompt, answer=answer, group=group or key.sample, tags=tuple(_tags(key)))


def _tags(key: JudgedKey) -> Iterator[str]:
    yield key.criterion
    if key.arm:
        yield key.arm
    if key.role:
        yield key.role


def _item_id(key: JudgedKey) -> str:
    """The key in short; of the sample's name as much as there is room for."""
    before = f"{key.place}-"
    after = "".join(f".{each}" for each in (str(key.repeat), key.criterion, key.role, key.arm, key.seat) if each)
    room = min(_NAME_LENGTH, _ID_LENGTH - len(before) - len(after))
    return before + re.sub(r"[^A-Za-z0-9]+", "-", key.sample)[-room:] + after
