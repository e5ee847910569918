"""Reading a file that others wrote in a process of its own: a hostile one costs seconds, and never this process.

Parsers of PDF, DOCX and HTML are large programs in C. Their process has limits of processor time, memory and output,
and none of our environment but what Python needs to start: no API key. It is no sandbox: the operating system's
permissions are those of the user.
"""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from typing import Final

import msgspec

from steelyard.errors import InputError, MissingDependency
from steelyard.suites.sources.document import Extracted, Kind
from steelyard.suites.sources.worker import MAX_REPLY, extract

__all__ = ["CPU_SECONDS", "extract_isolated"]

CPU_SECONDS: Final[Mapping[Kind, int]] = {"pdf": 90, "docx": 30, "html": 30}  # of one file
_WALL_FACTOR: Final = 10  # a busy machine gives a process a part of its time
_NEEDS: Final[Mapping[Kind, tuple[str, str]]] = {
    "pdf": ("pypdfium2", "PDF"),
    "docx": ("docx", "Word documents"),
    "html": ("selectolax", "HTML"),
}
_KEPT: Final = ("PATH", "PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH", "LANG", "LC_ALL", "TMPDIR", "SYSTEMROOT")


def extract_isolated(kind: Kind, data: bytes, where: str, cpu_seconds: int | None = None) -> Extracted:
    """The text of a file of this kind; text and Markdown are read in this process.

    ``where`` names the file in errors. Raises InputError for one that cannot be read, that takes more than its
    processor time (``cpu_seconds``, by default :data:`CPU_SECONDS`) or that crashes its parser; MissingDependency where
    the parser is not installed.
    """
    if kind not in _NEEDS:
        return _checked(_in_process(kind, data), where)
    package, what = _NEEDS[kind]
    if importlib.util.find_spec(package) is None:
        raise MissingDependency(f"{what} needs {package}: pip install 'steelyard[suites]'", where=where)
    seconds = CPU_SECONDS[kind] if cpu_seconds is None else cpu_seconds
    command = [sys.executable, "-P", "-m", "steelyard.suites.sources.worker", kind, str(seconds)]
    environment = {name: value for name in _KEPT if (value := os.environ.get(name)) is not None}
    with tempfile.TemporaryFile() as reply:
        try:
            done = subprocess.run(  # noqa: S603 — our own module
                command,
                input=data,
                stdout=reply,
                stderr=subprocess.DEVNULL,
                timeout=_WALL_FACTOR * seconds,
                start_new_session=True,  # Ctrl-C reaches this process alone, which then ends the other
                env=environment,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise InputError(_too_long(seconds), where=where) from None
        if done.returncode:
            raise InputError(_ended(done.returncode, seconds), where=where)
        reply.seek(0)
        written = reply.read(MAX_REPLY + 1)
    try:
        return _checked(msgspec.json.decode(written, type=Extracted), where)
    except msgspec.DecodeError:
        raise InputError("the parser crashed on it: is the file damaged?", where=where) from None


def _in_process(kind: Kind, data: bytes) -> Extracted:
    try:
        return extract(kind, data)
    except InputError as error:
        return Extracted(problem=str(error))


def _checked(extracted: Extracted, where: str) -> Extracted:
    if extracted.problem:
        raise InputError(extracted.problem, where=where)
    return extracted


def _ended(code: int, seconds: int) -> str:
    if code in (-signal.SIGXCPU, -signal.SIGKILL):
        return _too_long(seconds)
    return "the parser crashed on it: is the file damaged?"


def _too_long(seconds: int) -> str:
    return f"takes more than {seconds} seconds to read: is it damaged, or made to be slow?"
