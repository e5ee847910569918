"""Files that are appended to and never rewritten."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import Final

__all__ = ["append_lines", "is_torn"]

_LAST: Final = 1 << 20  # bytes of the end in which a torn line is looked for


def append_lines(path: Path, lines: bytes) -> None:
    """Append whole lines in one write that reaches the disk, or nothing; a new file is the owner's alone.

    A last line that a crash or a full disk cut off was never acknowledged, and goes; one that lacks its end alone, as
    an editor may leave it, gets that. Raises OSError, also for a symbolic link, with nothing of the lines left.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
    try:
        size = os.fstat(descriptor).st_size
        start = max(0, size - _LAST)
        _, _, last = os.pread(descriptor, _LAST, start).rpartition(b"\n")
        if last and is_torn(last):
            size -= len(last)
            os.ftruncate(descriptor, size)
        elif last:
            lines = b"\n" + lines
        try:
            if os.write(descriptor, lines) < len(lines):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(descriptor)
        except OSError:
            os.ftruncate(descriptor, size)
            raise
    finally:
        os.close(descriptor)


def is_torn(line: bytes) -> bool:
    """Whether a last line without an end is no JSON, so that the rest of it was never written."""
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return True
    return False
