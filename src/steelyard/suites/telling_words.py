"""What tells apart two questions that are near in meaning: numbers, names, negations, opposites, a word or two.

Vectors of meaning hardly see these (*cancel* and *renew* are as near as *cancel* and *end*).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final

from steelyard.suites.question_words import is_fixed, question_words

__all__ = ["TellingWords", "telling_words", "what_differs"]

_FEW: Final = 2  # words: two texts that differ in no more are as they are by intent, or by a synonym; nobody can tell
_TEMPLATE: Final = 8  # words in a row: beside them the vectors of two long texts are near, whatever else they ask
_NEGATIONS: Final = frozenset(
    word
    for line in (
        "not no never none nobody nothing nor neither without nicht kein keine keinen keiner keinem keines nie",
        "niemals niemand nichts ohne",
    )
    for word in line.split()
)
_OPPOSITES: Final = tuple(
    tuple(pair.split("/"))
    for line in (
        "more/less more/fewer most/least most/fewest highest/lowest high/low maximum/minimum longest/shortest",
        "long/short older/younger oldest/youngest oldest/newest old/new large/small larger/smaller",
        "largest/smallest first/last before/after always/never all/some each/all above/below left/right up/down",
        "in/out on/off with/without and/or true/false correct/incorrect true/untrue possible/impossible",
        "same/different add/remove open/close opened/closed start/stop begin/end increase/decrease rise/fall",
        "buy/sell bought/sold lend/borrow send/receive accept/reject accepted/rejected allow/forbid",
        "allowed/forbidden enable/disable connect/disconnect import/export upload/download arrive/depart",
        "enter/leave join/leave cancel/renew lost/found win/lose won/lost early/late earlier/later day/night",
        "day/week morning/evening total/average inside/outside employer/employee landlord/tenant buyer/seller",
        "customer/supplier hot/cold warm/cold rich/poor public/private include/exclude included/excluded",
    )
    for pair in line.split()
)
# Words without which a question says the same.
_PLAIN: Final = frozenset(
    word
    for line in (
        "i you he she it we they one me my your his her its our their do does did is are was were be been being",
        "am can could may might must shall should will would have has had of to at by for from as if so that this",
        "these those there what which who whom whose when where why how than then also well about please someone",
        "something somebody anything any ich du er sie es wir ihr mein meine meinen man der die das den dem des",
        "ein eine einen einem einer ist sind war waren wird werden kann können muss müssen soll darf und was wer",
        "wie wo wann warum welche welcher welches zu zum zur im am auf",
    )
    for word in line.split()
)
_ONE: Final = re.compile(r"(?<!\d)1(?!\d)")
_SENTENCE: Final = re.compile(r"(?<=[.?!:])\s+|\n")


@dataclass(frozen=True, slots=True)
class TellingWords:
    """Of one text, in its order: ``fixed`` are numbers and signs, ``names`` words with a capital within a sentence.

    ``negations`` counts *not* and its like; ``in_order`` and ``words`` are all, ``content`` what carries meaning.
    """

    fixed: tuple[str, ...]
    names: tuple[str, ...]
    negations: int
    in_order: tuple[str, ...]
    words: frozenset[str]
    content: frozenset[str]


def telling_words(text: str) -> TellingWords:
    """Read what two texts must share to mean the same."""
    words = question_words(text).words  # where *one* has become a number, which it seldom is (*a new one*)
    return TellingWords(
        fixed=tuple(word for word in words if is_fixed(word) and (word != "1" or _ONE.search(text))),
        names=tuple(dict.fromkeys(_names(text))),
        negations=sum(word in _NEGATIONS for word in words),
        in_order=words,
        words=frozenset(words),
        content=frozenset(words) - _PLAIN,
    )


def _names(text: str) -> Iterator[str]:
    for sentence in _SENTENCE.split(text):
        for word in re.findall(r"\w+", sentence)[1:]:
            if word[0].isupper() and word != "I":
                yield word.casefold()


def what_differs(first: TellingWords, second: TellingWords) -> str:
    """What tells them apart, in a few words; empty where nothing does, so that meaning alone may decide."""
    if first.fixed != second.fixed:
        return "numbers or signs differ"
    if first.names != second.names:
        return "names differ"
    if first.negations != second.negations:
        return "a negation differs"
    alone, other = first.words - second.words, second.words - first.words
    for one, opposite in _OPPOSITES:
        if (one in alone and opposite in other) or (opposite in alone and one in other):
            return f"{one} and {opposite} are opposites"
    if max(len(first.content - second.content), len(second.content - first.content)) <= _FEW:
        return "they differ in two words at most, or in their order"
    run = SequenceMatcher(None, first.in_order, second.in_order, autojunk=False).find_longest_match()
    return "they share a long part word for word, and differ in the rest" if run.size >= _TEMPLATE else ""
