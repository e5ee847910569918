"""An answer that quotes its document: the quotation stands there, it holds the answer, and the answer is right."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, Literal

import msgspec

from steelyard.errors import InputError
from steelyard.plugins import Scorer
from steelyard.records import GenerateRequest, ModelOutput, Sample, Score
from steelyard.scorers import open_identifier, scorer_named
from steelyard.scorers.reading.grounding import holds_answer, holds_quotation
from steelyard.scorers.reading.json_answers import UnsettledJson, json_answer, number_text
from steelyard.scorers.reading.marks import marked_answers
from steelyard.scorers.reading.quotations import Quotation, quotations_in, without
from steelyard.scorers.reading.texts import Reading

__all__ = ["Citation"]

MAX_CHARACTERS: Final = 20_000
MAX_WORDS: Final = 120  # of a quotation: one of the whole document shows nothing
LEAST_WORDS: Final = 3  # of a quotation that no label or field names as one
SAME_WORDS: Final = 5  # in a row, by which an answer without quotation marks may be a quotation
INNER: Final = ("answer", "exact", "numeric", "contains", "regex")
_WORDS: Final = re.compile(r"\w+")
_LEFT_OUT: Final = re.compile(r"\s*(?:\[[^\]\n]{0,80}\]|\(\s*(?:\.{2,}|…)\s*\)|\.{3,}|…)\s*")
_QUOTES: Final = (
    "quote", "quotes", "quotation", "quotations", "citation", "citations", "cited", "source", "sources", "evidence",
    "span", "support", "zitat", "zitate", "beleg", "belege", "quelle",
)  # fmt: skip
_ANSWERS: Final = ("answer", "final_answer", "result", "antwort", "réponse", "respuesta", "value")


@dataclass(frozen=True)
class _Read:
    """The answer of an output without its quotations, and these; ``marked``: it says which its answer is."""

    answer: str
    quotations: list[Quotation]
    marked: bool


@dataclass(frozen=True, slots=True)
class Citation:
    """What the answer quotes stands in the sample's document, and the scorer ``answer`` finds the rest right.

    The document is the sample's ``context``. That a quotation stands there is exact
    (:func:`~steelyard.scorers.reading.grounding.holds_quotation`). With ``support: holds`` one of them must hold the
    target; where the words do not show that it does, the score is open: a judge can say it. ``support: none`` asks that
    quotations stand, and no more. An invented quotation is wrong whatever the answer is, and so is none at all.
    """

    compares_texts: ClassVar[bool] = True
    reads_context: ClassVar[bool] = True

    answer: str = "answer"
    support: Literal["holds", "none"] = "holds"
    inner: Scorer = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.support not in ("holds", "none"):
            raise InputError("scorer 'citation': support is holds or none")
        if re.split(r"[:\[@]", str(self.answer))[0] not in INNER:
            raise InputError(f"scorer 'citation': answer names a scorer of the answer: {', '.join(INNER)}")
        inner = scorer_named(self.answer)
        object.__setattr__(self, "inner", inner)
        object.__setattr__(self, "answer", inner.identifier)

    @classmethod
    def from_options(cls, options: str) -> Citation:
        """The scorer for the options in its identifier; raises InputError for unknown ones."""
        try:
            found = json.loads(options)
            open_identifier(found["answer"])
            return cls(**found)
        except (ValueError, TypeError, KeyError, RecursionError):
            raise InputError(f"citation has no options {options[:80]!r}") from None

    @property
    def identifier(self) -> str:
        """``citation[{"answer":"answer@5"}]@1``: with the identifier of the scorer of the answer."""
        options = {"answer": self.answer} | ({} if self.support == "holds" else {"support": self.support})
        return f"citation[{json.dumps(options, sort_keys=True, separators=(',', ':'), ensure_ascii=False)}]@1"

    def target_fault(self, target: str) -> str:
        """Why a right answer cannot be compared, as the end of a sentence; empty where it can."""
        return "" if target.strip() or self.support == "none" else "is empty (support: none asks for quotations alone)"

    def score(self, sample: Sample, output: ModelOutput) -> Score:
        """1 where quotation and answer are right, 0 where one is not, open where a person could say either."""
        if not sample.context.strip():
            return Score(value=None, note="the sample has no document")
        if len(output.text) > MAX_CHARACTERS:
            return Score(value=None, note=f"more than {MAX_CHARACTERS:,} characters")
        try:
            read = _read(output.text)
        except UnsettledJson as error:
            return Score(value=None, note=str(error))
        cited = [(each, reading) for each in read.quotations if (reading := _reading(each, sample)) != "none"]
        if not cited:
            may_be_one = any(holds_quotation(sample.context, each.text) for each in read.quotations)
            is_open = may_be_one or _uses_words(output.text, sample.context)
            return Score(value=None if is_open else 0.0, note="no quotation that is marked as one")
        stands = {reading for _, reading in cited}
        if stands == {False}:
            return Score(value=0.0, note="its quotation is not in the document")
        if not sample.target:
            return Score(value=1.0 if stands == {True} else None, note="" if stands == {True} else _UNSURE)
        right = self._answer_reading(read, [each for each, _ in cited], sample, output)
        if right is False:
            return Score(value=0.0, note="the quotation is in the document, and the answer is wrong")
        if stands != {True}:
            return Score(value=None, note=_UNSURE)
        if self.support == "holds" and not any(holds_answer(each.text, sample.target) for each, _ in cited):
            return Score(value=None, note="the quotation does not show the answer in its words")
        return Score(value=1.0 if right else None, note="" if right else "its answer is not clear")

    def _answer_reading(self, read: _Read, cited: list[Quotation], sample: Sample, output: ModelOutput) -> Reading:
        rest = read.answer if read.marked else without(output.text, cited).rstrip(" \n:(-–—,").removesuffix("()")
        if not _WORDS.search(rest):
            return None
        value = self.inner.score(sample, msgspec.structs.replace(output, text=rest)).value
        if value == 0.0 and not read.marked and not marked_answers(rest):
            # The answer may stand in the quotation alone: 'The handbook says: "Parcels take 24 hours."'
            whole = self.inner.score(sample, output).value
            return False if whole == 0.0 or not any(holds_answer(each.text, sample.target) for each in cited) else None
        return None if value is None else value == 1.0


_UNSURE: Final = "a quotation may be none, or has left something out"


def _read(text: str) -> _Read:
    """An answer and its quotations: of a JSON object by its names, else of a text."""
    found = json_answer(text)
    if found is not None and isinstance(found.value, dict):
        names = {name.casefold(): value for name, value in found.value.items()}
        quoted = [value for name, value in names.items() if name in _QUOTES]
        if quoted:
            quotations = [Quotation(_bare(each), 0, 0, named=True) for value in quoted for each in _texts(value)]
            rest = {name: value for name, value in names.items() if name not in _QUOTES}
            named = [value for name, value in rest.items() if name in _ANSWERS] or list(rest.values())
            if len(named) > 1:
                raise UnsettledJson("several fields that may be the answer")
            return _Read(_text(named[0]) if named else "", [each for each in quotations if each.text], marked=True)
        return _Read("", [], marked=True)
    return _Read(text, quotations_in(text), marked=False)


def _texts(value: Any) -> list[str]:
    """The quotations in a field: a text, a list of these, or objects that have one."""
    if isinstance(value, list):
        return [each for member in value for each in _texts(member)]
    if isinstance(value, dict):
        inner = [each for name, each in value.items() if name.casefold() in (*_QUOTES, "text")]
        return _texts(inner) if len(inner) == 1 else []
    return [value] if isinstance(value, str) else []


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else "" if value is None else _numeral(value)


def _numeral(value: Any) -> str:
    try:
        return number_text(value)
    except (AttributeError, TypeError):
        raise UnsettledJson("an answer that is a list or an object") from None


def _bare(text: str) -> str:
    """A quotation without quotation marks of its own."""
    inner = quotations_in(text.strip())
    is_whole = len(inner) == 1 and inner[0].start == 0 and inner[0].end == len(text.strip())
    return inner[0].text if is_whole else text.strip()


def _reading(quotation: Quotation, sample: Sample) -> Reading | Literal["none"]:
    """Whether a quotation stands in the document; *none* for what quotes nothing of it."""
    words = len(_WORDS.findall(quotation.text))
    if words > MAX_WORDS:
        return None
    is_short = words < LEAST_WORDS and not quotation.named
    if words and holds_quotation(sample.context, quotation.text):
        return "none" if is_short else True
    if any(_are_held(parts, sample.context) for parts in _parts(quotation.text)):
        return None
    if is_short or not words or _is_asked(quotation.text, sample):
        return "none"
    return None if quotation.doubtful else False


def _parts(text: str) -> list[list[str]]:
    """What stands around omissions and remarks in brackets, and what stands in marks of its own: "one" and "two"."""
    return [each for each in (_LEFT_OUT.split(text), text.split('"')[::2]) if len(each) > 1]


def _are_held(parts: list[str], document: str) -> bool:
    words = [part for part in parts if _WORDS.search(part)]
    return bool(words) and all(holds_quotation(document, part) for part in words)


def _is_asked(text: str, sample: Sample) -> bool:
    """Whether a text is that of the question."""
    request = sample.request
    return isinstance(request, GenerateRequest) and holds_quotation(request.prompt, text)


def _uses_words(text: str, document: str) -> bool:
    """Whether a text has five words in a row of the document: it may quote without marks."""
    said, there = (" ".join(_WORDS.findall(each.casefold())) for each in (text, document))
    words = said.split()
    runs = {" ".join(words[place : place + SAME_WORDS]) for place in range(len(words) - SAME_WORDS + 1)}
    known = there.split()
    return any(" ".join(known[place : place + SAME_WORDS]) in runs for place in range(len(known) - SAME_WORDS + 1))
