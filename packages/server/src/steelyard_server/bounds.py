"""What a process of the platform's own may take, which it puts on itself before it reads what others wrote."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
from typing import Final

__all__ = ["bound", "end_with_parent"]

_SET_PARENT_DEATH_SIGNAL: Final = 1  # PR_SET_PDEATHSIG (linux/prctl.h)


def bound(cpu_seconds: int, memory: int, parent: int, file_size: int) -> None:
    """Bound processor time, bytes of memory and bytes of a file, and end this process with the process ``parent``."""
    for limit, soft in (
        (resource.RLIMIT_CPU, cpu_seconds),
        (resource.RLIMIT_DATA, memory),  # and not the address space, of which V8 reserves far more than it uses
        (resource.RLIMIT_FSIZE, file_size),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(limit)
        least = soft if hard == resource.RLIM_INFINITY else min(soft, hard)
        resource.setrlimit(limit, (least, least if limit != resource.RLIMIT_CPU else hard))
    end_with_parent(parent)


def end_with_parent(parent: int) -> None:
    """Be killed by the kernel when the process that started this one is gone, and end where it is gone already."""
    ctypes.CDLL(None).prctl(_SET_PARENT_DEATH_SIGNAL, int(signal.SIGKILL), 0, 0, 0)
    if os.getppid() != parent:
        sys.exit(1)
