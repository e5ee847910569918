"""Scores a program by cases: what it prints for an input, or what its function returns, as LiveCodeBench does."""

from __future__ import annotations

import keyword
import re
from dataclasses import dataclass, field
from decimal import Decimal
from hashlib import sha256
from importlib import resources
from typing import TYPE_CHECKING, ClassVar, Final

import msgspec

from steelyard.errors import InputError
from steelyard.records import ModelOutput, Sample, Score
from steelyard.scorers.code_readings import absent_module, other_blocks
from steelyard.scorers.halt import Halt
from steelyard.scorers.packed_tests import Case, cases_in

if TYPE_CHECKING:
    from steelyard.scorers.sandbox.limits import End, SandboxLimits

__all__ = ["CodeCases", "code_in", "same_output"]

MAX_CHARACTERS: Final = 200_000
SECONDS: Final = 12  # for a case, twice what lcb_runner gives: a vendor's machine may be twice as fast as this one
_PATIENCE: Final = 4  # times as long by the clock
_MIB: Final = 1 << 20
_OUTPUT: Final = 256 * 1024  # bytes that a program may print beside twice what is expected

_STARRED: Final = (
    "string",
    "re",
    "datetime",
    "collections",
    "heapq",
    "bisect",
    "copy",
    "math",
    "random",
    "statistics",
    "itertools",
    "functools",
    "operator",
    "io",
    "sys",
    "json",
    "builtins",
    "typing",
)
# What lcb_runner's import_string puts before every answer, in its order.
IMPORTS: Final = (
    "".join(f"from {name} import *\n" for name in _STARRED)
    + "".join(f"import {name}\n" for name in _STARRED[:-2])
    + "sys.setrecursionlimit(50000)\n"
)
# What may have gone well on the vendor's machine: a package that is there, other memory, another Python (since 3.12 the
# interpreter has a limit of its own for calls through C, such as those of a cached function, which no setting lifts).
_LACKED: Final = re.compile(r"^ModuleNotFoundError: No module named '([A-Za-z_]\w{0,39})[\w.]*'", re.ASCII)
_NO_CODE: Final = Score(value=0.0, parsed=False, note="no code")
_OF_MACHINES: Final = {"MemoryError": "needs more than 1 GB of memory", "RecursionError": "recurses too deeply here"}


class _Metadata(msgspec.Struct, frozen=True):
    """The target of a sample: the function that is called, where one is; without it a program reads its input."""

    func_name: str | None = None


@dataclass(frozen=True, slots=True)
class CodeCases:
    """1 where the answer's code passes every case of the sample's tests, else 0; the note says which one it failed.

    The code is what stands between the last two lines with three backticks; an answer without them is unparsed. It
    is open where it ends because of what may be otherwise on the vendor's machine: a package that is not in this
    sandbox, memory, or how deep Python recurses. So it is where the code fails and the first or the last Python block
    of the answer does not, or an answer without backticks, all of it: harnesses differ in what they read (NeMo-Skills:
    the first Python block, or all of it).
    Cases are run one after the other up to the first failure. Each has :data:`SECONDS` of processor time, and one more
    for its start, so that scoring n cases takes at most n × (SECONDS + 1) seconds of it, and four times as long by the
    clock; of an answer whose blocks differ up to three programs are run, each once.
    Nothing of an answer ever runs outside the sandbox, and no expected output is in it.
    """

    executes: ClassVar[bool] = True
    reads_to_stop: ClassVar[bool] = True

    _halt: Halt = field(default_factory=Halt, init=False, repr=False, compare=False)

    @property
    def identifier(self) -> str:
        """``code_cases@3``."""
        return "code_cases@3"

    def unavailable_reason(self) -> str:
        """Why no code can be run on this machine, and how to fix it; empty where it can."""
        from steelyard.scorers.sandbox.box import unavailable_reason

        return unavailable_reason()

    def score(self, sample: Sample, output: ModelOutput) -> Score:
        """Run the answer on the sample's cases. Safe from several threads.

        Raises SandboxError where there is no sandbox or it fails, and InputError for tests that cannot be read or run:
        then the output is not scored. Raises Halted after :meth:`stop`.
        """
        text = output.text[-MAX_CHARACTERS:]
        code = code_in(text)
        others = other_blocks(text, code)
        if not code.strip() and not others:
            return _NO_CODE
        try:
            name, cases = _called(sample), _cases_of(sample)
            read = self._of_program(code, name, cases) if code.strip() else _NO_CODE
            if read.value != 0:
                return read
            for which, block in others:
                if (other := self._of_program(block, name, cases)).value != 0:
                    return Score(value=None, note=f"{read.note}; {which}: {other.note}")
        except InputError as error:
            raise type(error)(f"{sample.id}: {error}") from None
        return read

    def _of_program(self, code: str, name: str, cases: tuple[Case, ...]) -> Score:
        """The score of one program, by its first case that is not passed."""
        for number, case in enumerate(cases, 1):
            how, of_machine = self._failed_call(code, name, case) if name else self._failed_run(code, case)
            place = f"case {number} of {len(cases)}"
            if of_machine:
                return Score(value=None, note=f"{place}: {of_machine}")
            if how:
                return Score(value=0.0, note=f"{place}: {how}")
        return Score(value=1.0, note=f"{len(cases)} cases")

    def stop(self) -> None:
        """Kill what this scorer runs, in whatever thread; it scores nothing more."""
        self._halt.stop()

    def _failed_run(self, code: str, case: Case) -> tuple[str, str]:
        """How a program fails a case, and why it may not elsewhere; empty where it passes."""
        from steelyard.scorers.sandbox.box import Sandbox
        from steelyard.scorers.sandbox.limits import End

        files = {"/imports.py": IMPORTS.encode(), "/solution.py": code.encode("utf-8", "surrogatepass")}
        read, limits = case.input.encode("utf-8", "replace"), _limits(_OUTPUT + 2 * len(case.output))
        done = Sandbox(limits).run(_runner(), stdin=read, files=files, halt=self._halt)
        if done.end is End.PASSED:
            return "" if same_output(done.stdout.decode("utf-8", "replace"), case.output) else "wrong", ""
        last = done.stderr.decode("utf-8", "replace").rstrip().rpartition("\n")[2]
        lacked = found[1] if (found := _LACKED.search(last)) and absent_module(code) else ""
        raised = "MemoryError" if done.end is End.MEMORY else last.partition(":")[0]
        return _end_in_words(done.end, done.seconds), _of_machine(raised, lacked)

    def _failed_call(self, code: str, name: str, case: Case) -> tuple[str, str]:
        """How a function fails a case, and why it may not elsewhere; empty where it passes."""
        from steelyard.scorers.sandbox.examine import Exam, examine
        from steelyard.scorers.sandbox.inside.values import NotPlain
        from steelyard.scorers.sandbox.limits import End

        of = "Solution" if "class Solution" in code else ""
        exam = Exam(
            program=(IMPORTS, code),
            setup=_setup(case),
            names=(of or name,),
            tests=f"found = {f'{of}().' if of else ''}{name}(*given)\n{_COMPARED}",
        )
        try:
            result = examine(exam, _limits(_OUTPUT), self._halt)
        except NotPlain:
            raise InputError("a case is larger than what the sandbox takes") from None
        if result.end is End.PASSED:
            return "", ""
        lacked = absent_module(code) if result.detail == "ModuleNotFoundError" else ""
        raised = "MemoryError" if result.end is End.MEMORY else result.detail
        how = result.detail if result.end is End.FAILED else _end_in_words(result.end, result.seconds)
        return how or str(result.end), _of_machine(raised, lacked)


def code_in(text: str) -> str:
    """The lines between the last two that hold three backticks (lcb_runner's ``extract_code``); empty without them."""
    lines = text.split("\n")
    fences = [number for number, line in enumerate(lines) if "```" in line]
    return "\n".join(lines[fences[-2] + 1 : fences[-1]]) if len(fences) > 1 else ""


def same_output(printed: str, expected: str) -> bool:
    """Whether two outputs have the same lines, stripped, or where they differ the same decimals in them.

    (lcb_runner's ``grade_stdio``.)
    """
    lines, wanted = ([line.strip() for line in text.strip().split("\n")] for text in (printed, expected))
    return len(lines) == len(wanted) and all(
        one == other or _same_decimals(one, other) for one, other in zip(lines, wanted, strict=True)
    )


def _same_decimals(line: str, wanted: str) -> bool:
    try:
        return [Decimal(each) for each in line.split()] == [Decimal(each) for each in wanted.split()]
    except (ArithmeticError, ValueError):  # no number, or one that equals nothing
        return False


def _of_machine(raised: str, lacked: str) -> str:
    """Why a program that raised this may pass on another machine; empty where it may not."""
    return f"the sandbox has no {lacked}" if lacked else _OF_MACHINES.get(raised, "")


def _called(sample: Sample) -> str:
    """The function that the tests call; empty where a program is run."""
    try:
        name = msgspec.json.decode(sample.target or "{}", type=_Metadata).func_name or ""
    except (msgspec.DecodeError, RecursionError) as error:
        raise InputError(f"the target is not what scorer 'code_cases' needs: {error}") from None
    if name and (not name.isidentifier() or keyword.iskeyword(name)):
        raise InputError(f"the target names no function: {name[:40]!r}")
    return name


def _cases_of(sample: Sample) -> tuple[Case, ...]:
    """The cases of a sample; raises InputError where its tests are not here, or are others than the sealed ones."""
    if not sample.tests or sha256(sample.tests).hexdigest() != sample.tests_sha256:
        raise InputError("its tests are not here, or not those that were sealed")
    cases = cases_in(msgspec.json.decode(sample.tests, type=list[str]))
    if not cases:
        raise InputError("it has no tests")
    return cases


# A tuple for a list is not held against a model, as in lcb_runner.
_COMPARED: Final = "assert (list(found) if isinstance(found, tuple) else found) == expected\n"


def _setup(case: Case) -> str:
    """What the examiner reads before the call; a case that is no JSON makes it unusable, and nothing is scored."""
    return (
        "import json, sys\n"
        "if hasattr(sys, 'set_int_max_str_digits'): sys.set_int_max_str_digits(50000)\n"
        f"given = [json.loads(each) for each in {case.input!r}.split('\\n')]\n"
        f"expected = json.loads({case.output!r})\n"
    )


def _end_in_words(end: End, seconds: float) -> str:
    """How a run ended; one that was killed after its time was killed for it."""
    return "timeout" if str(end) == "killed" and seconds >= SECONDS else str(end)


def _limits(output: int) -> SandboxLimits:
    """Processor time, so that a busy machine fails nobody; by the clock four times as long. A gigabyte of memory."""
    from steelyard.scorers.sandbox.limits import SandboxLimits

    return SandboxLimits(
        seconds=_PATIENCE * (SECONDS + 1.0),
        processor_seconds=SECONDS + 1,
        memory=1024 * _MIB,
        address_space=2048 * _MIB,
        output=output,
    )


def _runner() -> str:
    return (resources.files("steelyard.scorers.sandbox.inside") / "case_runner.py").read_text(encoding="utf-8")
