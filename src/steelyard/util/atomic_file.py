"""Atomic writes: a file is written beside its place, synced to disk, then renamed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

__all__ = ["PARTIAL", "whole_file", "write_file"]

PARTIAL = ".partial"  # the suffix of a file that is being written


def write_file(path: Path, data: bytes, mode: int = 0o666) -> None:
    """Write a file atomically; a new one gets these permissions, less the umask."""
    with whole_file(path, mode) as file:
        file.write(data)


@contextmanager
def whole_file(path: Path, mode: int = 0o666) -> Iterator[BinaryIO]:
    """Open a file for an atomic write: it replaces ``path`` at the end of the block, or not at all on an error."""
    temporary = path.with_name(path.name + PARTIAL)
    try:
        with open(temporary, "wb", opener=lambda name, flags: os.open(name, flags, mode)) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    temporary.replace(path)
