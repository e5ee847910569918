"""Comparisons that pages ask for: each in a process of its own, kept in memory since runs never change."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
from collections import OrderedDict
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from typing import Final

import msgspec

from steelyard.errors import SteelyardError
from steelyard_server.comparing.process import MAX_REPLY, Asked, Compared
from steelyard_server.push.verifying import VerifyLimits, environment

__all__ = ["ComparingError", "Comparisons"]

WAIT_SECONDS: Final = 4.0  # as long a page waits: most are made by then
WAITING: Final = 4  # pages that wait at once: each holds a thread that all pages need
QUEUED: Final = 20
OF_PERSON: Final = 3  # that are not done: nobody's comparisons keep others waiting for long
KEPT: Final = 50
LIMITS: Final = VerifyLimits(cpu_seconds=300, wall_seconds=600.0)


class ComparingError(SteelyardError):
    """A comparison is not there yet."""


class Comparisons:
    """Gives the comparison of some runs, which it has computed where it is not kept; :meth:`stop` ends that."""

    def __init__(self, limits: VerifyLimits = LIMITS, wait_seconds: float = WAIT_SECONDS) -> None:
        self._limits = limits
        self._wait_seconds = wait_seconds
        self._lock = threading.Lock()
        self._found: OrderedDict[Asked, Future[Compared]] = OrderedDict()
        self._askers: dict[Asked, int] = {}  # of those that are kept: the person who asked first
        self._threads = ThreadPoolExecutor(1, thread_name_prefix="comparisons")
        self._places = threading.BoundedSemaphore(WAITING)
        self._running: subprocess.Popen[bytes] | None = None
        self._is_stopped = False

    def stop(self) -> None:
        """End what runs, and start nothing more."""
        self._is_stopped = True
        self._threads.shutdown(wait=False, cancel_futures=True)
        if (process := self._running) is not None:
            process.kill()

    def result(self, asked: Asked, person: int) -> Compared:
        """The comparison, for a person; raises ComparingError, in words, where it, or too many others, are computed."""
        making = self._begin(asked, person)
        if not making.done() and self._places.acquire(blocking=False):
            try:
                making.exception(self._wait_seconds)
            except (TimeoutError, CancelledError):
                pass
            finally:
                self._places.release()
        if not making.done() or making.cancelled():
            raise ComparingError("the comparison is being computed")
        return making.result()

    def _begin(self, asked: Asked, person: int) -> Future[Compared]:
        with self._lock:
            if asked in self._found:
                self._found.move_to_end(asked)
                return self._found[asked]
            waiting = [self._askers[each] for each, future in self._found.items() if not future.done()]
            if waiting.count(person) >= OF_PERSON:
                raise ComparingError(
                    f"{OF_PERSON} other comparisons of yours are being computed, and this one waits for them"
                )
            if len(waiting) >= QUEUED:
                raise ComparingError("many other comparisons are being computed, and this one waits for a place")
            made = next((each for each, future in self._found.items() if future.done()), None)
            if len(self._found) >= KEPT and made is not None:
                del self._found[made], self._askers[made]
            self._found[asked] = making = self._threads.submit(self._made, asked)
            self._askers[asked] = person
            return making

    def _made(self, asked: Asked) -> Compared:
        limits = self._limits
        module = [sys.executable, "-P", "-m", "steelyard_server.comparing.process"]
        with (
            tempfile.TemporaryFile() as reply,
            subprocess.Popen(  # noqa: S603 — our own module
                [*module, str(limits.cpu_seconds), str(limits.memory), str(os.getpid())],
                stdin=subprocess.PIPE,
                stdout=reply,
                stderr=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C reaches the server alone, which then ends it
                env=environment(),
            ) as process,
        ):
            self._running = process
            try:
                if self._is_stopped:
                    process.kill()
                process.communicate(msgspec.json.encode(asked), limits.wall_seconds)
            except subprocess.TimeoutExpired:
                return Compared(
                    problem=f"these runs take more than {limits.wall_seconds:g} seconds to be compared here"
                )
            finally:
                process.kill()
                self._running = None
            reply.seek(0)
            return _read(reply.read(MAX_REPLY + 1))


def _read(written: bytes) -> Compared:
    if len(written) > MAX_REPLY:
        return Compared(problem="the comparison has too many tasks to be shown: use steelyard compare")
    try:
        return msgspec.json.decode(written, type=Compared)
    except msgspec.DecodeError:
        return Compared(problem="these runs need more time or memory to be compared than this server allows")
