"""What a job would take, before it is added: planned in a process of its own, and no sample is sent."""

from __future__ import annotations

import contextlib
import math
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

import msgspec

from steelyard.errors import InputError
from steelyard_server.endpoints.said import said_without_key
from steelyard_server.jobs.child import empty_folder, job_environment
from steelyard_server.jobs.dry_run_process import MAX_REPLY, Asked, Figures
from steelyard_server.jobs.places import ENDED_BY_ANOTHER, Places

if TYPE_CHECKING:
    from steelyard_server.jobs.messages import Setup

__all__ = ["PLACES", "SECONDS", "DryRunEnded", "dry_run"]

SECONDS: Final = 120.0
_MODULE: Final = (sys.executable, "-P", "-m", "steelyard_server.jobs.dry_run_process")
PLACES: Final = Places()  # of this process


class DryRunEnded(InputError):
    """A dry run took too long, and was ended."""


def dry_run(
    specification: str,
    setup: Setup,
    *,
    project: int,
    person: int,
    seconds: float = SECONDS,
    places: Places = PLACES,
    patience: float = 0.0,
    takes_over: bool = False,
) -> Figures:
    """Plan what a specification asks, and say calls, tokens, time and money; the endpoint is only asked what it can do.

    It is done for a ``person`` in a ``project``, by their numbers, and waits up to ``patience`` seconds for others;
    with ``takes_over`` another one of the person that does so, too, is ended. Raises InputError where that cannot be
    planned, where it is ended so, and as :meth:`Places.held`; DryRunEnded where it takes longer than ``seconds``.
    """
    # Its output goes into a file, of which no more is read than may be shown.
    with (
        places.held(project, person, patience, takes_over=takes_over) as told,
        tempfile.TemporaryDirectory(prefix="steelyard-dry-run-") as folder,
        tempfile.TemporaryFile() as reply,
    ):
        asked = msgspec.json.encode(Asked(specification=specification, setup=setup))
        if not _has_ended(asked, reply, Path(folder), seconds, told):
            raise DryRunEnded(f"it could not be planned within {seconds:g} seconds, and was ended")
        reply.seek(0)
        written = reply.read(MAX_REPLY + 1)
    if len(written) > MAX_REPLY:
        raise InputError("the plan has too many claims to be shown")
    try:
        found = msgspec.json.decode(written, type=Figures)
    except msgspec.DecodeError:
        raise InputError("the dry run ended without a word") from None
    if found.problem:
        raise InputError(said_without_key(found.problem, setup.key))
    skipped = tuple((task, word, said_without_key(reason, setup.key)) for task, word, reason in found.skipped)
    shown: Figures = msgspec.structs.replace(found, skipped=skipped)
    return shown


def _has_ended(asked: bytes, reply: IO[bytes], folder: Path, seconds: float, given_up: int) -> bool:
    """Run the process, whose output goes to ``reply``; whether it ended in time. Nothing of its group is left.

    Raises InputError where the descriptor ``given_up`` becomes readable before.
    """
    ends = time.monotonic() + seconds
    process = subprocess.Popen(  # noqa: S603 — our own module
        [*_MODULE, str(folder), str(math.ceil(seconds)), str(os.getpid())],
        stdin=subprocess.PIPE,
        stdout=reply,
        stderr=subprocess.DEVNULL,
        env=job_environment(folder),
        cwd=empty_folder(folder),
        start_new_session=True,
        bufsize=0,
    )
    assert process.stdin is not None
    try:
        return _told(process.stdin, asked, process.pid, ends, given_up)
    finally:
        # Until it is waited for, its number is nobody else's.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.stdin.close()
        process.wait()


def _told(pipe: IO[bytes], asked: bytes, process: int, ends: float, given_up: int) -> bool:
    """Write to a process's standard input and close it; whether the process ended before the clock says ``ends``."""
    left, told, over = memoryview(asked), pipe.fileno(), os.pidfd_open(process)
    os.set_blocking(told, False)
    poll = select.poll()
    poll.register(told, select.POLLOUT)
    poll.register(over, select.POLLIN)
    poll.register(given_up, select.POLLIN)
    try:
        while (seconds := ends - time.monotonic()) > 0:
            ready = dict(poll.poll(math.ceil(1000 * seconds)))
            if over in ready:
                return True
            if given_up in ready:
                raise InputError(ENDED_BY_ANOTHER)
            if told in ready:
                try:
                    left = left[os.write(told, left) :]
                except BrokenPipeError:  # it does not want to know; how it ends is seen at the other descriptor
                    left = left[:0]
                if not left:
                    poll.unregister(told)
                    pipe.close()
        return False
    finally:
        os.close(over)
