"""Scores a program against tests so that no program can score itself.

Most harnesses run the answer and its tests in one interpreter and trust that interpreter's exit status. An answer that
takes over the interpreter (exits before the tests, replaces ``assert`` or a builtin, reads the expected token from a
frame, patches the checker) then scores itself, and no secret in the same process prevents that.

Here two sandboxes share nothing but two pipes. The *candidate* holds the model's code and no test; the *examiner*
holds the tests and no code of the model's, and requests one call after the other. Only plain data comes back
(:mod:`steelyard.scorers.sandbox.inside.values`), so that every comparison is the examiner's own. The verdict is written
to a pipe that the candidate's sandbox does not hold. Code that takes over the candidate's process can
choose the values that calls return, and that is exactly what an answer is scored by.

Failures of the sandbox are detected before the program runs: it waits until both sides are up. So a program cannot
pass its own failure off as an internal error.
"""

from __future__ import annotations

import os
import subprocess
import time
from functools import cache
from importlib import resources

import msgspec

from steelyard.errors import InputError
from steelyard.scorers.halt import Halt
from steelyard.scorers.sandbox.box import Box, Watch, open_box
from steelyard.scorers.sandbox.cgroups import Cage
from steelyard.scorers.sandbox.inside.values import encode
from steelyard.scorers.sandbox.limits import End, SandboxError, SandboxLimits

__all__ = ["Exam", "Examination", "examine"]

_MAX_VERDICT = 4096
_MAX_STDERR = 16_384
_TRIES = 2
_START = "import sys; sys.path.insert(0, '/'); from harness.{0} import main; del sys.path[0]; main()"


class Exam(msgspec.Struct, frozen=True, kw_only=True):
    """A program and its tests. ``program`` is the model's, in parts that run one after the other.

    ``setup`` and ``tests`` are the data set's and run in the examiner; between them the ``names`` are bound to the
    program's objects of these names. Passed: ``tests`` runs to its end.
    """

    program: tuple[str, ...]
    setup: str
    names: tuple[str, ...]
    tests: str


class Examination(msgspec.Struct, frozen=True, kw_only=True):
    """The result. ``detail``: "wrong" (an assertion of the tests failed), a built-in exception's name, or empty."""

    end: End
    detail: str = ""
    seconds: float = 0.0


def examine(exam: Exam, limits: SandboxLimits, halt: Halt | None = None) -> Examination:
    """Examine one program. Raises SandboxError where the sandbox does not work, InputError for tests that cannot run.

    Neither is raised for anything that the program does. Raises Halted where ``halt`` ended it: a killed program has no
    result.
    """
    box = open_box()
    halt = halt or Halt()
    for _ in range(_TRIES):
        halt.check()
        try:
            found = _examined(box, exam, limits, halt)
        except SandboxError as error:
            failed = error
        else:
            halt.check()
            return found
    halt.check()
    raise failed


def _examined(box: Box, exam: Exam, limits: SandboxLimits, halt: Halt) -> Examination:
    with box.cage(limits) as cage:
        began = time.monotonic()
        end, lines, message = _held(box, cage, exam, limits, began + limits.seconds, halt)
        seconds = time.monotonic() - began
        if lines[:1] != ["started"]:
            if end is End.TIMEOUT:
                raise SandboxError(f"the sandbox did not start within {limits.seconds:g} s: is the machine overloaded?")
            raise SandboxError(f"the sandbox does not start: {message or 'no reason given'}")
        verdict, _, detail = lines[1].partition(" ") if len(lines) == 2 else ("", "", "")
        if verdict == "unusable":
            raise InputError(f"the sample cannot be examined: {detail}")
        if verdict == "passed":
            return Examination(end=End.PASSED, seconds=seconds)
        if end is End.TIMEOUT:
            return Examination(end=End.TIMEOUT, seconds=seconds)
        if detail == "MemoryError" or cage.ran_out_of_memory():
            return Examination(end=End.MEMORY, seconds=seconds)
        if verdict in ("wrong", "raised"):
            return Examination(end=End.FAILED, detail=detail or "wrong", seconds=seconds)
        return Examination(end=End.KILLED, detail="ended before the tests did", seconds=seconds)


def _held(
    box: Box, cage: Cage, exam: Exam, limits: SandboxLimits, until: float, halt: Halt
) -> tuple[End, list[str], str]:
    """Run one examination: how the examiner ended, its lines, and the error output of the isolation tools."""
    to_candidate, to_examiner = os.pipe(), os.pipe()
    ends = [
        os.fdopen(end, mode, buffering=0)
        for pair in (to_candidate, to_examiner)
        for end, mode in zip(pair, ("rb", "wb"), strict=True)
    ]
    try:
        files, program = _files("candidate", list(exam.program)), _program("candidate")
        with box.started(cage, limits, program, files, stdin=ends[0], stdout=ends[3], halt=halt) as candidate:
            files, program = _files("examiner", (exam.setup, exam.names, exam.tests)), _program("examiner")
            with box.started(cage, limits, program, files, stdin=ends[2], stdout=ends[1], halt=halt) as examiner:
                # Close our copies, or neither side would see the end of the other.
                for end in ends:
                    end.close()
                return _watched(candidate.process, examiner.process, until)
    finally:
        for end in ends:
            end.close()


def _watched(
    candidate: subprocess.Popen[bytes], examiner: subprocess.Popen[bytes], until: float
) -> tuple[End, list[str], str]:
    with Watch(until) as watch:
        watch.add(examiner.stderr, _MAX_VERDICT)
        watch.add(candidate.stderr, _MAX_STDERR)
        end = watch.read(last=examiner.stderr)
        text = watch.taken(examiner.stderr).decode("ascii", "replace")
        lines = text.split("\n")[:-1]  # what does not end in a line's end was cut off
        message = text.splitlines() + watch.taken(candidate.stderr).decode("utf-8", "replace").splitlines()
    return end, lines, next((line[:200] for line in message if ": " in line), "")


def _program(side: str) -> list[str]:
    return ["-c", _START.format(side)]


def _files(side: str, job: object) -> dict[str, bytes]:
    def refused(value: object) -> int:
        raise TypeError(f"a job holds plain data, not {type(value).__name__}")

    return {"/job": encode(job, refused), **_harness(side)}


@cache
def _harness(side: str) -> dict[str, bytes]:
    inside = resources.files("steelyard.scorers.sandbox.inside")
    return {f"/harness/{name}.py": (inside / f"{name}.py").read_bytes() for name in ("values", side)}
