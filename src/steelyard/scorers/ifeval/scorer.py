"""IFEval: whether an answer follows every verifiable instruction of its prompt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

from steelyard.errors import InputError
from steelyard.records import ModelOutput, Sample, Score
from steelyard.scorers.ifeval.instructions import INSTRUCTIONS, ArgumentMissing, Arguments

__all__ = ["IfEval"]


class Asked(msgspec.Struct, frozen=True):
    """A sample's target, as JSON: the instructions' ids, and for each its arguments."""

    instructions: list[str]
    arguments: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class IfEval:
    """1 where all instructions of the prompt are followed (the paper's prompt-level accuracy), else 0.

    ``loose``: an instruction counts as followed where the answer without asterisks, without its first or last line, or
    any mixture of these follows it. The note says how many of the instructions were followed. An answer of white space
    follows none and is unparsed; so is a sample whose instructions are unknown or lack an argument.
    """

    loose: bool = False

    @classmethod
    def from_options(cls, options: str) -> IfEval:
        """The scorer for the options in its identifier; raises InputError for unknown ones."""
        if options not in ("strict", "loose"):
            raise InputError(f"ifeval has no option {options!r}")
        return cls(loose=options == "loose")

    @property
    def identifier(self) -> str:
        """``ifeval[strict]@1`` or ``ifeval[loose]@1``."""
        return f"ifeval[{'loose' if self.loose else 'strict'}]@1"

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
            missed = [name for name, check, values in checks if not any(check(text, values) for text in texts)]
        except ArgumentMissing as missing:
            return Score(value=0.0, parsed=False, note=f"an instruction lacks an argument: {missing}")
        followed = len(checks) - len(missed)
        note = f"{followed} of {len(checks)} followed" + (f"; not {', '.join(missed)}" if missed else "")
        return Score(value=float(not missed), note=note)


def _variants(text: str) -> list[str]:
    """The original's eight forms of an answer; empty ones follow nothing."""
    lines = text.split("\n")
    cut = [text, *("\n".join(part).strip() for part in (lines[1:], lines[:-1], lines[1:-1]))]
    forms = [*cut, *(form.replace("*", "") for form in cut)]
    return [form for form in dict.fromkeys(forms) if form.strip()]
