"""Work in folders that somebody else may own, or may have made: beneath an open folder, and through no link.

A path is looked up anew at each use, and whoever owns a folder on it can put a link there in between. A folder that is
open stays the same one.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader, FileIO
from pathlib import Path
from typing import Final

__all__ = ["make_folders", "open_file", "opened", "read_small", "remove", "unlink"]

_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@contextmanager
def opened(root: Path, *names: str) -> Iterator[int]:
    """The descriptor of the folder ``root/names…``; raises OSError where one of them, or ``root``, is a link."""
    descriptor = os.open(root, _FOLDER)
    try:
        for name in names:
            inner = os.open(name, _FOLDER, dir_fd=descriptor)
            os.close(descriptor)
            descriptor = inner
        yield descriptor
    finally:
        os.close(descriptor)


def make_folders(root: Path, *names: str) -> None:
    """Make the folders ``root/names…`` that are missing, each for its owner alone; raises OSError for a link."""
    for number, name in enumerate(names):
        with opened(root, *names[:number]) as folder, contextlib.suppress(FileExistsError):
            os.mkdir(name, 0o700, dir_fd=folder)
    with opened(root, *names):
        pass


def open_file(root: Path, *names: str) -> BufferedReader:
    """The regular file ``root/names…``, for reading; raises OSError for anything else, and waits for no pipe."""
    with opened(root, *names[:-1]) as folder:
        descriptor = os.open(names[-1], os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(0, "not a regular file")
    return BufferedReader(FileIO(descriptor))


def read_small(limit: int, root: Path, *names: str) -> bytes | None:
    """The first ``limit`` bytes of a regular file; None where there is none, or something else in its place."""
    try:
        with open_file(root, *names) as file:
            return file.read(limit)
    except OSError:
        return None


def remove(root: Path, *names: str) -> None:
    """Remove what is at ``root/names…``, a folder with all that is in it, a link and not what it leads to."""
    with contextlib.suppress(OSError), opened(root, *names[:-1]) as folder:
        if stat.S_ISDIR(os.stat(names[-1], dir_fd=folder, follow_symlinks=False).st_mode):
            shutil.rmtree(names[-1], ignore_errors=True, dir_fd=folder)
        else:
            os.unlink(names[-1], dir_fd=folder)


def unlink(root: Path, *names: str) -> None:
    """Remove the file at ``root/names…`` where there is one; raises OSError where a folder above it is a link."""
    with contextlib.suppress(FileNotFoundError), opened(root, *names[:-1]) as folder:
        os.unlink(names[-1], dir_fd=folder)
