r"""Scores mathematical answers: equal is what math-verify (SymPy) finds equal, ``\frac{1}{2}`` and ``0.5``.

What is compared may hang or take all memory, so it is done in a process of its own that is killed when its time is up
(:mod:`steelyard.scorers.math_worker`). The score is made once and recorded.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import ClassVar, Final

from steelyard.errors import InputError
from steelyard.records import ModelOutput, Outcome, Sample, Score
from steelyard.scorers.halt import Halt
from steelyard.scorers.reading.dress import boxed, undress
from steelyard.scorers.reading.marks import MAX_CHARACTERS, marked_answers
from steelyard.scorers.reading.parts import goes_on, own_part, without_tags

__all__ = ["Comparer", "Mathematics"]

SECONDS: Final = 10.0
_STARTING: Final = 60.0  # seconds more for the first answer of a process: it loads SymPy
_LONGEST: Final = 2000  # characters of an answer
_PROGRAM: Final = "from steelyard.scorers.math_worker import main; main()"


class Comparer:
    """The process that compares, started when it is needed and again after it was killed. Safe from several threads."""

    def __init__(self, seconds: float = SECONDS) -> None:
        self._seconds, self._lock = seconds, threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def __del__(self) -> None:
        self.close()

    def equal(self, gold: str, answer: str, halt: Halt) -> bool | None:
        """Whether two texts are equal; None where that cannot be read, or not be said in time.

        Raises Halted after ``halt`` was stopped.
        """
        with self._lock:
            process, extra = self._process, 0.0
            if process is None or process.poll() is not None:
                process, extra = self._started(), _STARTING
            with halt.ends(process.kill):
                line = self._asked(process, json.dumps([gold, answer]).encode() + b"\n", self._seconds + extra)
            halt.check()
            found = json.loads(line) if line.endswith(b"\n") else None
            if not line.endswith(b"\n"):
                self.close()
            return found if isinstance(found, bool) else None

    def close(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    with contextlib.suppress(OSError):
                        pipe.close()

    def _started(self) -> subprocess.Popen[bytes]:
        self.close()
        # No variable of ours but where modules are: keys stay here.
        environment = {name: os.environ[name] for name in ("PATH", "PYTHONPATH", "SYSTEMROOT") if name in os.environ}
        self._process = subprocess.Popen(  # noqa: S603  # our own module, no shell
            [sys.executable, "-c", _PROGRAM],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            start_new_session=True,  # a Ctrl-C that is meant for us does not end it
        )
        return self._process

    @staticmethod
    def _asked(process: subprocess.Popen[bytes], line: bytes, seconds: float) -> bytes:
        """The answer to a line; less than a line where the process ends or its time is up."""
        assert process.stdin is not None
        assert process.stdout is not None
        until, taken = time.monotonic() + seconds, b""
        try:
            process.stdin.write(line)
            process.stdin.flush()
        except OSError:
            return b""
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            while not taken.endswith(b"\n") and len(taken) < 100:
                if not selector.select(max(0.0, until - time.monotonic())):
                    return b""
                data = os.read(process.stdout.fileno(), 100)
                if not data:
                    return b""
                taken += data
        return taken


@dataclass(frozen=True)
class Mathematics:
    r"""1 where the marked answer equals the target, 0 where it does not, open where that cannot be read or decided.

    The answer is the content of the last ``\boxed{}``, else the last one that the text marks ("the answer is"). Several
    boxes count together where they are the target only together. Nothing else is looked for. Reads the last 10,000
    characters; ten seconds an answer.
    """

    executes: ClassVar[bool] = True
    reads_truncated: ClassVar[bool] = True

    _comparer: Comparer = field(default_factory=Comparer, init=False, repr=False, compare=False)
    _halt: Halt = field(default_factory=Halt, init=False, repr=False, compare=False)

    @property
    def identifier(self) -> str:
        """``math@1``."""
        return "math@1"

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
        if _plain(answers[-1]) == _plain(sample.target):
            return Score(value=1.0)
        found = self._comparer.equal(sample.target, answers[-1], self._halt)
        if found is not True and len(answers) > 1:
            together = self._comparer.equal(sample.target, ", ".join(dict.fromkeys(answers)), self._halt)
            found = True if together else found
        if found is None:
            return Score(value=None, note="the answer could not be compared")
        return Score(value=float(found))

    def stop(self) -> None:
        """Kill the process that compares; nothing is scored after it."""
        self._halt.stop()


def _answers_in(text: str, *, truncated: bool) -> list[str]:
    """What the text boxes, in its order; else the last answer that it marks."""
    text = without_tags(own_part(text)[-MAX_CHARACTERS:])
    boxes = boxed(text)
    if boxes and not (truncated and goes_on(text[boxes[-1][1] :])):
        return [content.strip()[:_LONGEST] for content, _ in boxes if content.strip()]
    marked = [each for each in marked_answers(text) if each.closed or not truncated]
    return [undress(marked[-1].text).rstrip(".")[:_LONGEST]] if marked and not boxes else []


def _plain(text: str) -> str:
    return "".join(text.split()).strip("$").rstrip(".")
