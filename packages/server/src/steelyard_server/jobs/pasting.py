"""Reading what somebody pasted: a small sheet here, a large one in a process of its own.

A sheet of 200,000 characters takes most of a second of Python, and while one thread of a process runs Python no other
does: all pages would wait for it. Run as ``python -P -m steelyard_server.jobs.pasting FOLDER CPU-SECONDS MEMORY
PARENT``; FOLDER holds what is asked, and the sheet goes to standard output.
"""

from __future__ import annotations

import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from steelyard.errors import InputError
from steelyard.records import ClaimSheet
from steelyard_server.bounds import bound
from steelyard_server.jobs.pasted_questions import MAX_QUESTIONS, are_lines, pasted_questions
from steelyard_server.jobs.pasted_sheet import MAX_CHARACTERS, read_pasted
from steelyard_server.push.verifying import Verifier, VerifyLimits
from steelyard_server.runs.folders import incoming_folder

if TYPE_CHECKING:
    from steelyard_server.database.folder import DataFolder

__all__ = ["MAX_HERE", "Pasting", "main"]

MAX_HERE: Final = 20_000  # characters that this process reads itself: less than a process takes to start
_AT_ONCE: Final = 2
_LIMITS: Final = VerifyLimits(cpu_seconds=20, memory=1 << 30, wall_seconds=60.0)
_ASKED: Final = "asked.json"


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """The arguments of :func:`read_pasted`, or with ``are_questions`` that of :func:`pasted_questions`."""

    text: str
    model: str = ""
    own_task: str = ""
    are_questions: bool = False


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """The sheet and its text in YAML, or questions as JSON lines; or in one line why there are none."""

    sheet: ClaimSheet | None = None
    text: str = ""
    problem: str = ""


class Pasting:
    """Reads pasted sheets, large ones two at a time."""

    def __init__(self, data: DataFolder, checker: Verifier | None = None) -> None:
        self._data = data
        self._checker = checker or Verifier(_LIMITS, "steelyard_server.jobs.pasting")
        self._places = threading.BoundedSemaphore(_AT_ONCE)

    def stop(self) -> None:
        """End the processes that run."""
        self._checker.stop()

    def read(self, text: str, model: str = "", own_task: str = "") -> tuple[ClaimSheet, str]:
        """As :func:`read_pasted`; raises InputError also where it takes too much, or others are being read."""
        if not MAX_HERE < len(text) <= MAX_CHARACTERS:
            return read_pasted(text, model, own_task)
        reply = self._in_place(Asked(text=text, model=model, own_task=own_task))
        if reply.sheet is None:
            raise InputError(reply.problem)
        return reply.sheet, reply.text

    def questions(self, text: str) -> str:
        """As :func:`pasted_questions`; raises InputError also where it takes too much, or others are being read."""
        if not MAX_HERE < len(text) <= MAX_QUESTIONS or are_lines(text):
            return pasted_questions(text)
        reply = self._in_place(Asked(text=text, are_questions=True))
        if reply.problem:
            raise InputError(reply.problem)
        return reply.text

    def _in_place(self, asked: Asked) -> Reply:
        if not self._places.acquire(blocking=False):  # who waits has a thread that every page needs
            raise InputError("other large sheets are being read: try again in a moment, or paste the table alone")
        try:
            return self._reply(asked)
        finally:
            self._places.release()

    def _reply(self, asked: Asked) -> Reply:
        with incoming_folder(self._data) as folder:
            try:
                (folder / _ASKED).write_bytes(msgspec.json.encode(asked))
            except UnicodeEncodeError:
                raise InputError("the text has characters that no file can hold: paste it again") from None
            try:
                return msgspec.json.decode(self._checker.written(folder), type=Reply)
            except (InputError, msgspec.DecodeError):  # whose words are about a run
                raise InputError(
                    "this sheet could not be read here in time and memory: paste the table alone"
                ) from None


def main(folder: str, cpu_seconds: int, memory: int, parent: int) -> None:
    """Read what lies in ``folder``, for the process ``parent``, with which this one ends."""
    bound(cpu_seconds, memory, parent, 16 << 20)
    asked = msgspec.json.decode((Path(folder) / _ASKED).read_bytes(), type=Asked)
    try:
        if asked.are_questions:
            reply = Reply(text=pasted_questions(asked.text))
        else:
            sheet, text = read_pasted(asked.text, asked.model, asked.own_task)
            reply = Reply(sheet=sheet, text=text)
    except InputError as error:
        reply = Reply(problem=str(error))
    except MemoryError:
        reply = Reply(problem="this sheet needs more memory than this server allows: paste the table alone")
    sys.stdout.buffer.write(msgspec.json.encode(reply))


if __name__ == "__main__":
    main(sys.argv[1], *(int(each) for each in sys.argv[2:5]))
