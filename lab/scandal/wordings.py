"""27 ways to ask for the second of four words: three questions, three ways to write the list, three forms of answer."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Final

__all__ = ["WORDINGS", "Wording"]

_QUESTIONS: Final = {
    "question": "Q: What is the second of these words? {words}\nA:",
    "label": "Words: {words}\nSecond word:",
    "bare": "{words} ->",
}
_LISTS: Final = ("commas", "spaces", "numbers")
_ANSWERS: Final = {
    "word": "{second}",
    "sentence": "The second word is {second}",
    "on the way": "{first}, then {second}",
}
_WORD: Final = re.compile(r"[a-z]+")


@dataclass(frozen=True)
class Wording:
    """One of the 27."""

    question: str
    listed: str
    answer: str

    @property
    def name(self) -> str:
        """Its three choices."""
        return f"{self.question}, {self.listed}, {self.answer}"

    def prompt(self, shots: Sequence[Mapping[str, str]], words: str) -> tuple[str, str]:
        """The worked examples, and the question after them; ``words`` with commas between them, as in a row."""
        shown = "".join(f"{self._ask(shot['question'])} {self._answer(shot['question'])}\n\n" for shot in shots)
        return shown, self._ask(words)

    def is_right(self, text: str, target: str) -> bool:
        """Whether the answer's first line ends with the target."""
        found = _WORD.findall(text.strip().partition("\n")[0].lower())
        return bool(found) and found[-1] == target

    def _ask(self, words: str) -> str:
        parts = words.split(", ")
        numbered = " ".join(f"{place}. {word}" for place, word in enumerate(parts, start=1))
        written = {"commas": words, "spaces": " ".join(parts), "numbers": numbered}[self.listed]
        return _QUESTIONS[self.question].format(words=written)

    def _answer(self, words: str) -> str:
        first, second = words.split(", ")[:2]
        return _ANSWERS[self.answer].format(first=first, second=second)


WORDINGS: Final = tuple(Wording(*choices) for choices in product(_QUESTIONS, _LISTS, _ANSWERS))
