"""What a judge says: ``VERDICT: yes`` or ``VERDICT: no``, and the same in the few other forms that judges use.

Only the judge's own output is read. What it was given to judge is in its prompt, so no text there can be the verdict.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Literal

from steelyard.errors import InputError
from steelyard.records import ModelOutput, Outcome, Sample, Score
from steelyard.scorers.reading.json_answers import UnsettledJson, json_answer

__all__ = ["JudgeVerdict", "VerdictKind"]

VerdictKind = Literal["criterion", "pair"]

MAX_CHARACTERS: Final = 10_000
_VALUES: Final[Mapping[str, Mapping[str, float]]] = {
    "criterion": {"yes": 1.0, "ja": 1.0, "no": 0.0, "nein": 0.0},
    "pair": {"first": 1.0, "erste": 1.0, "second": 0.0, "zweite": 0.0, "tie": 0.5, "unentschieden": 0.5},
}
_FLAGS: Final = re.IGNORECASE | re.ASCII
_NAME: Final = r"[\s*_#>`-]*(?:final\s+)?(?:verdict|urteil)[\s*_`]*"
_WORD: Final = r"[\s*_>`\"'$]*(?:\\boxed\{\s*(?:\\text\{)?)?([a-z]+)(?:\s*\}{1,2})?[\s*_`\"'.!$]*"
_LINE: Final = re.compile(f"{_NAME}:{_WORD}", _FLAGS)
_HEADING: Final = re.compile(rf"{_NAME}:?[\s*_`]*", _FLAGS)
_ALONE: Final = re.compile(_WORD, _FLAGS)
_BOXED: Final = re.compile(r"\\boxed\{\s*(?:\\text\{)?\s*([a-z]+)\s*\}", _FLAGS)
_JSON: Final = re.compile(r"\"(?:verdict|urteil)\"\s*:\s*\"?([a-z]+)", _FLAGS)
_KEYS: Final = ("verdict", "urteil")
_JSON_WORDS: Final[Mapping[str, str]] = {"true": "yes", "false": "no"}


@dataclass(frozen=True, slots=True)
class JudgeVerdict:
    r"""A judge's verdict: 1 for ``yes`` and 0 for ``no``; of a ``pair`` 1 for ``first``, 0 for ``second``, ½ for a tie.

    A verdict is a line of its own, ``VERDICT: yes``, in any case and with Markdown around it; a heading ``## Verdict``
    with the word alone below it; ``\boxed{yes}`` as the last line; or a JSON object that has it as ``"verdict"``, by
    itself, in a code fence or at the end. *Urteil*, *ja* and *nein* are read, too. Open are: no such thing, different
    verdicts, wherever they stand, another word, and a refusal.
    """

    of: VerdictKind = "criterion"

    def __post_init__(self) -> None:
        if self.of not in _VALUES:
            raise InputError("scorer 'verdict': of must be criterion or pair")

    @classmethod
    def from_options(cls, options: str) -> JudgeVerdict:
        """The scorer for the options in its identifier; raises InputError for unknown ones."""
        return cls(options)  # type: ignore[arg-type]

    @property
    def identifier(self) -> str:
        """``verdict@2`` or ``verdict[pair]@2``."""
        return "verdict@2" if self.of == "criterion" else f"verdict[{self.of}]@2"

    def score(self, sample: Sample, output: ModelOutput) -> Score:
        """The verdict's value; open, saying why, where there is none or more than one."""
        if output.outcome is not Outcome.OK:
            return Score(value=None, note=f"the judge's answer is {output.outcome.value}")
        text, values = output.text[-MAX_CHARACTERS:], _VALUES[self.of]
        given = {word.lower() for word in _given(text, values)}
        if not given:
            return Score(value=None, note="no verdict")
        # What only mentions a verdict gives none, and yet may be the one that was meant.
        found = {values.get(word, word) for word in given | {word.lower() for word in _mentioned(text, values)}}
        if len(found) > 1:
            return Score(value=None, note="two different verdicts")
        (value,) = found
        if isinstance(value, str):
            return Score(value=None, note="a verdict that was not asked for")
        return Score(value=value)


def _given(text: str, values: Mapping[str, float]) -> Iterator[str]:
    """The words of a text that are given as its verdict."""
    lines = [line for line in text.splitlines() if line.strip()]
    for line, following in zip(lines, [*lines[1:], ""], strict=False):
        if found := _LINE.fullmatch(line):
            yield found[1]
        elif _HEADING.fullmatch(line) and (below := _ALONE.fullmatch(following)):
            yield below[1]
    if lines and "boxed" in lines[-1] and (last := _ALONE.fullmatch(lines[-1])) and last[1].lower() in values:
        yield last[1]
    with suppress(UnsettledJson):
        answer = json_answer(text)
        if answer is not None and isinstance(answer.value, dict) and (answer.alone or text.rstrip().endswith("}")):
            yield from (_json_word(value) for key, value in answer.value.items() if key.lower() in _KEYS)


def _mentioned(text: str, values: Mapping[str, float]) -> Iterator[str]:
    """The words that stand in JSON or in a box anywhere; a box may hold anything else, too."""
    yield from (_JSON_WORDS.get(word, word) for word in _JSON.findall(text))
    yield from (word for word in _BOXED.findall(text) if word.lower() in values)


def _json_word(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value.strip() if isinstance(value, str) else "?"
