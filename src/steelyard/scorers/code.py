"""Scores code by running it against tests, in the sandbox."""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass, field
from functools import lru_cache
from typing import ClassVar, Literal

import msgspec

from steelyard.errors import InputError
from steelyard.records import GenerateRequest, ModelOutput, Sample, Score
from steelyard.scorers.code_readings import absent_module, second_reading
from steelyard.scorers.halt import Halt

__all__ = ["Code", "CodeTarget", "blocks_in", "indented_blocks_in"]

MAX_CHARACTERS = 200_000
_MAX_TIMEOUT = 600
_DEFINED = re.compile(r"^(?:async[ \t]+)?(?:def|class)[ \t]+(\w+)", re.MULTILINE)
_IMPORT = re.compile(r"^(?:import|from)[ \t][^\n]*", re.MULTILINE)
_INDENTED = re.compile(r"(?: {4}| {0,3}\t)[ \t]*\S")
_CLOSING = (")", "]", "}")  # the end of a signature over several lines
_DOES_NOT_COMPILE = ("IndentationError", "SyntaxError", "TabError")
_NO_CODE = Score(value=0.0, parsed=False, note="no code")
_OPTIONS = re.compile(r"(completion|program)(?:,timeout=([1-9][0-9]{0,2}))?", re.ASCII)


class CodeTarget(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The JSON of a sample's target: the data set's own code, of which the model sees only what its prompt shows.

    ``tests`` are run one after the other and must all reach their end. They may use what the answer calls by one of
    ``names``; where none is given, what ``reference`` (a right answer, which is never run) defines and the tests use.
    ``prompt`` is code that the answer continues or may rely on; the tests may use it as well, and what the reference
    imports.
    """

    tests: tuple[str, ...]
    names: tuple[str, ...] = ()
    prompt: str = ""
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Code:
    """1 where the answer's code passes all tests within ``timeout`` seconds, else 0 with the reason in the note.

    ``form``: ``completion`` continues the prompt's code, up to the request's stop strings; ``program`` is a
    complete program, in a fenced block (the first one that defines the requested names), bare, or in a block that is
    indented by four spaces. An answer without code is unparsed.
    Reads the first 200,000 characters. Nothing of it ever runs outside the sandbox.

    A completion that does not compile, and passes with the first line's blanks put back, is open: some servers drop
    them.

    A program is read twice: as above, and as EvalPlus reads it, or, where nothing in the answer defines what is asked
    for, as the rest of the prompt's function. Where both find code and that of one alone passes, it is open; so it is
    where the second alone finds code, and that passes, and where the code ends for want of a module that is none of
    Python's own: the vendor's machine may have it. Where both fail and the last block that defines what is asked for is
    another one, and passes, it is open: some harnesses read that one. So it is where the block does that ends in the
    middle of a line (``return x``` ``): lm-eval's extractor closes it there, Markdown and EvalPlus do not. An answer
    takes at most three runs of its code, and one program that reads it.
    """

    executes: ClassVar[bool] = True
    reads_to_stop: ClassVar[bool] = True

    form: Literal["completion", "program"] = "completion"
    timeout: int = 10
    _halt: Halt = field(default_factory=Halt, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.form not in ("completion", "program"):
            raise InputError("scorer 'code': form must be completion or program")
        if type(self.timeout) is not int or not 1 <= self.timeout <= _MAX_TIMEOUT:
            raise InputError(f"scorer 'code': timeout is a whole number of seconds from 1 to {_MAX_TIMEOUT}")

    @classmethod
    def from_options(cls, options: str) -> Code:
        """The scorer for the options in its identifier; raises InputError for unknown ones."""
        found = _OPTIONS.fullmatch(options)
        if found is None:
            raise InputError(f"code has no options {options[:80]!r}")
        return cls("program" if found[1] == "program" else "completion", int(found[2] or 10))

    @property
    def identifier(self) -> str:
        """``code[completion]@6``, ``code[program]@6``, ``code[program,timeout=30]@6``."""
        return f"code[{self.form}{'' if self.timeout == 10 else f',timeout={self.timeout}'}]@6"

    def unavailable_reason(self) -> str:
        """Why no code can be run on this machine, and how to fix it; empty where it can."""
        from steelyard.scorers.sandbox.box import unavailable_reason

        return unavailable_reason()

    def score(self, sample: Sample, output: ModelOutput) -> Score:
        """Run the answer against the sample's tests: up to ``timeout`` seconds, three times. Safe from several threads.

        Raises SandboxError where there is no sandbox or it fails, and InputError where the sample's own code cannot
        run: then the output is not scored. Raises Halted after :meth:`stop`.
        """
        target = _target(sample)
        names = _names(target, sample.id)
        text = self._up_to_stop(sample, output.text[:MAX_CHARACTERS])
        try:
            if self.form == "completion":
                return self._of_completion(target, names, text) if text.strip() else _NO_CODE
            return self._of_program(target, names, text)
        except InputError as error:
            raise type(error)(f"{sample.id}: {error}") from None

    def _of_completion(self, target: CodeTarget, names: tuple[str, ...], text: str) -> Score:
        """The score of code that goes on inside a function; open where it lacks its first blanks alone."""
        first = self._run(target, names, (target.prompt + text,))  # one part: it continues inside a function
        mended = _with_first_blanks(target.prompt, text)
        if not first.note.endswith(_DOES_NOT_COMPILE) or mended is None:
            return first
        if self._run(target, names, (target.prompt + mended,)).value != 1:
            return first
        return Score(value=None, note=f"{first.note}; passes with the blanks before its first line")

    def _of_program(self, target: CodeTarget, names: tuple[str, ...], text: str) -> Score:
        """The score where both readings of a program agree; open where they differ, or its last block alone passes."""
        code = _first_code(text, names)
        # Two parts of one program: a block may begin with "from __future__".
        first = _NO_CODE if code is None else self._run(target, names, (target.prompt, code))
        if first.value is None:
            return first
        reading = second_reading(text, names, code, target.prompt, self._halt)
        if not reading.whole:
            return Score(value=None, note=f"{_said(first)}; too long to be read as EvalPlus reads it")
        if reading.same or reading.code is None:  # a reading that finds no code says nothing
            second = first
        elif reading.continues:
            second = self._run(target, names, (f"{target.prompt.rstrip()}\n{reading.code}",))
        else:
            second = self._run(target, names, (target.prompt, reading.code))
        if second.value != first.value:
            how = "as the rest of the prompt" if reading.continues else "as EvalPlus reads it"
            return Score(value=None, note=f"{_said(first)}; {how}: {_said(second)}")
        return first if first.value else self._of_last_block(target, names, text, first, {code, reading.code})

    def _of_last_block(
        self, target: CodeTarget, names: tuple[str, ...], text: str, first: Score, read: set[str | None]
    ) -> Score:
        """The score of a program that failed as it was read: open where the last block that defines all does not."""
        blocks = blocks_in(text, closes_behind_code=True)
        last = next((each for each in reversed(blocks) if set(_defined_in(each)) >= set(names)), None)
        if last is None or last in read:
            return first
        other = self._run(target, names, (target.prompt, last))
        return first if other.value == 0 else Score(value=None, note=f"{first.note}; its last block: {_said(other)}")

    def _run(self, target: CodeTarget, names: tuple[str, ...], program: tuple[str, ...]) -> Score:
        """The score of some code; open where it lacks a module."""
        from steelyard.scorers.sandbox.examine import Exam, examine
        from steelyard.scorers.sandbox.limits import End, SandboxLimits

        setup = "\n".join((*_IMPORT.findall(target.reference.replace("\r", "")), target.prompt))
        exam = Exam(program=program, setup=setup, names=names, tests="\n".join(target.tests))
        result = examine(exam, SandboxLimits(seconds=float(self.timeout)), self._halt)
        if result.end is End.PASSED:
            return Score(value=1.0)
        if result.detail == "ModuleNotFoundError" and (lacks := absent_module(program[-1])):
            return Score(value=None, note=f"the sandbox has no {lacks}")
        return Score(value=0.0, note=f"{result.end}: {result.detail}" if result.detail else str(result.end))

    def stop(self) -> None:
        """Kill what this scorer runs, in whatever thread; it scores nothing more."""
        self._halt.stop()

    @staticmethod
    def _up_to_stop(sample: Sample, text: str) -> str:
        stops = sample.request.stop if isinstance(sample.request, GenerateRequest) else ()
        return text[: min((place for stop in stops if stop and (place := text.find(stop)) >= 0), default=len(text))]


def _first_code(text: str, names: tuple[str, ...]) -> str | None:
    """The code of a program in an answer; None where there is none."""
    candidates = blocks_in(text) or [text, *indented_blocks_in(text)]
    defined = [(set(_defined_in(block)), block) for block in candidates]
    whole = (block for found, block in defined if found >= set(names))
    partly = (block for found, block in defined if found & set(names))
    return next(whole, None) or next(partly, None)


def _with_first_blanks(prompt: str, text: str) -> str | None:
    """A text that goes on with some code, its first line with as many blanks as the code's last; None if it has them.

    Some servers drop the first blank of a text, or all of them.
    """
    last = next((line for line in reversed(prompt.splitlines()) if line.strip()), "")
    blanks = last[: len(last) - len(last.lstrip())]
    mended = blanks + text.lstrip(" \t")
    return mended if prompt.endswith("\n") and blanks and text[:1] not in "\r\n" and mended != text else None


def _said(score: Score) -> str:
    return score.note or "passed"


def blocks_in(text: str, *, closes_behind_code: bool = False) -> list[str]:
    """The fenced blocks of an answer in Markdown, without their indentation; one that is never closed ends the text.

    With ``closes_behind_code`` a block ends, too, where its marks stand behind the code of a line.
    """
    blocks: list[str] = []
    fence, lines = "", list[str]()
    for line in text.splitlines():
        stripped = line.strip()
        start = stripped[:3]
        if not fence:
            if start in ("```", "~~~"):
                fence = stripped[: len(stripped) - len(stripped.lstrip(start[0]))]
            continue
        before, mark, behind = line.rstrip().partition(fence)
        closes = stripped.startswith(fence) and not stripped.strip(fence[0])
        if closes_behind_code and mark and before.strip() and not behind:
            lines.append(before)
            closes = True
        if closes:
            blocks.append(textwrap.dedent("\n".join(lines)) + "\n")
            fence, lines = "", []
        else:
            lines.append(line)
    if fence:
        blocks.append(textwrap.dedent("\n".join(lines)) + "\n")
    return blocks


def indented_blocks_in(text: str) -> list[str]:
    """The blocks of an answer that Markdown takes for code by four spaces or a tab, without their indentation.

    What is indented inside a function or a class is none: its first line at the margin begins one.
    """
    blocks: list[str] = []
    lines, before = list[str](), ""
    for line in [*text.splitlines(), "end"]:
        if _INDENTED.match(line) or (lines and not line.strip()):
            lines.append(line)
            continue
        if lines and not _DEFINED.match(before) and not before.startswith(("@", *_CLOSING)):
            blocks.append(textwrap.dedent("\n".join(lines).expandtabs(4)).strip("\n") + "\n")
        lines = []
        before = line if line.strip() else before
    return blocks


def _defined_in(code: str) -> list[str]:
    """Functions, classes and plain names that a text defines at its margin; by its looks, it is not parsed."""
    return [*_DEFINED.findall(code), *re.findall(r"^(\w+)[ \t]*(?::[^=\n]*)?=(?!=)", code, re.MULTILINE)]


def _target(sample: Sample) -> CodeTarget:
    try:
        return _read(sample.target)
    except (msgspec.DecodeError, RecursionError) as error:
        raise InputError(f"{sample.id}: the target is not what scorer 'code' needs: {error}") from None


@lru_cache(maxsize=64)
def _read(target: str) -> CodeTarget:
    return msgspec.json.decode(target, type=CodeTarget)


def _names(target: CodeTarget, sample: str) -> tuple[str, ...]:
    """The names that the tests take from the answer: nothing else, or it could replace ``sorted``, say."""
    names = target.names
    if not names:
        used = set(re.findall(r"\w+", "\n".join(target.tests)))
        names = tuple(dict.fromkeys(name for name in _DEFINED.findall(target.reference) if name in used))
    if not names or not all(name.isidentifier() for name in names):
        raise InputError(f"{sample}: the target must name what the answer is to define")
    return names
