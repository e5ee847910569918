"""The letter of a choice, extracted from the text of a model."""

from __future__ import annotations

import re
from dataclasses import dataclass

from steelyard.errors import InputError
from steelyard.records import ModelOutput, Sample, Score

__all__ = ["Letter"]

MAX_CHARACTERS = 10_000
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
# In this order: "the answer is (B)"; a letter alone or before punctuation at the start; "(B)" or "**B**" alone
# anywhere.
_NAMED = re.compile(r"(?i:answer(?: is)?(?: option)?)[ \t]*[:=]?[ \t]*[*_(\[\"']{0,3}([A-Z])(?![A-Za-z0-9'’])")
_FIRST = re.compile(r"[\s*_(\[\"'#]{0,8}([A-Z])(?:[.):,;\]*_\"'\n]|\s*$)")
_DELIMITED = re.compile(r"[(\[*]([A-Z])[)\]*]")
# MMLU-Pro's own first rule, which is lm-eval's only one. "The answer is All …" gives A, there as here.
_STRICT = re.compile(r"answer is \(?([A-J])\)?")


@dataclass(frozen=True, slots=True)
class Letter:
    """The letter that the answer names, A for the first choice. Where rules find several different ones: unparsed.

    Rules, in this order: the last "answer is X" or "answer: X"; a letter by itself at the start; letters in brackets or
    bold, if they agree. Only the letters of the sample's choices count. Reads the last 10,000 characters.

    ``strict``: the first "answer is (X)", X from A to J, wherever it occurs, and nothing else: MMLU-Pro in lm-eval.
    """

    strict: bool = False

    @classmethod
    def from_options(cls, options: str) -> Letter:
        """The scorer for the options in its identifier; raises InputError for unknown ones."""
        if options != "strict":
            raise InputError(f"letter has no option {options!r}")
        return cls(strict=True)

    @property
    def identifier(self) -> str:
        """``letter@1`` or ``letter[strict]@1``."""
        return "letter[strict]@1" if self.strict else "letter@1"

    def score(self, sample: Sample, output: ModelOutput) -> Score:
        """1 where the letter is the target's."""
        if self.strict:
            match = _STRICT.search(output.text)
            letter = match.group(1) if match is not None else None
        else:
            letter = _extract(output.text[-MAX_CHARACTERS:], _LETTERS[: len(sample.choices) or 26])
        if letter is None:
            return Score(value=0.0, parsed=False, note="no letter")
        return Score(value=float(str(_LETTERS.index(letter)) == sample.target))


def _extract(text: str, known: str) -> str | None:
    named = [letter for letter in _NAMED.findall(text) if letter in known]
    if named:
        return str(named[-1])
    first = _FIRST.match(text)
    if first is not None and first.group(1) in known:
        return first.group(1)
    found = {letter for letter in _DELIMITED.findall(text) if letter in known}
    return found.pop() if len(found) == 1 else None
