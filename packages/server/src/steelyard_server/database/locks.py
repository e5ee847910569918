"""Locks of a data folder: the kernel releases them when their last holder has ended, however it ended."""

from __future__ import annotations

import errno
import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from steelyard.errors import InputError
from steelyard_server.database.folder import DataFolder

__all__ = ["FolderInUse", "held", "serving_alone", "taken"]

TAKEN_SECONDS: Final = 3.0  # in which a process that was just killed is gone
_NAP_SECONDS: Final = 0.03


class FolderInUse(InputError):
    """Another process uses this data folder."""


@contextmanager
def serving_alone(folder: DataFolder) -> Iterator[None]:
    """Only this process serves the folder for the length of the block, whosever the database is.

    Raises FolderInUse where another one does.
    """
    with taken(folder, folder.serve_lock):
        yield


@contextmanager
def taken(folder: DataFolder, lock: Path) -> Iterator[None]:
    """A lock of the folder for the length of the block; raises FolderInUse where somebody else keeps it."""
    begun = time.monotonic()
    while True:
        with held(lock) as found:
            if found is not None:
                yield
                return
        if time.monotonic() - begun > TAKEN_SECONDS:
            raise FolderInUse("another process of steelyard uses this data folder: end it first", where=folder.path)
        time.sleep(_NAP_SECONDS)


@contextmanager
def held(path: Path) -> Iterator[IO[bytes] | None]:
    """The lock at ``path`` for the length of the block; None where somebody else has it."""
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW
    with open(path, "r+b", opener=lambda name, _: os.open(name, flags, 0o600), buffering=0) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.EACCES):
                raise
            yield None
            return
        yield file
