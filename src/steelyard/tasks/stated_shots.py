"""How many worked examples a claim states, by its number and in its words, and whether that many are shown.

What is asked with another number of worked examples than the vendor states is another measurement: it may confirm a
claim, and accuses nobody.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import Final, NamedTuple

__all__ = ["StatedShots", "stated_shots"]

_NUMBERS: Final = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_SHOTS: Final = re.compile(rf"(?<![a-z0-9.])(\d{{1,3}}|few|{'|'.join(_NUMBERS)})[- _]?shots?(?![a-z])", re.IGNORECASE)


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


def stated_shots(number: int | None, texts: Iterable[str]) -> StatedShots:
    """What a claim's ``number`` and the words of its ``texts`` state: *8-shot*, *zero-shot*, *few-shot*."""
    said = [each.lower() for text in texts for each in _SHOTS.findall(text.replace("_", " "))]
    numbers = {int(each) if each.isdigit() else _NUMBERS.index(each) for each in said if each != "few"}
    return StatedShots(frozenset(numbers if number is None else {*numbers, number}), "few" in said)
