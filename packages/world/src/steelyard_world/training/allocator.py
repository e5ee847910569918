"""Keeps freed memory for the next step, where the C library is glibc.

A step frees some 100 MB and allocates them again. By default glibc returns what lies at the top of its heap to the
system: that costs 300 to 7,000 page faults a step, and up to an eighth of a small model's training time.
"""

from __future__ import annotations

import ctypes
import sys

__all__ = ["keep_freed_memory"]

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # malloc.h
_KEPT = 256 * 2**20
_MAX_KEPT = 32 * 2**20  # the most that glibc takes


def keep_freed_memory() -> None:
    """For the rest of the process, return only free memory beyond 256 MiB, and blocks above 32 MiB, to the system."""
    if sys.platform != "linux":
        return
    library = ctypes.CDLL(None)
    if hasattr(library, "mallopt"):  # musl has none
        library.mallopt(_MMAP_THRESHOLD, _MAX_KEPT)
        library.mallopt(_TRIM_THRESHOLD, _KEPT)
