r"""Scores mathematical answers: equal is what math-verify (SymPy) finds equal, ``\frac{1}{2}`` and ``0.5``.

What is compared may hang or take all memory, so it is done in a process of its own that is killed when its time is up
(:mod:`steelyard.scorers.mathematics.comparer`). The score is made once and recorded.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import ClassVar, Final

from steelyard.errors import InputError
from steelyard.records import ModelOutput, Outcome, Sample, Score
from steelyard.scorers.halt import Halt
from steelyard.scorers.mathematics.comparer import Comparer
from steelyard.scorers.mathematics.dress import in_dollars, is_none, light, rewritten, same_words, unbracketed
from steelyard.scorers.reading.dress import boxed, undress
from steelyard.scorers.reading.marks import MAX_CHARACTERS, marked_answers
from steelyard.scorers.reading.parts import goes_on, own_part, without_tags

__all__ = ["Mathematics"]

_LONGEST: Final = 2000  # characters of an answer
_SYMBOLS: Final = "∞∅"  # which are an answer without a letter or digit


@dataclass(frozen=True)
class Mathematics:
    r"""1 where the marked answer equals the target, 0 where it does not, open where that cannot be read or decided.

    The answer is the content of the last ``\boxed{}``, else the last one that the text marks ("the answer is"). Several
    boxes count together where they are the target only together. Nothing else is looked for. Answers in words are equal
    with and without ``\text{}``. Where nothing is boxed and the marked text holds the target beside other words
    (*8 (eight)*, *8, since …*), it is open, not 0; so is what is the target only without its brackets (*[-2, 7]*) or in
    another usual dress (:mod:`steelyard.scorers.mathematics.dress`). Reads the last 10,000 characters; five seconds a
    comparison, of which a right answer takes one and another one six at most.
    """

    executes: ClassVar[bool] = True
    reads_truncated: ClassVar[bool] = True

    _comparer: Comparer = field(default_factory=Comparer, init=False, repr=False, compare=False)
    _halt: Halt = field(default_factory=Halt, init=False, repr=False, compare=False)

    @property
    def identifier(self) -> str:
        """``math@4``."""
        return "math@4"

    def unavailable_reason(self) -> str:
        """Why nothing can be compared here; empty where it can."""
        return "" if find_spec("math_verify") else "math-verify is not installed: pip install 'steelyard[math]'"

    def score(self, sample: Sample, output: ModelOutput) -> Score:
        """Compare with the sample's target. Raises InputError without math-verify, Halted after :meth:`stop`."""
        if reason := self.unavailable_reason():
            raise InputError(reason)
        truncated, own = output.outcome is Outcome.TRUNCATED, own_part(output.text)
        first = self._score_of(sample, own, truncated=truncated and own == output.text)
        if own == output.text or first.value:
            return first
        # As read_with_own_part, with the notes.
        whole = self._score_of(sample, output.text, truncated=truncated)
        if first.value is None:
            return whole if whole.value else first
        return first if whole.value == 0.0 else Score(value=None, note="the answer is another before a new question")

    def _score_of(self, sample: Sample, text: str, *, truncated: bool) -> Score:
        """The score of a text, all of which is read."""
        answers = _answers_in(text, truncated=truncated)
        if not answers:
            return Score(value=None, note="no answer is marked")
        as_written, *undressed = answers[-1]
        if not any(each.isalnum() or each in _SYMBOLS for each in as_written):
            return Score(value=0.0, note="the marked answer is empty")
        # All that is boxed, together, and then the last of it, which says whether the answer can be read.
        together = [", ".join(dict.fromkeys(each[0] for each in answers))] if len(answers) > 1 else []
        found = self._equal(sample.target, as_written, together)
        for each in undressed if not found else ():
            without = self._equal(sample.target, each)
            if without and found is False:
                return Score(value=None, note="right without its brackets or marks, wrong with them")
            found = without if without or found is None else found
        if found is None:
            return Score(value=None, note="the answer could not be compared")
        return Score(value=1.0) if found else self._of_another(sample.target, text, answers[-1])

    def _equal(self, target: str, answer: str, together: Sequence[str] = ()) -> bool | None:
        """Whether an answer is the target; None where it cannot be read."""
        if _plain(answer) == _plain(target) or same_words(answer, target):
            return True
        return self._comparer.equal(target, [*together, answer], self._halt)

    def _of_another(self, target: str, text: str, answer: Sequence[str]) -> Score:
        """The score of an answer that is not the target as it stands: open where it is the target in another dress."""
        marked = marked_answers(without_tags(text[-MAX_CHARACTERS:]))
        if marked and not boxed(text) and _holds(marked[-1].text, target):
            return Score(value=None, note="the marked text holds the answer beside other words")
        answer = [each for each in (*answer, in_dollars(answer[0])) if each]
        if any(same_words(each, target, loosely=True) or (is_none(each) and is_none(target)) for each in answer):
            return Score(value=None, note="the answer is the target in other words")
        dressed = list(dict.fromkeys(other for each in answer for other in rewritten(each)))
        ways = [(target, dressed), *((other, [*answer, *dressed]) for other in rewritten(target)[:2])]
        # One of the two without brackets, never both: (4,3) is not (3,4).
        meant = in_dollars(answer[0]) or answer[0]
        if (inner := unbracketed(target)) and not unbracketed(meant):
            ways.append((inner, [meant]))
        elif not inner and (content := unbracketed(meant)):
            ways.append((target, [content]))
        if any(texts and self._comparer.equal(of, texts, self._halt) for of, texts in ways):
            return Score(value=None, note="the answer may be the target in another dress")
        return Score(value=0.0)

    def stop(self) -> None:
        """Kill the process that compares; nothing is scored after it."""
        self._halt.stop()


def _answers_in(text: str, *, truncated: bool) -> list[tuple[str, ...]]:
    """What the text boxes, in its order; else the last answer that it marks, as it is written and undressed."""
    text = without_tags(text[-MAX_CHARACTERS:])
    boxes = boxed(text)
    if boxes and not (truncated and goes_on(text[boxes[-1][1] :])):
        return [(content.strip()[:_LONGEST],) for content, _ in boxes]
    marked = [each for each in marked_answers(text) if each.closed or not truncated]
    if not marked or boxes:
        return []
    forms = (light(marked[-1].text), undress(marked[-1].text).rstrip("."))
    return [tuple(dict.fromkeys(each[:_LONGEST] for each in forms))]


def _holds(text: str, target: str) -> bool:
    """Whether the target stands in a text, as no part of a longer word, number or formula."""
    meant = target.strip().strip("$").rstrip(".")
    before, after = r"(?<![\w.,^/+*<>{-])", r"(?!\s*[\^/+*=<>}-]|\w|[.,]\d)"
    return bool(meant) and re.search(before + re.escape(meant) + after, text.replace("$", "")) is not None


def _plain(text: str) -> str:
    return "".join(text.split()).strip("$").rstrip(".")
