"""Files that are appended to and never rewritten."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["append_lines"]


def append_lines(path: Path, lines: bytes) -> None:
    """Append whole lines in one write that reaches the disk; a new file is the owner's alone.

    A last line that a crash cut off gets its end first. Raises OSError, also for a symbolic link.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
    try:
        size = os.fstat(descriptor).st_size
        if size and os.pread(descriptor, 1, size - 1) != b"\n":
            lines = b"\n" + lines
        os.write(descriptor, lines)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
