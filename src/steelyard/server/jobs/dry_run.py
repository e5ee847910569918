"""What a job would take, before it is added: planned in a process of its own, and no sample is sent."""

from __future__ import annotations

import math
import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from steelyard.errors import InputError
from steelyard.server.jobs.child import empty_folder, job_environment
from steelyard.server.jobs.dry_run_process import MAX_REPLY, Asked, Figures

if TYPE_CHECKING:
    from steelyard.server.jobs.messages import Setup

__all__ = ["SECONDS", "dry_run"]

SECONDS: Final = 120.0
_MODULE: Final = (sys.executable, "-P", "-m", "steelyard.server.jobs.dry_run_process")
_AT_ONCE: Final = threading.BoundedSemaphore(2)


def dry_run(specification: str, setup: Setup, seconds: float = SECONDS, patience: float = 0.0) -> Figures:
    """Plan what a specification asks, and say calls, tokens, time and money; the endpoint is only asked what it can do.

    Raises InputError where that cannot be planned, takes too long, or two others are still being planned after
    ``patience`` seconds.
    """
    if not _AT_ONCE.acquire(timeout=patience):
        raise InputError("two other dry runs are going on: try again in a minute")
    try:
        # Its output goes into a file, of which no more is read than may be shown.
        with tempfile.TemporaryDirectory(prefix="steelyard-dry-run-") as folder, tempfile.TemporaryFile() as reply:
            subprocess.run(  # noqa: S603 — our own module
                [*_MODULE, folder, str(math.ceil(seconds)), str(os.getpid())],
                input=msgspec.json.encode(Asked(specification=specification, setup=setup)),
                stdout=reply,
                stderr=subprocess.DEVNULL,
                timeout=seconds,
                env=job_environment(Path(folder)),
                cwd=empty_folder(Path(folder)),
                start_new_session=True,
                check=False,
            )
            reply.seek(0)
            written = reply.read(MAX_REPLY + 1)
        if setup.key and setup.key.encode() in written:
            raise InputError("what the endpoint says holds its key, so it is not shown")
        if len(written) > MAX_REPLY:
            raise InputError("the plan has too many claims to be shown")
        found = msgspec.json.decode(written, type=Figures)
    except subprocess.TimeoutExpired:
        raise InputError(f"it could not be planned within {seconds:g} seconds") from None
    except msgspec.DecodeError:
        raise InputError("the dry run ended without a word") from None
    finally:
        _AT_ONCE.release()
    if found.problem:
        raise InputError(found.problem)
    return found
