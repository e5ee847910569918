"""Calls of functions as an answer: right as a tree, by the rules of the Berkeley Function Calling Leaderboard."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import msgspec

from steelyard.errors import InputError
from steelyard.records import ModelOutput, Sample, Score
from steelyard.scorers.function_calls.comparison import fault_of
from steelyard.scorers.function_calls.reading import NoCalls, Unsettled, block_in, calls_in

__all__ = ["CallsTarget", "FunctionCalls"]

_NONE: Final = ("irrelevance", "relevance")  # categories in which no calls, or any, are right


class CallsTarget(msgspec.Struct, frozen=True, kw_only=True):
    """The JSON of a sample's target: the data set's ``category``, ``functions`` and ``answers`` (its ground truth)."""

    category: str
    functions: tuple[dict[str, Any], ...] = ()
    answers: tuple[dict[str, dict[str, list[Any]]], ...] = ()


@dataclass(frozen=True, slots=True)
class FunctionCalls:
    """1 where the whole answer is the right calls, in Python's syntax; in the category *irrelevance*, where it is none.

    Nothing of an answer is evaluated. One that is no list of calls is unparsed. Open is what cannot be read within
    bounds, what the reference would have to evaluate, what it has no result for (its checker ends with an error), and
    calls in a marked block, where these alone are right or wrong: the reference reads them for some models only.
    """

    answers_with_calls: ClassVar[bool] = True

    @property
    def identifier(self) -> str:
        """``function_calls@3``."""
        return "function_calls@3"

    def target_fault(self, target: str) -> str:
        """Why a right answer cannot be compared, as the end of a sentence; empty where it can."""
        try:
            wanted = _wanted(target)
        except (ValueError, RecursionError):
            return "is no JSON with category, functions and answers"
        return "" if wanted.answers or wanted.category.endswith(_NONE) else "has no right calls"

    def score(self, sample: Sample, output: ModelOutput) -> Score:
        """1, 0, or open; the note says what is wrong. Raises InputError for a target that is none."""
        if fault := self.target_fault(sample.target):
            raise InputError(f"{sample.id}: the target {fault}")
        wanted = _wanted(sample.target)
        score, inside = _score(wanted, output.text), block_in(output.text)
        if score.value is None or inside is None or _score(wanted, inside).value == score.value:
            return score
        return Score(value=None, note="calls in a marked block, which the reference reads for some models only")


def _score(wanted: CallsTarget, text: str) -> Score:
    try:
        calls = calls_in(text)
    except Unsettled as error:
        return Score(value=None, note=str(error))
    except NoCalls as error:
        right = wanted.category.endswith("irrelevance")
        return Score(value=float(right), parsed=right, note="" if right else f"no calls: {error}")
    if wanted.category.endswith(_NONE):
        right = bool(calls) != wanted.category.endswith("irrelevance")
        return Score(value=float(right), note="" if right else "a call" if calls else "no call")
    try:
        fault = fault_of(wanted.category, wanted.functions, calls, wanted.answers)
    except (LookupError, TypeError, AttributeError, ValueError):
        return Score(value=None, note="the reference has no result for this")
    return Score(value=float(not fault), note=fault)


def _wanted(target: str) -> CallsTarget:
    # Not msgspec's own decoder, for which a large whole number is another one.
    return msgspec.convert(json.loads(target), CallsTarget)
