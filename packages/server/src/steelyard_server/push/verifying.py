"""Verifying a run in a process of its own: a hostile one costs seconds, and never the server's memory or its network.

The process has limits of processor time, memory, output and wall time, can open no socket, and gets none of our
environment but what Python needs to start: no key, no address of a database. It has the rights of the server's user on
files: it is no sandbox for code, and a run brings none that is executed.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import IO, Final

import msgspec

from steelyard.errors import InputError, VerificationError
from steelyard_server.push.worker import MAX_REPLY, Reply
from steelyard_server.runs.summary import RunSummary

__all__ = ["KEPT", "Verifier", "VerifyLimits", "environment", "isolation_problem"]

KEPT: Final = ("PATH", "PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH", "LANG", "LC_ALL", "TMPDIR")


class VerifyLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What a verification may take: processor seconds, bytes of memory, and seconds until it is ended."""

    cpu_seconds: int = 900
    memory: int = 3 << 30
    wall_seconds: float = 3600.0


class Verifier:
    """Verifies runs, each in a process of its own; :meth:`stop` ends those that run.

    ``module`` is the one that the process is: another one looks at something else than a run.
    """

    def __init__(self, limits: VerifyLimits | None = None, module: str = "steelyard_server.push.worker") -> None:
        self._limits = limits or VerifyLimits()
        self._module = module
        self._running: set[subprocess.Popen[bytes]] = set()
        self._is_stopped = False

    def stop(self) -> None:
        """End what runs, and start nothing more: a server that stops does not wait for it."""
        self._is_stopped = True
        for process in tuple(self._running):
            process.kill()

    def verify(self, folder: Path, index: Path | None = None) -> RunSummary:
        """Verify the run in ``folder``, and give what the pages show of it.

        At ``index`` the index of its answers is made, too, where that can be done; else nothing is there afterwards.
        Raises VerificationError with what does not hold, in one line; InputError where that cannot be told: it is no
        run, or its verification needs more than the limits, or crashed.
        """
        found = self._reply(folder, *([] if index is None else [str(index)]))
        if index is not None and not found.indexed:
            index.unlink(missing_ok=True)
        if found.run is None:
            raise InputError(found.unable) if found.unable else VerificationError(found.problem)
        return found.run

    def make_index(self, folder: Path, seal: str, index: Path) -> None:
        """Make the index of the answers of a run that was verified once, whose seal has this SHA-256.

        Raises VerificationError where its files are not those of that seal, InputError as :meth:`verify`.
        """
        found = self._reply(folder, str(index), seal)
        if not found.indexed:
            raise InputError(found.unable) if found.unable else VerificationError(found.problem)

    def _reply(self, folder: Path, *more: str) -> Reply:
        try:
            return msgspec.json.decode(self.written(folder, *more), type=Reply)
        except msgspec.DecodeError:
            raise InputError("the verification ended without a word") from None

    def written(self, folder: Path, *more: str) -> bytes:
        """What the process wrote, at most so much as a reply may have; raises InputError where it did not end well."""
        limits = self._limits
        with tempfile.TemporaryFile() as reply:
            code = self._run(folder, reply, more)
            reply.seek(0)
            written = reply.read(MAX_REPLY + 1)
        if code:
            raise InputError(
                "the server was stopped before it was verified" if self._is_stopped else _ended(code, limits)
            )
        return written

    def _run(self, folder: Path, reply: IO[bytes], more: tuple[str, ...]) -> int:
        """The exit code of the process."""
        limits = self._limits
        module = [sys.executable, "-P", "-m", self._module]
        with subprocess.Popen(  # noqa: S603 — our own module
            [*module, str(folder), str(limits.cpu_seconds), str(limits.memory), str(os.getpid()), *more],
            stdin=subprocess.DEVNULL,
            stdout=reply,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C reaches the server alone, which then ends it
            env=environment(),
        ) as process:
            self._running.add(process)
            try:
                if self._is_stopped:
                    process.kill()
                return process.wait(limits.wall_seconds)
            except subprocess.TimeoutExpired:
                raise InputError(f"takes more than {limits.wall_seconds:g} seconds to be verified here") from None
            finally:
                process.kill()
                self._running.discard(process)


def isolation_problem() -> str:
    """Why a process here cannot be kept from the network, tried in one; "" where it can."""
    program = "from steelyard_server.push.no_network import refuse_sockets; refuse_sockets()"
    done = subprocess.run(  # noqa: S603 — our own module
        [sys.executable, "-P", "-c", program],
        capture_output=True,
        text=True,
        timeout=60,
        env=environment(),
        check=False,
    )
    return "" if done.returncode == 0 else (done.stderr.strip().splitlines() or ["it ended without a word"])[-1]


def environment() -> dict[str, str]:
    """What Python needs to start, and no key."""
    return {name: value for name in KEPT if (value := os.environ.get(name)) is not None}


def _ended(code: int, limits: VerifyLimits) -> str:
    if code == -signal.SIGXCPU:
        return f"takes more than {limits.cpu_seconds} seconds of processor time to be verified here"
    return "the verification crashed, or needed more memory than this server allows"
