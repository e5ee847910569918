"""Atomic writes: a file is written beside its place, synced to disk, then renamed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

__all__ = ["PARTIAL", "whole_file", "write_file"]

PARTIAL = ".partial"  # the suffix of a file that is being written


def write_file(path: Path, data: bytes) -> None:
    """Write a file atomically."""
    with whole_file(path) as file:
        file.write(data)


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """Open a file for an atomic write: it replaces ``path`` at the end of the block, or not at all on an error."""
    temporary = path.with_name(path.name + PARTIAL)
    try:
        with temporary.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    temporary.replace(path)
