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
from typing import Final

import msgspec

from steelyard.errors import InputError, VerificationError
from steelyard.server.push.summary import RunSummary
from steelyard.server.push.worker import MAX_REPLY, Reply

__all__ = ["VerifyLimits", "isolation_problem", "verify_isolated"]

_KEPT: Final = ("PATH", "PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH", "LANG", "LC_ALL", "TMPDIR")


class VerifyLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What a verification may take: processor seconds, bytes of memory, and seconds until it is ended."""

    cpu_seconds: int = 900
    memory: int = 3 << 30
    wall_seconds: float = 3600.0


def verify_isolated(folder: Path, limits: VerifyLimits) -> RunSummary:
    """Verify the run in ``folder``, and give what the pages show of it.

    Raises VerificationError with what does not hold, in one line; InputError where that cannot be told: it is
    no run, or its verification needs more than the limits, or crashed.
    """
    command = [sys.executable, "-P", "-m", "steelyard.server.push.worker", str(folder)]
    environment = {name: value for name in _KEPT if (value := os.environ.get(name)) is not None}
    with tempfile.TemporaryFile() as reply:
        try:
            done = subprocess.run(  # noqa: S603 — our own module
                [*command, str(limits.cpu_seconds), str(limits.memory)],
                stdin=subprocess.DEVNULL,
                stdout=reply,
                stderr=subprocess.DEVNULL,
                timeout=limits.wall_seconds,
                start_new_session=True,  # Ctrl-C reaches the server alone, which then ends it
                env=environment,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise InputError(f"takes more than {limits.wall_seconds:g} seconds to be verified here") from None
        reply.seek(0)
        written = reply.read(MAX_REPLY + 1)
    if done.returncode:
        raise InputError(_ended(done.returncode, limits))
    try:
        found = msgspec.json.decode(written, type=Reply)
    except msgspec.DecodeError:
        raise InputError("the verification ended without a word") from None
    if found.run is None:
        raise InputError(found.unable) if found.unable else VerificationError(found.problem)
    return found.run


def isolation_problem() -> str:
    """Why a process here cannot be kept from the network, tried in one; "" where it can."""
    program = "from steelyard.server.push.no_network import refuse_sockets; refuse_sockets()"
    environment = {name: value for name in _KEPT if (value := os.environ.get(name)) is not None}
    done = subprocess.run(  # noqa: S603 — our own module
        [sys.executable, "-P", "-c", program], capture_output=True, text=True, timeout=60, env=environment, check=False
    )
    return "" if done.returncode == 0 else (done.stderr.strip().splitlines() or ["it ended without a word"])[-1]


def _ended(code: int, limits: VerifyLimits) -> str:
    if code == -signal.SIGXCPU:
        return f"takes more than {limits.cpu_seconds} seconds of processor time to be verified here"
    return "the verification crashed, or needed more memory than this server allows"
