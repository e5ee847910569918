"""IFEval: whether an answer follows every verifiable instruction of its prompt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from steelyard.errors import InputError
from steelyard.records import ModelOutput, Sample, Score
from steelyard.scorers.ifeval.instructions import INSTRUCTIONS, ArgumentMissing, Arguments, Check

__all__ = ["IfEval"]

PROMPTS, OF_ALL = 541, 834  # and the instructions of all prompts, as published
_OPTIONS = ("strict", "loose", "average-strict", "average-loose")


class Asked(msgspec.Struct, frozen=True):
    """A sample's target, as JSON: the instructions' ids, and for each its arguments."""

    instructions: list[str]
    arguments: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class IfEval:
    """1 where all instructions of the prompt are followed (the paper's prompt-level accuracy), else 0.

    ``loose``: an instruction counts as followed where the answer without asterisks, without its first or last line, or
    any mixture of these follows it. The note says how many of the instructions were followed. An answer of white space
    follows none and is unparsed; so is a sample whose instructions are unknown or lack an argument. Where the
    original's own versions count an instruction differently, and the prompt's score depends on it, it is open.

    ``average``: of the benchmark's accuracy by prompt and its accuracy by instruction the mean, as a mean over prompts:
    one of n instructions, k of which are followed, weighs ½/541 + ½·n/834, and scores (½·[k = n]/541 + ½·k/834) of it.
    """

    loose: bool = False
    average: bool = False

    @classmethod
    def from_options(cls, options: str) -> IfEval:
        """The scorer for the options in its identifier; raises InputError for unknown ones."""
        if options not in _OPTIONS:
            raise InputError(f"ifeval has no option {options!r}")
        return cls(loose=options.endswith("loose"), average=options.startswith("average"))

    @property
    def identifier(self) -> str:
        """``ifeval[strict]@2`` or ``ifeval[loose]@2``, or with ``average-`` before the option."""
        return f"ifeval[{'average-' if self.average else ''}{'loose' if self.loose else 'strict'}]@2"

    @property
    def gives_shares(self) -> bool:
        """Whether a score may lie between 0 and 1: in the average, where instructions count by themselves too."""
        return self.average

    @property
    def weighs(self) -> bool:
        """Whether prompts weigh by their number of instructions."""
        return self.average

    @property
    def weighed(self) -> str:
        """A sentence on the average."""
        which = "loose" if self.loose else "strict"
        return f"Tested is the mean of the {which} accuracies by prompt and by instruction, as one mean over prompts."

    def weights(self, groups: Mapping[str, int]) -> dict[str, int]:
        """By number of instructions, what all prompts with so many weigh; raises ValueError for other data."""
        sizes = {int(name): size for name, size in groups.items() if name.isdecimal() and len(name) < 4}
        held = sum(sizes.values()), sum(number * size for number, size in sizes.items())
        if held != (PROMPTS, OF_ALL) or len(sizes) < len(groups):
            raise ValueError(
                f"the data here have {held[0]:,} prompts with {held[1]:,} instructions, and IFEval has {PROMPTS} with "
                f"{OF_ALL}: the average of both accuracies is known of these alone"
            )
        return {str(number): size * (OF_ALL + PROMPTS * number) for number, size in sizes.items()}

    def score(self, sample: Sample, output: ModelOutput) -> Score:
        """1 where every instruction is followed."""
        try:
            asked = msgspec.json.decode(sample.target, type=Asked)
            checks = [
                (name, INSTRUCTIONS[name], Arguments(values))
                for name, values in zip(asked.instructions, asked.arguments, strict=True)
            ]
        except (msgspec.DecodeError, KeyError, ValueError, RecursionError):
            return Score(value=0.0, parsed=False, note="the sample's instructions are not IFEval's")
        if not output.text.strip():
            return Score(value=0.0, parsed=False, note="nothing was answered")
        texts = _variants(output.text) if self.loose else [output.text]
        try:
            held = [(name, _held(check, values, texts)) for name, check, values in checks]
        except ArgumentMissing as missing:
            return Score(value=0.0, parsed=False, note=f"an instruction lacks an argument: {missing}")
        missed = [name for name, is_followed in held if is_followed is False]
        unsure = [name for name, is_followed in held if is_followed is None]
        if unsure and (self.average or not missed):
            return Score(value=None, note=f"counted in two ways: {', '.join(unsure)}")
        followed = len(checks) - len(missed) - len(unsure)
        note = f"{followed} of {len(checks)} followed" + (f"; not {', '.join(missed)}" if missed else "")
        return Score(value=self.value_of(followed, len(checks)), note=note)

    def value_of(self, followed: int, asked: int) -> float:
        """The score of a prompt with so many instructions, of which so many are followed."""
        is_whole = followed == asked
        if not self.average:
            return float(is_whole)
        return (OF_ALL * is_whole + PROMPTS * followed) / (OF_ALL + PROMPTS * asked)


def _held(check: Check, values: Arguments, texts: list[str]) -> bool | None:
    """Whether one of some texts follows an instruction; None where that depends on how it is counted."""
    found = {check(text, values) for text in texts}
    return True if True in found else None if None in found else False


def _variants(text: str) -> list[str]:
    """The original's eight forms of an answer; empty ones follow nothing."""
    lines = text.split("\n")
    cut = [text, *("\n".join(part).strip() for part in (lines[1:], lines[:-1], lines[1:-1]))]
    forms = [*cut, *(form.replace("*", "") for form in cut)]
    return [form for form in dict.fromkeys(forms) if form.strip()]
