"""Labels that a model was shown: how they are written otherwise, and whether an answer names none of them.

An answer is taken to name none only where nothing in it could be meant for a label: no label, no word or beginning of
one, no slip of the pen, no initials, no number or letter in its place. Everything else is left to whoever reads it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Final

from steelyard.scorers.reading.phrases import HEDGES, NUMBER_WORDS, TRUTH_WORDS

__all__ = ["REFUSAL", "chosen_label", "names_no_label", "spelled_out"]

FEW: Final = 6  # words of a short answer, where an abbreviation and a number may be a label
_STEM: Final = 5  # letters that two words begin with where one may be meant for the other
_WORD = re.compile(r"\w+")
_SPELLINGS: Final = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue"})
_AND = re.compile(r"(?<!\w)(?:und|&)(?!\w)")
_ALL_TRUTH = TRUTH_WORDS[0] | TRUTH_WORDS[1]
REFUSAL = re.compile(
    r"\b(?:can(?:no|['’])?t|can not|unable to|not able to|won['’]t|will not)\s+(?:help|assist|answer|comply)\b"
    r"|\bas an ai\b"
    r"|\bnicht\s+(?:[a-z]+\s+)?(?:helfen|beantworten|antworten|weiterhelfen)\b"
)
_CATEGORY = r"(?:(?:the|die|das|den)\s+)?(?:(?:category|label|class|kategorie|klasse|rubrik|option|antwort|answer)\s+)?"
_VERB = (
    r"(?:(?:i|we)\s+(?:(?:would|will|have to|['’]d)\s+)?(?:choose|pick|select|say|take|opt for|go with|go for|assign)"
    r"|(?:ich|wir)\s+(?:wuerde\s+)?"
    r"(?:waehle|nehme|sage|vergebe|(?:entscheide|entscheiden)\s+(?:mich|uns)\s+fuer|tippe\s+auf|ordne\s+zu)"
    r"|(?:waehle|nehme|entscheide)\s+ich(?:\s+mich\s+fuer)?)"
)
_DRESS = r"[\s:*_\"'„“”»«`\[(]*"


def spelled_out(text: str) -> str:
    """A comparable text with *ä, ö, ü, ß* and *und* as *ae, oe, ue, ss* and *and*, without characters of no width."""
    text = "".join(each for each in text.translate(_SPELLINGS) if unicodedata.category(each) != "Cf")
    return " ".join(_AND.sub(" and ", text).split())


def chosen_label(read: str, labels: Iterable[str]) -> bool:
    """Whether a text ends with somebody choosing one of these labels: "… is not clear, but I choose: X".

    ``read`` and ``labels`` are spelled out.
    """
    any_label = "|".join(re.escape(each) for each in sorted(labels, key=len, reverse=True) if each)
    return bool(any_label) and bool(
        re.search(rf"\b{_VERB}\b{_DRESS}{_CATEGORY}{_DRESS}(?:{any_label})[\s*_\"'„“”»«`\])]*[.!]*\s*\Z", read)
    )


def names_no_label(text: str, labels: Sequence[str]) -> bool:
    """Whether a finished text, of any length, holds nothing that could be meant for one of the labels.

    Where labels are words such as *yes* and *no*, many sentences say one of them without its word: there, only a
    refusal without any such word names none. Both are given as they were written.
    """
    read = spelled_out(text.casefold())
    words = _WORD.findall(read)
    if not words:
        return False
    named = [_WORD.findall(spelled_out(label.casefold())) for label in labels]
    if not all(named) or _is_written(read, named):
        return False
    if any(len(each) == 1 and each[0] in _ALL_TRUTH for each in named):
        return bool(REFUSAL.search(read)) and not _ALL_TRUTH & set(words)
    bare = [_WORD.findall(_AND.sub(" and ", _without_accents(label.casefold()))) for label in labels]
    telling = {_without_accents(word) for label in (*named, *bare) for word in _telling(label)}
    if any(_may_be(word, telling) for word in set(words)):
        return False
    if any(word.isdigit() for word in telling) and any(word in NUMBER_WORDS for word in words):
        return False
    return len(words) > FEW or not _is_short_for(text, words, named)


def _is_written(read: str, named: Sequence[Sequence[str]]) -> bool:
    """Whether a label occurs where spaces, hyphens, and points are left out: "KündigungRückgabe", "T e c h n i k"."""
    together = "".join(_WORD.findall(read)).replace("_", "")
    without_and = together.replace("and", "")
    for words in named:
        label = "".join(words)
        short = "".join(each for each in words if each != "and")
        if len(label) > 3 and (label in together or (len(short) > 3 and short in without_and)):
            return True
    return False


def _telling(words: Sequence[str]) -> list[str]:
    """The words of a label that tell it from other texts: not *and*, *the*, *not*; all, where none is longer."""
    long = [each for each in words if len(each) > 3 and each not in HEDGES]
    return long or list(words)


def _may_be(word: str, telling: set[str]) -> bool:
    """Whether a word is one of these, begins as one does, has lost its first letters, or differs from one by a letter.

    These are without accents.
    """
    plain = _without_accents(word)
    for wanted in telling:
        if len(wanted) > _STEM + 1 and plain.endswith(wanted[2:]):  # of "K?ndigung", whose code was misread
            return True
        if plain == wanted or (len(wanted) > 3 and (plain.startswith(wanted[:_STEM]) or wanted in plain)):
            return True
        if len(wanted) > 3 and abs(len(plain) - len(wanted)) < 2 and _one_less(plain) & _one_less(wanted):
            return True
    return False


def _without_accents(word: str) -> str:
    return "".join(each for each in unicodedata.normalize("NFKD", word) if not unicodedata.combining(each))


def _one_less(word: str) -> set[str]:
    """A word, and it without any one of its letters: what words that differ by a letter have in common."""
    return {word, *(word[:place] + word[place + 1 :] for place in range(len(word)))}


def _is_short_for(text: str, words: Sequence[str], named: Sequence[Sequence[str]]) -> bool:
    """Whether a short answer has a number or a letter in place of a label, its beginning, or its initials."""
    initials = {"".join(word[0] for word in label if word != "and") for label in named}
    letters = {chr(ord("A") + number) for number in range(len(named))}
    if letters & set(_WORD.findall(text if len(words) == 1 else text.replace("A ", " "))):
        return True
    if "".join(words) in initials:
        return True
    for word in words:
        if word.isdigit() or word in NUMBER_WORDS or (len(words) == 1 and len(word) == 1):
            return True
        if len(word) > 1 and word in initials:
            return True
        if len(word) > 1 and any(label[0].startswith(word) for label in named):
            return True
    return False
