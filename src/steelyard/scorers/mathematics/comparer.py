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
from collections.abc import Sequence
from typing import Final

from steelyard.scorers.halt import Halt

__all__ = ["Comparer"]

SECONDS: Final = 5.0  # of an answer, as math-verify's own
_STARTING: Final = 60.0  # seconds to load SymPy
_READY: Final = b"ready\n"
_PROGRAM: Final = "from steelyard.scorers.mathematics.worker import main; main()"


class Comparer:
    """The process that compares, started when it is needed and again after it was killed. Safe from several threads."""

    def __init__(self, seconds: float = SECONDS) -> None:
        self._seconds, self._lock = seconds, threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def __del__(self) -> None:
        self.close()

    def equal(self, gold: str, answers: Sequence[str], halt: Halt) -> bool | None:
        """Whether one of some texts equals the right one; None where none can be read, or in all the time is up.

        Raises Halted after ``halt`` was stopped.
        """
        with self._lock:
            halt.check()
            process = self._process
            if process is None or process.poll() is not None:
                process = self._started()
                with halt.ends(process.kill):
                    if self._line(process, _STARTING) != _READY:
                        self.close()
            line = b""
            if self._process is not None:
                with halt.ends(process.kill), contextlib.suppress(OSError):
                    assert process.stdin is not None
                    process.stdin.write(json.dumps([gold, list(answers)]).encode() + b"\n")
                    process.stdin.flush()
                    line = self._line(process, self._seconds)
            halt.check()
            if not line.endswith(b"\n"):
                self.close()
                return None
            found = json.loads(line)
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
            [sys.executable, "-P", "-c", _PROGRAM],  # no module of the folder where somebody works
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            start_new_session=True,  # a Ctrl-C that is meant for us does not end it
        )
        return self._process

    @staticmethod
    def _line(process: subprocess.Popen[bytes], seconds: float) -> bytes:
        """The next line of the process; less where it ends or the time is up."""
        assert process.stdout is not None
        until, taken = time.monotonic() + seconds, b""
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
