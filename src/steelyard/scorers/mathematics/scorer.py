r"""Scores mathematical answers: equal is what math-verify (SymPy) finds equal, ``\frac{1}{2}`` and ``0.5``.

What is compared may hang or take all memory, so it is done in a process of its own that is killed when its time is up
(:mod:`steelyard.scorers.mathematics.comparer`). The score is made once and recorded.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import ClassVar, Final

from steelyard.errors import InputError
from steelyard.records import ModelOutput, Outcome, Sample, Score
from steelyard.scorers.halt import Halt
from steelyard.scorers.mathematics.comparer import Comparer
from steelyard.scorers.reading.dress import boxed, undress
from steelyard.scorers.reading.marks import MAX_CHARACTERS, marked_answers
from steelyard.scorers.reading.parts import goes_on, own_part, without_tags

__all__ = ["Mathematics"]

_LONGEST: Final = 2000  # characters of an answer


@dataclass(frozen=True)
class Mathematics:
    r"""1 where the marked answer equals the target, 0 where it does not, open where that cannot be read or decided.

    The answer is the content of the last ``\boxed{}``, else the last one that the text marks ("the answer is"). Several
    boxes count together where they are the target only together. Nothing else is looked for. Where nothing is boxed
    and the marked text holds the target beside other words (*8 (eight)*, *8, since …*), it is open, not 0. Reads the
    last 10,000 characters; five seconds an answer.
    """

    executes: ClassVar[bool] = True
    reads_truncated: ClassVar[bool] = True

    _comparer: Comparer = field(default_factory=Comparer, init=False, repr=False, compare=False)
    _halt: Halt = field(default_factory=Halt, init=False, repr=False, compare=False)

    @property
    def identifier(self) -> str:
        """``math@2``."""
        return "math@2"

    def unavailable_reason(self) -> str:
        """Why nothing can be compared here; empty where it can."""
        return "" if find_spec("math_verify") else "math-verify is not installed: pip install 'steelyard[math]'"

    def score(self, sample: Sample, output: ModelOutput) -> Score:
        """Compare with the sample's target. Raises InputError without math-verify, Halted after :meth:`stop`."""
        if reason := self.unavailable_reason():
            raise InputError(reason)
        answers = _answers_in(output.text, truncated=output.outcome is Outcome.TRUNCATED)
        if not answers:
            return Score(value=None, note="no answer is marked")
        if not any(each.isalnum() for each in answers[-1]):
            return Score(value=0.0, note="the marked answer is empty")
        if _plain(answers[-1]) == _plain(sample.target):
            return Score(value=1.0)
        # All that is boxed, together, and then the last of it, which says whether the answer can be read.
        together = [", ".join(dict.fromkeys(answers))] if len(answers) > 1 else []
        found = self._comparer.equal(sample.target, [*together, answers[-1]], self._halt)
        if found is None:
            return Score(value=None, note="the answer could not be compared")
        marked = marked_answers(without_tags(own_part(output.text)[-MAX_CHARACTERS:]))
        if not found and marked and not boxed(output.text) and _holds(marked[-1].text, sample.target):
            return Score(value=None, note="the marked text holds the answer beside other words")
        return Score(value=float(found))

    def stop(self) -> None:
        """Kill the process that compares; nothing is scored after it."""
        self._halt.stop()


def _answers_in(text: str, *, truncated: bool) -> list[str]:
    """What the text boxes, in its order; else the last answer that it marks."""
    text = without_tags(own_part(text)[-MAX_CHARACTERS:])
    boxes = boxed(text)
    if boxes and not (truncated and goes_on(text[boxes[-1][1] :])):
        return [content.strip()[:_LONGEST] for content, _ in boxes]
    marked = [each for each in marked_answers(text) if each.closed or not truncated]
    return [undress(marked[-1].text).rstrip(".")[:_LONGEST]] if marked and not boxes else []


def _holds(text: str, target: str) -> bool:
    """Whether the target stands in a text, as no part of a longer word, number or formula."""
    meant = target.strip().strip("$").rstrip(".")
    before, after = r"(?<![\w.,^/+*<>{-])", r"(?!\s*[\^/+*=<>}-]|\w|[.,]\d)"
    return bool(meant) and re.search(before + re.escape(meant) + after, text.replace("$", "")) is not None


def _plain(text: str) -> str:
    return "".join(text.split()).strip("$").rstrip(".")
