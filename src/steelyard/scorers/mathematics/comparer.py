"""The process that compares mathematical answers: started when it is needed, killed when its time is up."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import subprocess
import sys
import threading
import time
from typing import Final

from steelyard.scorers.halt import Halt

__all__ = ["Comparer"]

SECONDS: Final = 10.0
_STARTING: Final = 60.0  # seconds more for the first answer of a process: it loads SymPy
_PROGRAM: Final = "from steelyard.scorers.mathematics.worker import main; main()"


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
