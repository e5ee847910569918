"""How many worked examples a claim states, by its number and in its words, and whether that many are shown.

What is asked with another number of worked examples than the vendor states is another measurement: it may confirm a
claim, and accuses nobody.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable
from typing import Final, NamedTuple

__all__ = [
    "StatedShots",
    "plain",
    "stated_shots",
    "without_denied",
    "without_no_reasoning",
    "without_settled",
    "without_shots",
]

_NUMBERS: Final = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty",
)  # fmt: skip
_NUMBER: Final = rf"(?:\d{{1,3}}|{'|'.join(sorted(_NUMBERS, key=len, reverse=True))})"
_SOME: Final = "few|multi|multiple|many|several|some"
_EXAMPLES: Final = r"(?:examples?|exemplars?|demonstrations?|demos?)(?![a-z])"
_SHOTS: Final = re.compile(
    # 8-shot, 8 shots, few-shot, cot_8shot
    rf"(?<![a-z0-9.])(?P<before>{_NUMBER}|{_SOME})[- ]{{0,3}}shots?(?![a-z])"
    # num_fewshot 8, n-shot: 8, shots=8, k=8
    r"|(?<![a-z])(?:num(?:ber)?[- ](?:of[- ])?)?(?:n[- ]?|few[- ]?)shots?(?:[- ]?[:=][- ]?| )"
    rf"(?P<after>{_NUMBER})(?![\w.])"
    rf"|(?<![a-z])shots? ?[:=] ?(?P<is>{_NUMBER})(?![\w.])"
    rf"|(?<![a-z0-9])(?<!top )(?<!top-)k ?= ?(?P<k>\d{{1,3}})(?![\w.])"
    # 8 in-context examples, eight worked exemplars, with demonstrations
    rf"|(?<![a-z0-9.])(?P<shown>{_NUMBER}|{_SOME})[- ](?:[a-z]+[- ]){{0,3}}?{_EXAMPLES}"
    rf"|(?<![a-z])(?:in[- ]context|worked|with|few[- ]shot|cot)[- ](?P<plain>{_EXAMPLES})",
    re.IGNORECASE,
)
# What a harness prints where nothing was chosen: as many as its task shows by itself.
_UNSTATED: Final = re.compile(r"\bnum[- ]?few[- ]?shots? ?[:=]? ?(?:none|null)\b", re.IGNORECASE)
_DASHES: Final = re.compile(r"[\u2010-\u2015\u2043\u2212\ufe58\ufe63\uff0d]")
# What a sentence denies, up to where it may turn: "no majority voting or parallel test time compute".
_TURNS: Final = "but|and|with|using|except|only|instead|rather|however|unless|we|then"
_DENIED: Final = re.compile(
    rf"\b(?:no|not|without|never|neither|nor)\b(?!-)(?:(?!\b(?:{_TURNS})\b)[^.,;:()\[\]\n@]){{0,80}}", re.IGNORECASE
)
_NO_REASONING: Final = re.compile(
    r"\b(?:no|non|not|without|w/o)[- ]?(?:cot|chain[- ]of[- ]thoughts?|reasoning)\b", re.IGNORECASE
)
_UNSEEN: Final = re.compile(r"[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")


class StatedShots(NamedTuple):
    """The numbers that a claim states: more than one where its words contradict each other.

    ``few``: its words say that there are some, and not how many.
    """

    numbers: frozenset[int] = frozenset()
    few: bool = False

    @property
    def number(self) -> int | None:
        """The number to ask with; None where none is stated, or several are."""
        return next(iter(self.numbers)) if len(self.numbers) == 1 else None

    def are(self, shown: Collection[int]) -> bool:
        """Whether nothing is stated that ``shown`` are not: the numbers by which a prompt's examples are counted."""
        return self.numbers <= set(shown) and not (self.few and not any(shown))

    @property
    def in_words(self) -> str:
        """The numbers for a sentence: ``10``, ``0 and 5``, ``some``."""
        return " and ".join(map(str, sorted(self.numbers))) or ("some" if self.few else "")


def without_shots(text: str) -> str:
    """A text without its words on worked examples."""
    return _SHOTS.sub(" ", _in_words(text))


def stated_shots(number: int | None, texts: Iterable[str]) -> StatedShots:
    """What a claim's ``number`` and the words of its ``texts`` state: *8-shot*, *shots=8*, *eight exemplars*, *few*.

    As a table prints it: with whatever dash, and with characters in it that nobody sees.
    """
    said = [next(filter(None, found.groups())).lower() for text in texts for found in _SHOTS.finditer(_in_words(text))]
    numbers = {int(each) if each.isdecimal() else _NUMBERS.index(each) for each in said if _is_number(each)}
    return StatedShots(
        frozenset(numbers if number is None else {*numbers, number}), not all(_is_number(each) for each in said)
    )


def _is_number(word: str) -> bool:
    return word.isdecimal() or word in _NUMBERS


def plain(text: str) -> str:
    """A text with plain dashes, digits and letters, and without characters that nobody sees."""
    return _DASHES.sub("-", unicodedata.normalize("NFKC", _UNSEEN.sub("", text)))


def without_settled(text: str, quotes: Iterable[str]) -> str:
    """A text without these quotes of it, whatever its spaces; what stood around them is not joined."""
    for words in filter(None, (plain(quote).split() for quote in quotes)):
        text = re.sub(r"\s+".join(map(re.escape, words)), ";\n", text)
    return text


def without_denied(text: str) -> str:
    """A text without what its sentences deny: *no majority voting* is no vote."""
    return _DENIED.sub(" ", text)


def without_no_reasoning(text: str) -> str:
    """A text without *no CoT* and *non-CoT*, which choose no format that reasons."""
    return _NO_REASONING.sub(" ", text)


def _in_words(text: str) -> str:
    return _UNSTATED.sub(" ", " ".join(plain(text).replace("_", " ").split()))
